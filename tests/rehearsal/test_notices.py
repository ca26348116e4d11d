"""Every topic can be sent, has Shopify's shape, and comes from the act that causes it."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from stores.rehearsal import acts, notices
from stores.rehearsal.ops.document import Impossible
from stores.rehearsal.process import RehearsalShop
from stores.rehearsal.shop import Settings, Shop
from stores.rehearsal.webhooks import RETRY_GAPS, Delivery, header_topic
from tests.rehearsal.conftest import Receiver
from tests.rehearsal.test_webhooks import SUBSCRIBE

RECORDED = Path(os.environ.get("SHOPIFY_WEBHOOKS", "/nowhere"))
AT = "http://127.0.0.1:1/hooks"
SHAPES: dict[str, set[str]] = {
    "fulfillment_orders/moved": {
        "original_fulfillment_order", "moved_fulfillment_order", "destination_location_id",
        "fulfillment_order_line_items_requested", "source_location",
    },
    "fulfillment_orders/merged": {"merge_intents", "fulfillment_order_merges"},
    "fulfillment_orders/cancelled": {"fulfillment_order", "replacement_fulfillment_order"},
    "orders/edited": {"order_edit"},
    "returns/close": {"id", "admin_graphql_api_id", "order_id", "status"},
    "customers/redact": {"shop_id", "shop_domain", "customer", "orders_to_redact"},
    "customers/data_request": {"shop_id", "shop_domain", "customer", "orders_requested", "data_request"},
    "shop/redact": {"shop_id", "shop_domain"},
    "app/scopes_update": {"id", "shop_id", "previous", "current", "updated_at"},
    "customers/delete": {"id", "tax_exemptions", "admin_graphql_api_id"},
    "orders/risk_assessment_changed": {
        "provider_id", "provider_title", "risk_level", "created_at", "order_id", "admin_graphql_api_order_id",
    },
}  # fmt: skip


def sent(shop: Shop, topic: str | None = None) -> list[tuple[str, Any]]:
    """The deliveries noted so far: topic and payload."""
    rows = shop.store.query("SELECT topic, body FROM deliveries ORDER BY id")
    return [(name, json.loads(body)) for name, body in rows if topic in (None, name)]


def listen(shop: Shop, *topics: str) -> None:
    for key, topic in enumerate(topics, start=100):
        shop.webhooks.put(key, {"id": f"gid://shopify/WebhookSubscription/{key}", "topic": topic, "uri": AT})


def about(shop: Shop, topic: str) -> str:
    """An order that a topic can be about."""
    for n in range(1, 400):
        doc = shop.store.seed.order(n)
        try:
            notices.payload(topic, shop, doc, {})
        except Impossible:
            continue
        return str(doc["name"])
    raise AssertionError(f"no order for {topic}")


def test_every_topic_can_be_sent_about_a_fitting_order(shop: Shop) -> None:
    listen(shop, *notices.BUILDERS)
    for topic in notices.BUILDERS:
        acts.act(shop, {"action": "emit", "topic": header_topic(topic), "order": about(shop, topic)})
    told = dict(sent(shop))
    assert sorted(told) == sorted(map(header_topic, notices.BUILDERS))
    assert [header for header in told if header.count("/") != 1] == []
    assert {header: set(told[header]) for header in SHAPES} == SHAPES


@pytest.mark.skipif(not RECORDED.is_dir(), reason="SHOPIFY_WEBHOOKS names no folder of recorded payloads")
def test_no_payload_says_what_shopifys_own_does_not(shop: Shop) -> None:
    more = {}
    for topic in notices.BUILDERS:
        file = RECORDED / f"{header_topic(topic).replace('/', '__')}.json"
        doc = shop.store.order(int(about(shop, topic)[1:]) - 1000) or {}
        if file.exists():
            own = set(notices.payload(topic, shop, doc, {}))
            more[topic] = own - set(json.loads(file.read_text())["payload"])
    assert len(more) > 40
    assert {topic: extra for topic, extra in more.items() if extra} == {}


def test_a_topic_that_nothing_fits_is_refused(shop: Shop) -> None:
    plain = next(n for n in range(1, 400) if not shop.store.seed.order(n)["returns"])
    with pytest.raises(Impossible, match="no returns"):
        acts.act(shop, {"action": "emit", "topic": "returns/close", "order": f"#{1000 + plain}"})


def test_any_payload_can_be_sent_under_any_topic(shop: Shop) -> None:
    listen(shop, "ORDERS_UPDATED")
    acts.act(shop, {"action": "emit", "topic": "orders/updated", "payload": {"id": 1, "odd": [None]}})
    assert sent(shop) == [("orders/updated", {"id": 1, "odd": [None]})]


# -- what causes them --------------------------------------------------------------------------------------------------


def with_buyer(shop: Shop) -> dict[str, Any]:
    return next(doc for n in range(1, 400) if (doc := shop.store.seed.order(n))["customer"] and doc["email"])


def test_a_redacted_buyer_is_blank_in_the_shop_and_named_with_all_his_orders(shop: Shop) -> None:
    listen(shop, "ORDERS_UPDATED")
    doc = with_buyer(shop)
    gids = acts.act(shop, {"action": "redact_customer", "order": doc["name"]})["done"]
    ((_, payload),) = sent(shop, "customers/redact")
    assert payload["customer"]["id"] == int(doc["customer"].rsplit("/", 1)[1])
    assert [f"gid://shopify/Order/{n}" for n in payload["orders_to_redact"]] == gids
    assert doc["id"] in gids
    blank = shop.store.order(doc["number"] - 1000)
    assert blank is not None
    assert [blank[name] for name in ("email", "phone", "customer", "shippingAddress", "billingAddress")] == [None] * 5


def test_a_deleted_buyer_leaves_his_orders_and_is_told(shop: Shop) -> None:
    listen(shop, "CUSTOMERS_DELETE", "CUSTOMERS_UPDATE")
    doc = with_buyer(shop)
    acts.act(shop, {"action": "update_customer", "order": doc["name"], "firstName": "Nieuw", "email": "n@example.com"})
    acts.act(shop, {"action": "delete_customer", "order": doc["name"]})
    (_, updated), (_, deleted) = sent(shop)
    assert (updated["first_name"], updated["email"]) == ("Nieuw", "n@example.com")
    assert deleted["admin_graphql_api_id"] == doc["customer"]


def test_granted_scopes_and_the_name_outlive_a_restart_and_are_told(tmp_path: Path) -> None:
    settings = Settings(orders=20, state=tmp_path / "shop.sqlite3")
    shop = Shop(settings)
    listen(shop, "APP_SCOPES_UPDATE", "SHOP_UPDATE")
    acts.act(shop, {"action": "scopes", "remove": ["read_returns"], "add": ["read_users"]})
    acts.act(shop, {"action": "rename", "name": "Anders"})
    (_, scopes), (_, renamed) = sent(shop)
    assert set(scopes["previous"]) - set(scopes["current"]) == {"read_returns"}
    assert renamed["name"] == "Anders"
    shop.close()
    again = Shop(settings)
    assert ("read_returns" in again.scopes, "read_users" in again.scopes, again.name) == (False, True, "Anders")
    again.close()


def test_after_an_uninstall_only_the_settings_address_is_left(shop: Shop) -> None:
    listen(shop, "APP_UNINSTALLED", "ORDERS_UPDATED")
    acts.act(shop, {"action": "uninstall"})
    acts.act(shop, {"action": "redact_shop"})
    acts.act(shop, {"action": "edit_note", "order": "#1001"})
    assert [topic for topic, _ in sent(shop)] == ["app/uninstalled", "shop/redact"]
    assert not shop.accepts(shop.settings.token)


def test_a_new_order_is_told_with_its_payments_and_its_routing(shop: Shop) -> None:
    listen(shop, "ORDERS_CREATE", "ORDER_TRANSACTIONS_CREATE", "FULFILLMENT_ORDERS_ORDER_ROUTING_COMPLETE")
    (gid,) = acts.act(shop, {"action": "new_order"})["orders"]
    doc = shop.store.order(401) or {}
    assert doc["id"] == gid
    told = sent(shop)
    assert [payload["admin_graphql_api_id"] for topic, payload in told if topic == "orders/create"] == [gid]
    paid = [payload["admin_graphql_api_id"] for topic, payload in told if topic == "order_transactions/create"]
    assert paid == [entry["id"] for entry in doc["transactions"]]
    routed = [payload["fulfillment_order"]["id"] for topic, payload in told if topic.endswith("routing_complete")]
    assert routed == [fo["id"] for fo in doc["fulfillmentOrders"]] != []


def test_a_cancellation_tells_of_each_payment_back_and_each_shipment_off(shop: Shop) -> None:
    listen(shop, "ORDERS_CANCELLED", "REFUNDS_CREATE", "ORDER_TRANSACTIONS_CREATE", "FULFILLMENT_ORDERS_CANCELLED")
    (gid,) = acts.act(shop, {"action": "new_order"})["orders"]
    shop.store.execute("DELETE FROM deliveries")
    before = shop.store.order(401) or {}
    acts.act(shop, {"action": "cancel", "order": gid})
    doc = shop.store.order(401) or {}
    told = sent(shop)
    new = [entry["id"] for entry in doc["transactions"][len(before["transactions"]) :]]
    assert [p["admin_graphql_api_id"] for topic, p in told if topic == "order_transactions/create"] == new != []
    ended = [p["fulfillment_order"]["id"] for topic, p in told if topic == "fulfillment_orders/cancelled"]
    assert ended == [fo["id"] for fo in before["fulfillmentOrders"]]
    assert {topic for topic, _ in told} >= {"orders/cancelled", "refunds/create"}


def test_subscriptions_can_be_lost_all_or_to_one_topic(shop: Shop) -> None:
    listen(shop, "ORDERS_UPDATED", "ORDERS_CREATE", "SHOP_UPDATE")
    assert acts.act(shop, {"action": "drop_subscriptions", "topic": "orders/create"})["done"] == ["orders/create"]
    assert [found["topic"] for found in shop.webhooks.subscriptions()] == ["ORDERS_UPDATED", "SHOP_UPDATE"]
    acts.act(shop, {"action": "drop_subscriptions"})
    assert shop.webhooks.subscriptions() == []


def test_a_new_secret_signs_webhooks_only_after_a_while(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    old = shop.settings.webhook_secret
    acts.act(shop, {"action": "rotate_secret", "secret": "another", "seconds": 3600})
    assert (shop.oauth.client_secret, shop.webhooks._signing()) == ("another", old)
    later = shop.clock.now() + 3601
    monkeypatch.setattr(shop.clock, "now", lambda: later)
    assert shop.webhooks._signing() == "another"


def test_given_tokens_can_be_ended(shop: Shop) -> None:
    asked = {"client_id": "rehearsal-app", "client_secret": "rehearsal-secret", "grant_type": "client_credentials"}
    _, answer = shop.oauth.grant(asked)
    assert shop.accepts(answer["access_token"])
    acts.act(shop, {"action": "expire_tokens"})
    assert not shop.accepts(answer["access_token"])
    assert shop.accepts(shop.settings.token)


# -- what the sender does wrong ----------------------------------------------------------------------------------------


def test_headers_can_be_swapped_bodies_compressed_and_swollen(server: RehearsalShop, receiver: Receiver) -> None:
    server.execute(SUBSCRIBE, {"t": "ORDERS_UPDATED", "s": {"uri": receiver.uri}})
    server.faults("webhook_header_swap", topic="customers/redact", shop="other.myshopify.com")
    server.act("edit_note", "#1001", note="swapped")
    headers, body = receiver.wait_for(1)[0]
    assert headers["x-shopify-topic"] == "customers/redact"
    assert headers["x-shopify-shop-domain"] == "other.myshopify.com"
    assert json.loads(body)["note"] == "swapped"
    server.faults("webhook_gzip")
    server.act("edit_note", "#1001", note="packed")
    headers, body = receiver.wait_for(2)[1]
    assert headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(body))["note"] == "packed"
    server.faults("webhook_size", bytes=3_000_000)
    server.act("edit_note", "#1001", note="big")
    _, body = receiver.wait_for(3)[2]
    assert len(body) == 3_000_000
    assert json.loads(body)["note"] == "big"


def deliver(shop: Shop) -> None:
    """Let every waiting delivery fail or come through once, whatever its time."""
    columns = "id, subscription, uri, topic, body, webhook_id, event_id, triggered_at, attempts, faults"
    for row in shop.store.query(f"SELECT {columns} FROM deliveries WHERE state = 'waiting'"):  # noqa: S608
        shop.webhooks._deliver(Delivery(*row))


def test_eight_retries_within_four_hours_and_then_the_subscription_is_gone(shop: Shop) -> None:
    assert (len(RETRY_GAPS), sum(RETRY_GAPS) <= 4 * 3600) == (8, True)
    assert list(RETRY_GAPS) == sorted(RETRY_GAPS)
    listen(shop, "ORDERS_UPDATED")
    acts.act(shop, {"action": "edit_note", "order": "#1001", "note": "never heard"})
    for _ in range(8):
        deliver(shop)
    assert shop.webhooks.counts() == {"waiting": 1}
    assert len(shop.webhooks.subscriptions()) == 1
    deliver(shop)
    assert shop.webhooks.counts() == {"failed": 1}
    assert shop.webhooks.subscriptions() == []


def test_a_delivery_that_comes_through_keeps_the_subscription(shop: Shop) -> None:
    listen(shop, "ORDERS_UPDATED")
    acts.act(shop, {"action": "edit_note", "order": "#1001", "note": "never heard"})
    for _ in range(8):
        deliver(shop)
    shop.store.execute("UPDATE subscriptions SET failures = 0")  # another one was answered
    deliver(shop)
    assert shop.webhooks.counts() == {"failed": 1}
    assert len(shop.webhooks.subscriptions()) == 1
