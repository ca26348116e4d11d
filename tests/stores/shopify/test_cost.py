"""The cost model on small documents whose real price is known, and what an answer teaches it."""

from __future__ import annotations

import pytest

from stores.shopify.cost import Prices, requested_cost
from stores.shopify.selection import read_document

FLAT = "query Q($n: Int!) { orders(first: $n) { nodes { id name } } }"


@pytest.mark.parametrize(("size", "cost"), [(1, 3), (5, 5), (10, 6), (20, 7), (50, 9), (100, 11), (250, 13)])
def test_a_connection_grows_with_the_logarithm_of_its_size(size: int, cost: int) -> None:
    assert requested_cost(FLAT, {"n": size}) == cost


@pytest.mark.parametrize(
    ("document", "cost"),
    [
        ('query Q { order(id: "x") { id totalPriceSet { shopMoney { amount } } } }', 1),
        ('query Q { order(id: "x") { customer { id } transactions(first: 100) { id } } }', 3),
        ("query Q { orders(first: 250) { edges { node { lineItems(first: 250) { nodes { id } } } } } }", 156),
        ('query Q { a: ordersCount(query: "x") { count } b: ordersCount { count } }', 20),
        ('query Q { node(id: "x") { ... on Order { customer { id } app { id } } ... on Shop { plan { a } } } }', 3),
        (
            'mutation M { a: orderUpdate(input: {id: "first: 250"}) { order { address { a } } userErrors { b } } }',
            11,
        ),
        ("mutation M { refundCreate(input: {}) { refund { id } } }", 20),
    ],
)
def test_known_prices(document: str, cost: int) -> None:
    assert requested_cost(document, {}) == cost


def test_a_part_that_is_switched_off_costs_nothing() -> None:
    document = "query Q($with: Boolean!) { order(id: 1) { id customer @include(if: $with) { id } } }"

    assert [requested_cost(document, {"with": switch}) for switch in (True, False)] == [2, 1]


def test_fragments_count_where_they_are_spread_and_may_nest() -> None:
    document = """
    fragment Inner on Customer { id email { address } }
    query Q { order(id: 1) { ...Outer } }
    fragment Outer on Order { id customer { ...Inner } }
    """

    assert requested_cost(document, {}) == 3


def test_the_shops_own_price_is_believed_from_then_on_for_the_same_sizes_only() -> None:
    prices = Prices()

    prices.learn(FLAT, {"n": 10, "after": "abc"}, 40)

    assert prices.requested(FLAT, {"n": 10, "after": "def"}) == 40
    assert prices.requested(FLAT, {"n": 20}) == 7


@pytest.mark.parametrize("document", ["{ shop { id } }", "query Q { a @skip(if: $x) { b } }", "query Q { a % }"])
def test_a_document_that_the_reader_does_not_know_is_refused(document: str) -> None:
    with pytest.raises(ValueError):
        read_document(document)
