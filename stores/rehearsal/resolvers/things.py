"""Fields of everything below and beside an order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stores.rehearsal import derived, money
from stores.rehearsal.money import Bag
from stores.rehearsal.ops.document import Doc, number
from stores.rehearsal.ops.fulfil import HOLD_TEXTS
from stores.rehearsal.request import Info

_ACTIONS = {
    "OPEN": ("CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD"),
    "IN_PROGRESS": ("CREATE_FULFILLMENT", "MARK_AS_OPEN"),
    "ON_HOLD": ("RELEASE_HOLD", "HOLD", "MOVE"),
    "SCHEDULED": ("MARK_AS_OPEN", "MOVE"),
}


def _order_value(name: str) -> Callable[..., Any]:
    return lambda part, info, **arguments: (info.context.find(part["order"]) or {}).get(name)


def _line_value(name: str, otherwise: str | None = None) -> Callable[..., Any]:
    return lambda part, info, **arguments: (info.context.find(part["lineItem"]) or {}).get(otherwise or name)


def _supported_actions(fo: Doc, info: Info) -> list[Doc]:
    names = list(_ACTIONS.get(fo["status"], ()))
    if fo["status"] == "OPEN" and sum(line["remainingQuantity"] for line in fo["lineItems"]) > 1:
        names.append("SPLIT")
    if fo["status"] == "OPEN" and _mergeable(fo, info.context.find(fo["order"]) or {}):
        names.append("MERGE")
    return [{"action": name, "externalUrl": None} for name in names]


def _mergeable(fo: Doc, doc: Doc) -> bool:
    """Whether another open one waits at the same place."""
    here = fo.get("assignedLocation", {}).get("location")
    return any(
        other["id"] != fo["id"]
        and other["status"] == "OPEN"
        and other.get("assignedLocation", {}).get("location") == here
        for other in doc.get("fulfillmentOrders", ())
    )


def _destination(fo: Doc, info: Info) -> Doc | None:
    address = (info.context.find(fo["order"]) or {}).get("shippingAddress")
    if not address:
        return None
    text = f"gid://shopify/FulfillmentOrderDestination/{number(address['id'])}"
    return {**address, "id": text, "countryCode": address.get("countryCodeV2"), "email": None}


def _locations_for_move(fo: Doc, info: Info, **arguments: Any) -> list[Doc]:
    here = fo["assignedLocation"].get("location")
    return [
        {
            "location": place,
            "movable": place["id"] != here,
            "message": "Current location" if place["id"] == here else None,
        }
        for place in info.context.shop.places
    ]


def _shipped_total(part: Doc, info: Info) -> Bag:
    line = info.context.find(part["lineItem"])
    return money.times(line["originalUnitPriceSet"], part["quantity"])


def _fulfillments_of(fo: Doc, info: Info, **arguments: Any) -> list[Doc]:
    doc = info.context.find(fo["order"]) or {}
    return [f for f in doc.get("fulfillments", ()) if fo["id"] in f.get("fulfillmentOrders", ())]


def _refundable(transaction: Doc, info: Info) -> Any:
    if transaction["kind"] not in derived.RECEIVED or transaction["status"] != "SUCCESS":
        return None
    doc = info.context.find(transaction["order"]) or {}
    given = sum(
        t["amountSet"][2]
        for t in doc.get("transactions", ())
        if t["kind"] == "REFUND" and t["status"] == "SUCCESS" and t["parentTransaction"] == transaction["id"]
    )
    return (transaction["amountSet"][2] - given, transaction["amountSet"][3])


def _customer_orders(customer: Doc, info: Info) -> tuple[int, int]:
    rows = info.context.shop.store.query(
        "SELECT count(*), COALESCE(sum(current_total), 0) FROM orders WHERE customer = ?", (number(customer["id"]),)
    )
    return rows[0][0], rows[0][1]


def our_app(shop_handle: str) -> Doc:
    return {
        "id": "gid://shopify/App/1",
        "title": "Order back-office",
        "handle": f"back-office-{shop_handle}",
        "apiKey": "rehearsal",
    }


def _held_by(hold: Doc, info: Info) -> Doc:
    return our_app(info.context.shop.handle)


def _address_lines(address: Doc, info: Info, *, withName: bool = False, withCompany: bool = True) -> list[str]:
    name = f"{address.get('firstName') or ''} {address.get('lastName') or ''}".strip()
    rows = [
        name if withName else "",
        address.get("company") if withCompany else "",
        address.get("address1"),
        address.get("address2"),
    ]
    rows += [f"{address.get('zip') or ''} {address.get('city') or ''}".strip(), address.get("country")]
    return [row for row in rows if row]


def _full_name(address: Doc, info: Info) -> str | None:
    return " ".join(part for part in (address.get("firstName"), address.get("lastName")) if part) or None


def _legacy(thing: Doc, info: Info) -> str:
    return str(number(thing["id"]))


def _money_amount(purse: Any, info: Info) -> str:
    return money.text(purse[0], purse[1])


def _shop_money(bag: Any, info: Info) -> Any:
    return (bag[0], bag[1] or info.context.shop.settings.currency)


def _buyer_money(bag: Any, info: Info) -> Any:
    return (bag[2], bag[3] or info.context.shop.settings.currency)


THING_FIELDS: dict[tuple[str, str], Callable[..., Any]] = {
    ("*", "legacyResourceId"): _legacy,
    ("MoneyBag", "shopMoney"): _shop_money,
    ("MoneyBag", "presentmentMoney"): _buyer_money,
    ("MoneyV2", "amount"): _money_amount,
    ("MoneyV2", "currencyCode"): lambda purse, info: purse[1],
    ("FulfillmentOrder", "orderId"): lambda fo, info: fo["order"],
    ("FulfillmentOrder", "orderName"): _order_value("name"),
    ("FulfillmentOrder", "orderProcessedAt"): _order_value("processedAt"),
    ("FulfillmentOrder", "supportedActions"): _supported_actions,
    ("FulfillmentOrder", "destination"): _destination,
    ("FulfillmentOrder", "locationsForMove"): _locations_for_move,
    ("FulfillmentOrder", "fulfillments"): _fulfillments_of,
    ("FulfillmentOrderLineItem", "productTitle"): _line_value("title"),
    ("FulfillmentOrderLineItem", "sku"): _line_value("sku"),
    ("FulfillmentOrderLineItem", "variantTitle"): _line_value("variantTitle"),
    ("FulfillmentOrderLineItem", "vendor"): _line_value("vendor"),
    ("FulfillmentOrderLineItem", "requiresShipping"): _line_value("requiresShipping"),
    ("FulfillmentHold", "displayReason"): lambda hold, info: HOLD_TEXTS.get(hold["reason"], "Other"),
    ("FulfillmentHold", "heldByApp"): _held_by,
    ("FulfillmentLineItem", "originalTotalSet"): _shipped_total,
    ("FulfillmentLineItem", "discountedTotalSet"): _shipped_total,
    ("Fulfillment", "service"): lambda shipment, info: {
        "id": "gid://shopify/FulfillmentService/manual",
        "handle": "manual",
        "serviceName": "Manual",
        "type": "MANUAL",
    },
    ("OrderTransaction", "maximumRefundableV2"): _refundable,
    ("OrderTransaction", "totalUnsettledSet"): lambda t, info: (
        t["amountSet"] if t["status"] == "PENDING" else money.zero(t["amountSet"])
    ),
    ("Customer", "numberOfOrders"): lambda c, info: str(_customer_orders(c, info)[0]),
    ("Customer", "amountSpent"): lambda c, info: (_customer_orders(c, info)[1], info.context.shop.settings.currency),
    ("MailingAddress", "name"): _full_name,
    ("MailingAddress", "formatted"): _address_lines,
    ("MailingAddress", "formattedArea"): lambda a, info: f"{a.get('city')}, {a.get('country')}",
}
