"""A bulk file of as many orders as wanted: those of a rehearsal shop's own file, multiplied with ids of their own.

Orders of three lines, as its shop tells them: one or more fulfilment orders with their lines, payments, addresses,
tags, customer. Parts do not follow their order but come a page later, as Shopify writes them."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stores.rehearsal.process import RehearsalShop
from stores.shopify.auth import StaticToken
from stores.shopify.bulk import read_bulk_operation, start_bulk_query
from stores.shopify.bulk_download import download
from stores.shopify.bulk_file import Group, groups
from stores.shopify.bulk_query import bulk_document
from stores.shopify.client import Client
from stores.shopify.reading import read_shop
from stores.shopify.snapshots import ShopSnapshot
from stores.shopify.throttle import Lane, MemoryBudget

LINES = 3
_SEEDS = 1200
_PAGE = 250
_SECONDS = 120
_ID = re.compile(rb"gid:\\?/\\?/shopify\\?/\w+\\?/\d+")
_OF_A_LINE = re.compile(rb'\{"id":\s*"gid:\\?/\\?/shopify\\?/LineItem')


@dataclass(frozen=True, slots=True)
class Seeds:
    """The shop, and its orders of `LINES` lines as the lines of its bulk file."""

    shop: ShopSnapshot
    orders: tuple[Group, ...]


def read_seeds(directory: Path) -> Seeds:
    """Has a rehearsal shop run the bulk query that a first load runs, and reads what it writes."""
    with RehearsalShop(orders=_SEEDS, seed=7, plan="plus", domain="bench-load.myshopify.com") as rehearsal:
        client = Client(
            rehearsal.domain,
            token=StaticToken(rehearsal.token),
            budget=MemoryBudget(patience_seconds=120),
            base_url=rehearsal.base_url,
        )
        shop = read_shop(client)
        path = directory / "seeds.jsonl"
        url, size = _run(client, shop)
        download(url, path, hosts=[f"127.0.0.1:{rehearsal.port}"], expected_bytes=size)
    found = groups(path, into=directory / "seeds")
    chosen = tuple(one for one in found if sum(bool(_OF_A_LINE.match(line)) for line in one.lines) == LINES)
    if len(chosen) < _SEEDS // 20:
        raise RuntimeError(f"only {len(chosen)} orders of {LINES} lines among {_SEEDS}")
    return Seeds(shop, chosen)


def write_file(path: Path, seeds: Sequence[Group], *, first: int, orders: int) -> int:
    """Writes `orders` orders, the `first` and the following; returns how many objects they are."""
    objects = 0
    with path.open("wb") as file:
        for start in range(first, first + orders, _PAGE):
            parts: list[bytes] = []
            for number in range(start, min(start + _PAGE, first + orders)):
                copy, seed = divmod(number, len(seeds))
                own, *others = [_ID.sub(rb"\g<0>%05d" % copy, line) for line in seeds[seed].lines]
                file.write(own + b"\n")
                parts += others
                objects += 1 + len(others)
            file.writelines(line + b"\n" for line in parts)
    return objects


def _run(client: Client, shop: ShopSnapshot) -> tuple[str, int]:
    """Address and size of the file of all orders."""
    document = bulk_document(
        created_from=datetime(2000, 1, 1, tzinfo=UTC), created_to=datetime.now(UTC), scopes=shop.scopes
    )
    operation = start_bulk_query(client, document, lane=Lane.INTERACTIVE)
    until = time.monotonic() + _SECONDS
    while operation.is_open and time.monotonic() < until:
        time.sleep(0.1)
        operation = read_bulk_operation(client, operation.gid, lane=Lane.INTERACTIVE) or operation
    if not operation.is_completed or operation.url is None or operation.file_size is None:
        raise RuntimeError(f"the shop wrote no file: {operation.status} {operation.error_code}")
    return operation.url, operation.file_size
