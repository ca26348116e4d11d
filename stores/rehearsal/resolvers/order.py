"""Fields of Order and LineItem that follow from other values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stores.rehearsal import derived, money
from stores.rehearsal.derived import ORDER_MONEY
from stores.rehearsal.money import Bag
from stores.rehearsal.ops.document import Doc, number
from stores.rehearsal.request import Info
from stores.rehearsal.resolvers.access import FULFILLMENT_ORDERS


def _priced(doc: Doc) -> bool:
    return "lineItems" in doc or "totalPriceSet" in doc


def _money(compute: Callable[[Doc], Bag]) -> Callable[..., Bag]:
    return lambda doc, info: compute(doc) if _priced(doc) else derived.zero_of(doc)


def _plain(compute: Callable[[Doc], Any]) -> Callable[..., Any]:
    return lambda doc, info, **arguments: compute(doc)


def _fulfillment_orders(doc: Doc, info: Info, *, displayable: bool = False, **arguments: Any) -> list[Doc]:
    """Without a fulfilment-order scope there are simply none."""
    if not info.context.shop.allows(*FULFILLMENT_ORDERS):
        return []
    found: list[Doc] = doc.get("fulfillmentOrders", [])
    return [fo for fo in found if fo["lineItems"] and fo["status"] != "CANCELLED"] if displayable else found


def _transactions(
    doc: Doc, info: Info, *, first: int | None = None, capturable: bool | None = None, **arguments: Any
) -> list[Doc]:
    found: list[Doc] = doc.get("transactions", [])
    if capturable is not None:
        found = [t for t in found if t.get("manuallyCapturable", False) is capturable]
    return found[:first]


def _events(doc: Doc, info: Info, *, query: str | None = None, **arguments: Any) -> list[Doc]:
    found: list[Doc] = doc.get("events", [])
    if query and query.startswith("action:"):
        found = [entry for entry in found if entry["action"] == query[7:].strip("'\"")]
    return found


def _same_address(doc: Doc) -> bool:
    one, other = doc.get("billingAddress"), doc.get("shippingAddress")
    if not one or not other:
        return False
    return {k: v for k, v in one.items() if k != "id"} == {k: v for k, v in other.items() if k != "id"}


def _gateways(doc: Doc) -> list[str]:
    return list(dict.fromkeys(t["gateway"] for t in doc.get("transactions", ()) if t.get("gateway")))


def _tax_lines(doc: Doc) -> list[Doc]:
    rates = {line["_rate"] for line in doc.get("lineItems", ()) if line.get("_rate")}
    title = "VAT" if doc.get("taxesIncluded") else "Sales tax"
    return [{"title": title, "rate": r, "ratePercentage": r * 100, "priceSet": derived.tax(doc)} for r in rates]


def _status_page(doc: Doc, info: Info, **arguments: Any) -> str:
    token = f"{number(doc['id']) * 2_654_435_761 % 2**64:016x}"
    return f"https://{info.context.shop.settings.domain}/{number(info.context.shop.id)}/orders/{token}/authenticate?key={token[::-1]}"


def _risk(doc: Doc) -> Doc:
    level = doc.get("_risk") or "NONE"
    advice = {"HIGH": "CANCEL", "MEDIUM": "INVESTIGATE", "LOW": "ACCEPT"}.get(level, "NONE")
    facts = [{"description": "Billing and shipping country differ", "sentiment": "NEGATIVE"}] if level == "HIGH" else []
    assessment = {"riskLevel": level, "facts": facts, "provider": None}
    return {"recommendation": advice, "assessments": [assessment] if level != "NONE" else []}


def _app(doc: Doc) -> Doc | None:
    return {"id": "gid://shopify/App/1", "name": doc["_app"]} if doc.get("_app") else None


def _attribution(doc: Doc) -> Doc | None:
    return {"handle": doc["sourceName"], "displayName": doc["_app"]} if doc.get("_app") else None


def _counted(name: str) -> Callable[..., Doc]:
    return lambda doc, info: {"count": len(doc.get(name, ())), "precision": "EXACT"}


def _weight(doc: Doc) -> str:
    return str(sum(line.get("_grams", 0) * line["quantity"] for line in doc.get("lineItems", ())))


def _discounted(line: Doc, info: Info, *, withCodeDiscounts: bool = False, **arguments: Any) -> Bag:
    """Our discounts are all codes for the whole order, which Shopify leaves out here unless asked."""
    return derived.line_discounted(line) if withCodeDiscounts else derived.line_original(line)


def _unfulfilled(line: Doc) -> Bag:
    return money.times(line.get("originalUnitPriceSet") or derived.UNPRICED, line.get("unfulfilledQuantity", 0))


def _discount_applications(doc: Doc, info: Info, **arguments: Any) -> list[Doc]:
    taken, whole = derived.discounts(doc)[0], derived.lines_total(doc)[0]
    return [
        {
            "__typename": "DiscountCodeApplication",
            "code": code,
            "index": index,
            "allocationMethod": "ACROSS",
            "targetSelection": "ALL",
            "targetType": "LINE_ITEM",
            "value": {
                "__typename": "PricingPercentageValue",
                "percentage": float(round(taken * 100 / whole)) if whole else 0.0,
            },
        }
        for index, code in enumerate(doc.get("discountCodes", ()))
    ]


def _line_taxes(line: Doc) -> list[Doc]:
    if not line.get("_rate"):
        return []
    return [{"title": "VAT", "rate": line["_rate"], "ratePercentage": line["_rate"] * 100, "priceSet": line["_tax"]}]


def _allocations(line: Doc) -> list[Doc]:
    if not derived.line_discount(line)[0]:
        return []
    application = {
        "__typename": "DiscountCodeApplication",
        "index": 0,
        "allocationMethod": "ACROSS",
        "targetSelection": "ALL",
        "targetType": "LINE_ITEM",
        "code": "",
        "value": {"__typename": "PricingPercentageValue", "percentage": 0.0},
    }
    return [{"allocatedAmountSet": derived.line_discount(line), "discountApplication": application}]


def _metafield(doc: Doc, info: Info, *, key: str, namespace: str | None = None) -> Doc | None:
    wanted = (namespace or "custom", key)
    return next((f for f in doc.get("metafields", ()) if (f.get("namespace"), f.get("key")) == wanted), None)


def _first_shipping_line(doc: Doc) -> Doc | None:
    return next(iter(doc.get("shippingLines", ())), None)


ORDER_FIELDS: dict[tuple[str, str], Callable[..., Any]] = {
    **{("Order", name): _money(compute) for name, compute in ORDER_MONEY.items()},
    ("Order", "displayFinancialStatus"): _plain(derived.financial_status),
    ("Order", "displayFulfillmentStatus"): _plain(derived.fulfillment_status),
    ("Order", "returnStatus"): _plain(derived.return_status),
    ("Order", "canMarkAsPaid"): _plain(derived.can_mark_as_paid),
    ("Order", "canNotifyCustomer"): _plain(lambda doc: bool(doc.get("email") or doc.get("phone"))),
    ("Order", "capturable"): _plain(lambda doc: derived.capturable(doc)[0] > 0),
    ("Order", "fullyPaid"): _plain(
        lambda doc: derived.outstanding(doc)[0] <= 0 and derived.financial_status(doc) is not None
    ),
    ("Order", "unpaid"): _plain(lambda doc: derived.received(doc)[0] == 0 and derived.total(doc)[0] > 0),
    ("Order", "refundable"): _plain(lambda doc: derived.net_payment(doc)[0] > 0),
    ("Order", "restockable"): _plain(
        lambda doc: any(line.get("refundableQuantity") for line in doc.get("lineItems", ()))
    ),
    ("Order", "fulfillable"): _plain(
        lambda doc: any(line.get("unfulfilledQuantity") for line in doc.get("lineItems", ()))
    ),
    ("Order", "requiresShipping"): _plain(
        lambda doc: any(line["requiresShipping"] for line in doc.get("lineItems", ()))
    ),
    ("Order", "displayAddress"): _plain(lambda doc: doc.get("shippingAddress") or doc.get("billingAddress")),
    ("Order", "billingAddressMatchesShippingAddress"): _plain(_same_address),
    ("Order", "paymentGatewayNames"): _plain(_gateways),
    ("Order", "discountCode"): _plain(lambda doc: next(iter(doc.get("discountCodes", ())), None)),
    ("Order", "discountApplications"): _discount_applications,
    ("Order", "taxLines"): _plain(_tax_lines),
    ("Order", "statusPageUrl"): _status_page,
    ("Order", "risk"): _plain(_risk),
    ("Order", "app"): _plain(_app),
    ("Order", "attribution"): _plain(_attribution),
    ("Order", "transactions"): _transactions,
    ("Order", "transactionsCount"): _counted("transactions"),
    ("Order", "fulfillmentsCount"): _counted("fulfillments"),
    ("Order", "fulfillmentOrders"): _fulfillment_orders,
    ("Order", "events"): _events,
    ("Order", "metafield"): _metafield,
    ("Order", "shippingLine"): _plain(_first_shipping_line),
    ("Order", "totalWeight"): _plain(_weight),
    ("Order", "subtotalLineItemsQuantity"): _plain(
        lambda doc: sum(line["quantity"] for line in doc.get("lineItems", ()))
    ),
    ("Order", "currentSubtotalLineItemsQuantity"): _plain(
        lambda doc: sum(line.get("currentQuantity", line["quantity"]) for line in doc.get("lineItems", ()))
    ),
    ("Order", "purchasingEntity"): lambda doc, info: (
        info.context.find(doc["customer"]) if doc.get("customer") else None
    ),
    ("LineItem", "originalTotalSet"): _plain(derived.line_original),
    ("LineItem", "discountedTotalSet"): _discounted,
    ("LineItem", "discountedUnitPriceSet"): _plain(lambda line: line.get("originalUnitPriceSet") or derived.UNPRICED),
    ("LineItem", "totalDiscountSet"): _plain(
        lambda line: money.zero(line.get("originalUnitPriceSet") or derived.UNPRICED)
    ),
    ("LineItem", "unfulfilledOriginalTotalSet"): _plain(_unfulfilled),
    ("LineItem", "unfulfilledDiscountedTotalSet"): _plain(_unfulfilled),
    ("LineItem", "taxLines"): _plain(_line_taxes),
    ("LineItem", "discountAllocations"): _plain(_allocations),
    ("LineItem", "weight"): _plain(lambda line: {"unit": "GRAMS", "value": float(line.get("_grams", 0))}),
}
