"""An app that was not approved for buyers' data, and one whose API version has ended."""

from __future__ import annotations

import http.client
import json
from typing import Any

from stores.rehearsal import acts
from stores.rehearsal.bulk.worker import Worker
from stores.rehearsal.process import RehearsalShop
from stores.rehearsal.shop import Shop
from tests.rehearsal.conftest import Execute

READ = """query($q: String) { orders(first: 1, query: $q) { nodes {
  email customer { id displayName firstName } shippingAddress { firstName address1 zip city countryCodeV2 } } } }"""


def first(execute: Execute, shop: Shop) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    doc = next(d for n in range(1, 400) if (d := shop.store.seed.order(n))["customer"] and d["shippingAddress"])
    answer = execute(READ, q=f"name:{doc['name']}")
    return answer["data"]["orders"]["nodes"][0], answer.get("errors", [])


def test_with_the_second_level_everything_is_there(execute: Execute, shop: Shop) -> None:
    node, errors = first(execute, shop)
    assert errors == []
    assert node["customer"]["displayName"]
    assert node["shippingAddress"]["address1"]


def test_with_the_first_level_names_and_addresses_are_just_null(execute: Execute, shop: Shop) -> None:
    acts.act(shop, {"action": "approve", "level": 1})
    node, errors = first(execute, shop)
    assert errors == []
    assert (node["email"], node["customer"]["displayName"], node["customer"]["firstName"]) == (None, "", None)
    assert node["customer"]["id"].startswith("gid://shopify/Customer/")
    address = node["shippingAddress"]
    assert (address["firstName"], address["address1"], address["zip"]) == (None, None, None)
    assert address["city"]


def test_without_any_the_buyer_is_an_error_beside_a_null(execute: Execute, shop: Shop) -> None:
    acts.act(shop, {"action": "approve", "level": 0})
    node, errors = first(execute, shop)
    assert node["customer"] is None
    assert [(e["message"][:58], e["extensions"]["code"], e["path"]) for e in errors] == [
        (
            "This app is not approved to access the Customer object. Se",
            "ACCESS_DENIED",
            ["orders", "nodes", 0, "customer"],
        )
    ]


def test_a_bulk_query_for_the_buyer_is_denied(shop: Shop) -> None:
    acts.act(shop, {"action": "approve", "level": 0})
    made = shop.bulk.create("{ orders { edges { node { id customer { id } } } } }", grouped=False)
    Worker(shop).finish_all()
    assert (shop.bulk.doc(made.id) or {})["errorCode"] == "ACCESS_DENIED"


def test_webhooks_are_as_silent_as_answers(shop: Shop) -> None:
    acts.act(shop, {"action": "approve", "level": 0})
    shop.webhooks.put(1, {"id": "gid://shopify/WebhookSubscription/1", "topic": "ORDERS_UPDATED", "uri": "http://x"})
    doc = next(d for n in range(1, 400) if (d := shop.store.seed.order(n))["customer"] and d["shippingAddress"])
    acts.act(shop, {"action": "edit_note", "order": doc["name"]})
    payload = json.loads(shop.store.query("SELECT body FROM deliveries")[0][0])
    assert (payload["email"], payload["contact_email"], payload["customer"]) == ("", None, None)
    assert payload["shipping_address"]["address1"] is None
    assert payload["shipping_address"]["city"]


def test_a_version_that_has_ended_is_answered_by_another(server: RehearsalShop) -> None:
    server.faults("version_sunset", version="2026-07")

    def version() -> str:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        headers = {"X-Shopify-Access-Token": server.token, "Content-Type": "application/json"}
        connection.request("POST", "/admin/api/2026-10/graphql.json", json.dumps({"query": "{ shop { id } }"}), headers)
        found = connection.getresponse().headers["X-Shopify-API-Version"]
        connection.close()
        return found

    assert [version(), version()] == ["2026-07", "2026-10"]
