"""`bench mirror --only load`: the first load of a shop's orders from its bulk file, from the moment at which the file
is ready there until all rows are in the mirror, against COPY of the very same rows into the same tables.

The loading process is one of its own, so that its memory is its own. COPY with all indexes and constraints, in pieces
of many thousand rows, is the fastest that PostgreSQL takes rows in."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

from django.db import connection, models, transaction

from orders.models import Customer, Order, TimelineEntry
from orders.services.mirror_write import PARTS
from stores.models import Store
from stores.services.facts import columns_of

from .bulk_file import read_seeds, write_file
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
        path = directory / "orders.jsonl"
        objects = write_file(path, seeds.orders, orders=orders)
        store = Store._base_manager.create(gid=seeds.shop.gid, **columns_of(seeds.shop))
        with _served(directory) as host:
            told = _load(store, f"http://{host}/{path.name}", path.stat().st_size, directory / "work")
        if (told["created"], told["objects"]) != (orders, objects):
            raise RuntimeError(f"{orders} orders of {objects} objects became {told}")
        path.unlink()
        copying, rows = _copy_again(directory)
    took = told["fetching"] + told["sorting"] + told["loading"]
    return [
        Result("orders in the file", orders, "orders"),
        Result("rows of the mirror per order", rows / orders, "rows"),
        Result("COPY of these rows", orders / copying, "orders/s"),
        Result("first load: fetching the file", told["fetching"], "s"),
        Result("first load: sorting its lines", told["sorting"], "s"),
        Result("first load: into the mirror", told["loading"], "s"),
        Result("first load: processor time of the process", told["cpu"] / orders * 1e6, "us/order"),
        Result("first load", orders / took, "orders/s", LEAST_PER_SECOND, at_least=True),
        Result("first load / COPY of the same rows", took / copying, "x", MOST_TIMES_COPY),
        Result("peak memory of the loading process", told["megabytes"], "MB", MOST_MEGABYTES),
    ]


def _load(store: Store, url: str, size: int, work: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "backoffice.management.bench.mirror_load_process"]
    done = subprocess.run(
        [*command, str(store.pk), url, str(size), str(work)],
        env=child_environment(),
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@contextmanager
def _served(directory: Path) -> Iterator[str]:
    """Files of the directory over HTTP, as the shop's host gives them; host and port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(directory)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


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
