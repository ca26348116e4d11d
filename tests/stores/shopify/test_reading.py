"""Reading orders: windows, pages, ids, lists that were cut, and what a shop may keep to itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from stores.shopify.client import Client, Heard
from stores.shopify.errors import Final, GarbageAnswer, NeedsPerson, TooExpensive, TryAgain
from stores.shopify.reading import (
    ChangedFulfillmentOrder,
    OrderCount,
    count_orders,
    iterate_orders,
    read_changed_fulfillment_orders,
    read_fulfillment_orders,
    read_orders,
    read_orders_page,
    read_shop,
)
from stores.shopify.throttle import Lane
from tests.stores.shopify import answers
from tests.stores.shopify.conftest import FakeClock
from tests.stores.shopify.stub import Stub, sends

ALL = frozenset({"write_orders", "read_customers", "read_merchant_managed_fulfillment_orders"})
BACKGROUND = Lane.BACKGROUND
START = datetime(2026, 10, 1, 12, tzinfo=UTC)


def gids(*numbers: int) -> list[str]:
    return [f"gid://shopify/Order/{number}" for number in numbers]


def test_a_page_of_updates_is_asked_for_in_ascending_order(stub: Stub, client: Client) -> None:
    stub.will_say(answers.page(answers.order(1), answers.order(2), cursor="c2"))

    page = read_orders_page(
        client, scopes=ALL, lane=BACKGROUND, updated_from=START, updated_to=START, after="c0", first=2
    )

    assert [order.gid for order in page.items] == gids(1, 2)
    assert (page.end_cursor, page.has_next) == ("c2", True)
    asked = stub.calls[0].variables
    assert (asked["sortKey"], asked["reverse"], asked["first"], asked["after"]) == ("UPDATED_AT", False, 2, "c0")
    assert asked["query"] == "updated_at:>='2026-10-01T12:00:00Z' AND updated_at:<='2026-10-01T12:00:00Z'"
    assert (asked["withCustomer"], asked["withFulfillmentOrders"]) == (True, True)


def test_a_first_load_may_read_the_newest_orders_first(stub: Stub, client: Client) -> None:
    stub.will_say(answers.page())

    page = read_orders_page(client, scopes=ALL, lane=BACKGROUND, created_to=START, newest_first=True)

    assert (page.items, page.end_cursor, page.has_next) == ((), None, False)
    asked = stub.calls[0].variables
    assert (asked["sortKey"], asked["reverse"]) == ("CREATED_AT", True)
    assert asked["query"] == "created_at:<='2026-10-01T12:00:00Z'"


def test_updates_are_never_read_backwards(client: Client) -> None:
    with pytest.raises(ValueError, match="loses rows"):
        read_orders_page(client, scopes=ALL, lane=BACKGROUND, updated_from=START, newest_first=True)


def test_pages_follow_one_another_to_the_end(stub: Stub, client: Client) -> None:
    stub.will_say(
        answers.page(answers.order(1), cursor="c1"), answers.page(answers.order(2), cursor="c2"), answers.page()
    )

    pages = list(iterate_orders(client, scopes=ALL, lane=BACKGROUND))

    assert [[order.number for order in page.items] for page in pages] == [[1], [2], []]
    assert [call.variables["after"] for call in stub.calls] == [None, "c1", "c2"]


@pytest.mark.parametrize(
    "page",
    [
        answers.page(answers.order(1), cursor="c0"),
        answers.page(cursor="c1"),
        {
            "data": {
                "orders": {"nodes": [answers.order()], "pageInfo": {"hasNextPage": True, "endCursor": None}},
            }
        },
    ],
    ids=["same cursor", "empty page", "no cursor"],
)
def test_a_page_that_would_be_read_for_ever_is_refused(page: dict[str, Any], stub: Stub, client: Client) -> None:
    stub.will_say(page)

    with pytest.raises(GarbageAnswer):
        read_orders_page(client, scopes=ALL, lane=BACKGROUND, after="c0")


def test_a_search_that_shopify_ignored_in_part_is_an_error(stub: Stub, client: Client) -> None:
    warning = {"field": "updated_at", "message": "Input is not an accepted value.", "code": "invalid_value"}
    stub.will_say(answers.page(answers.order(), extensions={"search": [{"warnings": [warning]}]}))

    with pytest.raises(Final) as refusal:
        read_orders_page(client, scopes=ALL, lane=BACKGROUND, updated_from=START)

    assert refusal.value.code == "search_ignored"


@pytest.mark.row("REL-S08")
def test_a_page_with_errors_beside_its_data_is_not_accepted(stub: Stub, client: Client) -> None:
    broken = answers.failed("INTERNAL_SERVER_ERROR", path=["orders", "nodes", 0, "lineItems"])
    stub.will_say(answers.page(answers.order()) | {"errors": broken["errors"]})

    with pytest.raises(TryAgain):
        read_orders_page(client, scopes=ALL, lane=Lane.INTERACTIVE)

    assert len(stub.calls) == 2


NOT_APPROVED = "This app is not approved to access the Customer object. See the protected data page for details."


def test_protected_fields_come_back_as_redacted_of_their_own_order(stub: Stub, client: Client) -> None:
    def refused(*path: str | int, code: str | None = "ACCESS_DENIED", message: str = NOT_APPROVED) -> dict[str, Any]:
        return answers.failed(code, message, ["orders", "nodes", *path])["errors"][0]

    errors = [
        refused(0, "customer"),
        refused(1, "email", code=None),
        refused(1, "shippingAddress", "firstName"),
        refused(1, "customer", "defaultEmailAddress", message="Access denied"),
    ]
    stub.will_say(
        answers.page(answers.order(1, customer=None), answers.order(2, email=None), answers.order(3))
        | {"errors": errors}
    )

    page = read_orders_page(client, scopes=ALL, lane=BACKGROUND)

    assert [order.redacted for order in page.items] == [
        {"customer"},
        {"email", "shipping_address", "customer.email"},
        frozenset(),
    ]


class Knows:
    """A witness that knows from earlier answers what Shopify hides."""

    hidden = ("email", "customer.email", "shipping_address")

    def __call__(self, heard: Heard) -> None: ...


def test_nothing_where_shopify_is_known_to_hide_something_is_not_taken_for_none_given(
    stub: Stub, connect: Callable[..., Client]
) -> None:
    stub.will_say(answers.page(answers.order(1, email=None, shippingAddress=None), answers.order(2, email="a@b.nl")))

    page = read_orders_page(connect(stub.base_url, witness=Knows()), scopes=ALL, lane=BACKGROUND)

    assert [order.redacted & {"email", "shipping_address"} for order in page.items] == [
        {"email", "shipping_address"},
        frozenset(),
    ]


def test_an_app_that_is_not_approved_at_all_is_told_what_to_ask_for(stub: Stub, client: Client) -> None:
    denied = answers.failed("ACCESS_DENIED", "This app is not approved to access the Order object.", ["orders"])
    stub.will_say(denied)

    with pytest.raises(NeedsPerson) as refusal:
        read_orders_page(client, scopes=ALL, lane=BACKGROUND)

    assert refusal.value.code == "data_not_approved"
    assert "protected customer data" in str(refusal.value)


@pytest.mark.parametrize(
    "path",
    [["orders"], ["orders", "nodes", 0], ["orders", "nodes", 0, "note"], ["orders", "nodes", 0, "transactions"]],
)
def test_other_refused_fields_fail_the_page(path: list[Any], stub: Stub, client: Client) -> None:
    denied = answers.failed("ACCESS_DENIED", "Access denied for transactions field.", path)
    stub.will_say(answers.page(answers.order()) | {"errors": denied["errors"]})

    with pytest.raises(NeedsPerson) as refusal:
        read_orders_page(client, scopes=ALL, lane=BACKGROUND)

    assert refusal.value.code == "missing_scope"


def test_what_no_scope_opens_is_not_asked_for(stub: Stub, client: Client) -> None:
    order = answers.order()
    del order["customer"], order["fulfillmentOrders"]
    stub.will_say(answers.page(order))

    page = read_orders_page(client, scopes={"read_orders"}, lane=BACKGROUND)

    asked = stub.calls[0].variables
    assert (asked["withCustomer"], asked["withFulfillmentOrders"]) == (False, False)
    assert page.items[0].redacted == {"customer", "fulfillment_orders"}
    assert page.items[0].complete


def test_lists_that_were_cut_are_read_to_their_end(stub: Stub, client: Client) -> None:
    order = answers.order(
        lineItems=answers.connection(answers.line(1), cursor="l1"),
        fulfillmentOrders=answers.connection(answers.fulfillment_order(1), cursor="f1"),
        fulfillments=[
            answers.fulfillment(1, fulfillmentLineItems=answers.connection(answers.shipped_line(1), cursor="s1")),
            answers.fulfillment(2),
        ],
        refunds=[answers.refund(1, refundLineItems=answers.connection(answers.refunded_line(1), cursor="r1"))],
    )
    rests: dict[tuple[str, str], dict[str, Any]] = {
        ("OrderLines", "l1"): {"order": {"lineItems": answers.connection(answers.line(2), cursor="l2")}},
        ("OrderLines", "l2"): {"order": {"lineItems": answers.connection(answers.line(3))}},
        ("OrderFulfillmentOrders", "f1"): {
            "order": {
                "fulfillmentOrders": answers.connection(
                    answers.fulfillment_order(
                        2, lineItems=answers.connection(answers.fulfillment_order_line(21), cursor="p1")
                    )
                )
            }
        },
        ("FulfillmentOrderLines", "p1"): {
            "fulfillmentOrder": {"lineItems": answers.connection(answers.fulfillment_order_line(22))}
        },
        ("FulfillmentLines", "s1"): {
            "fulfillment": {"fulfillmentLineItems": answers.connection(answers.shipped_line(2))}
        },
        ("RefundLines", "r1"): {"refund": {"refundLineItems": answers.connection(answers.refunded_line(2))}},
    }

    def answer(handler: Any, asked: Any) -> None:
        name = asked["query"].split("(")[0].removeprefix("query ")
        data = {"nodes": [order]} if name == "OrdersByIds" else rests[name, asked["variables"]["after"]]
        sends({"data": data})(handler, asked)

    stub.will(answer)
    found = read_orders(client, [answers.ORDER], scopes=ALL, lane=BACKGROUND)[answers.ORDER]

    assert found is not None
    assert found.complete
    assert [line.gid[-1] for line in found.lines] == ["1", "2", "3"]
    assert [one.gid[-1] for one in found.fulfillment_orders] == ["1", "2"]
    assert [[line.gid[-2:] for line in one.lines] for one in found.fulfillment_orders] == [["/1"], ["21", "22"]]
    assert [[line.gid[-1] for line in one.lines] for one in found.fulfillments] == [["1", "2"], ["1"]]
    assert [line.line_item_gid[-1] for line in found.refunds[0].lines] == ["1", "2"]
    assert len(stub.calls) == 1 + len(rests)


@pytest.mark.parametrize("rest", [None, {"lineItems": answers.connection(answers.line(2), cursor="again")}])
def test_an_order_whose_rest_cannot_be_had_says_so(rest: dict[str, Any] | None, stub: Stub, client: Client) -> None:
    order = answers.order(lineItems=answers.connection(answers.line(1), cursor="l1"))
    stub.will_say(answers.page(order), {"data": {"order": rest}})

    page = read_orders_page(client, scopes=ALL, lane=BACKGROUND)

    assert [one.complete for one in page.items] == [False]
    assert len(stub.calls) <= 41


def test_orders_are_read_by_id_in_chunks_and_the_missing_ones_are_none(stub: Stub, client: Client) -> None:
    def answer(handler: Any, asked: Any) -> None:
        numbers = [int(gid.rsplit("/", 1)[1]) for gid in asked["variables"]["ids"]]
        sends({"data": {"nodes": [answers.order(n) if n % 2 else None for n in numbers]}})(handler, asked)

    stub.will(answer)
    found = read_orders(client, gids(*range(1, 61), 1, 2), scopes=ALL, lane=BACKGROUND)

    assert list(found) == gids(*range(1, 61))
    assert [gid for gid, order in found.items() if order is None] == gids(*range(2, 61, 2))
    assert [len(call.variables["ids"]) for call in stub.calls] == [50, 10]


def test_a_chunk_that_is_too_dear_is_halved(stub: Stub, client: Client) -> None:
    def answer(handler: Any, asked: Any) -> None:
        wanted = asked["variables"]["ids"]
        if len(wanted) > 2:
            sends(answers.failed("MAX_COST_EXCEEDED"))(handler, asked)
        else:
            nodes = [answers.order(int(gid.rsplit("/", 1)[1])) for gid in wanted]
            sends({"data": {"nodes": nodes}})(handler, asked)

    stub.will(answer)
    found = read_orders(client, gids(*range(1, 8)), scopes=ALL, lane=BACKGROUND)

    assert [order.number for order in found.values() if order] == list(range(1, 8))
    assert [len(call.variables["ids"]) for call in stub.calls] == [7, 3, 1, 2, 4, 2, 2]


def test_a_single_order_that_is_too_dear_is_an_error(stub: Stub, client: Client) -> None:
    stub.will_say(answers.failed("MAX_COST_EXCEEDED"))

    with pytest.raises(TooExpensive):
        read_orders(client, gids(1), scopes=ALL, lane=BACKGROUND)


@pytest.mark.parametrize(
    "nodes", [[answers.order(2)], [], [answers.order(1), None], [{"__typename": "Customer"}]], ids=len
)
def test_an_answer_about_other_orders_is_not_used(nodes: list[Any], stub: Stub, client: Client) -> None:
    stub.will_say({"data": {"nodes": nodes}})

    with pytest.raises(GarbageAnswer):
        read_orders(client, gids(1), scopes=ALL, lane=BACKGROUND)


def test_only_orders_are_asked_for_as_orders(client: Client) -> None:
    with pytest.raises(ValueError, match="not an order"):
        read_orders(client, ["gid://shopify/Customer/1"], scopes=ALL, lane=BACKGROUND)


@pytest.mark.row("REL-S06")
def test_a_throttled_query_waits_and_is_repeated(stub: Stub, client: Client, clock: FakeClock) -> None:
    stub.will_say(answers.throttled(314, 48), answers.page(answers.order(1)))

    page = read_orders_page(client, scopes=ALL, lane=Lane.INTERACTIVE, first=10)

    assert len(page.items) == 1
    assert len(stub.calls) == 2
    assert sum(clock.slept) >= 2.66


def test_the_second_clock_names_the_orders_to_read_again(stub: Stub, client: Client) -> None:
    node = {"id": "gid://shopify/FulfillmentOrder/5", "orderId": gids(9)[0], "updatedAt": "2026-10-02T00:00:00Z"}
    stub.will_say({"data": {"fulfillmentOrders": answers.connection(node, cursor="c")}})

    page = read_changed_fulfillment_orders(client, updated_from=START, lane=BACKGROUND)

    changed = ChangedFulfillmentOrder(node["id"], gids(9)[0], datetime(2026, 10, 2, tzinfo=UTC))
    assert (page.items, page.end_cursor, page.has_next) == ((changed,), "c", True)
    assert stub.calls[0].variables["query"] == "updated_at:>='2026-10-01T12:00:00Z'"


def test_fulfilment_orders_lead_to_their_orders(stub: Stub, client: Client) -> None:
    first, gone = "gid://shopify/FulfillmentOrder/1", "gid://shopify/FulfillmentOrder/2"
    node = {"id": first, "orderId": gids(9)[0], "updatedAt": "2026-10-02T00:00:00Z"}
    stub.will_say({"data": {"nodes": [node, None]}})

    found = read_fulfillment_orders(client, [first, gone, first], lane=BACKGROUND)

    assert found == {
        first: ChangedFulfillmentOrder(first, gids(9)[0], datetime(2026, 10, 2, tzinfo=UTC)),
        gone: None,
    }


def test_a_count_says_whether_it_is_exact(stub: Stub, client: Client) -> None:
    stub.will_say(
        {"data": {"ordersCount": {"count": 23_770, "precision": "EXACT"}}},
        {"data": {"ordersCount": {"count": 10_000, "precision": "AT_LEAST"}}},
    )

    assert count_orders(client, lane=BACKGROUND) == OrderCount(23_770, exact=True)
    assert count_orders(client, lane=BACKGROUND, created_from=START) == OrderCount(10_000, exact=False)
    assert [call.variables["query"] for call in stub.calls] == [None, "created_at:>='2026-10-01T12:00:00Z'"]


def test_a_shop_that_is_not_reachable_says_so_after_its_patience(stub: Stub, client: Client, clock: FakeClock) -> None:
    stub.will(sends({}, status=503))

    with pytest.raises(TryAgain) as refusal:
        read_shop(client)

    assert refusal.value.code == "shop_unavailable"
    assert len(stub.calls) == 2
    assert sum(clock.slept) <= 5.0
