"""Webhooks: subscribed over the API, signed, in REST's shape, retried, and faulty when asked for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from stores.rehearsal.process import RehearsalShop
from tests.rehearsal.conftest import Execute, Receiver

SUBSCRIBE = """mutation($t: WebhookSubscriptionTopic!, $s: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $t, webhookSubscription: $s) {
    webhookSubscription { id topic uri } userErrors { field message } } }"""
TOPICS = (
    "ORDERS_CREATE",
    "ORDERS_UPDATED",
    "ORDERS_DELETE",
    "FULFILLMENT_ORDERS_PLACED_ON_HOLD",
    "FULFILLMENT_HOLDS_RELEASED",
)


@pytest.fixture
def subscribed(server: RehearsalShop, receiver: Receiver) -> RehearsalShop:
    for topic in TOPICS:
        answer = server.execute(SUBSCRIBE, {"t": topic, "s": {"uri": receiver.uri}})["data"]
        assert answer["webhookSubscriptionCreate"]["userErrors"] == []
    return server


def open_order(server: RehearsalShop) -> dict[str, Any]:
    query = '{ orders(first: 1, query: "status:open fulfillment_status:unfulfilled") { nodes { id name } } }'
    return dict(server.execute(query)["data"]["orders"]["nodes"][0])


def test_a_change_is_told_signed_and_in_rests_shape(subscribed: RehearsalShop, receiver: Receiver) -> None:
    order = open_order(subscribed)
    subscribed.act("edit_note", order["name"], note="Bel eerst ☎")
    headers, body = receiver.wait_for(1)[0]
    signature = base64.b64encode(hmac.new(subscribed.webhook_secret.encode(), body, hashlib.sha256).digest()).decode()
    assert headers["x-shopify-hmac-sha256"] == signature
    assert headers["x-shopify-topic"] == "orders/updated"
    assert headers["x-shopify-shop-domain"] == subscribed.domain
    assert headers["x-shopify-api-version"] == "2026-10"
    assert {"x-shopify-webhook-id", "x-shopify-event-id", "x-shopify-triggered-at"} <= set(headers)
    payload = json.loads(body)
    assert payload["admin_graphql_api_id"] == order["id"]
    assert payload["note"] == "Bel eerst ☎"
    assert isinstance(payload["tags"], str)
    assert payload["updated_at"].endswith("+01:00")
    assert payload["total_price"].count(".") == 1


def test_a_hold_is_told_without_the_orders_id_and_moves_no_order(subscribed: RehearsalShop, receiver: Receiver) -> None:
    order = open_order(subscribed)
    subscribed.act("hold", order["id"])
    subscribed.act("release", order["id"])
    got = receiver.wait_for(2)
    assert [h["x-shopify-topic"] for h, _ in got] == ["fulfillment_orders/placed_on_hold", "fulfillment_holds/released"]
    assert order["id"] not in got[0][1].decode()
    assert json.loads(got[0][1])["fulfillment_order"]["status"] == "on_hold"


def test_a_new_and_a_deleted_order_are_told(subscribed: RehearsalShop, receiver: Receiver) -> None:
    made = subscribed.act("new_order")["orders"][0]
    subscribed.act("delete", made)
    got = receiver.wait_for(2)
    assert {h["x-shopify-topic"] for h, _ in got} == {"orders/create", "orders/delete"}
    deleted = next(body for h, body in got if h["x-shopify-topic"] == "orders/delete")
    assert json.loads(deleted) == {"id": int(made.rsplit("/", 1)[1])}
    assert subscribed.execute("query($id: ID!) { order(id: $id) { id } }", {"id": made})["data"]["order"] is None
    events = subscribed.execute(
        '{ events(first: 5, query: "action:destroy") { nodes { action ... on BasicEvent { subjectId } } } }'
    )
    assert events["data"]["events"]["nodes"] == [{"action": "destroy", "subjectId": made}]


def test_a_refused_delivery_comes_again_with_the_same_webhook_id(receiver: Receiver) -> None:
    with RehearsalShop(orders=20, clock_scale=200) as server:
        server.execute(SUBSCRIBE, {"t": "ORDERS_UPDATED", "s": {"uri": receiver.uri}})
        receiver.status = 503
        server.act("edit_note", "#1001", note="x")
        receiver.wait_for(2)
        receiver.status = 200
        got = receiver.wait_for(3)
        assert len({h["x-shopify-webhook-id"] for h, _ in got}) == 1
        assert len({body for _, body in got}) == 1


def test_faults_of_the_sender_duplicate_drop_and_spoil(subscribed: RehearsalShop, receiver: Receiver) -> None:
    subscribed.faults("webhook_drop")
    subscribed.act("edit_note", "#1001", note="dropped")
    subscribed.faults("webhook_dup", count=2)
    subscribed.act("edit_note", "#1001", note="three times")
    got = receiver.wait_for(3)
    assert [json.loads(body)["note"] for _, body in got] == ["three times"] * 3
    assert len({h["x-shopify-webhook-id"] for h, _ in got}) == 1
    subscribed.faults("webhook_bad_hmac")
    subscribed.act("edit_note", "#1001", note="forged")
    headers, body = receiver.wait_for(4)[3]
    right = base64.b64encode(hmac.new(subscribed.webhook_secret.encode(), body, hashlib.sha256).digest()).decode()
    assert headers["x-shopify-hmac-sha256"] != right


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"uri": "   "}, "callbackUrl", "Address can't be blank"),
        ({"uri": "ftp://example.com/h"}, "callbackUrl", "Address protocol ftp:// is not supported"),
        ({"uri": "http://example.com/h"}, "callbackUrl", "Address protocol http:// is not supported"),
        ({"uri": "nonsense"}, "callbackUrl", "Address is invalid"),
        ({"uri": "https://"}, "callbackUrl", "Address is invalid"),
        ({"uri": "https://example.com/h", "name": "a b"}, "name",
         "Name name field can only contain alphanumeric characters, underscores, and hyphens"),
        ({"uri": "https://example.com/h", "format": "XML"}, "format",
         "Format 'xml' is invalid for this webhook topic. Allowed formats: json"),
    ],
)  # fmt: skip
def test_a_bad_address_is_refused_in_shopifys_words(
    execute: Execute, given: dict[str, str], field: str, message: str
) -> None:
    answer = execute(SUBSCRIBE, t="ORDERS_UPDATED", s=given)["data"]["webhookSubscriptionCreate"]
    assert answer["webhookSubscription"] is None
    assert answer["userErrors"] == [{"field": ["webhookSubscription", field], "message": message}]


def test_the_same_subscription_twice_is_refused_and_a_deleted_one_is_gone(execute: Execute) -> None:
    wish = {"uri": " https://example.com/h "}
    made = execute(SUBSCRIBE, t="ORDERS_UPDATED", s=wish)["data"]["webhookSubscriptionCreate"]["webhookSubscription"]
    assert made["uri"] == "https://example.com/h"
    again = execute(SUBSCRIBE, t="ORDERS_UPDATED", s=wish)["data"]["webhookSubscriptionCreate"]["userErrors"]
    assert again[0]["message"] == "Address for this topic has already been taken"
    listing = "{ webhookSubscriptions(first: 10) { nodes { id topic uri } } webhookSubscriptionsCount { count } }"
    assert execute(listing)["data"]["webhookSubscriptions"]["nodes"] == [made]
    delete = """mutation($id: ID!) { webhookSubscriptionDelete(id: $id) {
      deletedWebhookSubscriptionId userErrors { message } } }"""
    assert (
        execute(delete, id=made["id"])["data"]["webhookSubscriptionDelete"]["deletedWebhookSubscriptionId"]
        == made["id"]
    )
    assert execute(listing)["data"]["webhookSubscriptionsCount"] == {"count": 0}
    gone = execute(delete, id=made["id"])["data"]["webhookSubscriptionDelete"]
    assert gone["userErrors"] == [{"message": "Webhook subscription does not exist"}]


@pytest.mark.parametrize("text", ["bareword", "customer_id:1 bareword", "'two words'", "it's"])
def test_a_filter_with_a_word_that_names_no_field_is_refused(execute: Execute, text: str) -> None:
    wish = {"uri": "https://example.com/h", "filter": text}
    errors = execute(SUBSCRIBE, t="ORDERS_UPDATED", s=wish)["data"]["webhookSubscriptionCreate"]["userErrors"]
    assert errors[0]["message"].startswith("The specified filter is invalid")
    good = {"uri": "https://example.com/h", "filter": "financial_status:paid AND (name:'a b' OR -test:true)"}
    assert execute(SUBSCRIBE, t="ORDERS_UPDATED", s=good)["data"]["webhookSubscriptionCreate"]["userErrors"] == []


def test_cloud_addresses_are_checked_and_told_with_every_problem(execute: Execute) -> None:
    errors = execute(SUBSCRIBE, t="ORDERS_UPDATED", s={"uri": "pubsub://my-project"})["data"]
    assert [e["message"] for e in errors["webhookSubscriptionCreate"]["userErrors"]] == [
        "Address protocol pubsub:// is not supported",
        "Address is not a valid GCP pub/sub format. Format should be pubsub://project:topic",
    ]
