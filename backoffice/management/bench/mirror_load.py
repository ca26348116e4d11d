"""`bench mirror --only load`: the first load of a shop's orders from its bulk file, from the moment at which the file
is ready there until all rows are in the mirror, against COPY of the very same rows into the same tables.

What runs is the first load's own job, in a process of its own, so that its memory is its own; the shop has just
finished its operations. COPY with all indexes and constraints, in pieces of many thousand rows, is the fastest that
PostgreSQL takes rows in."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

from django.db import connection, models, transaction

from backoffice.core.clock import db_now
from orders.models import Customer, Order, TimelineEntry
from orders.services.mirror_write import PARTS
from stores.choices import LoadState, LoadWay
from stores.models import Credential, LoadWindow, Store, SyncStream
from stores.services.facts import columns_of
from stores.services.first_load import MOST_ORDERS
from stores.shopify.snapshots import ShopSnapshot

from .bulk_file import Seeds, read_seeds, write_file
from .file_shop import Finished, serving
from .scratch import Result, child_environment

DEFAULT_ORDERS = 100_000
LEAST_PER_SECOND = 2000.0
MOST_TIMES_COPY = 4.0
MOST_MEGABYTES = 300.0
_MODELS: tuple[type[models.Model], ...] = (Customer, Order, *PARTS.values(), TimelineEntry)
_TABLES = [model._meta.db_table for model in _MODELS]
_ROWS_PER_COPY = 20_000


def run(orders: int | None) -> list[Result]:
    """Needs a scratch database."""
    orders = orders or DEFAULT_ORDERS
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        seeds = read_seeds(directory)
        operations = _operations(directory, seeds, orders)
        with serving(operations, directory) as address:
            store = _waiting_store(seeds.shop, list(operations.values()))
            told = _load(store, address)
        here = Order._base_manager.filter(store=store).count()
        if here != orders:
            raise RuntimeError(f"{orders} orders in the files became {here} in the mirror")
        for one in operations.values():
            one.path.unlink()
        copying, rows = _copy_again(directory)
    return [
        Result("orders in the files", orders, "orders"),
        Result("rows of the mirror per order", rows / orders, "rows"),
        Result("COPY of these rows", orders / copying, "orders/s"),
        Result("first load, processor time of its process", told["cpu"] / orders * 1e6, "us/order"),
        Result("first load", orders / told["seconds"], "orders/s", LEAST_PER_SECOND, at_least=True),
        Result("first load / COPY of the same rows", told["seconds"] / copying, "x", MOST_TIMES_COPY),
        Result("peak memory of the loading process", told["megabytes"], "MB", MOST_MEGABYTES),
    ]


def _operations(directory: Path, seeds: Seeds, orders: int) -> dict[str, Finished]:
    """One for every window that a first load would plan at most, with a file of its own."""
    found: dict[str, Finished] = {}
    for start in range(0, orders, MOST_ORDERS):
        count = min(MOST_ORDERS, orders - start)
        gid, path = f"gid://shopify/BulkOperation/{start}", directory / f"orders-{start}.jsonl"
        objects = write_file(path, seeds.orders, first=start, orders=count)
        found[gid] = Finished(gid, path, count, objects)
    return found


def _waiting_store(shop: ShopSnapshot, operations: Sequence[Finished]) -> Store:
    """A store whose first load stands at the moment at which Shopify has finished its files."""
    store: Store = Store._base_manager.create(gid=shop.gid, **columns_of(shop))
    Credential._base_manager.create(store=store, token="shpat_bench", webhook_secret="bench")  # noqa: S106
    now = db_now()
    stream = SyncStream._base_manager.create(
        store=store, resource="orders", way=LoadWay.BULK, watermark=now, started_at=now, load_started_at=now
    )
    LoadWindow._base_manager.bulk_create(
        LoadWindow(
            store=store,
            stream=stream,
            state=LoadState.READY,
            created_from=now - timedelta(days=number + 1),
            created_to=now - timedelta(days=number),
            expected=one.orders,
            operation_gid=one.gid,
            asked_at=now,
            objects_there=one.objects,
            file_bytes=one.path.stat().st_size,
        )
        for number, one in enumerate(operations)
    )
    return store


def _load(store: Store, address: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "backoffice.management.bench.mirror_load_process", str(store.pk)],
        env={**child_environment(), "REHEARSAL_SHOPS": f"{store.domain}={address}"},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def _copy_again(directory: Path) -> tuple[float, int]:
    """Seconds for COPY of all rows into the emptied tables, and how many rows there are."""
    rows = 0
    with connection.cursor() as wrapper:
        cursor: Any = wrapper.cursor
        for name in _TABLES:
            with (directory / name).open("wb") as file, cursor.copy(f'COPY "{name}" TO STDOUT') as out:
                file.writelines(bytes(piece) for piece in out)
            rows += cursor.rowcount
        wrapper.execute(f"TRUNCATE {', '.join(_TABLES)} CASCADE")
    start = perf_counter()
    for name in _TABLES:
        with (directory / name).open("rb") as file:
            while lines := list(islice(file, _ROWS_PER_COPY)):
                _copy(name, b"".join(lines))
    return perf_counter() - start, rows


def _copy(name: str, content: bytes) -> None:
    with transaction.atomic(), connection.cursor() as wrapper:
        cursor: Any = wrapper.cursor
        with cursor.copy(f'COPY "{name}" FROM STDIN') as into:
            into.write(content)
