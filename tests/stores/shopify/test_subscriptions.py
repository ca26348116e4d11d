"""Subscriptions: the shop's list is made to agree, once and again, within what the scopes allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLSchema

from stores.shopify.client import Client
from stores.shopify.errors import NeedsPerson
from stores.shopify.subscriptions import (
    TOPICS,
    Ensured,
    SubscriptionSnapshot,
    delete_subscription,
    ensure_subscriptions,
    read_subscriptions,
    topics_for,
)
from stores.shopify.throttle import Lane
from tests.stores.shopify import answers
from tests.stores.shopify.stub import Stub, sends

URI = "https://backoffice.example.com/hooks/1"
LANE = Lane.BACKGROUND


def subscription(number: int, topic: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/WebhookSubscription/{number}",
        "topic": topic,
        "uri": URI,
        "format": "JSON",
        "filter": None,
        "includeFields": [],
    } | changes


class Shop:
    """Keeps subscriptions as Shopify does, listing two a page."""

    def __init__(self, *there: dict[str, Any], refuses: Mapping[str, str] | None = None) -> None:
        self.there, self.refuses = list(there), refuses or {}

    def __call__(self, handler: Any, asked: Any) -> None:
        variables = asked["variables"]
        if "webhookSubscriptions(" in asked["query"]:
            start = int(variables["after"] or 0)
            rows, more = self.there[start : start + 2], start + 2 < len(self.there)
            data = {"webhookSubscriptions": answers.connection(*rows, cursor=str(start + 2) if more else None)}
        elif "webhookSubscriptionDelete" in asked["query"]:
            self.there = [row for row in self.there if row["id"] != variables["id"]]
            data = {"webhookSubscriptionDelete": {"deletedWebhookSubscriptionId": variables["id"], "userErrors": []}}
        else:
            says = self.refuses.get(variables["topic"])
            made = None if says else subscription(len(self.there) + 1, variables["topic"], uri=variables["uri"])
            if made:
                self.there.append(made)
            errors = [{"field": ["webhookSubscription", "callbackUrl"], "message": says}] if says else []
            data = {"webhookSubscriptionCreate": {"webhookSubscription": made, "userErrors": errors}}
        sends({"data": data})(handler, asked)


ORDER_TOPICS = topics_for({"read_orders"})[:4]


def test_every_topic_exists(schema: GraphQLSchema) -> None:
    known = schema.type_map["WebhookSubscriptionTopic"]
    assert isinstance(known, GraphQLEnumType)

    assert {topic.name for topic in TOPICS} <= set(known.values)
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)


def test_topics_follow_the_scopes() -> None:
    without = {topic.header for topic in topics_for(set())}
    orders = {topic.header for topic in topics_for({"write_orders"})}
    fulfilment = {topic.header for topic in topics_for({"write_third_party_fulfillment_orders"})}

    assert without == {"app/uninstalled", "app/scopes_update", "bulk_operations/finish", "shop/update"}
    assert {"orders/create", "orders/updated", "orders/delete", "returns/close"} <= orders
    assert "fulfillment_holds/added" not in orders
    assert "fulfillment_holds/added" in fulfilment


@pytest.mark.row("REL-W16")
def test_missing_subscriptions_are_made_and_the_second_run_makes_none(stub: Stub, client: Client) -> None:
    names = tuple(topic.name for topic in ORDER_TOPICS)
    shop = Shop(subscription(1, names[1]))
    stub.will(shop)

    first = ensure_subscriptions(client, URI, ORDER_TOPICS, lane=LANE)
    second = ensure_subscriptions(client, URI, ORDER_TOPICS, lane=LANE)

    assert first == Ensured(created=(names[0], *names[2:]), existing=(names[1],), refused=())
    assert second == Ensured(created=(), existing=names, refused=())
    assert sorted(row["topic"] for row in shop.there) == sorted(names)


def test_a_foreign_subscription_does_not_count_and_stays(stub: Stub, client: Client) -> None:
    shop = Shop(subscription(1, ORDER_TOPICS[0].name, uri="https://other.example.com/hooks/1"))
    stub.will(shop)

    ensured = ensure_subscriptions(client, URI, ORDER_TOPICS[:1], lane=LANE)

    assert (ensured.created, ensured.removed) == ((ORDER_TOPICS[0].name,), ())
    assert len(shop.there) == 2


STALE: Mapping[str, dict[str, Any]] = {
    "filtered": {"filter": "id:1"},
    "of another format": {"format": "XML"},
    "of a part of the payload": {"includeFields": ["id"]},
    "at the address that we had before": {"uri": "https://before.example.com/hooks/9"},
    "at our host and path, written otherwise": {"uri": "http://backoffice.example.com:8000/hooks/1/"},
}


@pytest.mark.row("REL-W16")
@pytest.mark.parametrize("stale", STALE.values(), ids=STALE.keys())
def test_a_stale_subscription_of_ours_goes(stale: dict[str, Any], stub: Stub, client: Client) -> None:
    shop = Shop(subscription(1, ORDER_TOPICS[0].name, **stale))
    stub.will(shop)
    former = {"https://before.example.com/hooks/9"}

    ensured = ensure_subscriptions(client, URI, ORDER_TOPICS[:1], former=former, lane=LANE)
    again = ensure_subscriptions(client, URI, ORDER_TOPICS[:1], former=former, lane=LANE)

    name = ORDER_TOPICS[0].name
    assert ensured == Ensured(created=(name,), existing=(), refused=(), removed=(name,))
    assert again == Ensured(created=(), existing=(name,), refused=())
    assert [(row["topic"], row["uri"], row["filter"], row["includeFields"]) for row in shop.there] == [
        (name, URI, None, [])
    ]


def test_what_is_wanted_no_more_or_doubled_goes(stub: Stub, client: Client) -> None:
    wanted, other = ORDER_TOPICS[0].name, ORDER_TOPICS[1].name
    shop = Shop(subscription(1, wanted), subscription(2, wanted), subscription(3, other))
    stub.will(shop)

    ensured = ensure_subscriptions(client, URI, ORDER_TOPICS[:1], lane=LANE)

    assert ensured == Ensured(created=(), existing=(wanted,), refused=(), removed=(wanted, other))
    assert [row["id"][-1] for row in shop.there] == ["1"]


def test_refusals_are_reported_and_a_taken_address_is_as_good_as_made(stub: Stub, client: Client) -> None:
    taken, invalid, fine, _ = (topic.name for topic in ORDER_TOPICS)
    stub.will(Shop(refuses={taken: "Address for this topic has already been taken", invalid: "Address is invalid"}))

    ensured = ensure_subscriptions(client, URI, ORDER_TOPICS[:3], lane=LANE)

    assert ensured == Ensured(created=(fine,), existing=(taken,), refused=((invalid, "Address is invalid"),))


def test_a_topic_that_the_token_may_not_have_does_not_cost_the_others(stub: Stub, client: Client) -> None:
    denied = answers.failed(
        "ACCESS_DENIED",
        "Access denied for webhookSubscriptionCreate field.",
        ["webhookSubscriptionCreate"],
        {"webhookSubscriptionCreate": None},
    )
    made = {"webhookSubscription": subscription(1, "ORDERS_UPDATED"), "userErrors": []}
    stub.will_say(
        {"data": {"webhookSubscriptions": answers.connection()}}, denied, {"data": {"webhookSubscriptionCreate": made}}
    )

    ensured = ensure_subscriptions(client, URI, ORDER_TOPICS[:2], lane=LANE)

    assert ensured.created == (ORDER_TOPICS[1].name,)
    assert ensured.refused == ((ORDER_TOPICS[0].name, "Access denied for webhookSubscriptionCreate field."),)


def test_a_revoked_token_ends_the_work(stub: Stub, client: Client) -> None:
    stub.will(sends({"data": {"webhookSubscriptions": answers.connection()}}), sends({}, status=401))

    with pytest.raises(NeedsPerson) as refusal:
        ensure_subscriptions(client, URI, ORDER_TOPICS, lane=LANE)

    assert refusal.value.code == "bad_token"
    assert len(stub.calls) == 2


def test_all_pages_of_the_list_are_read(stub: Stub, client: Client) -> None:
    stub.will(Shop(*(subscription(n, "ORDERS_CREATE", filter="id:1" if n == 2 else None) for n in range(1, 6))))

    found = read_subscriptions(client, lane=LANE)

    assert [one.gid[-1] for one in found] == ["1", "2", "3", "4", "5"]
    assert found[1] == SubscriptionSnapshot("gid://shopify/WebhookSubscription/2", "ORDERS_CREATE", URI, plain=False)


@pytest.mark.parametrize(("deleted", "was_there"), [("gid://shopify/WebhookSubscription/1", True), (None, False)])
def test_a_deletion_says_whether_there_was_something(
    deleted: str | None, was_there: bool, stub: Stub, client: Client
) -> None:
    payload = {"deletedWebhookSubscriptionId": deleted, "userErrors": []}
    stub.will_say({"data": {"webhookSubscriptionDelete": payload}})

    assert delete_subscription(client, "gid://shopify/WebhookSubscription/1", lane=LANE) is was_there
