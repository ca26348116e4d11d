"""What the proof of a mirror asks about orders: the shop's own word, and whether our rows show the same.

Called by `stores.services.proof` through the registry of resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from django.db.models import Count
from django.db.models.functions import TruncDate

from orders.choices import LIVE_STAGES, Level
from orders.models import Order
from orders.querysets import OrderQuerySet
from orders.stage import facts_of_snapshot, stage_of
from stores.models import Store
from stores.resources import Here, Page, Rejected
from stores.shopify.client import Client
from stores.shopify.errors import GarbageAnswer
from stores.shopify.reading import Rejected as Unreadable
from stores.shopify.reading import count_orders, read_orders, read_orders_page
from stores.shopify.snapshots import OrderSnapshot
from stores.shopify.throttle import Lane

from . import aside, erased, ingest
from .mirror_compare import Parts, parts_of, rows_show
from .mirror_rows import state_hash


class OrdersEvidence:
    """`stores.resources.Evidence` of orders, read in the background lane."""

    def page(
        self,
        client: Client,
        store: Store,
        *,
        live_only: bool,
        created_from: datetime | None,
        created_to: datetime,
        after: str | None,
    ) -> Page:
        page = read_orders_page(
            client,
            scopes=store.usable_scopes,
            lane=Lane.BACKGROUND,
            after=after,
            created_from=created_from,
            created_to=created_to,
            newest_first=True,
            open_only=live_only,
        )
        return Page(page.items, page.end_cursor, page.has_next, aside.told(page.rejected))

    def read(
        self, client: Client, store: Store, gids: Sequence[str], *, rejected: list[Rejected]
    ) -> Mapping[str, OrderSnapshot | None]:
        unreadable: list[Unreadable] = []
        try:
            found = read_orders(client, gids, scopes=store.usable_scopes, lane=Lane.BACKGROUND, rejected=unreadable)
        except GarbageAnswer as error:
            # Not one order's part: the answer as a whole.
            if len(gids) == 1:
                rejected += aside.told([Unreadable(gids[0], str(error.facts.get("path", "")))])
                return {}
            middle = len(gids) // 2
            return {
                **self.read(client, store, gids[:middle], rejected=rejected),
                **self.read(client, store, gids[middle:], rejected=rejected),
            }
        rejected += aside.told(unreadable)
        return found

    def count_there(self, client: Client, *, created_from: datetime | None, created_to: datetime) -> int | None:
        found = count_orders(client, lane=Lane.BACKGROUND, created_from=created_from, created_to=created_to)
        return found.count if found.exact else None

    def gid(self, item: OrderSnapshot) -> str:
        return item.gid

    def is_live(self, item: OrderSnapshot) -> bool:
        return stage_of(facts_of_snapshot(item)) in LIVE_STAGES

    def created_at(self, item: OrderSnapshot) -> datetime:
        return item.created_at

    def changed_at(self, item: OrderSnapshot) -> datetime:
        return max([item.updated_at, *(one.updated_at for one in item.fulfillment_orders)])

    def shown(self, store: Store, items: Sequence[OrderSnapshot]) -> frozenset[str]:
        items = erased.blank(store, items)
        rows = {order.gid: order for order in _orders(store).filter(gid__in=[item.gid for item in items])}
        parts = parts_of([order.pk for order in rows.values()])
        return frozenset(item.gid for item in items if item.gid in rows and _is_shown(item, rows[item.gid], parts))

    def here(self, store: Store, gids: Sequence[str]) -> Mapping[str, Here]:
        rows = _orders(store).filter(gid__in=gids).values_list("gid", "stage", "fetched_at")
        return {gid: Here(stage in LIVE_STAGES, fetched_at) for gid, stage, fetched_at in rows}

    def ids_here(
        self, store: Store, *, live_only: bool, created_from: datetime | None, created_to: datetime
    ) -> frozenset[str]:
        rows = _created(_orders(store), created_from, created_to)
        return frozenset((rows.live() if live_only else rows).values_list("gid", flat=True))

    def days_here(self, store: Store, *, created_from: datetime | None, created_to: datetime) -> Mapping[date, int]:
        rows = _created(_orders(store), created_from, created_to)
        days = rows.order_by().values(day=TruncDate("created_at", tzinfo=UTC)).annotate(orders=Count("pk"))
        return {row["day"]: row["orders"] for row in days}

    def distrust(self, store: Store, gids: Sequence[str]) -> None:
        ingest.distrust(store, gids)


def _orders(store: Store) -> OrderQuerySet:
    found: OrderQuerySet = Order.objects.filter(store=store, deleted_at__isnull=True)
    return found


def _created(orders: OrderQuerySet, created_from: datetime | None, created_to: datetime) -> OrderQuerySet:
    found = orders.filter(created_at__lte=created_to)
    return found.filter(created_at__gte=created_from) if created_from else found


def _is_shown(item: OrderSnapshot, order: Order, parts: Parts) -> bool:
    """An empty hash stands for a row of which no whole state is known, be it a summary or touched by a mutation's
    answer: then its columns decide. A row may hold something else under the right hash where somebody wrote to the
    database by hand."""
    if order.state_hash not in ("", state_hash(item)):
        return False
    return rows_show(item, order, parts, summary=order.level == Level.SUMMARY)
