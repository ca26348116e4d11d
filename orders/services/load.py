"""The first load's way into the mirror: orders of a bulk file, as summaries, by COPY alone.

It adds what the mirror does not have and changes nothing that is there: a file is older than anything that was read
since it was asked for. It leaves out what ingest spends its time on: the hash (a summary's state compares with no whole
one), the comparison, and the objects in between. Called by the engine's first load, piece by piece."""

from __future__ import annotations

import gc
import logging
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection, models, transaction

from backoffice.core import clock
from backoffice.core.contention import repeated
from orders.models import Customer, Order
from stores.models import Store
from stores.resources import Ingested
from stores.shopify.bulk_file import Group
from stores.shopify.snapshots import OrderSnapshot
from stores.shopify.summaries import parse_summary

from . import aside, erased
from .ingest import lock_store
from .load_rows import (
    CUSTOMERS,
    ENTRIES,
    ORDERS,
    PART_FORMATS,
    Prepared,
    PreparedOrder,
    customer_line,
    prepare,
    prepared,
)
from .mirror_compare import parts_of, rows_show
from .mirror_copy import NULL
from .mirror_write import take_ids

logger = logging.getLogger(__name__)

# The database is away or busy: nothing is wrong with the orders.
_PASSING = (OperationalError, InterfaceError)


def load_groups(store: Store, groups: Sequence[Group], *, fetched_at: datetime) -> Ingested:
    """Adds the orders that the mirror does not have, in one transaction, as summaries with a past that triggers
    nothing.

    `fetched_at` is the database's time before the file was asked for. Of the orders that are there, those that the file
    may know better are named in `refetch`: the line is newer than the row, or just as new and shows something else.
    What was read after `fetched_at` stays as it is. Twice gives the same rows. What cannot be parsed or stored is set
    aside and does not keep the others.
    """
    return _take_in(store, prepare(store, groups, fetched_at=fetched_at, now=clock.db_now()), fetched_at)


def load_pieces(
    store: Store, pieces: Iterable[Sequence[Group]], *, fetched_at: datetime
) -> Generator[Ingested, None, None]:
    """`load_groups` of one piece after the other, each told when it is in the mirror. While the database takes one in,
    the next is read and prepared in a thread of its own: `pieces` must not touch the database."""
    now = clock.db_now()
    source = iter(pieces)

    def prepare_next() -> Prepared | None:
        groups = next(source, None)
        return None if groups is None else prepare(store, groups, fetched_at=fetched_at, now=now)

    with _seldom_collecting(), ThreadPoolExecutor(max_workers=1, thread_name_prefix="load") as ahead:
        coming = ahead.submit(prepare_next)
        while (ready := coming.result()) is not None:
            coming = ahead.submit(prepare_next)
            yield _take_in(store, ready, fetched_at)


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """A piece is hundreds of thousands of small values without a cycle among them: looking for cycles as often as usual
    costs a seventh of preparing them."""
    usual = gc.get_threshold()
    gc.set_threshold(500_000, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _take_in(store: Store, ready: Prepared, fetched_at: datetime) -> Ingested:
    aside.set_aside(store, ready.rejected)
    return Ingested(refetch=ready.cut) + _write(store, ready.orders, fetched_at)


def _write(store: Store, orders: Sequence[PreparedOrder], fetched_at: datetime) -> Ingested:
    """Writes them together; what the database refuses is looked for by halves."""
    if not orders:
        return Ingested()
    try:
        return repeated(partial(_add, store, orders, fetched_at))
    except (DatabaseError, ValueError) as error:
        if isinstance(error, _PASSING):
            raise
        if len(orders) == 1:
            (refused,) = orders
            state = b"\n".join(refused.group.lines).decode("utf-8", "replace")
            aside.set_aside(store, [aside.not_stored(refused.group.gid, error, state=state)])
            return Ingested()
    middle = len(orders) // 2
    return _write(store, orders[:middle], fetched_at) + _write(store, orders[middle:], fetched_at)


def _add(store: Store, orders: Sequence[PreparedOrder], fetched_at: datetime) -> Ingested:
    with transaction.atomic():
        lock_store(store)
        by_gid = {one.group.gid: one for one in _without_the_erased(store, orders, fetched_at)}
        here = _ids(Order, store, by_gid)
        rows = {row.gid: row for row in Order._base_manager.filter(pk__in=here.values())} if here else {}
        fresh = [one for gid, one in by_gid.items() if gid not in rows]
        if fresh:
            _copy(store, fresh)
            aside.read_well(store, [one.group.gid for one in fresh])
        refetch = _known_better(store, by_gid, rows, fetched_at)
    return Ingested(len(fresh), 0, len(rows) - len(refetch), refetch)


def _known_better(
    store: Store, by_gid: dict[str, PreparedOrder], rows: dict[str, Order], fetched_at: datetime
) -> tuple[str, ...]:
    """The orders of which the file may know more than the row. Times alone never say that nothing changed: one that
    shows the row's own time of change is held against the row's values."""
    newer: list[str] = []
    same: list[Order] = []
    for gid, row in rows.items():
        told_at = by_gid[gid].updated_at
        if row.fetched_at >= fetched_at or told_at < row.updated_at:
            continue
        if told_at > row.updated_at:
            newer.append(gid)
        else:
            same.append(row)
    parts = parts_of([row.pk for row in same])
    told = erased.blank(store, [_parsed(store, by_gid[row.gid]) for row in same])
    unlike = [
        row.gid
        for row, snapshot in zip(same, told, strict=True)
        if row.deleted_at is not None or not rows_show(snapshot, row, parts, summary=True)
    ]
    return (*newer, *unlike)


def _without_the_erased(store: Store, orders: Sequence[PreparedOrder], fetched_at: datetime) -> list[PreparedOrder]:
    """The same, those of the erased without what is personal. Only the database knows who was erased, so these few are
    made anew."""
    gone = erased.erased_gids(store, [one.named for one in orders])
    found = []
    for one in orders:
        if one.group.gid in gone:
            (blanked,) = erased.blank(store, [_parsed(store, one)], remember=True)
            found.append(prepared(store, one.group, blanked, fetched_at=fetched_at, now=clock.db_now()))
        else:
            found.append(one)
    return found


def _parsed(store: Store, one: PreparedOrder) -> OrderSnapshot:
    return parse_summary(one.group.lines, scopes=store.usable_scopes)


def _copy(store: Store, orders: Sequence[PreparedOrder]) -> None:
    customers = _customers(store, orders)
    own: list[bytes] = []
    parts: dict[str, list[bytes]] = defaultdict(list)
    entries: list[bytes] = []
    for one, pk in zip(orders, take_ids(Order, len(orders)), strict=True):
        owner = b"%d\t" % pk
        own += (owner, customers[one.customer.gid] if one.customer else _NOBODY, one.order)
        for name, lines in one.parts.items():
            into = parts[name]
            for line in lines:
                into += (owner, line)
        for line in one.entries:
            entries += (owner, line)
    _copy_in(ORDERS.statement, own)
    for name, pieces in parts.items():
        _copy_in(PART_FORMATS[name].statement, pieces)
    _copy_in(ENTRIES.statement, entries)


_NOBODY = f"{NULL}\t".encode()


def _customers(store: Store, orders: Sequence[PreparedOrder]) -> dict[str, bytes]:
    """The id of every customer named, as it stands in a line of an order. One who is here already stays as he is."""
    named = {one.customer.gid: one.customer for one in orders if one.customer}
    ids = _ids(Customer, store, named)
    new = [customer for gid, customer in named.items() if gid not in ids]
    lines: list[bytes] = []
    for customer, pk in zip(new, take_ids(Customer, len(new)), strict=True):
        ids[customer.gid] = pk
        lines += (b"%d\t" % pk, customer_line(store, customer))
    _copy_in(CUSTOMERS.statement, lines)
    return {gid: b"%d\t" % pk for gid, pk in ids.items()}


def _ids(model: type[models.Model], store: Store, gids: Iterable[str]) -> dict[str, int]:
    """The rows that are here, by gid. One array: a thousand parameters cost more time than the answer."""
    with connection.cursor() as cursor:
        # Only the name of our own table is put into the text.
        table = connection.ops.quote_name(model._meta.db_table)
        cursor.execute(
            f"SELECT gid, id FROM {table} WHERE store_id = %s AND gid = ANY(%s)",  # noqa: S608
            [store.pk, list(gids)],
        )
        return dict(cursor.fetchall())


def _copy_in(statement: str, pieces: Iterable[bytes]) -> None:
    content = b"".join(pieces)
    if not content:
        return
    with connection.cursor() as wrapper, connection.wrap_database_errors:
        cursor: Any = wrapper.cursor
        with cursor.copy(statement) as copy:
            copy.write(content)
