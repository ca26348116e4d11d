"""Mutations change real state, with Shopify's habits and words, and are logged so that 'twice' can be counted."""

from __future__ import annotations

from typing import Any

import pytest

from stores.rehearsal.execute import Run, run
from stores.rehearsal.shop import Shop
from tests.rehearsal.conftest import Execute

UPDATE = (
    "mutation($i: OrderInput!) { orderUpdate(input: $i) { order { id %s updatedAt } userErrors { field message } } }"
)
TAG = """mutation($id: ID!, $t: [String!]!) { %s(id: $id, tags: $t) {
  node { ... on Order { tags } } userErrors { message } } }"""
CLOSE = (
    "mutation($id: ID!) { %s(input: {id: $id}) { order { closed closedAt updatedAt } userErrors { field message } } }"
)


def find(execute: Execute, query: str, *, fields: str = "id") -> dict[str, Any]:
    answer = execute("query($q: String) { orders(first: 1, query: $q) { nodes { %s } } }" % fields, q=query)  # noqa: UP031
    return dict(answer["data"]["orders"]["nodes"][0])


def test_closing_archives_and_closing_again_changes_nothing(execute: Execute, shop: Shop) -> None:
    gid = find(execute, "status:open")["id"]
    first = execute(CLOSE % "orderClose", id=gid)["data"]["orderClose"]
    again = execute(CLOSE % "orderClose", id=gid)["data"]["orderClose"]
    assert first["order"]["closed"] is True
    assert first["order"]["closedAt"] == first["order"]["updatedAt"]
    assert again == first
    assert [(m["name"], m["ids"], m["effect"]) for m in shop.store.mutations()] == [
        ("orderClose", [gid], True),
        ("orderClose", [gid], False),
    ]
    events = execute("query($id: ID!) { order(id: $id) { events(first: 50) { nodes { action } } } }", id=gid)
    assert [e["action"] for e in events["data"]["order"]["events"]["nodes"]].count("closed") == 1
    opened = execute(CLOSE % "orderOpen", id=gid)["data"]["orderOpen"]
    assert (opened["order"]["closed"], opened["order"]["closedAt"]) == (False, None)


def test_a_cancelled_order_cannot_be_opened(execute: Execute, shop: Shop) -> None:
    gid = find(execute, "status:cancelled")["id"]
    answer = execute(CLOSE % "orderOpen", id=gid)["data"]["orderOpen"]
    assert answer["order"] is None
    assert answer["userErrors"][0]["field"] == ["id"]
    assert shop.store.mutations() == []


def test_an_unknown_order_is_a_user_error_and_a_wrong_kind_of_id_is_not(execute: Execute) -> None:
    answer = execute(CLOSE % "orderClose", id="gid://shopify/Order/123")
    assert answer["data"]["orderClose"] == {
        "order": None,
        "userErrors": [{"field": ["id"], "message": "Order does not exist"}],
    }
    wrong = execute(CLOSE % "orderClose", id="gid://shopify/Customer/123")
    assert wrong["errors"][0]["message"] == "invalid id"
    assert wrong["data"] == {"orderClose": None}


def test_mutations_of_one_document_run_in_order_and_do_not_undo_each_other(execute: Execute, shop: Shop) -> None:
    gid = find(execute, "status:open")["id"]
    answer = execute(
        """mutation($id: ID!) { a: tagsAdd(id: $id, tags: ["one"]) { userErrors { message } }
        b: orderClose(input: {id: "gid://shopify/Order/1"}) { userErrors { message } }
        c: tagsAdd(id: $id, tags: ["two"]) { node { ... on Order { tags } } userErrors { message } } }""",
        id=gid,
    )["data"]
    assert answer["b"]["userErrors"] == [{"message": "Order does not exist"}]
    assert {"one", "two"} <= set(answer["c"]["node"]["tags"])
    assert [m["name"] for m in shop.store.mutations()] == ["tagsAdd", "tagsAdd"]


def test_tags_keep_their_first_spelling_split_at_commas_and_come_back_sorted(execute: Execute) -> None:
    gid = find(execute, "status:open")["id"]
    execute(UPDATE % "tags", i={"id": gid, "tags": ["Red", "blue"]})
    added = execute(TAG % "tagsAdd", id=gid, t=["red", "Alpha, beta", " "])["data"]["tagsAdd"]
    assert added == {"node": {"tags": ["Alpha", "beta", "blue", "Red"]}, "userErrors": []}
    kept = execute(TAG % "tagsRemove", id=gid, t=["red", "beta"])["data"]["tagsRemove"]
    assert kept["node"]["tags"] == ["Alpha", "blue", "Red"]


def test_too_long_a_tag_is_refused_and_nothing_changes(execute: Execute, shop: Shop) -> None:
    gid = find(execute, "status:open")["id"]
    answer = execute(TAG % "tagsAdd", id=gid, t=["x" * 41])["data"]["tagsAdd"]
    assert answer["node"] is None
    assert answer["userErrors"] == [{"message": "Tag exceeds the maximum length of 40 characters"}]
    assert shop.store.mutations() == []


def test_an_update_replaces_whole_lists_and_bumps_the_clock_in_whole_seconds(execute: Execute) -> None:
    before = find(execute, "status:open", fields="id updatedAt")
    i = {"id": before["id"], "note": "Ring twice", "tags": ["b", "a"], "customAttributes": [{"key": "k", "value": "v"}]}
    order = execute(UPDATE % "note tags customAttributes { key value }", i=i)["data"]["orderUpdate"]["order"]
    assert order["tags"] == ["a", "b"]
    assert order["customAttributes"] == [{"key": "k", "value": "v"}]
    assert order["note"] == "Ring twice"
    assert order["updatedAt"] > before["updatedAt"]
    assert order["updatedAt"].endswith("Z")
    assert "." not in order["updatedAt"]


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({}, None, "No valid update parameters have been provided"),
        ({"phone": "call me"}, ["phone"], "Phone is invalid"),
        ({"email": "nobody"}, ["email"], "Email is invalid"),
        ({"shippingAddress": {"lastName": ""}}, ["shippingAddress", "lastName"], "Enter a last name"),
        (
            {"shippingAddress": {"countryCode": "US", "provinceCode": "ZZ"}},
            ["shippingAddress", "province"],
            "State is not a valid state in United States",
        ),
    ],
)
def test_a_bad_update_names_the_field_answers_the_order_and_changes_nothing(
    execute: Execute, shop: Shop, change: dict[str, Any], field: list[str] | None, message: str
) -> None:
    gid = find(execute, "status:open")["id"]
    answer = execute(UPDATE % "note", i={"id": gid, **change})["data"]["orderUpdate"]
    assert answer["userErrors"] == [{"field": field, "message": message}]
    assert answer["order"]["id"] == gid
    assert shop.store.mutations() == []


FO = """id fulfillmentOrders(first: 5) { nodes { id status updatedAt
  lineItems(first: 50) { nodes { id remainingQuantity } } } }"""
HOLD = """mutation($id: ID!) {
  fulfillmentOrderHold(id: $id, fulfillmentHold: {reason: OTHER, reasonNotes: "wait", handle: "h"}) {
    fulfillmentHold { id displayReason heldByRequestingApp }
    fulfillmentOrder { status updatedAt order { updatedAt } supportedActions { action } }
    userErrors { code } } }"""
RELEASE = """mutation($id: ID!, $h: [ID!]) { fulfillmentOrderReleaseHold(id: $id, holdIds: $h) {
  fulfillmentOrder { status } } }"""


def test_a_hold_moves_the_fulfilment_orders_clock_and_not_the_orders(execute: Execute) -> None:
    order = find(execute, "fulfillment_status:unfulfilled status:open", fields="updatedAt " + FO)
    fo = order["fulfillmentOrders"]["nodes"][0]
    held = execute(HOLD, id=fo["id"])["data"]["fulfillmentOrderHold"]
    assert held["fulfillmentOrder"]["status"] == "ON_HOLD"
    assert held["fulfillmentOrder"]["updatedAt"] > fo["updatedAt"]
    assert held["fulfillmentOrder"]["order"]["updatedAt"] == order["updatedAt"]
    assert held["fulfillmentHold"]["heldByRequestingApp"] is True
    again = execute(HOLD, id=fo["id"])["data"]["fulfillmentOrderHold"]
    assert again["userErrors"] == [{"code": "DUPLICATE_FULFILLMENT_HOLD_HANDLE"}]
    released = execute(RELEASE, id=fo["id"], h=[held["fulfillmentHold"]["id"]])["data"]["fulfillmentOrderReleaseHold"]
    assert released["fulfillmentOrder"]["status"] == "OPEN"


SHIP = """mutation($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) {
  fulfillment { status trackingInfo { number } order { displayFulfillmentStatus
    lineItems(first: 50) { nodes { unfulfilledQuantity requiresShipping } } } } userErrors { field message } } }"""


def test_shipping_takes_the_units_off_and_a_closed_fulfilment_order_refuses(execute: Execute) -> None:
    order = find(execute, "fulfillment_status:unfulfilled status:open financial_status:paid", fields=FO)
    fo = order["fulfillmentOrders"]["nodes"][0]
    wish = {"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": fo["id"]}], "trackingInfo": {"numbers": ["1", "2"]}}
    shipped = execute(SHIP, f=wish)["data"]["fulfillmentCreate"]["fulfillment"]
    assert [t["number"] for t in shipped["trackingInfo"]] == ["1", "2"]
    if len(order["fulfillmentOrders"]["nodes"]) == 1:
        assert shipped["order"]["displayFulfillmentStatus"] == "FULFILLED"
        assert {line["unfulfilledQuantity"] for line in shipped["order"]["lineItems"]["nodes"]} == {0}
    again = execute(SHIP, f=wish)["data"]["fulfillmentCreate"]
    number = fo["id"].rsplit("/", 1)[1]
    message = f"Fulfillment order {number} has an unfulfillable status= closed."
    assert again["userErrors"] == [{"field": ["fulfillment"], "message": message}]


def test_marking_as_paid_settles_the_outstanding_amount_once(execute: Execute) -> None:
    gid = find(execute, "financial_status:pending status:open")["id"]
    text = """mutation($id: ID!) { orderMarkAsPaid(input: {id: $id}) { order { displayFinancialStatus
      totalOutstandingSet { shopMoney { amount } } } userErrors { message } } }"""
    paid = execute(text, id=gid)["data"]["orderMarkAsPaid"]
    assert paid["order"] == {"displayFinancialStatus": "PAID", "totalOutstandingSet": {"shopMoney": {"amount": "0.0"}}}
    assert execute(text, id=gid)["data"]["orderMarkAsPaid"]["userErrors"] == [
        {"message": "Order cannot be marked as paid."}
    ]


PAYMENTS = "id transactions { id kind gateway } lineItems(first: 50) { nodes { id } }"
REFUND = """mutation($input: RefundInput!, $key: String!) { refundCreate(input: $input) @idempotent(key: $key) {
  refund { id totalRefundedSet { presentmentMoney { amount } } } order { displayFinancialStatus
  lineItems(first: 50) { nodes { id currentQuantity refundableQuantity } } } userErrors { field message } } }"""


def test_a_refund_with_the_same_key_happens_once(execute: Execute, shop: Shop) -> None:
    order = find(
        execute,
        "financial_status:paid status:open",
        fields=PAYMENTS,
    )
    line = order["lineItems"]["nodes"][0]["id"]
    sale = next(t for t in order["transactions"] if t["kind"] in ("SALE", "CAPTURE"))
    money = {
        "orderId": order["id"],
        "kind": "REFUND",
        "gateway": sale["gateway"],
        "amount": "1.00",
        "parentId": sale["id"],
    }
    wish = {"orderId": order["id"], "refundLineItems": [{"lineItemId": line, "quantity": 1}], "transactions": [money]}
    first = execute(REFUND, input=wish, key="k1")["data"]["refundCreate"]
    second = execute(REFUND, input=wish, key="k1")["data"]["refundCreate"]
    assert first["userErrors"] == []
    assert second["refund"]["id"] == first["refund"]["id"]
    assert first["order"]["displayFinancialStatus"] == "PARTIALLY_REFUNDED"
    other = execute(REFUND, input={**wish, "note": "x"}, key="k1")
    assert other["errors"][0]["extensions"]["code"] == "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
    assert [m["effect"] for m in shop.store.mutations()] == [True, False]


def test_more_than_was_paid_is_not_refunded(execute: Execute) -> None:
    order = find(execute, "financial_status:paid status:open source_name:web", fields="id transactions { id kind }")
    sale = next(t for t in order["transactions"] if t["kind"] in ("SALE", "CAPTURE"))
    money = {"orderId": order["id"], "kind": "REFUND", "gateway": "x", "amount": "99999.00", "parentId": sale["id"]}
    errors = execute(REFUND, input={"orderId": order["id"], "transactions": [money]}, key="k")["data"]["refundCreate"]
    assert "is greater than net payment received" in errors["userErrors"][0]["message"]


CANCEL = """mutation($id: ID!) { orderCancel(orderId: $id, reason: CUSTOMER, restock: true,
  refundMethod: {originalPaymentMethodsRefund: true}) { job { id done } jobResult { id status }
  orderCancelUserErrors { field message code } } }"""


def test_cancelling_pays_back_takes_everything_off_and_closes(execute: Execute) -> None:
    gid = find(execute, "financial_status:paid fulfillment_status:unfulfilled status:open")["id"]
    started = execute(CANCEL, id=gid)["data"]["orderCancel"]
    assert started["orderCancelUserErrors"] == []
    assert started["job"]["done"] is False
    done = execute(
        """query($job: ID!, $id: ID!) { node(id: $job) { ... on OrderCancelJobResult { status done } }
        order(id: $id) { closed closedAt cancelledAt cancelReason displayFinancialStatus
          currentTotalPriceSet { shopMoney { amount } } totalOutstandingSet { shopMoney { amount } }
          lineItems(first: 50) { nodes { currentQuantity unfulfilledQuantity } } } }""",
        job=started["jobResult"]["id"],
        id=gid,
    )["data"]
    order = done["order"]
    assert done["node"] == {"status": "SUCCEEDED", "done": True}
    assert (order["closed"], order["closedAt"], order["cancelReason"]) == (True, order["cancelledAt"], "CUSTOMER")
    assert order["displayFinancialStatus"] == "REFUNDED"
    assert order["currentTotalPriceSet"] == order["totalOutstandingSet"] == {"shopMoney": {"amount": "0.0"}}
    again = execute(CANCEL, id=gid)["data"]["orderCancel"]["orderCancelUserErrors"]
    assert again[0]["message"] == "Cannot cancel an order that has already been canceled"


def test_a_shipped_order_is_not_cancelled(execute: Execute, shop: Shop) -> None:
    gid = find(execute, "fulfillment_status:shipped")["id"]
    answer = execute(CANCEL, id=gid)["data"]["orderCancel"]["orderCancelUserErrors"]
    message = "Cannot cancel an order that has outstanding fulfillments"
    assert answer == [{"field": ["orderId"], "message": message, "code": "INVALID"}]
    assert shop.store.mutations() == []


def test_an_injected_refusal_strikes_the_first_of_several(shop: Shop, execute: Execute) -> None:
    gid = find(execute, "status:open")["id"]
    text = """mutation($id: ID!) { a: tagsAdd(id: $id, tags: ["q"]) { userErrors { message } }
      b: tagsAdd(id: $id, tags: ["w"]) { userErrors { message } } }"""
    answer = run(Run(shop, "t", text, {"id": gid}, refuse=frozenset({0})))["data"]
    assert len(answer["a"]["userErrors"]) == 1
    assert answer["b"]["userErrors"] == []


def test_a_deleted_order_is_gone_and_only_the_events_tell(execute: Execute) -> None:
    gid = find(execute, "status:open")["id"]
    text = "mutation($id: ID!) { orderDelete(orderId: $id) { deletedId userErrors { code } } }"
    assert execute(text, id=gid)["data"]["orderDelete"] == {"deletedId": gid, "userErrors": []}
    assert execute(text, id=gid)["data"]["orderDelete"]["userErrors"] == [{"code": "NOT_FOUND"}]
    assert execute("query($id: ID!) { node(id: $id) { id } ordersCount { count } }", id=gid)["data"] == {
        "node": None,
        "ordersCount": {"count": 399},
    }
    events = execute('{ events(first: 5, query: "action:destroy") { nodes { ... on BasicEvent { subjectId } } } }')
    assert events["data"]["events"]["nodes"] == [{"subjectId": gid}]
