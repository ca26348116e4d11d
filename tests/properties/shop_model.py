"""A shop as far as a mirror can be wrong about it, the hints that it sends, and two mirrors to hold against it.

A model of orders as versions: each change makes a new one. Times have whole seconds, holds move a clock of their own,
the search index shows an older version for a while, and hints arrive in any order, twice, late or never."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from backoffice.core.privacy import Person
from orders.models import Customer, FulfillmentOrder, Order, TimelineEntry
from orders.resources import FulfillmentOrdersResource, is_stale
from orders.services import ingest
from orders.services.ingest import Known, Verdict
from orders.services.privacy import PART
from stores.models import Store
from stores.shopify.reading import ChangedFulfillmentOrder
from tests.builders.snapshots import a_customer, a_fulfillment_order, an_order

START = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
INDEX_LAG_SECONDS = 60
OVERLAP_SECONDS = 120
Decide = Callable[..., Verdict]


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


@dataclass(frozen=True, slots=True)
class Version:
    """One state of order `n`. `held_at` is the clock of its fulfilment order."""

    n: int
    value: int
    updated_at: int
    held_at: int
    made_at: int


@dataclass(slots=True)
class Shop:
    now: int = 0
    asked: int = 0
    changes: int = 0
    versions: dict[int, list[Version]] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)

    def clock(self) -> datetime:
        """The database's time of the next question: no two are alike."""
        self.asked += 1
        return at(self.now) + timedelta(microseconds=self.asked)

    def write(self, n: int) -> Version:
        self.changes += 1
        earlier = self.versions.setdefault(n, [])
        version = Version(n, self.changes, self.now, earlier[-1].held_at if earlier else self.now, self.now)
        earlier.append(version)
        return version

    def hold(self, n: int) -> Version:
        """Changes the state by the second clock, and not the order's time."""
        self.changes += 1
        before = self.versions[n][-1]
        version = Version(n, self.changes, before.updated_at, self.now, self.now)
        self.versions[n].append(version)
        return version

    def read(self, n: int) -> Version | None:
        return None if n in self.deleted or n not in self.versions else self.versions[n][-1]

    def there(self) -> list[Version]:
        return [version for n in sorted(self.versions) if (version := self.read(n)) is not None]

    def search(self, updated_from: float, *, hidden: Iterable[int] = ()) -> list[Version]:
        """By time of change. Of the `hidden` the index does not have the latest changes yet."""
        found = []
        for latest in self.there():
            known = [
                version
                for version in self.versions[latest.n]
                if latest.n not in hidden or version.made_at < self.now - INDEX_LAG_SECONDS
            ]
            if known and known[-1].updated_at >= updated_from:
                found.append(known[-1])
        return sorted(found, key=lambda version: version.updated_at)

    def search_holds(self, updated_from: float) -> list[tuple[int, int]]:
        return [(version.n, version.held_at) for version in self.there() if version.held_at >= updated_from]


class Mirror(Protocol):
    def write(self, versions: list[Version], fetched_at: datetime, *, by_id: bool) -> list[int]:
        """Takes over what was read; returns what must be read again by id."""

    def mark_deleted(self, n: int, fetched_at: datetime) -> bool: ...

    def stale_holds(self, found: list[tuple[int, int]]) -> list[int]: ...

    def shown(self) -> dict[int, int]:
        """The value of each order that is not deleted."""

    def edit_locally(self, n: int, value: int) -> None: ...

    def local(self) -> dict[int, int]: ...

    def erase(self, n: int) -> None:
        """The buyer of this order asked to be forgotten; the order may not be here."""

    def named(self) -> set[int]:
        """The orders that still name their buyer anywhere."""


@dataclass(slots=True)
class Row:
    version: Version
    state_hash: str
    fetched_at: datetime
    deleted: bool = False
    local: int = 0
    is_named: bool = True


@dataclass(slots=True)
class ModelMirror:
    """Rows in memory; what is kept is decided by the product's own `decide`, or by one that is wrong on purpose."""

    decide: Decide = ingest.decide
    is_stale: Callable[..., bool] = is_stale
    tombstones: bool = True
    remembers_erased: bool = True
    rows: dict[int, Row] = field(default_factory=dict)
    erased: set[int] = field(default_factory=set)

    def write(self, versions: list[Version], fetched_at: datetime, *, by_id: bool) -> list[int]:
        again = []
        for version in versions:
            row = self.rows.get(version.n)
            known = Known(at(row.version.updated_at), row.state_hash, row.fetched_at) if row else None
            verdict = self.decide(
                known,
                updated_at=at(version.updated_at),
                state_hash=str(version.value),
                fetched_at=fetched_at,
                by_id=by_id,
            )
            if verdict is Verdict.WRITE:
                self.rows[version.n] = Row(
                    version,
                    str(version.value),
                    fetched_at,
                    local=row.local if row else 0,
                    is_named=version.n not in self.erased,
                )
            elif verdict is Verdict.REFETCH:
                again.append(version.n)
        return again

    def mark_deleted(self, n: int, fetched_at: datetime) -> bool:
        row = self.rows.get(n)
        if row is None or row.deleted or row.fetched_at > fetched_at:
            return False
        if self.tombstones:
            row.deleted, row.state_hash, row.fetched_at = True, "", fetched_at
        else:
            del self.rows[n]
        return True

    def stale_holds(self, found: list[tuple[int, int]]) -> list[int]:
        here = {n: (at(row.version.held_at), row.fetched_at) for n, row in self.rows.items()}
        return [n for n, held_at in found if self.is_stale(here.get(n), at(held_at))]

    def shown(self) -> dict[int, int]:
        return {n: row.version.value for n, row in self.rows.items() if not row.deleted}

    def edit_locally(self, n: int, value: int) -> None:
        self.rows[n].local = value

    def local(self) -> dict[int, int]:
        return {n: row.local for n, row in self.rows.items() if row.local}

    def erase(self, n: int) -> None:
        if self.remembers_erased:
            self.erased.add(n)
        if n in self.rows:
            self.rows[n].is_named, self.rows[n].state_hash = False, ""

    def named(self) -> set[int]:
        return {n for n, row in self.rows.items() if row.is_named}


@dataclass(slots=True)
class DatabaseMirror:
    """The product's tables, written by the product's ingest."""

    store: Store

    def write(self, versions: list[Version], fetched_at: datetime, *, by_id: bool) -> list[int]:
        done = ingest.ingest_orders(
            self.store, [_snapshot(version) for version in versions], fetched_at=fetched_at, by_id=by_id
        )
        return [_number(gid) for gid in done.refetch]

    def mark_deleted(self, n: int, fetched_at: datetime) -> bool:
        return ingest.mark_deleted(self.store, [_gid(n)], fetched_at=fetched_at) == 1

    def stale_holds(self, found: list[tuple[int, int]]) -> list[int]:
        items = [
            ChangedFulfillmentOrder(f"gid://shopify/FulfillmentOrder/{n}", _gid(n), at(held_at)) for n, held_at in found
        ]
        done = FulfillmentOrdersResource().ingest(self.store, items, fetched_at=at(0), backfilled=False)
        return [_number(gid) for gid in done.refetch]

    def shown(self) -> dict[int, int]:
        """A row shows its value in three places: they must agree."""
        shown = {}
        for order in Order.objects.filter(store=self.store).exclude(stage="deleted"):
            held = FulfillmentOrder.objects.get(order=order).location_name
            tags = list(order.tag_rows.values_list("name", flat=True))
            # A note is the buyer's word: an erased one has none.
            note = order.note if order.customer_id else held
            assert (note, tags) == (held, [held])
            shown[_number(order.gid)] = int(held)
        return shown

    def edit_locally(self, n: int, value: int) -> None:
        Order.objects.filter(store=self.store, gid=_gid(n)).update(comment_count=value)

    def local(self) -> dict[int, int]:
        rows = Order.objects.filter(store=self.store, comment_count__gt=0).values_list("gid", "comment_count")
        return {_number(gid): count for gid, count in rows}

    def erase(self, n: int) -> None:
        asked = Person(self.store.pk, f"gid://shopify/Customer/{n}", "", (_gid(n),))
        traces = PART.find(asked)
        PART.forbid(asked)
        PART.erase(replace(asked, traces=traces))

    def named(self) -> set[int]:
        """In the order's own row, in the customers, or anywhere on the timeline."""
        found = {
            _number(order.gid)
            for order in Order.objects.filter(store=self.store)
            if order.email or order.note or order.customer_name or order.customer_id or order.shipping_address
        }
        found |= {_number(gid) for gid in Customer.objects.filter(store=self.store).values_list("gid", flat=True)}
        entries = TimelineEntry.objects.filter(store=self.store, data__has_key="was").exclude(data__was="")
        return found | {_number(gid) for gid in entries.values_list("order__gid", flat=True)}


def _snapshot(version: Version) -> object:
    text = str(version.value)
    held = a_fulfillment_order(version.n, updated_at=at(version.held_at), location_name=text)
    return an_order(
        version.n,
        note=text,
        tags=(text,),
        updated_at=at(version.updated_at),
        fulfillment_orders=(held,),
        customer=a_customer(version.n),
        email=f"anna-{version.n}@example.com",
    )


def _gid(n: int) -> str:
    return f"gid://shopify/Order/{n}"


def _number(gid: str) -> int:
    return int(gid.rpartition("/")[2])
