"""Fulfilment orders moved, split, merged, cancelled, progressed, held in part; shipments cancelled and reported on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stores.rehearsal import acts
from stores.rehearsal.ops.document import Doc
from stores.rehearsal.shop import Shop
from tests.rehearsal.conftest import Execute

LINES = "lineItems(first: 50) { nodes { id totalQuantity remainingQuantity lineItem { id } } }"
FO = f"id status updatedAt assignedLocation {{ name }} supportedActions {{ action }} {LINES}"
MOVE = f"""mutation($id: ID!, $to: ID!, $l: [FulfillmentOrderLineItemInput!]) {{ fulfillmentOrderMove(
  id: $id, newLocationId: $to, fulfillmentOrderLineItems: $l) {{
  movedFulfillmentOrder {{ {FO} }} originalFulfillmentOrder {{ {FO} }} remainingFulfillmentOrder {{ id }}
  userErrors {{ field message code }} }} }}"""
SPLIT = f"""mutation($s: [FulfillmentOrderSplitInput!]!) {{ fulfillmentOrderSplit(fulfillmentOrderSplits: $s) {{
  fulfillmentOrderSplits {{ fulfillmentOrder {{ {FO} }} remainingFulfillmentOrder {{ {FO} }} }}
  userErrors {{ field message code }} }} }}"""
MERGE = f"""mutation($m: [FulfillmentOrderMergeInput!]!) {{ fulfillmentOrderMerge(fulfillmentOrderMergeInputs: $m) {{
  fulfillmentOrderMerges {{ fulfillmentOrder {{ {FO} }} }} userErrors {{ field message code }} }} }}"""
CANCEL = f"""mutation($id: ID!) {{ fulfillmentOrderCancel(id: $id) {{ fulfillmentOrder {{ {FO} }}
  replacementFulfillmentOrder {{ {FO} }} userErrors {{ field message }} }} }}"""
PROGRESS = """mutation($id: ID!) { fulfillmentOrderReportProgress(id: $id, progressReport: {reasonNotes: "picking"}) {
  fulfillmentOrder { id status } userErrors { field message } } }"""
OPEN = "mutation($id: ID!) { fulfillmentOrderOpen(id: $id) { fulfillmentOrder { status } userErrors { message } } }"
HOLD = f"""mutation($id: ID!, $h: FulfillmentOrderHoldInput!) {{ fulfillmentOrderHold(id: $id, fulfillmentHold: $h) {{
  fulfillmentOrder {{ {FO} }} remainingFulfillmentOrder {{ {FO} }} userErrors {{ message code }} }} }}"""
WAREHOUSE, STORE = "gid://shopify/Location/61", "gid://shopify/Location/62"


@pytest.fixture
def order(shop: Shop) -> Doc:
    """An order that nothing was done to, with three units or more of one line waiting in one place."""
    topics = ("MOVED", "SPLIT", "MERGED", "CANCELLED", "PROGRESS_REPORTED", "MANUALLY_REPORTED_PROGRESS_STOPPED")
    for key, topic in enumerate(topics, start=500):
        name = f"FULFILLMENT_ORDERS_{topic}"
        subscription = {"id": f"gid://shopify/WebhookSubscription/{key}", "topic": name, "uri": "http://127.0.0.1:1/"}
        shop.webhooks.put(key, subscription)
    for n in range(1, 400):
        doc = shop.store.seed.order(n)
        waiting = [fo for fo in doc["fulfillmentOrders"] if fo["status"] == "OPEN"]
        if len(doc["fulfillmentOrders"]) == 1 and waiting and waiting[0]["lineItems"][0]["remainingQuantity"] >= 3:
            return doc
    raise AssertionError("no such order")


@pytest.fixture
def fo(order: Doc) -> Doc:
    return dict(order["fulfillmentOrders"][0])


def told(shop: Shop) -> list[tuple[str, Any]]:
    return [(t, json.loads(b)) for t, b in shop.store.query("SELECT topic, body FROM deliveries ORDER BY id")]


def units(found: Doc) -> list[int]:
    return [line["remainingQuantity"] for line in found["lineItems"]["nodes"]]


def total(shop: Shop, order: Doc) -> int:
    """Units that wait anywhere in the order: nothing here may change it."""
    doc = shop.store.order(order["number"] - 1000) or {}
    return sum(line["remainingQuantity"] for fo in doc["fulfillmentOrders"] for line in fo["lineItems"])


def test_moving_some_units_makes_a_new_one_there(execute: Execute, shop: Shop, order: Doc, fo: Doc) -> None:
    line, before = fo["lineItems"][0], total(shop, order)
    answer = execute(MOVE, id=fo["id"], to=STORE, l=[{"id": line["id"], "quantity": 2}])
    found = answer["data"]["fulfillmentOrderMove"]
    assert found["userErrors"] == []
    assert found["movedFulfillmentOrder"]["id"] != fo["id"]
    assert found["movedFulfillmentOrder"]["assignedLocation"]["name"] == "Shop Oude Gracht"
    assert units(found["movedFulfillmentOrder"]) == [2]
    assert found["originalFulfillmentOrder"]["assignedLocation"]["name"] == "Warehouse Zuid"
    assert units(found["originalFulfillmentOrder"])[0] == line["remainingQuantity"] - 2
    assert total(shop, order) == before
    ((topic, payload),) = told(shop)
    assert topic == "fulfillment_orders/moved"
    assert payload["original_fulfillment_order"]["id"] == fo["id"]
    assert payload["moved_fulfillment_order"]["id"] == found["movedFulfillmentOrder"]["id"]
    assert payload["fulfillment_order_line_items_requested"] == [{"id": line["id"], "quantity": 2}]


def test_moving_everything_moves_the_one_there_is(execute: Execute, shop: Shop, order: Doc, fo: Doc) -> None:
    found = execute(MOVE, id=fo["id"], to=STORE)["data"]["fulfillmentOrderMove"]
    assert found["movedFulfillmentOrder"]["id"] == fo["id"]
    assert found["movedFulfillmentOrder"]["assignedLocation"]["name"] == "Shop Oude Gracht"
    assert found["remainingFulfillmentOrder"] is None
    assert told(shop)[0][1]["source_location"] == {"id": WAREHOUSE}


def test_what_is_in_progress_cannot_be_moved_until_it_is_open_again(execute: Execute, shop: Shop, fo: Doc) -> None:
    assert execute(PROGRESS, id=fo["id"])["data"]["fulfillmentOrderReportProgress"]["fulfillmentOrder"]["status"] == (
        "IN_PROGRESS"
    )
    (error,) = execute(MOVE, id=fo["id"], to=STORE)["data"]["fulfillmentOrderMove"]["userErrors"]
    assert error["code"] == "CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS"
    assert execute(OPEN, id=fo["id"])["data"]["fulfillmentOrderOpen"]["fulfillmentOrder"]["status"] == "OPEN"
    assert [topic for topic, _ in told(shop)] == [
        "fulfillment_orders/progress_reported",
        "fulfillment_orders/manually_reported_progress_stopped",
    ]
    assert told(shop)[0][1]["progress_report"]["reason_notes"] == "picking"


def test_a_split_keeps_what_was_named_and_a_merge_undoes_it(execute: Execute, shop: Shop, order: Doc, fo: Doc) -> None:
    line, before = fo["lineItems"][0], total(shop, order)
    wish = [{"fulfillmentOrderId": fo["id"], "fulfillmentOrderLineItems": [{"id": line["id"], "quantity": 1}]}]
    (split,) = execute(SPLIT, s=wish)["data"]["fulfillmentOrderSplit"]["fulfillmentOrderSplits"]
    assert (split["fulfillmentOrder"]["id"], units(split["fulfillmentOrder"])) == (fo["id"], [1])
    left = split["remainingFulfillmentOrder"]
    assert units(left)[0] == line["remainingQuantity"] - 1
    assert {"action": "MERGE"} in split["fulfillmentOrder"]["supportedActions"]
    intents = [{"fulfillmentOrderId": fo["id"]}, {"fulfillmentOrderId": left["id"]}]
    merged = execute(MERGE, m=[{"mergeIntents": intents}])["data"]["fulfillmentOrderMerge"]
    assert merged["userErrors"] == []
    (one,) = merged["fulfillmentOrderMerges"]
    assert (one["fulfillmentOrder"]["id"], sum(units(one["fulfillmentOrder"]))) == (fo["id"], before)
    doc = shop.store.order(order["number"] - 1000) or {}
    assert [entry["status"] for entry in doc["fulfillmentOrders"]] == ["OPEN", "CLOSED"]
    assert [topic for topic, _ in told(shop)] == ["fulfillment_orders/split", "fulfillment_orders/merged"]
    assert told(shop)[1][1]["merge_intents"][0]["fulfillment_order_id"] == int(fo["id"].rsplit("/", 1)[1])


def test_a_split_of_several_does_all_or_nothing(execute: Execute, shop: Shop, order: Doc, fo: Doc) -> None:
    line = fo["lineItems"][0]
    good = {"fulfillmentOrderId": fo["id"], "fulfillmentOrderLineItems": [{"id": line["id"], "quantity": 1}]}
    bad = {"fulfillmentOrderId": fo["id"], "fulfillmentOrderLineItems": [{"id": line["id"], "quantity": 999}]}
    payload = execute(SPLIT, s=[good, bad])["data"]["fulfillmentOrderSplit"]
    assert payload == {
        "fulfillmentOrderSplits": None,
        "userErrors": [
            {"field": None, "message": "Invalid fulfillment order line item quantity requested.", "code": None}
        ],
    }
    assert shop.store.order(order["number"] - 1000) == order
    assert told(shop) == []


def test_a_cancelled_one_is_emptied_into_its_replacement(execute: Execute, shop: Shop, order: Doc, fo: Doc) -> None:
    before = total(shop, order)
    found = execute(CANCEL, id=fo["id"])["data"]["fulfillmentOrderCancel"]
    assert (found["fulfillmentOrder"]["status"], units(found["fulfillmentOrder"])) == ("CLOSED", [])
    replacement = found["replacementFulfillmentOrder"]
    assert (replacement["status"], sum(units(replacement))) == ("OPEN", before)
    assert [line["id"] for line in replacement["lineItems"]["nodes"]] == [line["id"] for line in fo["lineItems"]]
    ((topic, payload),) = told(shop)
    assert (topic, payload["replacement_fulfillment_order"]["id"]) == (
        "fulfillment_orders/cancelled",
        replacement["id"],
    )


def test_a_hold_on_some_lines_leaves_the_rest_open(execute: Execute, shop: Shop, order: Doc, fo: Doc) -> None:
    line = fo["lineItems"][0]
    wish = {"reason": "OTHER", "fulfillmentOrderLineItems": [{"id": line["id"], "quantity": 1}]}
    found = execute(HOLD, id=fo["id"], h=wish)["data"]["fulfillmentOrderHold"]
    assert found["userErrors"] == []
    assert (found["fulfillmentOrder"]["status"], units(found["fulfillmentOrder"])) == ("ON_HOLD", [1])
    assert found["remainingFulfillmentOrder"]["status"] == "OPEN"
    assert units(found["remainingFulfillmentOrder"])[0] == line["remainingQuantity"] - 1


def test_none_of_it_moves_the_orders_own_clock(execute: Execute, shop: Shop, order: Doc, fo: Doc) -> None:
    execute(MOVE, id=fo["id"], to=STORE)
    execute(PROGRESS, id=fo["id"])
    execute(OPEN, id=fo["id"])
    doc = shop.store.order(order["number"] - 1000) or {}
    assert doc["updatedAt"] == order["updatedAt"]
    assert doc["fulfillmentOrders"][0]["updatedAt"] > fo["updatedAt"]


def test_a_cancelled_shipment_waits_again_in_a_new_one(execute: Execute, shop: Shop, order: Doc, fo: Doc) -> None:
    before = total(shop, order)
    acts.act(shop, {"action": "fulfil", "order": order["name"]})
    assert total(shop, order) == 0
    shipped = (shop.store.order(order["number"] - 1000) or {})["fulfillments"][-1]
    mutation = "mutation($id: ID!) { fulfillmentCancel(id: $id) { fulfillment { status } userErrors { message } } }"
    for _ in range(2):
        payload = execute(mutation, id=shipped["id"])["data"]["fulfillmentCancel"]
        assert payload == {"fulfillment": {"status": "CANCELLED"}, "userErrors": []}
    doc = shop.store.order(order["number"] - 1000) or {}
    assert [entry["status"] for entry in doc["fulfillmentOrders"]] == ["CLOSED", "OPEN"]
    assert sum(line["remainingQuantity"] for line in doc["fulfillmentOrders"][1]["lineItems"]) == before
    answer = execute("query($id: ID!) { order(id: $id) { displayFulfillmentStatus } }", id=order["id"])
    assert answer["data"]["order"]["displayFulfillmentStatus"] == "UNFULFILLED"


def test_a_carriers_report_shows_on_the_shipment(execute: Execute, shop: Shop, order: Doc) -> None:
    acts.act(shop, {"action": "fulfil", "order": order["name"]})
    shipped = (shop.store.order(order["number"] - 1000) or {})["fulfillments"][-1]
    mutation = """mutation($e: FulfillmentEventInput!) { fulfillmentEventCreate(fulfillmentEvent: $e) {
      fulfillmentEvent { status message happenedAt } userErrors { message } } }"""
    wish = {
        "fulfillmentId": shipped["id"],
        "status": "DELIVERED",
        "happenedAt": "2026-11-20T10:00:00Z",
        "message": "at the door",
    }
    payload = execute(mutation, e=wish)["data"]["fulfillmentEventCreate"]
    assert payload["fulfillmentEvent"] == {
        "status": "DELIVERED", "message": "at the door", "happenedAt": "2026-11-20T10:00:00Z",
    }  # fmt: skip
    read = "query($id: ID!) { fulfillment(id: $id) { displayStatus deliveredAt } }"
    assert execute(read, id=shipped["id"])["data"]["fulfillment"] == {
        "displayStatus": "DELIVERED", "deliveredAt": "2026-11-20T10:00:00Z",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("action", "topic"),
    [
        ("move", "fulfillment_orders/moved"),
        ("split", "fulfillment_orders/split"),
        ("cancel_fulfillment_order", "fulfillment_orders/cancelled"),
        ("progress", "fulfillment_orders/progress_reported"),
    ],
)
def test_the_owners_staff_can_do_the_same(shop: Shop, order: Doc, action: str, topic: str) -> None:
    before = total(shop, order)
    acts.act(shop, {"action": action, "order": order["name"]})
    assert [name for name, _ in told(shop)] == [topic]
    assert total(shop, order) == before


def test_an_edit_adds_to_what_the_buyer_owes_and_takes_off_again(execute: Execute, shop: Shop, order: Doc) -> None:
    read = """query($id: ID!) { order(id: $id) { edited currentTotalPriceSet { shopMoney { amount } }
      lineItems(first: 50) { nodes { currentQuantity } } } }"""

    def now() -> tuple[float, list[int]]:
        found = execute(read, id=order["id"])["data"]["order"]
        quantities = [line["currentQuantity"] for line in found["lineItems"]["nodes"]]
        return float(found["currentTotalPriceSet"]["shopMoney"]["amount"]), quantities

    before, quantities = now()
    acts.act(shop, {"action": "add_line", "order": order["name"], "cents": 450})
    dearer, more = now()
    assert dearer == pytest.approx(before + 4.5)
    assert more == [*quantities, 1]
    acts.act(shop, {"action": "remove_line", "order": order["name"]})
    after, left = now()
    assert after < before + 4.5
    assert left == [quantities[0] - 1, *quantities[1:], 1]
    assert execute(read, id=order["id"])["data"]["order"]["edited"] is True
