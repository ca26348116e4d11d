"""The two streams of the order mirror: orders by their own clock, and fulfilment orders by theirs.

A hold, a release or a move changes only the fulfilment order's time: a mirror that followed orders alone would show old
holds for ever."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any

from backoffice.core.clock import db_now
from stores.choices import InboxOutcome
from stores.models import Store, SyncStream
from stores.resources import Announced, Evidence, FollowingOnly, Ingested, Page, Rejected
from stores.shopify.bulk_file import Group
from stores.shopify.bulk_query import bulk_document
from stores.shopify.client import Client
from stores.shopify.deletions import DeletedOrder, read_deletions
from stores.shopify.errors import Final
from stores.shopify.hints import Hint, read_hint
from stores.shopify.reading import (
    ChangedFulfillmentOrder,
    count_orders,
    read_changed_fulfillment_orders,
    read_orders,
    read_orders_page,
)
from stores.shopify.reading import Rejected as Unreadable
from stores.shopify.scopes import reads_fulfillment_orders
from stores.shopify.snapshots import OrderSnapshot
from stores.shopify.throttle import Lane

from .models import FulfillmentOrder, Order
from .services import beside_look, full, hints
from .services.aside import set_aside, told
from .services.beside import write_besides
from .services.beside_look import Look
from .services.evidence import OrdersEvidence
from .services.ingest import ingest_orders, mark_deleted
from .services.load import load_pieces

logger = logging.getLogger(__name__)

# Whatever of these families comes, also under topics that we did not ask for or that do not exist yet.
_FAMILIES = frozenset(
    {
        "orders",
        "order_transactions",
        "refunds",
        "returns",
        "fulfillments",
        "fulfillment_events",
        "fulfillment_orders",
        "fulfillment_holds",
        "disputes",
        "payment_schedules",
        "payment_terms",
        "tender_transactions",
        "reverse_deliveries",
        "reverse_fulfillment_orders",
    }
)
_OF_CUSTOMERS = frozenset({"customers/update", "customers/delete", "customers/merge", "customers/enable"})
# An order that changes while it is read is read again; one that changes for ever is left to the next pass.
_MOST_ROUNDS = 3


class OrdersResource:
    name = "orders"
    has_first_load = True
    evidence: Evidence | None = OrdersEvidence()

    def newest_page(
        self,
        client: Client,
        store: Store,
        *,
        created_from: datetime | None = None,
        created_to: datetime | None,
        after: str | None,
        lane: Lane,
    ) -> Page:
        page = read_orders_page(
            client,
            scopes=store.usable_scopes,
            lane=lane,
            after=after,
            created_from=created_from,
            created_to=created_to,
            newest_first=True,
        )
        return Page(page.items, page.end_cursor, page.has_next, told(page.rejected))

    def changed_page(
        self, client: Client, store: Store, *, updated_from: datetime, after: str | None, lane: Lane
    ) -> Page:
        page = read_orders_page(client, scopes=store.usable_scopes, lane=lane, after=after, updated_from=updated_from)
        return Page(page.items, page.end_cursor, page.has_next, told(page.rejected))

    def count(
        self,
        client: Client,
        store: Store,
        *,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
    ) -> int:
        return count_orders(client, lane=Lane.BACKGROUND, created_from=created_from, created_to=created_to).count

    def bulk_document(self, store: Store, *, created_from: datetime, created_to: datetime) -> str | None:
        return bulk_document(created_from=created_from, created_to=created_to, scopes=store.usable_scopes)

    def load_pieces(
        self, store: Store, pieces: Iterable[Sequence[Group]], *, fetched_at: datetime
    ) -> Generator[Ingested, None, None]:
        return load_pieces(store, pieces, fetched_at=fetched_at)

    def summaries(self, store: Store) -> int:
        return full.live_summaries(store)

    def created_at(self, item: OrderSnapshot) -> datetime:
        return item.created_at

    def updated_at(self, item: OrderSnapshot) -> datetime:
        return item.updated_at

    def ingest(
        self, store: Store, items: Sequence[OrderSnapshot], *, fetched_at: datetime, backfilled: bool
    ) -> Ingested:
        return ingest_orders(store, items, fetched_at=fetched_at, by_id=False, backfilled=backfilled)

    def set_aside(self, store: Store, rejected: Sequence[Rejected]) -> None:
        set_aside(store, rejected)

    def refresh(self, client: Client, store: Store, gids: Sequence[str], *, lane: Lane) -> Ingested:
        asked = wanted = list(dict.fromkeys(gids))
        done = Ingested()
        for _ in range(_MOST_ROUNDS):
            if not wanted:
                break
            fetched_at = db_now()
            rejected: list[Unreadable] = []
            found = read_orders(client, wanted, scopes=store.usable_scopes, lane=lane, rejected=rejected)
            set_aside(store, told(rejected))
            gone = [gid for gid, order in found.items() if order is None]
            deleted = mark_deleted(store, gone, fetched_at=fetched_at)
            there = [order for order in found.values() if order is not None]
            part = ingest_orders(store, there, fetched_at=fetched_at, by_id=True)
            wanted = list(part.refetch)
            done += replace(
                part, refetch=(), deleted=deleted, differed=part.differed + (tuple(gone) if deleted else ())
            )
        if lane is Lane.INTERACTIVE:  # somebody waits, or the shop itself has told us
            beside_look.hinted(store, asked)
        return done

    def announced_as(self, item: OrderSnapshot) -> tuple[str, ...]:
        return (item.gid,)

    def hears(self, topic: str) -> bool:
        return topic.split("/", 1)[0] in _FAMILIES or topic in _OF_CUSTOMERS

    def hint(self, topic: str, payload: Mapping[str, Any]) -> Hint | None:
        return read_hint(topic, payload)

    def needless(self, store: Store, announced: Sequence[Announced]) -> Sequence[InboxOutcome | None]:
        return hints.needless(store, announced)

    def trace(self, client: Client, store: Store, gids: Sequence[str], *, lane: Lane) -> Mapping[str, tuple[str, ...]]:
        return hints.trace(client, store, gids, lane=lane)


class FulfillmentOrdersResource(FollowingOnly):
    """Finds what moves no order's clock: orders whose fulfilment orders changed, and orders that were deleted."""

    name, of = "fulfillment_orders", OrdersResource.name

    def changed_page(
        self, client: Client, store: Store, *, updated_from: datetime, after: str | None, lane: Lane
    ) -> Page:
        deleted = _deletions(client, store, updated_from, lane) if after is None else ()
        if not reads_fulfillment_orders(store.usable_scopes):
            return Page(deleted, None, False)
        page = read_changed_fulfillment_orders(client, updated_from=updated_from, lane=lane, after=after)
        return Page((*deleted, *page.items), page.end_cursor, page.has_next)

    def updated_at(self, item: ChangedFulfillmentOrder | DeletedOrder) -> datetime:
        return item.deleted_at if isinstance(item, DeletedOrder) else item.updated_at

    def ingest(
        self,
        store: Store,
        items: Sequence[ChangedFulfillmentOrder | DeletedOrder],
        *,
        fetched_at: datetime,
        backfilled: bool,
    ) -> Ingested:
        """Names the orders to read again: those whose fulfilment order is not here in this state, and those that are
        here and are said to be deleted."""
        changed = [item for item in items if isinstance(item, ChangedFulfillmentOrder)]
        rows = FulfillmentOrder.objects.filter(store=store, gid__in=[item.gid for item in changed])
        times = {gid: known for gid, *known in rows.values_list("gid", "updated_at", "order__fetched_at")}
        stale = [item.order_gid for item in changed if is_stale(times.get(item.gid), item.updated_at)]
        deleted = [item.gid for item in items if isinstance(item, DeletedOrder)]
        here = Order.objects.filter(store=store, gid__in=deleted, deleted_at=None).values_list("gid", flat=True)
        return Ingested(refetch=tuple(dict.fromkeys([*stale, *here])))

    def announced_as(self, item: ChangedFulfillmentOrder | DeletedOrder) -> tuple[str, ...]:
        return (item.gid,) if isinstance(item, DeletedOrder) else (item.order_gid, item.gid)


def _deletions(client: Client, store: Store, since: datetime, lane: Lane) -> tuple[DeletedOrder, ...]:
    """Nothing where the shop does not answer this question: the proof finds deleted orders as well."""
    try:
        return read_deletions(client, since=since, lane=lane)
    except Final as error:
        logger.warning("A shop does not tell its deletions", extra={"store": store.pk, "code": error.code})
        return ()


class TimelinesResource(FollowingOnly):
    """Shopify's own timeline, and with it what else moves no clock: looked at in turn, in passes without a window.

    A pass takes the orders that were due when it began; `after` and `updated_from` mean nothing to it."""

    name, of = beside_look.STREAM, OrdersResource.name

    def changed_page(
        self, client: Client, store: Store, *, updated_from: datetime, after: str | None, lane: Lane
    ) -> Page:
        stream = SyncStream.objects.filter(store=store, resource=self.name)
        began = stream.values_list("started_at", flat=True).first() or db_now()
        looks = beside_look.look_in_turn(client, store, due_before=began, lane=lane)
        return Page(looks.items, None, looks.more, pause_seconds=looks.pause_seconds)

    def updated_at(self, item: Look) -> datetime:
        return item.looked_at

    def ingest(self, store: Store, items: Sequence[Look], *, fetched_at: datetime, backfilled: bool) -> Ingested:
        """Names the orders to read again: those whose risk or disputes are not what their row says."""
        done = Ingested()
        for looked_at, group in groupby(items, key=lambda item: item.looked_at):
            found = {item.found.order_gid: item.found for item in group}
            written = write_besides(store, found, looked_at=looked_at)
            done += Ingested(changed=written.changed, unchanged=written.unchanged, refetch=written.reread)
        return done

    def announced_as(self, item: Look) -> tuple[str, ...]:
        return (item.found.order_gid,)


def is_stale(here: Sequence[datetime] | None, changed_at: datetime) -> bool:
    """Pure. Whether a fulfilment order that the shop says changed at `changed_at` has to be read again: when it is not
    here, when we know another time, or when we asked so early that a second change within the same second may have
    come after it. `here`: the time of change that we know, and when we asked."""
    if here is None:
        return True
    known, fetched_at = here
    return known != changed_at or fetched_at < changed_at + hints.SECOND_AND_SKEW
