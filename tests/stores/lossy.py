"""A shop that changes while its webhooks get lost and come twice, and what then differs in truth."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue

from django.test import Client as Browser

from orders.models import Order
from orders.resources import OrdersResource
from orders.services.mirror_rows import state_hash
from stores.choices import InboxState
from stores.gateway import client_for
from stores.models import InboxMessage, Store
from stores.rehearsal.process import RehearsalShop
from stores.services import inbox, sync, webhooks
from stores.shopify.reading import iterate_orders
from stores.shopify.throttle import Lane
from tests.stores.webhooks_sent import URL

Letter = tuple[dict[str, str], bytes]
_ACTS = ("edit_note", "edit_note", "set_tags", "edit_note", "hold", "close", "new_order", "delete")


class Postbox:
    """Takes webhooks over HTTP, as quickly as a shop sends them, and hands them on when asked to."""

    def __init__(self) -> None:
        letters: SimpleQueue[Letter] = SimpleQueue()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                letters.put((dict(self.headers.items()), body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._letters = letters
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def deliver(self, shop: RehearsalShop, *, seconds: float = 60) -> int:
        """Brings everything to the product's door that the shop sends, until it has nothing left to send."""
        brought, until = 0, time.monotonic() + seconds
        while time.monotonic() < until:
            counts = shop.state()["deliveries"]
            idle = not counts.get("waiting") and not counts.get("sending")
            try:
                while True:
                    headers, body = self._letters.get(timeout=0.02)
                    kept = {name: value for name, value in headers.items() if name.startswith("X-")}
                    answer = Browser().post(URL, data=body, content_type="application/json", headers=kept)
                    assert answer.status_code == 200
                    brought += 1
            except Empty:
                if idle:
                    return brought
        raise AssertionError("the shop goes on sending")


@contextmanager
def subscribed(store: Store, settings) -> Iterator[Postbox]:
    """The store's shop sends its webhooks to the postbox that this gives."""
    postbox = Postbox()
    try:
        settings.WEBHOOK_URL = postbox.url
        webhooks.subscribe_job(store.pk)
        yield postbox
    finally:
        postbox.stop()


def live_orders(store: Store) -> list[str]:
    return list(Order.objects.filter(store=store).live().order_by("pk").values_list("gid", flat=True))


def change(shop: RehearsalShop, gids: list[str], *, seed: int) -> None:
    """One act of the shop's owner on each of these orders, most of which are announced by one webhook alone. Not more
    than one: a webhook tells of all changes of its second and of those before, so that only single ones are lost."""
    chance = random.Random(seed)
    for number, gid in enumerate(gids):
        act = chance.choice(_ACTS)
        try:
            shop.act(act, order=gid, note=f"note {number}", tags=[f"tag {number}"])
        except ValueError:
            shop.act("edit_note", order=gid, note=f"instead {number}")


def work_off(store: Store) -> None:
    """The inbox to its end, as the sweep and the doorbells would have it done."""
    for _ in range(50):
        inbox.work_inbox_job(store.pk)
        if not InboxMessage.objects.filter(store=store, state=InboxState.PENDING).exists():
            return
    raise AssertionError("the inbox does not end")


def one_pass(store: Store) -> None:
    """What happens at least once in every `SYNC_EVERY_SECONDS` and a sweep."""
    for resource in ("orders", "fulfillment_orders"):
        sync.sync_job(store.pk, resource)


def differing(store: Store) -> set[str]:
    """The orders that the shop and the mirror show differently, as far as one of them is live; found by reading the
    shop whole."""
    evidence = OrdersResource.evidence
    assert evidence is not None
    pages = iterate_orders(client_for(store), scopes=store.scopes, lane=Lane.INTERACTIVE)
    there = {order.gid: order for page in pages for order in page.items}
    rows = Order.objects.filter(store=store, deleted_at=None)
    here = dict(rows.values_list("gid", "state_hash"))
    live = {gid for gid, order in there.items() if evidence.is_live(order)} | set(live_orders(store))
    return {gid for gid in live if gid not in there or gid not in here or state_hash(there[gid]) != here[gid]}
