"""Shops for these tests: one shared child process for reading, fresh ones where state is changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from stores.rehearsal.execute import Run, run
from stores.rehearsal.process import RehearsalShop
from stores.rehearsal.shop import Settings, Shop

Execute = Callable[..., dict[str, Any]]


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A shop in this process, without HTTP: 400 orders."""
    made = Shop(Settings(orders=400))
    yield made
    made.close()


@pytest.fixture
def execute(shop: Shop) -> Execute:
    """Run a document against `shop`; the bucket is refilled, since these tests are not about it."""

    def call(query: str, /, **variables: Any) -> dict[str, Any]:
        shop.bucket.give_back(shop.bucket.plan.maximum)
        return run(Run(shop, "test", query, variables))

    return call


@pytest.fixture
def server() -> Iterator[RehearsalShop]:
    """A shop of 60 orders in a child process."""
    with RehearsalShop(orders=60) as child:
        yield child


class Receiver:
    """Takes webhooks; `status` is what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.received: list[tuple[dict[str, str], bytes]] = []
        self._arrived = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with outer._arrived:
                    outer.received.append(({k.lower(): v for k, v in self.headers.items()}, body))
                    outer._arrived.notify_all()
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self._server.server_port}/webhooks"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def wait_for(self, count: int, *, seconds: float = 10.0) -> list[tuple[dict[str, str], bytes]]:
        """The first `count` deliveries; fails when they do not come."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.received) >= count, seconds), (
                f"only {len(self.received)} came"
            )
            return self.received[:count]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()
