"""`bench load`: the first load of a shop's orders, against COPY of the very same rows into the same tables.

COPY with all indexes and constraints is the fastest that PostgreSQL takes rows in; ingest has to hash, compare, derive
and tell the past of every order on top of it. The shop's own time is told apart: it is bound by its call budget."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from django.db import connection, transaction
from django_scopes import scopes_disabled

from backoffice.core.chunks import chunked
from backoffice.core.clock import db_now
from orders.models import (
    Customer,
    Fulfillment,
    FulfillmentOrder,
    LineItem,
    Order,
    OrderTag,
    Refund,
    TimelineEntry,
    Transaction,
)
from orders.services.ingest import ingest_orders
from stores.models import Store
from stores.rehearsal.process import RehearsalShop
from stores.services.facts import columns_of
from stores.shopify.auth import StaticToken
from stores.shopify.client import Client
from stores.shopify.reading import ORDERS_PER_PAGE, iterate_orders, read_shop
from stores.shopify.snapshots import OrderSnapshot, ShopSnapshot
from stores.shopify.throttle import Lane, MemoryBudget

from .scratch import Result

DEFAULT_ORDERS = 5000
LIMIT = 8.0
_TABLES = (Customer, Order, LineItem, FulfillmentOrder, Fulfillment, Transaction, Refund, OrderTag, TimelineEntry)


def run(orders: int | None) -> list[Result]:
    """Needs a scratch database. Reads `orders` orders from a rehearsal shop, ingests them page by page, then copies the
    rows that came of it into the emptied tables."""
    start = perf_counter()
    shop, snapshots = read_shop_orders(orders or DEFAULT_ORDERS)
    reading = perf_counter() - start
    store = Store._base_manager.create(gid=shop.gid, **columns_of(shop))

    start = perf_counter()
    with scopes_disabled():
        for page in chunked(snapshots, ORDERS_PER_PAGE):
            ingest_orders(store, page, fetched_at=db_now(), by_id=False, backfilled=True)
    ingesting = perf_counter() - start
    copying, rows = _copy_again()
    return [
        Result("orders read from the shop, per second", len(snapshots) / reading, "orders/s"),
        Result("first load (ingest), per second", len(snapshots) / ingesting, "orders/s"),
        Result("rows of the mirror per order", rows / len(snapshots), "rows"),
        Result("first load / COPY of the same rows", ingesting / copying, "x", LIMIT),
    ]


def read_shop_orders(orders: int) -> tuple[ShopSnapshot, list[OrderSnapshot]]:
    with RehearsalShop(orders=orders, seed=7, plan="plus", domain="bench-load.myshopify.com") as rehearsal:
        client = Client(
            rehearsal.domain,
            token=StaticToken(rehearsal.token),
            budget=MemoryBudget(patience_seconds=120),
            base_url=rehearsal.base_url,
        )
        shop = read_shop(client)
        pages = iterate_orders(client, scopes=shop.scopes, lane=Lane.INTERACTIVE, newest_first=True)
        return shop, [order for page in pages for order in page.items]


def _copy_again() -> tuple[float, int]:
    """Seconds for COPY of all rows, in pages of as many rows as ingest writes at once, and how many rows there are."""
    names = [model._meta.db_table for model in _TABLES]
    kept: dict[str, bytes] = {}
    rows = 0
    with connection.cursor() as wrapper:
        cursor: Any = wrapper.cursor
        for name in names:
            with cursor.copy(f'COPY "{name}" TO STDOUT') as out:
                kept[name] = b"".join(bytes(piece) for piece in out)
            rows += cursor.rowcount
        wrapper.execute(f"TRUNCATE {', '.join(names)} CASCADE")
    start = perf_counter()
    with transaction.atomic(), connection.cursor() as wrapper:
        cursor = wrapper.cursor
        for name in names:
            with cursor.copy(f'COPY "{name}" FROM STDIN') as into:
                into.write(kept[name])
    return perf_counter() - start, rows
