"""Refunds and cancellation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stores.rehearsal import money
from stores.rehearsal.clock import iso
from stores.rehearsal.derived import (
    line_tax,
    line_value,
    net_payment,
    refundable,
    refundable_payment,
    shipping_left,
    zero_of,
)
from stores.rehearsal.money import Bag
from stores.rehearsal.ops.document import Doc, Impossible, event, forget, mint, touch
from stores.rehearsal.ops.fulfil import LIVE, remaining
from stores.rehearsal.ops.pay import MONEY_FIELDS, transact

PRICE_FIELDS = (
    "currentTotalPriceSet",
    "currentSubtotalPriceSet",
    "currentTotalTaxSet",
    "currentTotalDiscountsSet",
    "currentShippingPriceSet",
    "currentSubtotalLineItemsQuantity",
    "displayFulfillmentStatus",
)


@dataclass(frozen=True, slots=True)
class Return:
    """So many units of a line: shipped before (`RETURN`), not shipped yet (`CANCEL`), or kept (`NO_RESTOCK`)."""

    line: Doc
    quantity: int
    restock: str


def value_of(returns: Sequence[Return], doc: Doc) -> Bag:
    """What the buyer paid for these units, tax included."""
    start = zero_of(doc)
    taxes = () if doc.get("taxesIncluded") else tuple(line_tax(r.line, r.quantity) for r in returns)
    return money.add([*(line_value(r.line, r.quantity) for r in returns), *taxes], start=start)


def refund(
    doc: Doc,
    returns: Sequence[Return],
    *,
    at: int,
    shipping: bool = False,
    amount: Bag | None = None,
    note: str | None = None,
) -> Doc:
    """Take back `returns` (and the shipping costs) and pay `amount` back; `None` pays what they are worth.

    Refused when more units are returned than are left. The money goes back along the order's own payments, never
    more than was received.
    """
    for index, item in enumerate(returns):
        if item.quantity > refundable(item.line):
            raise Impossible(
                "Quantity cannot refund more items than were purchased",
                field=["refundLineItems", str(index), "quantity"],
            )
    back = value_of(returns, doc)
    postage = shipping_left(doc) if shipping else zero_of(doc)
    back = money.add([back, postage], start=zero_of(doc))
    left = net_payment(doc)
    pay = back if amount is None else amount
    if pay[0] > left[0]:
        pay = left
    entry: Doc = {
        "id": mint(doc, "Refund"),
        "order": doc["id"],
        "createdAt": iso(at),
        "processedAt": iso(at),
        "updatedAt": iso(at),
        "note": note,
        "return": None,
        "duties": [],
        "refundLineItems": [_refund_line(doc, item) for item in returns],
        "refundShippingLines": _refund_shipping(doc, postage) if postage[0] else [],
        "orderAdjustments": [],
        "transactions": [],
        "totalRefundedSet": pay,
    }
    for item in returns:
        _take_back(doc, item, at)
    for parent, part in refundable_payment(doc, pay):
        transaction = transact(doc, "REFUND", part, at=at, gateway=parent["gateway"], parent=parent)
        entry["transactions"].append(transaction["id"])
    if pay[0] != back[0] and pay[0]:
        entry["orderAdjustments"].append(
            {
                "id": mint(doc, "OrderAdjustment"),
                "reason": "REFUND_DISCREPANCY",
                "amountSet": money.less(back, pay),
                "taxAmountSet": zero_of(doc),
            }
        )
    doc.setdefault("refunds", []).append(entry)
    forget(doc, *PRICE_FIELDS, *MONEY_FIELDS)
    touch(doc, at)
    return entry


def cancel(doc: Doc, *, at: int, reason: str, restock: bool, pay_back: bool, note: str | None = None) -> None:
    """Cancel: everything unshipped is taken off, open fulfilment orders end, an authorisation is voided."""
    kind = "CANCEL" if restock else "NO_RESTOCK"
    returns = [Return(line, left, kind) for line in doc.get("lineItems", ()) if (left := refundable(line))]
    pending = net_payment(doc)[0] == 0
    for transaction in list(doc.get("transactions", ())):
        if pending and transaction["kind"] == "AUTHORIZATION" and transaction["status"] == "SUCCESS":
            transact(doc, "VOID", transaction["amountSet"], at=at, gateway=transaction["gateway"], parent=transaction)
    refund(doc, returns, at=at, shipping=True, amount=None if pay_back else zero_of(doc), note=note)
    for fo in doc.get("fulfillmentOrders", ()):
        if fo["status"] in LIVE:
            fo["status"] = "CLOSED"
            fo["fulfillmentHolds"] = []
            fo["updatedAt"] = iso(at)
            forget(fo, "supportedActions")
    doc["cancelledAt"] = doc["closedAt"] = iso(at)
    doc["cancelReason"] = reason
    doc["cancellation"] = {"staffNote": note}
    doc["closed"] = True
    forget(doc, *PRICE_FIELDS, *MONEY_FIELDS)
    touch(doc, at)
    event(doc, "cancelled", "This order was canceled.", at)


def _refund_line(doc: Doc, item: Return) -> Doc:
    subtotal = line_value(item.line, item.quantity)
    return {
        "id": mint(doc, "RefundLineItem"),
        "lineItem": item.line["id"],
        "quantity": item.quantity,
        "restockType": item.restock,
        "restocked": item.restock in ("RETURN", "CANCEL"),
        "location": None,
        "priceSet": item.line.get("originalUnitPriceSet") or zero_of(doc),
        "subtotalSet": subtotal,
        "totalTaxSet": line_tax(item.line, item.quantity),
    }


def _refund_shipping(doc: Doc, postage: Bag) -> list[Doc]:
    line = doc["shippingLines"][0]
    return [
        {
            "id": mint(doc, "RefundShippingLine"),
            "shippingLine": line,
            "subtotalAmountSet": postage,
            "taxAmountSet": zero_of(doc),
        }
    ]


def _current(line: Doc) -> int:
    quantity: int = line["currentQuantity"] if "currentQuantity" in line else line["quantity"]
    return quantity


def _take_back(doc: Doc, item: Return, at: int) -> None:
    line, quantity = item.line, item.quantity
    line["refundableQuantity"] = refundable(line) - quantity
    line["currentQuantity"] = _current(line) - quantity
    waiting = min(quantity, line.get("unfulfilledQuantity", 0)) if item.restock != "RETURN" else 0
    if not waiting:
        return
    line["unfulfilledQuantity"] -= waiting
    line["nonFulfillableQuantity"] = line.get("nonFulfillableQuantity", 0) + waiting
    for fo in doc.get("fulfillmentOrders", ()):
        for fo_line in fo["lineItems"]:
            if waiting and fo_line["lineItem"] == line["id"] and fo["status"] in LIVE:
                gone = min(waiting, fo_line["remainingQuantity"])
                fo_line["remainingQuantity"] -= gone
                fo_line["totalQuantity"] -= gone
                waiting -= gone
        if fo["status"] in LIVE and not remaining(fo):
            fo["status"] = "CLOSED"
            fo["fulfillmentHolds"] = []
            fo["updatedAt"] = iso(at)
            forget(fo, "supportedActions")
