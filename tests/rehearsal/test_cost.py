"""Costs as Shopify counts them, and the bucket they come from."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse

from stores.rehearsal.cost import Estimate
from stores.rehearsal.execute import Run, run
from stores.rehearsal.schema import executable
from stores.rehearsal.shop import Settings, Shop
from stores.rehearsal.throttle import PLANS, Bucket
from tests.rehearsal.conftest import Execute


def requested(text: str, **variables: Any) -> int:
    document = parse(text)
    operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    return Estimate(executable(), document, operation, variables).requested()


@pytest.mark.parametrize(("size", "cost"), [(1, 3), (5, 5), (10, 6), (20, 7), (50, 9), (100, 11), (250, 13)])
def test_a_connection_costs_what_was_measured(size: int, cost: int) -> None:
    assert requested(f"{{ orders(first: {size}) {{ nodes {{ id }} }} }}") == cost


@pytest.mark.parametrize(
    ("document", "cost"),
    [
        ("{ orders(first: 250) { nodes { id lineItems(first: 250) { nodes { id } } } } }", 156),
        ('{ order(id: "gid://shopify/Order/1") { id customer { id } transactions { id } } }', 3),
        ("{ ordersCount { count } }", 10),
        ('mutation { orderClose(input: {id: "x"}) { order { id } userErrors { message } } }', 10),
        ('mutation { orderClose(input: {id: "x"}) { order { id customer { id } transactions { id } } } }', 12),
        (
            'mutation { a: tagsAdd(id: "x", tags: []) { node { id } } b: tagsAdd(id: "y", tags: []) { node { id } } }',
            20,
        ),
        ("{ shop { id plan { publicDisplayName } } }", 2),
        ("{ orders(first: 10) { nodes { totalPriceSet { shopMoney { amount } } } pageInfo { endCursor } } }", 6),
    ],
)
def test_a_document_costs_what_was_recorded(document: str, cost: int) -> None:
    assert requested(document) == cost


def test_a_variable_sizes_a_connection_and_a_left_out_part_costs_nothing() -> None:
    text = """query($n: Int!, $with: Boolean!) {
      orders(first: $n) { nodes { id ... @include(if: $with) { customer { id } } } } }"""
    assert requested(text, n=10, **{"with": False}) == 6
    assert requested(text, n=10, **{"with": True}) == 10


def test_the_difference_to_the_actual_cost_comes_back(shop: Shop) -> None:
    answer = run(
        Run(
            shop,
            "t",
            '{ orders(first: 250, query: "name:#1001") { nodes { id lineItems(first: 100) { nodes { id } } } } }',
        )
    )
    cost = answer["extensions"]["cost"]
    assert cost["requestedQueryCost"] == 134
    assert cost["actualQueryCost"] < 12
    assert cost["throttleStatus"] == {
        "maximumAvailable": 2000,
        "currentlyAvailable": 2000 - cost["actualQueryCost"],
        "restoreRate": 100,
    }


def test_a_document_over_1000_points_is_refused_whatever_the_plan() -> None:
    shop = Shop(Settings(orders=1, plan="plus"))
    events = "events(first: 250) { nodes { id } }"
    text = f"{{ orders(first: 250) {{ nodes {{ lineItems(first: 250) {{ nodes {{ product {{ {events} }} }} }} }} }} }}"
    error = run(Run(shop, "t", text))["errors"][0]
    shop.close()
    assert error["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert error["extensions"]["cost"] > 1000
    assert "which exceeds the single query max cost limit (1000)." in error["message"]


def test_an_empty_bucket_throttles_and_nothing_runs(shop: Shop, execute: Execute) -> None:
    gid = execute('{ orders(first: 1, query: "status:open") { nodes { id } } }')["data"]["orders"]["nodes"][0]["id"]
    shop.bucket.drain()
    answer = run(Run(shop, "t", "mutation($id: ID!) { orderClose(input: {id: $id}) { order { id } } }", {"id": gid}))
    assert answer["errors"] == [
        {
            "message": "Throttled",
            "extensions": {"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/rate-limits"},
        }
    ]
    assert answer["extensions"]["cost"]["actualQueryCost"] is None
    assert "data" not in answer
    assert shop.store.mutations() == []


@pytest.mark.parametrize(
    ("plan", "maximum", "rate"), [("standard", 2000, 100), ("advanced", 4000, 200), ("plus", 20000, 1000)]
)
def test_the_bucket_refills_by_the_clock_up_to_its_plan(plan: str, maximum: int, rate: int) -> None:
    time = [0.0]
    bucket = Bucket(PLANS[plan], lambda: time[0])
    assert bucket.take(maximum)
    assert not bucket.take(1)
    time[0] = 1.5
    assert bucket.status() == {"maximumAvailable": maximum, "currentlyAvailable": int(1.5 * rate), "restoreRate": rate}
    assert not bucket.take(int(1.5 * rate) + 1)
    time[0] = 1e6
    assert bucket.status()["currentlyAvailable"] == maximum
