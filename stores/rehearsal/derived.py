"""What follows from an order's parts: totals, statuses, what is allowed. Computed when asked, so it cannot disagree.

Meanings from the descriptions of Order, LineItem and FulfillmentOrder in the Admin API 2026-10.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from stores.rehearsal import money
from stores.rehearsal.money import Bag
from stores.rehearsal.ops.document import Doc

RECEIVED = ("SALE", "CAPTURE")
UNPRICED: Bag = (0, "", 0, "")
"""For a line of a recorded order whose price was not asked for."""


def zero_of(doc: Doc) -> Bag:
    return (0, doc["currencyCode"], 0, doc.get("presentmentCurrencyCode") or doc["currencyCode"])


def line_original(line: Doc) -> Bag:
    return money.times(line.get("originalUnitPriceSet") or UNPRICED, line.get("quantity", 0))


def line_discount(line: Doc) -> Bag:
    return tuple(line["_discount"]) if "_discount" in line else money.zero(line.get("originalUnitPriceSet") or UNPRICED)


def line_discounted(line: Doc) -> Bag:
    """After every discount, codes included, for the whole line as ordered."""
    return money.less(line_original(line), line_discount(line))


def refundable(line: Doc) -> int:
    """Units that can still be taken back."""
    left: int = line["refundableQuantity"] if "refundableQuantity" in line else line.get("quantity", 0)
    return left


def line_value(line: Doc, quantity: int) -> Bag:
    """What the next `quantity` units to be taken back cost after discounts; all shares add up to the line."""
    whole = line.get("quantity", 0)
    done = whole - refundable(line)
    return money.share(line_discounted(line), done, quantity, whole)


def line_tax(line: Doc, quantity: int) -> Bag:
    """The tax within or upon `line_value`."""
    whole = line.get("quantity", 0)
    done = whole - refundable(line)
    return money.share(
        line.get("_tax") or money.zero(line.get("originalUnitPriceSet") or UNPRICED), done, quantity, whole
    )


def _sum(doc: Doc, bags: Iterator[Any]) -> Bag:
    return money.add(bags, start=zero_of(doc))


def _refund_lines(doc: Doc, key: str) -> Iterator[Any]:
    return (
        entry[key] for refund in doc.get("refunds", ()) for entry in refund.get("refundLineItems", ()) if key in entry
    )


def lines_total(doc: Doc) -> Bag:
    return _sum(doc, (line_original(line) for line in doc.get("lineItems", ())))


def discounts(doc: Doc) -> Bag:
    return _sum(doc, (line_discount(line) for line in doc.get("lineItems", ())))


def subtotal(doc: Doc) -> Bag:
    return money.less(lines_total(doc), discounts(doc))


def tax(doc: Doc) -> Bag:
    return _sum(doc, (line["_tax"] for line in doc.get("lineItems", ()) if "_tax" in line))


def shipping(doc: Doc) -> Bag:
    return _sum(
        doc, (line["discountedPriceSet"] for line in doc.get("shippingLines", ()) if "discountedPriceSet" in line)
    )


def refunded_shipping(doc: Doc) -> Bag:
    lines = (line for refund in doc.get("refunds", ()) for line in refund.get("refundShippingLines", ()))
    return _sum(doc, (line["subtotalAmountSet"] for line in lines))


def shipping_left(doc: Doc) -> Bag:
    return money.less(shipping(doc), refunded_shipping(doc))


def total(doc: Doc) -> Bag:
    """Lines - discounts + shipping, + tax unless the prices include it."""
    if "totalPriceSet" in doc:
        return tuple(doc["totalPriceSet"])
    upon = () if doc.get("taxesIncluded") else (tax(doc),)
    return money.add([subtotal(doc), shipping(doc), *upon], start=zero_of(doc))


def _taken_off(doc: Doc, key: str) -> Bag:
    """What refunds and edits took off the lines."""
    edits = (entry[key] for entry in doc.get("_removed", ()))
    return _sum(doc, chain(_refund_lines(doc, key), edits))


def current_subtotal(doc: Doc) -> Bag:
    return money.less(subtotal(doc), _taken_off(doc, "subtotalSet"))


def current_tax(doc: Doc) -> Bag:
    return money.less(tax(doc), _taken_off(doc, "totalTaxSet"))


def current_total(doc: Doc) -> Bag:
    """The total after what was taken back."""
    if "currentTotalPriceSet" in doc:
        return tuple(doc["currentTotalPriceSet"])
    if "totalPriceSet" in doc:
        back = [_sum(doc, _refund_lines(doc, "subtotalSet")), refunded_shipping(doc)]
        return money.less(total(doc), money.add(back, start=zero_of(doc)))
    upon = () if doc.get("taxesIncluded") else (current_tax(doc),)
    return money.add([current_subtotal(doc), shipping_left(doc), *upon], start=zero_of(doc))


def _paid(doc: Doc, kinds: tuple[str, ...]) -> Bag:
    chosen = (t["amountSet"] for t in doc.get("transactions", ()) if t["kind"] in kinds and t["status"] == "SUCCESS")
    return _sum(doc, chosen)


def received(doc: Doc) -> Bag:
    return _paid(doc, RECEIVED)


def refunded(doc: Doc) -> Bag:
    return _paid(doc, ("REFUND",))


def net_payment(doc: Doc) -> Bag:
    return money.less(received(doc), refunded(doc))


def outstanding(doc: Doc) -> Bag:
    """What the buyer still owes; negative when the shop owes. Goodwill beyond the goods counts as settled."""
    if "totalOutstandingSet" in doc:
        return tuple(doc["totalOutstandingSet"])
    adjusted = (a["amountSet"] for refund in doc.get("refunds", ()) for a in refund.get("orderAdjustments", ()))
    owed = money.less(current_total(doc), net_payment(doc))
    return money.add([owed, *adjusted], start=zero_of(doc))


def capturable(doc: Doc) -> Bag:
    held = money.less(
        _paid(doc, ("AUTHORIZATION",)), money.add([_paid(doc, ("VOID",)), _paid(doc, ("CAPTURE",))], start=zero_of(doc))
    )
    return held if held[0] > 0 else zero_of(doc)


def refundable_payment(doc: Doc, amount: Bag) -> list[tuple[Doc, Bag]]:
    """Which payments `amount` goes back to, oldest first."""
    back: list[tuple[Doc, Bag]] = []
    left = amount
    given: dict[str, int] = {}
    for t in doc.get("transactions", ()):
        if t["kind"] == "REFUND" and t["status"] == "SUCCESS":
            given[t["parentTransaction"]] = given.get(t["parentTransaction"], 0) + t["amountSet"][0]
    for t in doc.get("transactions", ()):
        if left[0] <= 0:
            break
        if t["kind"] not in RECEIVED or t["status"] != "SUCCESS":
            continue
        room = t["amountSet"][0] - given.get(t["id"], 0)
        if room <= 0:
            continue
        part = left if left[0] <= room else money.share(left, 0, room, left[0])
        back.append((t, part))
        left = money.less(left, part)
    return back


def financial_status(doc: Doc) -> str | None:
    if "displayFinancialStatus" in doc:
        return doc["displayFinancialStatus"]  # type: ignore[no-any-return]
    transactions = doc.get("transactions", ())
    got = received(doc)[0]
    if got > 0:
        back = refunded(doc)[0]
        if back >= got:
            return "REFUNDED"
        if back > 0:
            return "PARTIALLY_REFUNDED"
        return "PAID" if got >= current_total(doc)[0] else "PARTIALLY_PAID"
    kinds = {t["kind"] for t in transactions if t["status"] == "SUCCESS"}
    if "VOID" in kinds:
        return "VOIDED"
    if "AUTHORIZATION" in kinds:
        return "EXPIRED" if doc.get("_expired") else "AUTHORIZED"
    if any(t["status"] == "PENDING" for t in transactions):
        return "VOIDED" if doc.get("cancelledAt") else "PENDING"
    if total(doc)[0] == 0:
        return "PAID"
    return "PENDING" if transactions else None


def fulfillment_status(doc: Doc) -> str:
    if "displayFulfillmentStatus" in doc:
        return doc["displayFulfillmentStatus"]  # type: ignore[no-any-return]
    goods = [line for line in doc.get("lineItems", ()) if line.get("requiresShipping", True)]
    if not goods and "lineItems" in doc:
        return "FULFILLMENT_NOT_REQUIRED"
    waiting = sum(line.get("unfulfilledQuantity", 0) for line in goods)
    shipped = any(f["status"] == "SUCCESS" for f in doc.get("fulfillments", ()))
    if shipped:
        return "PARTIALLY_FULFILLED" if waiting else "FULFILLED"
    states = {fo["status"] for fo in doc.get("fulfillmentOrders", ())}
    for state, status in (("ON_HOLD", "ON_HOLD"), ("IN_PROGRESS", "IN_PROGRESS")):
        if state in states:
            return status
    if "SCHEDULED" in states and "OPEN" not in states:
        return "SCHEDULED"
    return "UNFULFILLED"


def return_status(doc: Doc) -> str:
    if "returnStatus" in doc:
        return doc["returnStatus"]  # type: ignore[no-any-return]
    states = {entry["status"] for entry in doc.get("returns", ())}
    for state, status in (("REQUESTED", "RETURN_REQUESTED"), ("OPEN", "IN_PROGRESS"), ("CLOSED", "RETURNED")):
        if state in states:
            return status
    return "NO_RETURN"


def can_mark_as_paid(doc: Doc) -> bool:
    return outstanding(doc)[0] > 0 and not doc.get("cancelledAt") and financial_status(doc) != "PAID"


Money = Callable[[Doc], Bag]
ORDER_MONEY: dict[str, Money] = {
    "totalPriceSet": total, "originalTotalPriceSet": total, "currentTotalPriceSet": current_total,
    "subtotalPriceSet": subtotal, "currentSubtotalPriceSet": current_subtotal, "totalTaxSet": tax,
    "currentTotalTaxSet": current_tax, "totalDiscountsSet": discounts, "currentTotalDiscountsSet": discounts,
    "totalShippingPriceSet": shipping, "currentShippingPriceSet": shipping_left, "totalReceivedSet": received,
    "totalRefundedSet": refunded, "totalRefundedShippingSet": refunded_shipping, "netPaymentSet": net_payment,
    "totalOutstandingSet": outstanding, "totalCapturableSet": capturable, "refundDiscrepancySet": zero_of,
    "totalTipReceivedSet": zero_of,
}  # fmt: skip
