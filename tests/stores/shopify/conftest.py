from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema

from stores.shopify.auth import StaticToken
from stores.shopify.client import Client
from stores.shopify.throttle import MemoryBudget
from stores.shopify.transport import Limits
from tests.stores.shopify.stub import Stub, serve

TOKEN = "shpat_0123456789abcdef"
SCHEMA_FILE = Path(__file__).parents[3] / "stores" / "rehearsal" / "schema.graphql"


class FakeClock:
    """Time that passes only by sleeping; remembers for how long."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.fixture(scope="session")
def schema() -> GraphQLSchema:
    return build_schema(SCHEMA_FILE.read_text(encoding="utf-8"), assume_valid=True)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def stub() -> Iterator[Stub]:
    stub = Stub()
    server = serve(stub)
    yield stub
    server.shutdown()
    server.server_close()


@pytest.fixture
def connect(clock: FakeClock) -> Iterator[Callable[..., Client]]:
    """Makes clients of one shop for a base address."""
    made: list[Client] = []

    def connect(base_url: str, **options: object) -> Client:
        limits = options.pop("limits", Limits(connect_seconds=2, read_seconds=2, seconds=5))
        used = options.pop("clock", clock)
        client = Client(
            "my-shop.myshopify.com",
            token=StaticToken(TOKEN),
            budget=MemoryBudget(clock=used),
            base_url=base_url,
            clock=used,
            limits=limits,
            **options,
        )
        made.append(client)
        return client

    yield connect
    for client in made:
        client.close()


@pytest.fixture
def client(stub: Stub, connect: Callable[..., Client]) -> Client:
    """A client of the stub, whose time is the fake clock's."""
    return connect(stub.base_url)
