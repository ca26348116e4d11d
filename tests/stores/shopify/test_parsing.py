"""From Shopify's answer to a snapshot: exact, tolerant of new words, strict about shapes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from graphql import GraphQLSchema
from hypothesis import given, settings
from hypothesis import strategies as st

from stores.shopify.errors import GarbageAnswer
from stores.shopify.parsing import parse_order, parse_shop
from stores.shopify.parsing_parts import Cut, CutList
from stores.shopify.shapes import Part
from stores.shopify.snapshots import (
    Address,
    CustomerSnapshot,
    DisputeSnapshot,
    FulfillmentLineSnapshot,
    FulfillmentOrderLineSnapshot,
    FulfillmentOrderSnapshot,
    FulfillmentSnapshot,
    HoldSnapshot,
    LineItemSnapshot,
    Money,
    MoneyBag,
    OrderSnapshot,
    RefundLineSnapshot,
    RefundSnapshot,
    RiskSnapshot,
    TrackingSnapshot,
    TransactionSnapshot,
)
from tests.stores.shopify import answers

TOTAL = MoneyBag(Money(Decimal("42.50"), "EUR"), Money(Decimal(6800), "JPY"))
UNIT = MoneyBag(Money(Decimal("12.5"), "EUR"), Money(Decimal(2000), "JPY"))


@pytest.fixture(scope="module")
def whole(schema: GraphQLSchema) -> dict[str, Any]:
    """One order as the document selects it, by the schema's own rules."""
    variables = {"ids": [answers.ORDER], **answers.SIZES, **answers.SWITCHES}
    return answers.as_shopify_answers(schema, "orders_by_ids", variables, {"nodes": [answers.order()]})["nodes"][0]


def test_an_order_arrives_with_everything(whole: dict[str, Any]) -> None:
    parsed = parse_order(Part(whole))

    assert parsed.cuts == ()
    assert parsed.snapshot == OrderSnapshot(
        gid=answers.ORDER,
        legacy_id=1001,
        name="#1001",
        number=1001,
        confirmation_number="X1Y2",
        po_number="",
        created_at=datetime(2026, 10, 1, 9, tzinfo=UTC),
        processed_at=datetime(2026, 10, 1, 9, tzinfo=UTC),
        updated_at=datetime(2026, 10, 4, 8, tzinfo=UTC),
        closed=False,
        closed_at=None,
        cancelled_at=None,
        cancel_reason="",
        test=False,
        confirmed=True,
        edited=False,
        financial_status="PARTIALLY_REFUNDED",
        fulfillment_status="PARTIALLY_FULFILLED",
        return_status="NO_RETURN",
        fully_paid=True,
        unpaid=False,
        requires_shipping=True,
        email="ada@example.com",
        phone="",
        locale="nl",
        note="Ring twice 🔔",
        tags=("gift", "VIP"),
        custom_attributes=(("wrap", ""),),
        source_name="web",
        payment_gateways=("bogus",),
        discount_codes=(),
        shipping_title="Standard",
        shop_currency="EUR",
        presentment_currency="JPY",
        total=TOTAL,
        current_total=TOTAL,
        current_subtotal=TOTAL,
        outstanding=TOTAL,
        received=TOTAL,
        refunded=TOTAL,
        net_payment=TOTAL,
        discounts=TOTAL,
        shipping=TOTAL,
        tax=MoneyBag(Money(Decimal(0), "EUR"), Money(Decimal(0), "JPY")),
        status_page_url="https://my-shop.example.com/orders/1",
        customer=CustomerSnapshot(
            gid="gid://shopify/Customer/7",
            display_name="Ada de Vries",
            first_name="Ada",
            last_name="de Vries",
            email="ada@example.com",
            phone="",
            locale="nl",
            number_of_orders=12,
        ),
        shipping_address=Address(
            first_name="Ada",
            last_name="de Vries",
            address1="Dam 1",
            city="Amsterdam",
            zip="1012 JS",
            country="Netherlands",
            country_code="NL",
        ),
        billing_address=None,
        lines=(
            LineItemSnapshot(
                gid="gid://shopify/LineItem/1",
                title="Cup",
                variant_title="",
                name="Cup",
                sku="",
                vendor="Pottery",
                quantity=3,
                current_quantity=2,
                unfulfilled_quantity=1,
                refundable_quantity=2,
                requires_shipping=True,
                original_unit_price=UNIT,
                discounted_total=MoneyBag(Money(Decimal("37.5"), "EUR"), Money(Decimal(6000), "JPY")),
                image_url="https://cdn.example.com/cup.png",
            ),
        ),
        fulfillment_orders=(
            FulfillmentOrderSnapshot(
                gid="gid://shopify/FulfillmentOrder/1",
                status="ON_HOLD",
                request_status="UNSUBMITTED",
                created_at=datetime(2026, 10, 1, 9, tzinfo=UTC),
                updated_at=datetime(2026, 10, 2, 9, tzinfo=UTC),
                fulfill_at=None,
                fulfill_by=None,
                location_name="Shed",
                delivery_method="SHIPPING",
                supported_actions=("RELEASE_HOLD",),
                holds=(
                    HoldSnapshot("gid://shopify/FulfillmentHold/1", "OTHER", "Wait for the twin", "Other", "", False),
                ),
                lines=(
                    FulfillmentOrderLineSnapshot(
                        "gid://shopify/FulfillmentOrderLineItem/1", "gid://shopify/LineItem/1", 3, 1
                    ),
                ),
            ),
        ),
        fulfillments=(
            FulfillmentSnapshot(
                gid="gid://shopify/Fulfillment/1",
                name="#1001-F1",
                status="SUCCESS",
                display_status="DELIVERED",
                created_at=datetime(2026, 10, 2, 8, tzinfo=UTC),
                updated_at=datetime(2026, 10, 3, 8, tzinfo=UTC),
                delivered_at=datetime(2026, 10, 3, 7, 59, tzinfo=UTC),
                estimated_delivery_at=None,
                tracking=(TrackingSnapshot("PostNL", "3S1", ""),),
                lines=(FulfillmentLineSnapshot("gid://shopify/FulfillmentLineItem/1", "gid://shopify/LineItem/1", 2),),
            ),
        ),
        transactions=(
            TransactionSnapshot(
                gid="gid://shopify/OrderTransaction/1",
                kind="SALE",
                status="SUCCESS",
                gateway="bogus",
                error_code="",
                created_at=datetime(2026, 10, 1, 9, 0, 1, tzinfo=UTC),
                processed_at=datetime(2026, 10, 1, 9, 0, 1, tzinfo=UTC),
                parent_gid="",
                test=False,
                amount=TOTAL,
            ),
        ),
        refunds=(
            RefundSnapshot(
                gid="gid://shopify/Refund/1",
                created_at=datetime(2026, 10, 4, 8, tzinfo=UTC),
                note="",
                total=UNIT,
                lines=(RefundLineSnapshot("gid://shopify/LineItem/1", 1, "RETURN", UNIT),),
            ),
        ),
        disputes=(DisputeSnapshot("gid://shopify/OrderDisputeSummary/1", "WON", "INQUIRY"),),
        risk=RiskSnapshot(recommendation="INVESTIGATE", level="MEDIUM"),
    )


def fields(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every field in an answer."""
    if isinstance(value, dict):
        for name, inside in value.items():
            yield (*path, name)
            yield from fields(inside, (*path, name))
    elif isinstance(value, list):
        for at, inside in enumerate(value):
            yield from fields(inside, (*path, at))


def changed(value: dict[str, Any], path: tuple[str | int, ...], new: object) -> dict[str, Any]:
    """A copy with another value at `path`; no value at all for `...`."""
    result = copy.deepcopy(value)
    *way, last = path
    place: Any = result
    for step in way:
        place = place[step]
    if new is ...:
        del place[last]
    else:
        place[last] = new
    return result


@pytest.mark.row("REL-S08")
def test_a_field_that_went_missing_is_named_and_nothing_is_used(whole: dict[str, Any]) -> None:
    paths = list(fields(whole))

    for path in paths:
        with pytest.raises(GarbageAnswer) as refusal:
            parse_order(Part(changed(whole, path, ...)))
        assert refusal.value.facts["path"] == ".".join(map(str, path))
        assert str(refusal.value.facts["path"]) in str(refusal.value)

    assert len(paths) > 200


@pytest.mark.row("REL-S08")
def test_a_field_of_another_type_is_named(whole: dict[str, Any]) -> None:
    for path in fields(whole):
        with pytest.raises(GarbageAnswer) as refusal:
            parse_order(Part(changed(whole, path, object())))
        assert str(refusal.value.facts["path"]).startswith(".".join(map(str, path)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("createdAt",), "yesterday"),
        (("createdAt",), "2026-10-01T09:00:00"),
        (("createdAt",), "0001-01-01T00:00:00+23:59"),
        (("legacyResourceId",), "12x"),
        (("legacyResourceId",), "9" * 400),
        (("legacyResourceId",), "１２"),
        (("number",), True),
        (("number",), "-"),
        (("closed",), "false"),
        (("tags",), ["a", 1]),
        (("tags",), None),
        (("totalPriceSet", "shopMoney", "amount"), "NaN"),
        (("totalPriceSet", "shopMoney", "amount"), "12,50"),
        (("totalPriceSet", "shopMoney", "amount"), "Infinity"),
        (("totalPriceSet", "shopMoney", "amount"), 12.5),
        (("lineItems", "nodes", 0), None),
        (("lineItems", "pageInfo"), {"hasNextPage": True, "endCursor": None}),
    ],
)
def test_values_that_make_no_sense_are_refused(path: tuple[str, ...], value: object, whole: dict[str, Any]) -> None:
    with pytest.raises(GarbageAnswer):
        parse_order(Part(changed(whole, path, value)))


@pytest.mark.parametrize("name", ["displayFinancialStatus", "displayFulfillmentStatus", "returnStatus", "cancelReason"])
def test_a_word_that_shopify_invents_later_is_kept_as_it_is(name: str, whole: dict[str, Any]) -> None:
    snapshot = parse_order(Part(changed(whole, (name,), "TELEPORTED"))).snapshot

    assert "TELEPORTED" in (
        snapshot.financial_status,
        snapshot.fulfillment_status,
        snapshot.return_status,
        snapshot.cancel_reason,
    )


@pytest.mark.parametrize(
    "name",
    [
        "customer",
        "shippingAddress",
        "billingAddress",
        "email",
        "phone",
        "note",
        "poNumber",
        "customerLocale",
        "sourceName",
        "closedAt",
        "cancelledAt",
        "cancelReason",
        "displayFinancialStatus",
        "shippingLine",
        "totalDiscountsSet",
        "totalTaxSet",
        "confirmationNumber",
    ],
)
def test_what_may_be_null_may_be_null(name: str, whole: dict[str, Any]) -> None:
    assert parse_order(Part(changed(whole, (name,), None))).snapshot.gid == answers.ORDER


@pytest.mark.row("INV-C12")
@settings(max_examples=200, deadline=None)
@given(amount=st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12))
def test_amounts_stay_exact(amount: Decimal) -> None:
    bag = Part({"set": answers.bag(str(amount), str(amount))}).bag("set")

    assert (bag.shop.amount, str(bag.presentment.amount)) == (amount, str(amount))


def test_texts_lose_what_a_database_cannot_hold() -> None:
    assert Part({"note": "a\x00b\ud800c 🔔"}).text("note") == "ab?c 🔔"


def test_every_list_that_was_cut_is_named_with_where_to_go_on(whole: dict[str, Any]) -> None:
    cut = {"hasNextPage": True, "endCursor": "c1"}
    order = whole
    for path in (
        ("lineItems", "pageInfo"),
        ("fulfillmentOrders", "pageInfo"),
        ("fulfillmentOrders", "nodes", 0, "lineItems", "pageInfo"),
        ("fulfillments", 0, "fulfillmentLineItems", "pageInfo"),
        ("refunds", 0, "refundLineItems", "pageInfo"),
    ):
        order = changed(order, path, cut)

    parsed = parse_order(Part(order))

    assert not parsed.snapshot.complete
    assert set(parsed.cuts) == {
        Cut(CutList.LINES, answers.ORDER, "c1"),
        Cut(CutList.FULFILLMENT_ORDERS, answers.ORDER, "c1"),
        Cut(CutList.FULFILLMENT_ORDER_LINES, "gid://shopify/FulfillmentOrder/1", "c1"),
        Cut(CutList.FULFILLMENT_LINES, "gid://shopify/Fulfillment/1", "c1"),
        Cut(CutList.REFUND_LINES, "gid://shopify/Refund/1", "c1"),
    }


@pytest.mark.parametrize("name", ["fulfillments", "transactions", "refunds"])
@pytest.mark.parametrize(("length", "complete"), [(249, True), (250, False)])
def test_a_plain_list_as_long_as_asked_for_counts_as_cut(
    name: str, length: int, complete: bool, whole: dict[str, Any]
) -> None:
    parsed = parse_order(Part(whole | {name: whole[name] * length}))

    assert parsed.snapshot.complete is complete
    assert parsed.cuts == ()


def test_parts_that_were_left_out_are_not_looked_for(whole: dict[str, Any]) -> None:
    order = {name: value for name, value in whole.items() if name not in ("customer", "fulfillmentOrders")}

    snapshot = parse_order(Part(order), redacted={"email"}, left_out={"customer", "fulfillment_orders"}).snapshot

    assert (snapshot.customer, snapshot.fulfillment_orders) == (None, ())
    assert snapshot.redacted == {"email", "customer", "fulfillment_orders"}
    assert snapshot.complete


def test_the_shop_arrives_with_what_the_token_may_do() -> None:
    shop = parse_shop(
        {
            "shop": {
                "id": "gid://shopify/Shop/1",
                "name": "Noord",
                "myshopifyDomain": "noord.myshopify.com",
                "email": "shop@example.com",
                "currencyCode": "EUR",
                "ianaTimezone": "Europe/Amsterdam",
                "plan": {"publicDisplayName": "Basic"},
                "primaryDomain": {"url": "https://noord.example.com"},
            },
            "currentAppInstallation": {"accessScopes": [{"handle": "read_orders"}, {"handle": "write_orders"}]},
        },
        api_version="2026-10",
    )

    assert (shop.domain, shop.plan, shop.timezone) == ("noord.myshopify.com", "Basic", "Europe/Amsterdam")
    assert shop.scopes == {"read_orders", "write_orders"}
    assert shop.primary_url == "https://noord.example.com"
