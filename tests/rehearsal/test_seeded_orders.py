"""The seeded data set adds up, repeats itself, and holds every kind of order that staff will meet."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from stores.rehearsal import derived
from stores.rehearsal.data.orders import Seed
from stores.rehearsal.ops.document import Doc
from tests.rehearsal.conftest import Execute

START = 1_795_000_000
SEED = Seed(1, 2_000, "rehearsal-noord.myshopify.com", "EUR", START)
DOCS = [SEED.order(n) for n in range(1, 2_001)]

PRICES = """{ orders(first: 250, sortKey: ID) { nodes { name taxesIncluded
  totalPriceSet { ...M } totalDiscountsSet { ...M } totalTaxSet { ...M } totalShippingPriceSet { ...M }
  currentTotalPriceSet { ...M } totalOutstandingSet { ...M } totalReceivedSet { ...M } totalRefundedSet { ...M }
  netPaymentSet { ...M } transactions { kind status amountSet { ...M } }
  refunds { totalRefundedSet { ...M } orderAdjustments(first: 5) { nodes { amountSet { ...M } } } }
  lineItems(first: 50) { nodes { quantity originalUnitPriceSet { ...M } } } } } }
fragment M on MoneyBag { shopMoney { amount } presentmentMoney { amount } }"""


def test_the_same_seed_gives_the_same_orders_and_another_seed_others() -> None:
    again = Seed(1, 2_000, "rehearsal-noord.myshopify.com", "EUR", START)
    other = Seed(2, 2_000, "rehearsal-noord.myshopify.com", "EUR", START)
    assert [again.order(n) for n in (1, 700, 2_000)] == [DOCS[0], DOCS[699], DOCS[1_999]]
    assert other.order(700)["lineItems"] != DOCS[699]["lineItems"] or other.order(701) != DOCS[700]


@pytest.mark.parametrize("side", ["shopMoney", "presentmentMoney"])
def test_money_adds_up_in_both_currencies_over_the_api(execute: Execute, side: str) -> None:
    nodes = execute(PRICES)["data"]["orders"]["nodes"]
    assert len(nodes) == 250
    for node in nodes:

        def of(bag: dict[str, Any]) -> Decimal:
            return Decimal(bag[side]["amount"])

        lines = sum(of(line["originalUnitPriceSet"]) * line["quantity"] for line in node["lineItems"]["nodes"])
        tax = Decimal(0) if node["taxesIncluded"] else of(node["totalTaxSet"])
        assert of(node["totalPriceSet"]) == lines - of(node["totalDiscountsSet"]) + tax + of(
            node["totalShippingPriceSet"]
        )
        done = [t for t in node["transactions"] if t["status"] == "SUCCESS"]
        received = sum(of(t["amountSet"]) for t in done if t["kind"] in ("SALE", "CAPTURE"))
        refunded = sum(of(t["amountSet"]) for t in done if t["kind"] == "REFUND")
        assert of(node["totalReceivedSet"]) == received
        assert of(node["totalRefundedSet"]) == refunded == sum(of(r["totalRefundedSet"]) for r in node["refunds"])
        assert of(node["netPaymentSet"]) == received - refunded
        adjusted = sum(of(a["amountSet"]) for r in node["refunds"] for a in r["orderAdjustments"]["nodes"])
        assert of(node["totalOutstandingSet"]) == of(node["currentTotalPriceSet"]) - received + refunded + adjusted


def test_quantities_agree_between_lines_fulfilment_orders_fulfilments_and_refunds() -> None:
    for doc in DOCS:
        for line in doc["lineItems"]:
            shipped = _units(doc["fulfillments"], "fulfillmentLineItems", line)
            refunded = _units(doc["refunds"], "refundLineItems", line)
            waiting = sum(
                part["remainingQuantity"]
                for fo in doc["fulfillmentOrders"]
                for part in fo["lineItems"]
                if part["lineItem"] == line["id"]
            )
            assert line["unfulfilledQuantity"] == waiting, doc["name"]
            assert shipped + waiting + line["nonFulfillableQuantity"] == line["quantity"], doc["name"]
            assert line["currentQuantity"] == line["refundableQuantity"] == line["quantity"] - refunded, doc["name"]


def _units(parts: list[Doc], key: str, line: Doc) -> int:
    return sum(entry["quantity"] for part in parts for entry in part[key] if entry["lineItem"] == line["id"])


def test_fulfilment_orders_say_what_their_lines_say() -> None:
    for doc in DOCS:
        for fo in doc["fulfillmentOrders"]:
            left = sum(part["remainingQuantity"] for part in fo["lineItems"])
            assert (fo["status"] == "CLOSED") == (left == 0), doc["name"]
            assert (fo["status"] == "ON_HOLD") == bool(fo["fulfillmentHolds"]), doc["name"]


def test_every_kind_of_order_is_there() -> None:
    financial = Counter(derived.financial_status(doc) for doc in DOCS)
    fulfillment = Counter(derived.fulfillment_status(doc) for doc in DOCS)
    assert set(financial) == {
        "PAID", "PENDING", "AUTHORIZED", "EXPIRED", "PARTIALLY_PAID", "PARTIALLY_REFUNDED", "REFUNDED", "VOIDED",
    }  # fmt: skip
    assert set(fulfillment) == {
        "UNFULFILLED", "FULFILLED", "PARTIALLY_FULFILLED", "ON_HOLD", "SCHEDULED", "IN_PROGRESS",
        "FULFILLMENT_NOT_REQUIRED",
    }  # fmt: skip
    assert {derived.return_status(doc) for doc in DOCS} == {"NO_RETURN", "RETURN_REQUESTED", "IN_PROGRESS", "RETURNED"}
    reasons = {hold["reason"] for doc in DOCS for fo in doc["fulfillmentOrders"] for hold in fo["fulfillmentHolds"]}
    assert len(reasons) >= 6
    assert {doc["presentmentCurrencyCode"] for doc in DOCS} == {"EUR", "USD", "GBP", "JPY", "KWD"}


def test_the_awkward_orders_are_there() -> None:
    assert any(doc["test"] for doc in DOCS)
    assert any(doc["cancelledAt"] for doc in DOCS)
    assert any(doc["customer"] is None for doc in DOCS)
    assert any(doc["email"] is None for doc in DOCS)
    assert any(doc["email"] and doc["email"] != doc["email"].lower() for doc in DOCS)
    assert any(doc["note"] and len(doc["note"]) > 3_000 for doc in DOCS)
    assert any(doc["processedAt"] < "2026-01-01" and doc["createdAt"] > "2026-05-01" for doc in DOCS)
    names = {(doc["billingAddress"] or {}).get("firstName", "") for doc in DOCS}
    assert any("\u0590" < name[:1] < "\u06ff" for name in names)
    assert any("🌻" in name for name in names)
    stays_open = [
        doc
        for doc in DOCS
        if not doc["closed"]
        and derived.fulfillment_status(doc) == "FULFILLED"
        and derived.financial_status(doc) == "PARTIALLY_REFUNDED"
    ]
    assert len(stays_open) >= 20


def test_many_orders_share_a_second() -> None:
    assert Counter(doc["updatedAt"] for doc in DOCS).most_common(1)[0][1] >= 40
    assert Counter(doc["createdAt"] for doc in DOCS).most_common(1)[0][1] >= 3
    created = [doc["createdAt"] for doc in DOCS]
    assert created == sorted(created)


def test_every_address_of_a_mailbox_is_reserved_for_examples() -> None:
    hosts = {doc["email"].split("@")[1].lower() for doc in DOCS if doc["email"]}
    assert hosts == {"example.com", "example.org", "example.net"}


def test_two_shops_share_customers_by_address() -> None:
    other = Seed(9, 500, "rehearsal-zuid.myshopify.com", "GBP", START)
    here = {doc["email"].lower() for doc in DOCS if doc["email"] and doc["customer"]}
    there = {doc["email"].lower() for n in range(1, 501) if (doc := other.order(n))["email"] and doc["customer"]}
    assert len(here & there) > 30
    assert not {doc["id"] for doc in DOCS} & {other.order(n)["id"] for n in range(1, 501)}
