"""A change in the shop comes back as a signed webhook."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

from stores.rehearsal.process import RehearsalShop
from stores.shopify.client import Client
from stores.shopify.hints import read_hint
from stores.shopify.mutations import (
    add_tags,
)
from stores.shopify.snapshots import ShopSnapshot
from stores.shopify.subscriptions import delete_subscription, ensure_subscriptions, read_subscriptions, topics_for
from stores.shopify.webhooks import read_delivery, verify
from tests.stores.shopify.rehearsal.conftest import LANE, unfinished


@contextmanager
def receiver(arrived: Queue[tuple[dict[str, str], bytes]]) -> Iterator[str]:
    """Takes webhooks in, as the product would."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrived.put((dict(self.headers.items()), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hooks"
    server.shutdown()
    server.server_close()


def test_a_change_in_the_shop_arrives_as_a_signed_webhook_that_names_its_order(
    shop: RehearsalShop, client: Client, identity: ShopSnapshot
) -> None:
    arrived: Queue[tuple[dict[str, str], bytes]] = Queue()
    (gid,) = unfinished(client, identity, 1)
    with receiver(arrived) as uri:
        topics = [one for one in topics_for(identity.scopes) if one.header == "orders/updated"]
        first = ensure_subscriptions(client, uri, topics, lane=LANE)
        second = ensure_subscriptions(client, uri, topics, lane=LANE)
        add_tags(client, [(gid, ["seen"])], lane=LANE)
        headers, body = arrived.get(timeout=20)
        for one in read_subscriptions(client, lane=LANE):
            assert delete_subscription(client, one.gid, lane=LANE)

    delivery = read_delivery(headers)
    signature = {name.lower(): value for name, value in headers.items()}["x-shopify-hmac-sha256"]
    assert (first.created, second.existing) == (("ORDERS_UPDATED",), ("ORDERS_UPDATED",))
    assert verify(body, signature, [shop.webhook_secret])
    assert not verify(body + b" ", signature, [shop.webhook_secret])
    assert (delivery.topic, delivery.domain, delivery.api_version) == ("orders/updated", shop.domain, "2026-10")
    assert (hint := read_hint(delivery.topic, json.loads(body))) is not None
    assert hint.gid == gid
    assert read_subscriptions(client, lane=LANE) == []
