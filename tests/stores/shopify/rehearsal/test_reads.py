"""Reading a whole shop over HTTP: pages, ids, windows, the second clock, prices, scopes and the bucket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from stores.rehearsal.process import RehearsalShop
from stores.shopify import reading
from stores.shopify.auth import StaticToken
from stores.shopify.client import Client
from stores.shopify.errors import NeedsPerson
from stores.shopify.mutations import (
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
from stores.shopify.snapshots import ShopSnapshot
from stores.shopify.subscriptions import ensure_subscriptions, read_subscriptions, topics_for
from stores.shopify.throttle import Lane, MemoryBudget
from tests.stores.shopify.rehearsal.conftest import LANE, ORDERS, connect, every_order


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


def test_a_snapshot_differs_when_the_order_does(shop: RehearsalShop, client: Client, identity: ShopSnapshot) -> None:
    (gid,) = shop.act("new_order")["orders"]
    before = read_orders(client, [gid], scopes=identity.scopes, lane=LANE)[gid]
    update_order_notes(client, [(gid, "changed")], lane=LANE)
    after = read_orders(client, [gid], scopes=identity.scopes, lane=LANE)[gid]
    shop.act("delete", gid)

    assert before is not None
    assert after is not None
    assert after == replace(before, note="changed", updated_at=after.updated_at)


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
