"""From the lines of a bulk file to lines for COPY: pure, so that it may run while the database is busy with the orders
before. The rows are those that ingest would write, from the same snapshot by the same functions. Called by load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orders.choices import Level
from orders.models import Customer, Order, TimelineEntry
from stores.models import Store
from stores.resources import Rejected
from stores.shopify.bulk_file import Group
from stores.shopify.errors import GarbageAnswer
from stores.shopify.snapshots import CustomerSnapshot, OrderSnapshot
from stores.shopify.summaries import parse_summary

from . import aside
from .erased import Named, named
from .mirror_copy import RowFormat
from .mirror_entries import summary_entries
from .mirror_rows import customer_row, order_row, part_rows
from .mirror_write import PARTS

ORDERS = RowFormat(Order, late=("id", "customer_id"))
CUSTOMERS = RowFormat(Customer, late=("id",))
ENTRIES = RowFormat(TimelineEntry, late=("order_id",))
PART_FORMATS: Mapping[str, RowFormat] = {name: RowFormat(model, late=("order_id",)) for name, model in PARTS.items()}


@dataclass(frozen=True, slots=True)
class PreparedOrder:
    """One order's lines, without the ids that only the database gives: `parts` by the name of their model."""

    group: Group
    named: Named
    updated_at: datetime
    customer: CustomerSnapshot | None
    order: bytes
    parts: Mapping[str, list[bytes]]
    entries: list[bytes]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a piece of a file came to. `cut` are orders that a bulk query cannot show whole; `rejected` those that
    cannot be read."""

    orders: tuple[PreparedOrder, ...]
    cut: tuple[str, ...]
    rejected: tuple[Rejected, ...]


def prepare(store: Store, groups: Iterable[Group], *, fetched_at: datetime, now: datetime) -> Prepared:
    """`now` is what the rows say of when they were written. Of an order that comes twice the last counts."""
    found: dict[str, PreparedOrder] = {}
    cut: list[str] = []
    rejected: list[Rejected] = []
    scopes = store.usable_scopes
    for group in groups:
        try:
            snapshot = parse_summary(group.lines, scopes=scopes)
        except GarbageAnswer as error:
            rejected.append(aside.unreadable_group(group, str(error.facts.get("path", ""))))
            continue
        if snapshot.complete:
            found[snapshot.gid] = prepared(store, group, snapshot, fetched_at=fetched_at, now=now)
        else:
            cut.append(snapshot.gid)
    return Prepared(tuple(found.values()), tuple(cut), tuple(rejected))


def prepared(
    store: Store, group: Group, snapshot: OrderSnapshot, *, fetched_at: datetime, now: datetime
) -> PreparedOrder:
    row = order_row(snapshot) | {
        "store_id": store.pk,
        "level": Level.SUMMARY,
        # No hash: nothing that is read later compares with a summary.
        "state_hash": "",
        "fetched_at": fetched_at,
        "first_seen_at": now,
        "mirrored_at": now,
    }
    parts = {
        name: PART_FORMATS[name].lines({"store_id": store.pk, **part} for part in rows)
        for name, rows in part_rows(snapshot).items()
        if rows and not (name == "FulfillmentOrder" and "fulfillment_orders" in snapshot.redacted)
    }
    entries = [ENTRIES.line({**entry, "recorded_at": now}) for entry in summary_entries(store, snapshot)]
    customer = None if "customer" in snapshot.redacted else snapshot.customer
    return PreparedOrder(group, named(snapshot), snapshot.updated_at, customer, ORDERS.line(row), parts, entries)


def customer_line(store: Store, customer: CustomerSnapshot) -> bytes:
    row: dict[str, Any] = customer_row(customer)
    return CUSTOMERS.line({"store_id": store.pk, **row})
