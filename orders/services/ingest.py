"""Ingest: what a shop said becomes the mirror. The only writer of the mirror's columns.

It compares states, not times: a hash decides whether anything differs. Times decide only whether what came may be older
than what is there, and then nothing is kept or dropped on their word: the order is read again by id. One store's
ingests run one after the other, whoever calls: sync, inbox, or the push of a change."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from backoffice.core import clock
from backoffice.core.contention import repeated
from orders.choices import Level
from orders.models import Beside, FulfillmentOrder, Order
from orders.stage import Facts, stage_of
from stores.models import Store
from stores.resources import Ingested
from stores.shopify.mutations import MutatedOrder
from stores.shopify.snapshots import OrderSnapshot

from . import aside, erased, mirror_entries
from .mirror_rows import canonical, hash_of, order_row
from .mirror_write import replace_parts, without_nul, write_customers, write_orders

logger = logging.getLogger(__name__)

HIDDEN_AFTER = timedelta(days=59)
"""How old an order may be for a token without read_all_orders to see it, less a day for the clocks."""
_LOCK_CLASS = 7301
_READ_BACK = ("closed", "closed_at", "cancelled_at", "note", "tags")
# The database is away or busy: nothing is wrong with the order.
_PASSING = (OperationalError, InterfaceError)


class Verdict(Enum):
    """What to do with a snapshot."""

    WRITE = "write"
    SAME = "same"
    OLDER = "older"
    REFETCH = "refetch"


@dataclass(frozen=True, slots=True)
class Known:
    """What the row says about the state it shows."""

    updated_at: datetime
    state_hash: str
    fetched_at: datetime


def decide(known: Known | None, *, updated_at: datetime, state_hash: str, fetched_at: datetime, by_id: bool) -> Verdict:
    """Pure. An answer that was asked for before the one that the row shows may be older and proves nothing; a page may
    come from an index that lags, so one with the row's own time of change and another state is looked at by id."""
    if known is None:
        return Verdict.WRITE
    if known.state_hash == state_hash:
        return Verdict.SAME
    if fetched_at < known.fetched_at:
        return Verdict.REFETCH
    if by_id:
        # Asked later but answered with an earlier state: the two calls overlapped in the shop.
        return Verdict.WRITE if updated_at >= known.updated_at else Verdict.REFETCH
    if updated_at < known.updated_at:
        return Verdict.OLDER
    return Verdict.WRITE if updated_at > known.updated_at else Verdict.REFETCH


def ingest_orders(
    store: Store, snapshots: Sequence[OrderSnapshot], *, fetched_at: datetime, by_id: bool, backfilled: bool = False
) -> Ingested:
    """Writes what differs, with its entries of the timeline, in one transaction.

    `fetched_at` is the database's time before the snapshots were asked for. `by_id`: they were read by id, past any
    index. `backfilled`: they belong to a first load, and their entries trigger nothing. A snapshot that is not complete
    or comes twice is handed back in `refetch`. When the database refuses the lot, each is tried alone, and the ones
    that cannot be written are set aside.
    """
    whole = {snapshot.gid: snapshot for snapshot in snapshots if snapshot.complete}
    cut = [snapshot.gid for snapshot in snapshots if not snapshot.complete]
    if by_id:
        aside.set_aside(store, [aside.incomplete(gid) for gid in cut])
    done = Ingested(refetch=() if by_id else tuple(cut))
    if not whole:
        return done
    try:
        everything = list(whole.values())
        return done + repeated(lambda: _ingest(store, everything, fetched_at, by_id=by_id, backfilled=backfilled))
    except (DatabaseError, ValueError) as error:
        if isinstance(error, _PASSING):
            raise
        logger.warning("A page could not be ingested whole", extra={"store": store.pk, "error": type(error).__name__})
    for snapshot in whole.values():
        try:
            alone = [snapshot]
            done += repeated(partial(_ingest, store, alone, fetched_at, by_id=by_id, backfilled=backfilled))
        except (DatabaseError, ValueError) as error:
            if isinstance(error, _PASSING):
                raise
            aside.set_aside(store, [aside.not_stored(snapshot.gid, error, state=canonical(snapshot))])
    return done


def _ingest(
    store: Store, snapshots: list[OrderSnapshot], fetched_at: datetime, *, by_id: bool, backfilled: bool
) -> Ingested:
    states = {snapshot.gid: canonical(snapshot) for snapshot in snapshots}
    hashes = {gid: hash_of(state) for gid, state in states.items()}
    with_nul = {gid for gid, state in states.items() if "\\u0000" in state}
    with transaction.atomic():
        lock_store(store)
        for told, snapshot in zip(snapshots, blanked := erased.blank(store, snapshots, remember=True), strict=True):
            if snapshot is not told:
                states[snapshot.gid] = canonical(snapshot)
                hashes[snapshot.gid] = hash_of(states[snapshot.gid])
        snapshots = blanked
        olds = {
            order.gid: order
            for order in Order._base_manager.filter(store=store, gid__in=hashes).order_by("pk").select_for_update()
        }
        refetch: list[str] = []
        fresh: list[OrderSnapshot] = []
        same: list[int] = []
        unchanged = 0
        for snapshot in snapshots:
            old = olds.get(snapshot.gid)
            known = Known(old.updated_at, old.state_hash, old.fetched_at) if old else None
            verdict = decide(
                known,
                updated_at=snapshot.updated_at,
                state_hash=hashes[snapshot.gid],
                fetched_at=fetched_at,
                by_id=by_id,
            )
            if verdict is Verdict.WRITE:
                fresh.append(snapshot)
            elif verdict is Verdict.REFETCH:
                refetch.append(snapshot.gid)
            else:
                unchanged += 1
                if verdict is Verdict.SAME and by_id and old is not None:
                    same.append(old.pk)
        # What was asked for before now is older than this confirmation, too.
        Order._base_manager.filter(pk__in=same, fetched_at__lt=fetched_at).update(fetched_at=fetched_at)
        if fresh:
            _write(store, fresh, olds, hashes, with_nul, fetched_at, backfilled=backfilled)
        # A page may lag: what it shows unchanged says nothing about an order that cannot be read by its id.
        confirmed = {order.gid for order in olds.values() if order.pk in same}
        aside.read_well(store, sorted(confirmed | {snapshot.gid for snapshot in fresh}))
    created = sum(snapshot.gid not in olds for snapshot in fresh)
    differed = [one.gid for one in fresh if one.gid not in olds or _showed_otherwise(olds[one.gid], one)]
    return Ingested(created, len(fresh) - created, unchanged, tuple(refetch), differed=tuple(differed))


def _showed_otherwise(row: Order, snapshot: OrderSnapshot) -> bool:
    """A row without a hash was written from a mutation's answer or is a summary: then the shop's state was not missed,
    unless a summary has a later one."""
    return bool(row.state_hash) or (row.level == Level.SUMMARY and snapshot.updated_at > row.updated_at)


def _write(
    store: Store,
    fresh: list[OrderSnapshot],
    olds: dict[str, Order],
    hashes: dict[str, str],
    with_nul: set[str],
    fetched_at: datetime,
    *,
    backfilled: bool,
) -> None:
    def clean(snapshot: OrderSnapshot, rows: Any) -> Any:
        return without_nul(rows) if snapshot.gid in with_nul else rows

    known = [olds[snapshot.gid].pk for snapshot in fresh if snapshot.gid in olds]
    holds = mirror_entries.holds_by_order(FulfillmentOrder._base_manager.filter(order_id__in=known)) if known else {}
    customers = write_customers(store, fresh, clean)
    rows = []
    for snapshot in fresh:
        row = clean(snapshot, order_row(snapshot))
        if "customer" not in snapshot.redacted:
            row["customer_id"] = customers.get(snapshot.customer.gid) if snapshot.customer else None
        row |= {"state_hash": hashes[snapshot.gid], "fetched_at": fetched_at, "deleted_at": None, "level": Level.FULL}
        columns = tuple("customer" if name == "customer_id" else name for name in row)
        order = Order(store=store, **row)
        if snapshot.gid in olds:
            order.pk, order._state.adding = olds[snapshot.gid].pk, False
        rows.append((order, (*columns, "mirrored_at")))
    write_orders(rows)
    pairs = [(order, snapshot) for (order, _), snapshot in zip(rows, fresh, strict=True)]
    replace_parts(store, pairs, clean, known=known)
    # What stands beside them may have changed as well.
    Beside._base_manager.filter(order_id__in=known).update(due_at=fetched_at)
    mirror_entries.write_entries(
        [(order, snapshot, olds.get(snapshot.gid)) for order, snapshot in pairs], holds, backfilled=backfilled
    )


def apply_read_back(store: Store, mutated: Sequence[MutatedOrder]) -> None:
    """Takes over what a mutation's own answer shows of its orders: closed, cancelled, tags, note. The rest of each
    order is read again by the sync, because the row's hash no longer stands for a whole state. Must run in the
    transaction that settles the change."""
    lock_store(store)
    by_gid = {one.gid: one for one in mutated}
    now = clock.db_now()
    orders = Order._base_manager.filter(store=store, gid__in=by_gid).order_by("pk").select_for_update()
    for order in orders:
        answer = by_gid[order.gid]
        if answer.updated_at < order.updated_at:
            continue
        mirror_entries.write_read_back(order, answer)
        order.closed, order.closed_at = answer.closed, answer.closed_at
        order.cancelled_at, order.updated_at = answer.cancelled_at, answer.updated_at
        order.note, order.tags = without_nul(answer.note), without_nul(list(answer.tags))
        order.stage = stage_of(facts_of_row(order)).value
        # What was asked for before now may show the order as it was before the change.
        order.state_hash, order.fetched_at = "", now
        order.save(update_fields=[*_READ_BACK, "updated_at", "stage", "state_hash", "fetched_at", "mirrored_at"])
        mirror_entries.replace_tags(order)


def mark_deleted(store: Store, gids: Sequence[str], *, fetched_at: datetime) -> int:
    """The shop no longer has these: kept with their history, out of every list. One that was read later stays, and so
    does one that the token is too weak to see any more: without read_all_orders Shopify hides what is older than 60
    days and says nothing."""
    if not gids:
        return 0
    with transaction.atomic():
        lock_store(store)
        aside.read_well(store, gids)
        here = Order._base_manager.filter(
            store=store, gid__in=gids, deleted_at__isnull=True, fetched_at__lte=fetched_at
        )
        if not store.has_scope("read_all_orders"):
            here = here.filter(created_at__gt=fetched_at - HIDDEN_AFTER)
        gone = list(here.order_by("pk").select_for_update())
        for order in gone:
            order.deleted_at, order.fetched_at, order.state_hash = fetched_at, fetched_at, ""
            order.stage = stage_of(facts_of_row(order)).value
            order.save(update_fields=["deleted_at", "fetched_at", "state_hash", "stage", "mirrored_at"])
        mirror_entries.write_deleted(gone, at=fetched_at)
    return len(gone)


def distrust(store: Store, gids: Sequence[str]) -> None:
    """The rows of these do not show what their hash stands for: whoever reads them next writes them whole."""
    with transaction.atomic():
        lock_store(store)
        Order._base_manager.filter(store=store, gid__in=gids).update(state_hash="")


def facts_of_row(order: Order) -> Facts:
    """What the stage depends on, from the mirror's own columns."""
    return Facts(
        test=order.test,
        closed=order.closed,
        cancelled=order.cancelled_at is not None,
        unfulfilled=order.unfulfilled_quantity,
        outstanding=order.outstanding_shop,
        financial_status=order.financial_status,
        return_status=order.return_status,
        dispute_status=order.dispute_status,
        deleted=order.deleted_at is not None,
    )


def lock_store(store: Store) -> None:
    """Until the transaction ends, nobody else ingests for this store: what was decided about an order stays true."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, store.pk])
