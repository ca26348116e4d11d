"""The gateway against a whole shop over HTTP: what it reads, what its writes do, what faults leave behind."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

import pytest

from stores.rehearsal.process import RehearsalShop
from stores.shopify import reading
from stores.shopify.auth import StaticToken
from stores.shopify.client import Client
from stores.shopify.errors import NeedsPerson, ShopifyError, TryAgain
from stores.shopify.mutations import (
    OutcomeKind,
    add_tags,
    close_orders,
    open_orders,
    remove_tags,
    update_order_notes,
)
from stores.shopify.reading import (
    count_orders,
    iterate_orders,
    read_changed_fulfillment_orders,
    read_fulfillment_orders,
    read_orders,
    read_orders_page,
    read_shop,
)
from stores.shopify.snapshots import OrderSnapshot, ShopSnapshot
from stores.shopify.subscriptions import delete_subscription, ensure_subscriptions, read_subscriptions, topics_for
from stores.shopify.throttle import Lane, MemoryBudget
from stores.shopify.transport import Limits
from stores.shopify.webhooks import affected_order, read_delivery, verify

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


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
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


def test_the_shop_says_who_it_is_and_what_we_may(shop: RehearsalShop, identity: ShopSnapshot) -> None:
    assert identity.domain == shop.domain
    assert identity.api_version == "2026-10"
    assert {"read_orders", "write_orders", "read_customers"} <= identity.scopes


def test_every_order_is_read_whole_by_pages_and_the_same_by_ids(client: Client, identity: ShopSnapshot) -> None:
    by_page = every_order(client, identity)
    by_id = read_orders(client, [*by_page, "gid://shopify/Order/1"], scopes=identity.scopes, lane=LANE)

    assert len(by_page) == ORDERS
    assert all(order.complete for order in by_page.values())
    assert by_id == {**by_page, "gid://shopify/Order/1": None}
    assert count_orders(client, lane=LANE) == reading.OrderCount(ORDERS, exact=True)


def test_the_shop_charges_what_the_model_says(client: Client, identity: ShopSnapshot) -> None:
    """A price that differs is learnt, so nothing learnt means that every document was priced right."""
    gids = list(every_order(client, identity))[:30]
    read_orders(client, gids, scopes=identity.scopes, lane=LANE)
    read_changed_fulfillment_orders(client, updated_from=None, lane=LANE)
    count_orders(client, lane=LANE)
    open_orders(client, gids, lane=LANE)
    remove_tags(client, [(gid, ["no such tag"]) for gid in gids], lane=LANE)
    read_subscriptions(client, lane=LANE)

    assert client._prices._measured == {}


def test_lists_that_a_page_cuts_are_followed_to_the_same_snapshot(
    client: Client, identity: ShopSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = every_order(client, identity)
    many = [gid for gid, order in whole.items() if len(order.lines) > 1 or len(order.fulfillments) > 1][:20]
    monkeypatch.setattr(reading, "CHUNK_SIZES", {"lines": 1, "fulfillmentOrders": 1, "parts": 1})

    followed = read_orders(client, many, scopes=identity.scopes, lane=LANE)

    assert len(many) == 20
    assert followed == {gid: whole[gid] for gid in many}


def test_windows_are_kept_and_sorted(client: Client, identity: ShopSnapshot) -> None:
    orders = sorted(every_order(client, identity).values(), key=lambda order: order.updated_at)
    start, end = orders[40].updated_at, orders[80].updated_at

    pages = list(iterate_orders(client, scopes=identity.scopes, lane=LANE, updated_from=start, updated_to=end, first=7))

    found = [order for page in pages for order in page.items]
    assert [order.updated_at for order in found] == sorted(order.updated_at for order in found)
    assert {order.gid for order in found} == {order.gid for order in orders if start <= order.updated_at <= end}


def test_newest_first_begins_with_the_newest(client: Client, identity: ShopSnapshot) -> None:
    newest = max(order.created_at for order in every_order(client, identity).values())

    page = read_orders_page(client, scopes=identity.scopes, lane=LANE, newest_first=True, first=5)

    created = [order.created_at for order in page.items]
    assert created[0] == newest
    assert created == sorted(created, reverse=True)


def test_closing_and_opening_take_effect_and_show_it(
    shop: RehearsalShop, client: Client, identity: ShopSnapshot
) -> None:
    gids = unfinished(client, identity, 25)
    before = len(shop.mutations())

    closed = close_orders(client, [*gids, "gid://shopify/Order/1"], lane=LANE)
    there = read_orders(client, gids, scopes=identity.scopes, lane=LANE)
    opened = open_orders(client, gids, lane=LANE)

    assert [outcome.kind for outcome in closed[:-1]] == [OutcomeKind.DONE] * 25
    assert (closed[-1].kind, closed[-1].code) == (OutcomeKind.REFUSED, "not_found")
    assert all(outcome.order and outcome.order.closed for outcome in closed[:-1])
    for outcome in closed[:-1]:
        order = there[outcome.gid]
        assert order is not None
        assert outcome.order is not None
        assert (order.closed, order.closed_at, order.updated_at) == (
            True,
            outcome.order.closed_at,
            outcome.order.updated_at,
        )
    assert [outcome.order.closed for outcome in opened if outcome.order] == [False] * 25
    assert len(shop.mutations()) - before == 50


def test_tags_and_notes_come_back_as_the_shop_keeps_them(client: Client, identity: ShopSnapshot) -> None:
    (gid,) = unfinished(client, identity, 1)
    remove_tags(client, [(gid, ["Red", "blue", "green"])], lane=LANE)

    (added,) = add_tags(client, [(gid, ["Red", "blue,green"])], lane=LANE)
    (again,) = add_tags(client, [(gid, ["red"])], lane=LANE)
    (kept,) = remove_tags(client, [(gid, ["red"])], lane=LANE)
    (removed,) = remove_tags(client, [(gid, ["Red", "blue", "green"])], lane=LANE)
    (noted,) = update_order_notes(client, [(gid, "Ring twice 🔔")], lane=LANE)

    assert added.order is not None
    assert {"Red", "blue", "green"} <= set(added.order.tags)
    assert again.order is not None
    assert "red" not in again.order.tags
    assert kept.order is not None
    assert "Red" in kept.order.tags
    assert removed.order is not None
    assert not {"Red", "blue", "green"} & set(removed.order.tags)
    assert noted.order is not None
    assert noted.order.note == "Ring twice 🔔"


def test_a_hold_shows_on_the_second_clock_alone(shop: RehearsalShop, client: Client, identity: ShopSnapshot) -> None:
    order = next(
        one
        for one in every_order(client, identity).values()
        if [fo.status for fo in one.fulfillment_orders] == ["OPEN"] and not one.closed
    )
    start = datetime.now(UTC).replace(microsecond=0)

    shop.act("hold", order.gid, reason="INVENTORY_OUT_OF_STOCK")

    page = read_changed_fulfillment_orders(client, updated_from=start, lane=LANE)
    held = read_orders(client, [order.gid], scopes=identity.scopes, lane=LANE)[order.gid]
    assert order.gid in {changed.order_gid for changed in page.items}
    assert held is not None
    assert held.updated_at == order.updated_at
    assert [hold.reason for fo in held.fulfillment_orders for hold in fo.holds] == ["INVENTORY_OUT_OF_STOCK"]
    fulfillment_order = order.fulfillment_orders[0].gid
    found = read_fulfillment_orders(client, [fulfillment_order], lane=LANE)[fulfillment_order]
    assert found is not None
    assert found.order_gid == order.gid


def test_a_deleted_order_is_none(shop: RehearsalShop, client: Client, identity: ShopSnapshot) -> None:
    (gid,) = shop.act("new_order")["orders"]
    assert read_orders(client, [gid], scopes=identity.scopes, lane=LANE)[gid] is not None

    shop.act("delete", gid)

    assert read_orders(client, [gid], scopes=identity.scopes, lane=LANE) == {gid: None}


@pytest.mark.row("REL-A02")
def test_a_write_whose_reply_is_lost_is_uncertain_and_was_applied_once(
    shop: RehearsalShop, client: Client, identity: ShopSnapshot
) -> None:
    gids = unfinished(client, identity, 3)
    before = len(shop.mutations())
    shop.faults("apply_then_drop_reply", only="mutation")

    outcomes = close_orders(client, gids, lane=LANE)

    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.UNCERTAIN] * 3
    assert len(shop.mutations()) - before == 3
    there = read_orders(client, gids, scopes=identity.scopes, lane=LANE)
    assert all(order and order.closed for order in there.values())
    open_orders(client, gids, lane=LANE)


@pytest.mark.row("REL-A03")
def test_refusals_of_some_orders_leave_the_others_done(
    shop: RehearsalShop, client: Client, identity: ShopSnapshot
) -> None:
    gids = unfinished(client, identity, 6)
    shop.faults("user_errors", count=2)

    outcomes = close_orders(client, gids, lane=LANE)

    assert sorted(outcome.kind.value for outcome in outcomes) == ["done"] * 4 + ["refused"] * 2
    assert all(outcome.messages for outcome in outcomes if outcome.kind is OutcomeKind.REFUSED)
    there = read_orders(client, gids, scopes=identity.scopes, lane=LANE)
    for outcome in outcomes:
        order = there[outcome.gid]
        assert order is not None
        assert order.closed is (outcome.kind is OutcomeKind.DONE)
    open_orders(client, gids, lane=LANE)


@pytest.mark.row("REL-S07", "REL-S08")
@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("status", {"status": 503}),
        ("status", {"status": 429, "retry_after": "1"}),
        ("throttled", {}),
        ("html", {}),
        ("reset", {}),
        ("cut_after_bytes", {"bytes": 500}),
    ],
)
def test_a_passing_fault_is_outlived_by_a_query(
    kind: str, details: dict[str, object], shop: RehearsalShop, client: Client, identity: ShopSnapshot
) -> None:
    shop.faults(kind, **details)

    page = read_orders_page(client, scopes=identity.scopes, lane=Lane.BACKGROUND, first=5)

    assert len(page.items) == 5


@pytest.mark.row("REL-S08")
@pytest.mark.parametrize("kind", ["errors_and_data", "null_node"])
def test_half_an_answer_is_never_taken_for_a_page(
    kind: str, shop: RehearsalShop, client: Client, identity: ShopSnapshot
) -> None:
    shop.faults(kind, times=10)

    with pytest.raises(ShopifyError):
        read_orders_page(client, scopes=identity.scopes, lane=LANE, first=5)


@pytest.mark.row("REL-S09")
@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "bad_token"), (402, "shop_frozen"), (403, "access_refused"), (404, "wrong_shop"), (423, "shop_locked")],
)
def test_a_state_that_needs_a_person_is_asked_about_once(
    status: int, code: str, shop: RehearsalShop, client: Client
) -> None:
    shop.faults("status", status=status, times=5)

    with pytest.raises(NeedsPerson) as refusal:
        read_shop(client)

    assert refusal.value.code == code
    with pytest.raises(NeedsPerson):
        read_shop(client)


def test_a_wrong_token_is_said_as_such(shop: RehearsalShop) -> None:
    with pytest.raises(NeedsPerson) as refusal:
        read_shop(connect(shop, token="shpat_of_somebody_else"))

    assert refusal.value.code == "bad_token"


def test_a_shop_that_is_gone_is_unreachable() -> None:
    with RehearsalShop(orders=1, seed=1) as shop:
        client = connect(shop)
        read_shop(client)

    with pytest.raises(TryAgain) as refusal:
        client.execute("query Q { shop { id } }", {}, lane=LANE)

    assert refusal.value.code in ("unreachable", "connection_lost")


def test_scopes_that_are_missing_leave_parts_out_and_the_rest_whole() -> None:
    with RehearsalShop(orders=20, seed=7, scopes="read_orders,write_orders,read_all_orders") as shop:
        client = connect(shop)
        identity = read_shop(client)
        orders = every_order(client, identity)
        with pytest.raises(NeedsPerson) as refusal:
            read_changed_fulfillment_orders(client, updated_from=None, lane=LANE)
        (topic,) = (one for one in topics_for({"read_fulfillments"}) if one.name == "FULFILLMENTS_CREATE")
        ensured = ensure_subscriptions(client, "http://127.0.0.1:9/x", [topic], lane=LANE)

    assert len(orders) == 20
    assert {order.redacted for order in orders.values()} == {frozenset({"customer", "fulfillment_orders"})}
    assert all(order.customer is None and order.lines and order.complete for order in orders.values())
    assert refusal.value.code == "missing_scope"
    assert [name for name, _ in ensured.refused] == ["FULFILLMENTS_CREATE"]


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
    assert affected_order(delivery.topic, json.loads(body)) == gid
    assert read_subscriptions(client, lane=LANE) == []


@pytest.mark.row("REL-S06")
def test_the_smallest_bucket_is_never_overdrawn_by_background_work() -> None:
    with RehearsalShop(orders=60, seed=7, plan="standard") as shop:
        budget = MemoryBudget()
        client = Client(shop.domain, token=StaticToken(shop.token), budget=budget, base_url=shop.base_url)
        identity = read_shop(client)
        lowest = budget.state.available
        for page in iterate_orders(client, scopes=identity.scopes, lane=Lane.BACKGROUND, first=10):
            assert page.items
            lowest = min(lowest, budget.state.available)

    assert budget.state.maximum == 2000
    assert lowest >= 1000


def test_a_snapshot_differs_when_the_order_does(shop: RehearsalShop, client: Client, identity: ShopSnapshot) -> None:
    (gid,) = shop.act("new_order")["orders"]
    before = read_orders(client, [gid], scopes=identity.scopes, lane=LANE)[gid]
    update_order_notes(client, [(gid, "changed")], lane=LANE)
    after = read_orders(client, [gid], scopes=identity.scopes, lane=LANE)[gid]
    shop.act("delete", gid)

    assert before is not None
    assert after is not None
    assert after == replace(before, note="changed", updated_at=after.updated_at)
