"""The timeline's and the tags' share of an ingest. Called by ingest alone, inside its transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from backoffice.core.text import fold
from orders.choices import Level, Source
from orders.models import FulfillmentOrder, Order, OrderTag
from orders.timeline import NewEntry, write
from stores.models import Store
from stores.shopify.mutations import MutatedOrder
from stores.shopify.snapshots import OrderSnapshot

from .mirror_facts import Fact, Holds, changes, facts_of, read_back_changes


def holds_by_order(rows: Iterable[FulfillmentOrder]) -> dict[int, dict[str, Mapping[str, Any]]]:
    """The holds of orders as they were: order id -> hold gid -> hold."""
    found: dict[int, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for row in rows:
        for hold in row.holds:
            found[row.order_id][hold["gid"]] = hold
    return found


def write_entries(
    orders: Sequence[tuple[Order, OrderSnapshot, Order | None]], holds: Mapping[int, Holds], *, backfilled: bool
) -> None:
    """Given (order, what the shop says, the row as it was). An order that is new in the mirror tells its whole past,
    and that triggers nothing unless it happened while the mirror was already following. Nor does the past that a
    summary had left out."""
    entries: list[NewEntry] = []
    for order, snapshot, old in orders:
        past = _known_past(old)
        entries += [
            _entry(order, fact, backfilled=backfilled or (past is not None and fact.at <= past))
            for fact in facts_of(snapshot)
        ]
        if old is not None:
            found = changes(old, holds.get(old.pk, {}), snapshot, seen_at=order.fetched_at)
            entries += [_entry(order, fact, backfilled=backfilled) for fact in found]
    write(entries)


def summary_entries(store: Store, snapshot: OrderSnapshot) -> list[dict[str, Any]]:
    """Rows of the timeline for an order that is new in the mirror, without the order's id. Each key once: the first
    fact counts, as in `write`."""
    rows: dict[str, dict[str, Any]] = {}
    for fact in facts_of(snapshot, summary=True):
        row = {
            "store_id": store.pk,
            "kind": fact.kind,
            "source": Source.SHOPIFY,
            "occurred_at": fact.at,
            "data": fact.data,
            "dedupe": fact.key,
            "backfilled": True,
        }
        rows.setdefault(fact.key, row)
    return list(rows.values())


def _known_past(old: Order | None) -> datetime | None:
    """Up to when a row that is a summary shows the shop, by the later of the two clocks."""
    return max(old.updated_at, old.fetched_at) if old is not None and old.level == Level.SUMMARY else None


def write_deleted(orders: Sequence[Order], *, at: datetime) -> None:
    write([_entry(order, Fact("order.deleted", at, f"deleted:{at.isoformat()}"), backfilled=False) for order in orders])


def write_read_back(order: Order, answer: MutatedOrder) -> None:
    """Given the row as it was. Our own change has its entry already, under the same key."""
    write([_entry(order, fact, backfilled=False) for fact in read_back_changes(order, answer)])


def replace_tags(order: Order) -> None:
    """The rows by which a tag is found follow the order's own list."""
    OrderTag._base_manager.filter(order=order).delete()
    OrderTag._base_manager.bulk_create(
        OrderTag(store_id=order.store_id, order=order, name=tag[:255], folded=fold(tag)[:255])
        for tag in dict.fromkeys(order.tags)
    )


def _entry(order: Order, fact: Fact, *, backfilled: bool) -> NewEntry:
    return NewEntry(
        store_id=order.store_id,
        order_id=order.pk,
        kind=fact.kind,
        source=Source.SHOPIFY,
        occurred_at=fact.at,
        data=dict(fact.data),
        dedupe=fact.key,
        backfilled=backfilled,
    )
