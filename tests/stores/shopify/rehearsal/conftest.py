"""A rehearsal shop of 120 orders for all tests here, and clients of it on whose clock waiting takes no time."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from stores.rehearsal.process import RehearsalShop
from stores.shopify.auth import StaticToken
from stores.shopify.client import Client
from stores.shopify.reading import (
    iterate_orders,
    read_shop,
)
from stores.shopify.snapshots import OrderSnapshot, ShopSnapshot
from stores.shopify.throttle import Lane, MemoryBudget
from stores.shopify.transport import Limits

LANE = Lane.INTERACTIVE
ORDERS = 120


class SkippingClock:
    """The machine's clock, on which waiting takes no time."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def now(self) -> float:
        return time.monotonic() + self.skipped

    def sleep(self, seconds: float) -> None:
        self.skipped += seconds


def connect(shop: RehearsalShop, *, token: str | None = None) -> Client:
    return Client(
        shop.domain,
        token=StaticToken(token or shop.token),
        budget=MemoryBudget(),
        base_url=shop.base_url,
        clock=SkippingClock(),
        limits=Limits(connect_seconds=2, read_seconds=5, seconds=8),
    )


@pytest.fixture(scope="session")
def shop() -> Iterator[RehearsalShop]:
    with RehearsalShop(orders=ORDERS, seed=7, plan="plus") as shop:
        yield shop


@pytest.fixture
def client(shop: RehearsalShop) -> Iterator[Client]:
    shop.faults()
    client = connect(shop)
    yield client
    shop.faults()
    client.close()


@pytest.fixture(scope="session")
def identity(shop: RehearsalShop) -> ShopSnapshot:
    return read_shop(connect(shop))


def every_order(client: Client, identity: ShopSnapshot) -> dict[str, OrderSnapshot]:
    pages = iterate_orders(client, scopes=identity.scopes, lane=LANE)
    return {order.gid: order for page in pages for order in page.items}


def unfinished(client: Client, identity: ShopSnapshot, count: int) -> list[str]:
    """Orders that are open and nobody's yet."""
    found = [
        order.gid for order in every_order(client, identity).values() if not order.closed and not order.cancelled_at
    ]
    assert len(found) >= count
    return found[:count]
