"""After a backup was restored: whoever was erased since it was made is erased again, before anybody looks.

The tombstones are written to a file beside the backups (keyed hashes alone) and read back into the restored database.
Called by `manage.py erasures`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from backoffice.core import privacy
from backoffice.core.chunks import chunked
from backoffice.core.privacy import Person
from orders.choices import TombstoneKind
from orders.models import Customer, Order, Tombstone
from stores.models import Store

from . import erased
from .ingest import lock_store
from .privacy_erasing import traces_of_rows

_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Again:
    """What was erased again in one store."""

    store: Store
    tombstones: int
    orders: int
    customers: int


def ledger() -> Iterator[str]:
    """Every tombstone as a line of JSON."""
    for row in Tombstone._base_manager.select_related("store").order_by("pk").iterator(chunk_size=2000):
        yield json.dumps(
            {
                "store": row.store_id,
                "shop": row.store.gid,
                "kind": row.kind,
                "digest": row.digest,
                "tags": row.tags,
                "created_at": row.created_at.isoformat(),
            }
        )


def replay(lines: Iterable[str]) -> Iterator[Again]:
    """Reads a ledger, adds the tombstones that are missing, and erases whoever they name; store by store. Twice changes
    nothing. Lines of a store that is not here under the same id are passed over: their hashes fit no row."""
    by_store: dict[int, list[Tombstone]] = {}
    shops = dict(Store._base_manager.values_list("pk", "gid"))
    for line in lines:
        told = json.loads(line)
        if shops.get(told["store"]) == told["shop"]:
            row = Tombstone(store_id=told["store"], kind=told["kind"], digest=told["digest"], tags=told["tags"])
            row.created_at = datetime.fromisoformat(told["created_at"])
            by_store.setdefault(row.store_id, []).append(row)
    for store in Store._base_manager.filter(pk__in=by_store).order_by("pk"):
        added = _add(store, by_store[store.pk])
        yield Again(store, added, _orders(store), _customers(store))


def _add(store: Store, rows: list[Tombstone]) -> int:
    here = Tombstone._base_manager.filter(store=store)
    before = here.count()
    moments = {row.digest: row.created_at for row in rows}
    with transaction.atomic():
        lock_store(store)
        known = set(here.filter(digest__in=moments).values_list("digest", flat=True))
        new = [row for row in rows if row.digest not in known]
        Tombstone._base_manager.bulk_create(new, ignore_conflicts=True, batch_size=1000)
        for row in new:
            if row.kind == TombstoneKind.ADDRESS:  # counts for orders from before it
                here.filter(digest=row.digest).update(created_at=moments[row.digest])
    return here.count() - before


def _orders(store: Store) -> int:
    """By every application, as an erasure does."""
    changed = 0
    ids = Order._base_manager.filter(store=store).order_by("pk").values_list("pk", flat=True)
    for some in chunked(list(ids), _CHUNK):
        with transaction.atomic():
            lock_store(store)
            rows = list(Order._base_manager.filter(pk__in=some).select_related("customer"))
            named = [
                erased.Named(row.gid, row.customer.gid if row.customer else "", row.email, row.created_at)
                for row in rows
            ]
            gone = erased.erased_gids(store, named)
            if gone:
                traces = traces_of_rows([row for row in rows if row.gid in gone])
                person = Person(store.pk, "", "", tuple(sorted(gone)), traces=traces)
                changed += bool(sum(part.erase(person) for part in privacy.all_parts())) and len(gone)
    return changed


def _customers(store: Store) -> int:
    customers = list(Customer._base_manager.filter(store=store).order_by("pk"))
    gone = erased.erased_customers(store, [one.gid for one in customers])
    deleted, _by_model = Customer._base_manager.filter(store=store, gid__in=gone).delete()
    return deleted
