"""Reading: ids, pages, cursors, search, scopes, in Shopify's words."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from stores.rehearsal.execute import Run, run
from stores.rehearsal.shop import Settings, Shop
from tests.rehearsal.conftest import Execute

PAGE = """query($first: Int, $after: String, $query: String, $key: OrderSortKeys, $last: Int, $before: String) {
  orders(first: $first, after: $after, last: $last, before: $before, query: $query, sortKey: $key) {
    nodes { id name email updatedAt tags displayFinancialStatus displayFulfillmentStatus test closed cancelledAt }
    edges { cursor }
    pageInfo { hasNextPage hasPreviousPage endCursor startCursor } } }"""


def is_open(node: dict[str, Any]) -> bool:
    return not node["closed"] and not node["cancelledAt"]


def pages(execute: Execute, size: int, **variables: Any) -> list[dict[str, Any]]:
    found, after = [], None
    while True:
        answer = execute(PAGE, first=size, after=after, **variables)["data"]["orders"]
        found += answer["nodes"]
        if not answer["pageInfo"]["hasNextPage"]:
            return found
        after = answer["pageInfo"]["endCursor"]


@pytest.mark.parametrize("key", ["UPDATED_AT", "CREATED_AT", "PROCESSED_AT", "ID", "TOTAL_PRICE", "CUSTOMER_NAME"])
def test_pages_of_every_order_show_each_once_whatever_the_sort(execute: Execute, key: str) -> None:
    found = pages(execute, 7, key=key)
    assert len(found) == 400
    assert len({node["id"] for node in found}) == 400
    if key == "UPDATED_AT":
        assert [node["updatedAt"] for node in found] == sorted(node["updatedAt"] for node in found)


def test_a_page_may_be_read_backwards(execute: Execute) -> None:
    whole = pages(execute, 50, key="ID")
    tail = execute(PAGE, last=5, key="ID")["data"]["orders"]
    assert [n["id"] for n in tail["nodes"]] == [n["id"] for n in whole[-5:]]
    assert tail["pageInfo"]["hasPreviousPage"] is True
    before = execute(PAGE, last=5, before=tail["pageInfo"]["startCursor"], key="ID")["data"]["orders"]
    assert [n["id"] for n in before["nodes"]] == [n["id"] for n in whole[-10:-5]]


def test_a_cursor_is_base64_of_the_last_id_and_value(execute: Execute) -> None:
    edge = execute(PAGE, first=1, key="UPDATED_AT")["data"]["orders"]["edges"][0]
    assert set(json.loads(base64.b64decode(edge["cursor"]))) == {"last_id", "last_value"}


def test_nested_connections_are_cut_and_can_be_followed(execute: Execute) -> None:
    orders = execute(
        "{ orders(first: 250) { nodes { id "
        "lineItems(first: 1) { pageInfo { hasNextPage endCursor } nodes { id } } } } }"
    )
    cut = next(n for n in orders["data"]["orders"]["nodes"] if n["lineItems"]["pageInfo"]["hasNextPage"])
    rest = execute(
        "query($id: ID!, $after: String) { order(id: $id) { lineItems(first: 50, after: $after) { nodes { id } } } }",
        id=cut["id"],
        after=cut["lineItems"]["pageInfo"]["endCursor"],
    )["data"]["order"]["lineItems"]["nodes"]
    assert rest
    assert cut["lineItems"]["nodes"][0] not in rest


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("financial_status:paid", lambda n: n["displayFinancialStatus"] == "PAID"),
        ("fulfillment_status:on_hold", lambda n: n["displayFulfillmentStatus"] == "ON_HOLD"),
        ("status:open", is_open),
        ("status:cancelled", lambda n: n["cancelledAt"] is not None),
        ("test:true", lambda n: n["test"]),
        ("tag:vip", lambda n: "VIP" in n["tags"]),
        ("tag_not:VIP", lambda n: "VIP" not in n["tags"]),
        ("-tag:VIP status:open", lambda n: "VIP" not in n["tags"] and is_open(n)),
        ("tag:VIP OR tag:gift", lambda n: "VIP" in n["tags"] or "gift" in n["tags"]),
        ("(tag:VIP OR tag:gift) AND status:open", lambda n: {"VIP", "gift"} & {*n["tags"]} and is_open(n)),
        ("NOT financial_status:paid", lambda n: n["displayFinancialStatus"] != "PAID"),
        ("name:#1007", lambda n: n["name"] == "#1007"),
        ("name:100*", lambda n: n["name"].startswith("#100")),
        ("tag:'check address'", lambda n: "check address" in n["tags"]),
        ("tag:repeat*", lambda n: "repeat buyer" in n["tags"]),
    ],
)  # fmt: skip
def test_search_finds_what_it_says(execute: Execute, query: str, wanted: Any) -> None:
    everything = pages(execute, 250, key="ID")
    found = pages(execute, 250, key="ID", query=query)
    assert [n["id"] for n in found] == [n["id"] for n in everything if wanted(n)]
    assert found, "the seed holds no such order"


def test_times_compare_to_the_second_and_greater_means_at_least(execute: Execute) -> None:
    everything = pages(execute, 250, key="UPDATED_AT")
    moment = everything[200]["updatedAt"]
    found = pages(execute, 250, key="UPDATED_AT", query=f"updated_at:>'{moment}'")
    assert [n["id"] for n in found] == [n["id"] for n in everything if n["updatedAt"] >= moment]


@pytest.mark.parametrize("query", ["statuss:open", "status:banana", "created_at:yesterday", "financial_status:paidd"])
def test_search_fails_open_with_a_warning(execute: Execute, query: str) -> None:
    answer = execute("query($q: String) { ordersCount(query: $q) { count } }", q=query)
    assert answer["data"]["ordersCount"]["count"] == 400
    assert [w["field"] for w in answer["extensions"]["search"][0]["warnings"]] == [query.split(":")[0]]


def test_a_count_says_when_it_stopped_counting(execute: Execute) -> None:
    answer = execute(
        "{ some: ordersCount(limit: 100) { count precision } all: ordersCount(limit: null) { count precision } }"
    )
    assert answer["data"] == {
        "some": {"count": 100, "precision": "AT_LEAST"},
        "all": {"count": 400, "precision": "EXACT"},
    }


@pytest.mark.parametrize(
    ("document", "code", "message"),
    [
        ('{ order(id: "gid://shopify/Order/0") { id } }', "RESOURCE_NOT_FOUND", "invalid id"),
        ('{ order(id: "gid://shopify/Product/7000") { id } }', "RESOURCE_NOT_FOUND", "invalid id"),
        ("{ orders(first: 251) { nodes { id } } }", "BAD_REQUEST", "first cannot exceed 250"),
        ("{ orders { nodes { id } } }", "BAD_REQUEST", "you must provide one of first or last"),
        ("{ order { id } }", "missingRequiredArguments", "Field 'order' is missing required arguments: id"),
        ("{ shop { colour } }", "undefinedField", "Field 'colour' doesn't exist on type 'Shop'"),
        ("{ shop(size: 3) { id } }", "argumentNotAccepted", "Field 'shop' doesn't accept argument 'size'"),
        ("query Q($x: ID) { shop { id } }", "variableNotUsed", "Variable $x is declared by Q but not used"),
        (
            'mutation { orderClose(input: {id: "gid://shopify/Order/1"}) { userErrors { code } } }',
            "undefinedField",
            "Field 'code' doesn't exist on type 'UserError'",
        ),
        (
            "mutation M { orderUpdate(input: {note: \"x\"}) { order { id } } }",
            "missingRequiredInputObjectAttribute",
            "Argument 'id' on InputObject 'OrderInput' is required. Expected type ID!",
        ),
        (
            "mutation M { orderUpdate(input: {id: null}) { order { id } } }",
            "argumentLiteralsIncompatible",
            "Argument 'id' on InputObject 'OrderInput' has an invalid value (null). Expected type 'ID!'.",
        ),
    ],
)  # fmt: skip
def test_errors_have_shopifys_codes_and_words(execute: Execute, document: str, code: str, message: str) -> None:
    error = execute(document)["errors"][0]
    assert (error["extensions"]["code"], error["message"]) == (code, message)


def test_a_null_variable_is_refused_with_its_problem(execute: Execute) -> None:
    answer = execute("query($id: ID!) { order(id: $id) { id } }", id=None)
    assert answer["errors"][0]["message"] == "Variable $id of type ID! was provided invalid value"
    assert answer["errors"][0]["extensions"] == {
        "code": "INVALID_VARIABLE",
        "value": None,
        "problems": [{"path": [], "explanation": "Expected value to not be null"}],
    }
    assert "data" not in answer


def test_an_unknown_id_is_null_without_an_error(execute: Execute) -> None:
    answer = execute('{ order(id: "gid://shopify/Order/123") { id } nodes(ids: ["gid://shopify/Order/123"]) { id } }')
    assert answer["data"] == {"order": None, "nodes": [None]}
    assert "errors" not in answer


def test_lists_of_more_than_250_ids_are_refused(execute: Execute) -> None:
    answer = execute("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["gid://shopify/Order/1"] * 251)
    assert answer["errors"][0]["message"] == "The input array size of 251 is greater than the maximum allowed of 250."


def test_nodes_finds_parts_of_orders_of_every_kind(execute: Execute) -> None:
    node = execute(
        '{ orders(first: 1, query: "fulfillment_status:shipped") { nodes { id transactions { id } fulfillments { id } '
        "lineItems(first: 1) { nodes { id } } fulfillmentOrders(first: 1) { nodes { id } } } } }"
    )["data"]["orders"]["nodes"][0]
    ids = [node["id"], node["transactions"][0]["id"], node["fulfillments"][0]["id"]]
    ids += [node["lineItems"]["nodes"][0]["id"], node["fulfillmentOrders"]["nodes"][0]["id"]]
    found = execute("query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", ids=ids)["data"]["nodes"]
    assert [f["id"] for f in found] == ids
    assert [f["__typename"] for f in found] == [
        "Order",
        "OrderTransaction",
        "Fulfillment",
        "LineItem",
        "FulfillmentOrder",
    ]


def test_fulfilment_orders_have_a_clock_of_their_own(execute: Execute) -> None:
    query = """query($after: String) {
      fulfillmentOrders(first: 100, after: $after, sortKey: UPDATED_AT, includeClosed: true) {
        nodes { id updatedAt orderId orderName status } pageInfo { hasNextPage endCursor } } }"""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        answer = execute(query, after=after)["data"]["fulfillmentOrders"]
        found += answer["nodes"]
        after = answer["pageInfo"]["endCursor"]
        if not answer["pageInfo"]["hasNextPage"]:
            break
    assert [f["updatedAt"] for f in found] == sorted(f["updatedAt"] for f in found)
    assert len({f["orderId"] for f in found}) > 380
    alive = execute('{ fulfillmentOrders(first: 250, query: "status:on_hold") { nodes { status } } }')["data"]
    assert {f["status"] for f in alive["fulfillmentOrders"]["nodes"]} == {"ON_HOLD"}


def test_without_a_scope_a_field_is_refused_and_old_orders_are_silently_missing() -> None:
    few = Shop(Settings(orders=400, scopes=("read_orders",)))
    try:

        def execute(query: str) -> dict[str, Any]:
            return run(Run(few, "test", query))

        assert execute("{ ordersCount { count } }")["data"]["ordersCount"]["count"] < 400
        answer = execute(
            "{ orders(first: 1) { nodes { customer { id } fulfillmentOrders(first: 5) { nodes { id } } } } }"
        )
        assert answer["errors"][0]["extensions"]["requiredAccess"] == "`read_customers` access scope."
        assert answer["errors"][0]["path"] == ["orders", "nodes", 0, "customer"]
        assert answer["data"]["orders"]["nodes"][0]["fulfillmentOrders"]["nodes"] == []
        closed = execute('mutation { orderClose(input: {id: "gid://shopify/Order/1"}) { userErrors { message } } }')
        assert closed["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    finally:
        few.close()


def test_pages_reach_25000_objects_and_no_further(execute: Execute, shop: Shop) -> None:
    object.__setattr__(shop.settings, "reach", 20)
    first = execute(PAGE, first=20, key="ID")["data"]["orders"]
    beyond = execute(PAGE, first=20, key="ID", after=first["pageInfo"]["endCursor"])
    assert beyond["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
