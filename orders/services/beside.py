"""What stands beside an order becomes rows: returns, terms of payment, grounds of the risk, lines of the timeline.

Called by `beside_look` with what the shop said. It belongs neither to the order's state nor to its hash: a page of
orders does not hold it, so the proof could never agree. It is true by being looked at again and again instead. The risk
and the disputes do belong to the state; where a look shows others than the row has, the order is read again whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from orders.choices import LIVE_STAGES, Source
from orders.models import Beside, Order, Return, TimelineEntry
from orders.stage import OPEN_DISPUTE
from orders.timeline import NewEntry, write
from stores.models import Store
from stores.shopify.aside_snapshots import AsideSnapshot, EventSnapshot

from . import beside_rows as rows
from .erased import Named, erased_gids
from .ingest import lock_store

COMMENT, EVENT = "shop.comment", "shop.event"
_OWN_CHANGES = ("order.updated", "tags.added", "tags.removed")
_AT_ONCE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Written:
    """`changed`: orders of which something was new. `reread`: orders whose own state is not what the look showed."""

    changed: int = 0
    unchanged: int = 0
    reread: tuple[str, ...] = ()


def write_besides(store: Store, found: Mapping[str, AsideSnapshot], *, looked_at: datetime) -> Written:
    """Writes what a look showed, in one transaction. `looked_at` is the database's time before it was asked for; a look
    that is older than the one before it changes nothing."""
    with transaction.atomic():
        lock_store(store)
        orders = Order._base_manager.filter(store=store, gid__in=found, deleted_at__isnull=True)
        here = {order.pk: order for order in orders.only(*_COLUMNS).order_by("pk")}
        before = Beside._base_manager.in_bulk(list(here))
        found = _without_the_erased(store, here.values(), found)
        fresh = [order for pk, order in here.items() if pk not in before or (before[pk].looked_at or _EVER) < looked_at]
        changed = _write_entries(fresh, found, before, looked_at) | _write_returns(fresh, found)
        for order in fresh:
            if _write_row(order, found[order.gid], before.get(order.pk), looked_at):
                changed.add(order.pk)
    reread = tuple(order.gid for order in fresh if order.fetched_at < looked_at and _is_behind(order, found[order.gid]))
    return Written(len(changed), len(fresh) - len(changed), reread)


_COLUMNS = (
    "store_id",
    "gid",
    "stage",
    "created_at",
    "updated_at",
    "fetched_at",
    "first_seen_at",
    "risk_level",
    "risk_recommendation",
    "dispute_status",
    "disputes",
    "payment_due_at",
)
_EVER = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def _without_the_erased(
    store: Store, orders: Iterable[Order], found: Mapping[str, AsideSnapshot]
) -> Mapping[str, AsideSnapshot]:
    """Of an order whose buyer was erased, nothing that somebody wrote is kept."""
    named = [Named(order.gid, "", "", order.created_at) for order in orders]
    hidden = erased_gids(store, named)
    return {gid: rows.without_words(one) if gid in hidden else one for gid, one in found.items()}


def _is_behind(order: Order, found: AsideSnapshot) -> bool:
    return rows.differs(found, risk=(order.risk_level, order.risk_recommendation), disputes=order.disputes)


def _write_row(order: Order, found: AsideSnapshot, before: Beside | None, looked_at: datetime) -> bool:
    row = rows.row_of(found)
    due = rows.next_look(
        looked_at,
        is_live=order.stage in LIVE_STAGES,
        moved_at=max(order.created_at, order.updated_at),
        is_disputed=order.dispute_status in OPEN_DISPUTE,
    )
    Beside._base_manager.update_or_create(
        order_id=order.pk,
        defaults={"store_id": order.store_id, "looked_at": looked_at, "due_at": due, **row},
    )
    if "payment_terms" not in found.unread:
        owed_by = rows.due_at(found.payment_terms)
        if order.payment_due_at != owed_by:
            Order._base_manager.filter(pk=order.pk).update(payment_due_at=owed_by)
    return before is None or any(getattr(before, name) != value for name, value in row.items())


def _write_returns(orders: Sequence[Order], found: Mapping[str, AsideSnapshot]) -> set[int]:
    """The returns of these orders become what the shop says; gives the orders whose returns did not say it already."""
    readable = {order.pk: order for order in orders if "returns" not in found[order.gid].unread}
    here: dict[int, dict[str, Return]] = defaultdict(dict)
    for row in Return._base_manager.filter(order_id__in=readable):
        here[row.order_id][row.gid] = row
    changed: set[int] = set()
    new: list[Return] = []
    for pk, order in readable.items():
        wanted = rows.returns_of(found[order.gid])
        if len(wanted) == len(here[pk]) and all(_same(here[pk].get(one["gid"]), one) for one in wanted):
            continue
        changed.add(pk)
        new += [Return(store_id=order.store_id, order_id=pk, **one) for one in wanted]
    Return._base_manager.filter(order_id__in=changed).delete()
    Return._base_manager.bulk_create(new)
    return changed


def _same(row: Return | None, wanted: Mapping[str, Any]) -> bool:
    return row is not None and all(getattr(row, name) == value for name, value in wanted.items())


def _write_entries(
    orders: Sequence[Order], found: Mapping[str, AsideSnapshot], before: Mapping[int, Beside], looked_at: datetime
) -> set[int]:
    """New events become lines; comments that were edited or deleted there, here. Gives the orders concerned."""
    events = {order.pk: {rows.event_key(event.gid): event for event in found[order.gid].events} for order in orders}
    known = _known(events)
    changed = _follow_comments(orders, found, events, known, looked_at)
    doubled = _told_by_the_mirror(events)
    entries = []
    for order in orders:
        is_new = order.pk not in before or before[order.pk].looked_at is None
        for key, event in events[order.pk].items():
            if (order.pk, key) in known or (order.pk, key) in doubled:
                continue
            if rows.deserves_a_line(event, now=looked_at):
                entries.append(_entry(order, event, key, backfilled=is_new and event.created_at < order.first_seen_at))
    write(entries)
    return changed | {entry.order_id for entry in entries}


def _entry(order: Order, event: EventSnapshot, key: str, *, backfilled: bool) -> NewEntry:
    return NewEntry(
        store_id=order.store_id,
        order_id=order.pk,
        kind=COMMENT if event.is_comment else EVENT,
        source=Source.SHOPIFY,
        occurred_at=event.created_at,
        data=rows.event_data(event),
        dedupe=key,
        actor_label=(event.author or event.app)[:200],
        backfilled=backfilled,
    )


def _known(events: Mapping[int, Mapping[str, EventSnapshot]]) -> dict[tuple[int, str], TimelineEntry]:
    """The lines that these orders have of Shopify's events."""
    lines = TimelineEntry._base_manager.filter(order_id__in=events, kind__in=(COMMENT, EVENT))
    return {(line.order_id, line.dedupe): line for line in lines}


def _follow_comments(
    orders: Sequence[Order],
    found: Mapping[str, AsideSnapshot],
    events: Mapping[int, Mapping[str, EventSnapshot]],
    known: Mapping[tuple[int, str], TimelineEntry],
    looked_at: datetime,
) -> set[int]:
    """What staff wrote in Shopify may be edited and deleted there; here nothing of it may outlive that."""
    since = {order.pk: _since(found[order.gid], looked_at) for order in orders}
    stale: list[TimelineEntry] = []
    for (order_id, key), line in known.items():
        if line.kind != COMMENT:
            continue
        event = events[order_id].get(key)
        if event is not None:
            data = rows.event_data(event)
        elif line.occurred_at > since[order_id]:
            data = {"deleted": True}
        else:
            continue
        if line.data != data:
            line.data = data
            stale.append(line)
    TimelineEntry._base_manager.bulk_update(stale, ["data"])
    return {line.order_id for line in stale}


def _since(found: AsideSnapshot, looked_at: datetime) -> datetime:
    """From when on all events of the order are at hand."""
    kept = looked_at - rows.KEPT
    if found.older is None:
        return kept
    if not found.events:
        return looked_at
    return max(kept, min(event.created_at for event in found.events))


def _told_by_the_mirror(events: Mapping[int, Mapping[str, EventSnapshot]]) -> set[tuple[int, str]]:
    """The changes among the events that have a line already, seen by comparing states."""
    asked = {
        (pk, key): event.created_at
        for pk, found in events.items()
        for key, event in found.items()
        if event.action == rows.CHANGES and not event.is_comment
    }
    if not asked:
        return set()
    lines = TimelineEntry._base_manager.filter(
        order_id__in={pk for pk, _ in asked},
        kind__in=_OWN_CHANGES,
        occurred_at__gte=min(asked.values()) - _AT_ONCE,
        occurred_at__lte=max(asked.values()) + _AT_ONCE,
    )
    times: dict[int, list[datetime]] = defaultdict(list)
    for order_id, at in lines.values_list("order_id", "occurred_at"):
        times[order_id].append(at)
    return {(pk, key) for (pk, key), at in asked.items() if any(abs(at - told) <= _AT_ONCE for told in times[pk])}
