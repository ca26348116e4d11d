"""Webhook payloads in REST's shape: snake case, tags as one text, all decimals, times with the shop's offset."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from stores.rehearsal import derived, money
from stores.rehearsal.clock import iso, parse
from stores.rehearsal.gids import read
from stores.rehearsal.ops.document import Doc, number
from stores.rehearsal.shop import Shop

Builder = Callable[[Shop, Doc, dict[str, Any]], Any]
"""Makes a payload from the shop, the order (empty for topics about none) and the details of the occasion."""
_DISPLAYED = {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial"}


def of(topic: str, shop: Shop, doc: Doc, details: dict[str, Any]) -> Any:
    """The payload of a topic about one order, or about its refund, transaction or fulfilment, found in `details`."""
    when = partial(local, zone=shop.settings.timezone)
    if topic == "ORDERS_DELETE":
        return {"id": number(doc["id"])}
    if topic == "REFUNDS_CREATE":
        return _refund(doc, details["refund"], when)
    if topic == "ORDER_TRANSACTIONS_CREATE":
        return _transaction(details["transaction"], when)
    if topic.startswith("FULFILLMENTS_"):
        return _fulfillment(doc, details["fulfillment"], when)
    return order(shop, doc)


def bulk_operation(doc: Doc, *, zone: str) -> Doc:
    """`bulk_operations/finish`, sent whatever the end was."""
    when = partial(local, zone=zone)
    return {
        "admin_graphql_api_id": doc["id"],
        "completed_at": when(doc["completedAt"]),
        "created_at": when(doc["createdAt"]),
        "error_code": doc["errorCode"].lower() if doc["errorCode"] else None,
        "status": doc["status"].lower(),
        "type": doc["type"].lower(),
    }


def local(text: str | None, *, zone: str) -> str | None:
    """`2026-11-22T10:30:00+01:00` for a document's time."""
    seconds = parse(text) if text else None
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).astimezone(ZoneInfo(zone)).isoformat()


def shop(shop: Shop) -> Doc:
    """`shop/update` and `app/uninstalled`."""
    settings, mail = shop.settings, f"hello@{shop.handle}.example.com"
    return {
        "id": number(shop.id),
        "name": shop.name,
        "email": mail,
        "customer_email": mail,
        "domain": f"{shop.handle}.example.com",
        "myshopify_domain": settings.domain,
        "currency": settings.currency,
        "iana_timezone": settings.timezone,
        "country": "NL",
        "plan_display_name": settings.plan.capitalize(),
        "plan_name": settings.plan,
        "primary_location_id": 61,
        "shop_owner": "Rehearsal Owner",
        "updated_at": local(iso(shop.clock.now()), zone=settings.timezone),
    }


def order(shop: Shop, doc: Doc) -> Doc:
    """`orders/*`, all but `orders/delete`."""
    when = partial(local, zone=shop.settings.timezone)
    names = (
        "total_price",
        "current_total_price",
        "subtotal_price",
        "current_subtotal_price",
        "total_tax",
        "total_discounts",
    )
    sums: tuple[Callable[[Doc], money.Bag], ...] = (
        derived.total,
        derived.current_total,
        derived.subtotal,
        derived.current_subtotal,
        derived.tax,
        derived.discounts,
    )
    amounts: Doc = {}
    for name, compute in zip(names, sums, strict=True):
        bag = compute(doc)
        amounts[name] = money.fixed(bag[0], bag[1])
        amounts[f"{name}_set"] = _bag(bag)
    financial = derived.financial_status(doc)
    gid = read(doc["customer"]) if doc.get("customer") else None
    buyer = shop.customer(gid) if gid else None
    outstanding = derived.outstanding(doc)
    found = {
        "id": number(doc["id"]),
        "admin_graphql_api_id": doc["id"],
        "name": doc.get("name"),
        "number": doc.get("number", 0) - 1000,
        "order_number": doc.get("number"),
        "confirmation_number": doc.get("confirmationNumber"),
        "po_number": doc.get("poNumber"),
        "created_at": when(doc.get("createdAt")),
        "processed_at": when(doc.get("processedAt")),
        "updated_at": when(doc.get("updatedAt")),
        "closed_at": when(doc.get("closedAt")),
        "cancelled_at": when(doc.get("cancelledAt")),
        "cancel_reason": doc["cancelReason"].lower() if doc.get("cancelReason") else None,
        "confirmed": doc.get("confirmed", True),
        "test": doc.get("test", False),
        "email": doc.get("email") or "",
        "contact_email": doc.get("email"),
        "phone": doc.get("phone"),
        "customer_locale": doc.get("customerLocale"),
        "currency": doc["currencyCode"],
        "presentment_currency": doc.get("presentmentCurrencyCode"),
        "financial_status": financial.lower() if financial else None,
        "fulfillment_status": _DISPLAYED.get(derived.fulfillment_status(doc)),
        "note": doc.get("note"),
        "note_attributes": [{"name": a["key"], "value": a["value"]} for a in doc.get("customAttributes", ())],
        "tags": ", ".join(doc.get("tags", ())),
        "source_name": doc.get("sourceName"),
        "taxes_included": doc.get("taxesIncluded", False),
        "total_outstanding": money.fixed(outstanding[0], outstanding[1]),
        **amounts,
        "discount_codes": [
            {"code": code, "amount": amounts["total_discounts"], "type": "percentage"}
            for code in doc.get("discountCodes", ())
        ],
        "payment_gateway_names": list(dict.fromkeys(t["gateway"] for t in doc.get("transactions", ()))),
        "customer": customer(buyer) if buyer else None,
        "billing_address": _address(doc.get("billingAddress")),
        "shipping_address": _address(doc.get("shippingAddress")),
        "line_items": [_line(line) for line in doc.get("lineItems", ())],
        "shipping_lines": [_shipping(line) for line in doc.get("shippingLines", ())],
        "fulfillments": [_fulfillment(doc, entry, when) for entry in doc.get("fulfillments", ())],
        "refunds": [_refund(doc, entry, when) for entry in doc.get("refunds", ())],
    }
    return found if shop.approved == 2 else _without_persons(found, customer=shop.approved == 1)


def _without_persons(found: Doc, *, customer: bool) -> Doc:
    """Protected data is left out as it is left out of answers."""
    hidden = ("first_name", "last_name", "name", "address1", "address2", "zip", "phone", "email")
    for name in ("billing_address", "shipping_address", "customer"):
        if found[name]:
            found[name] = {key: None if key in hidden else value for key, value in found[name].items()}
    return {**found, "email": "", "contact_email": None, "phone": None, **({} if customer else {"customer": None})}


def _bag(bag: Any) -> Doc:
    return {
        "shop_money": {"amount": money.fixed(bag[0], bag[1]), "currency_code": bag[1]},
        "presentment_money": {"amount": money.fixed(bag[2], bag[3]), "currency_code": bag[3]},
    }


def _address(address: Doc | None) -> Doc | None:
    if not address:
        return None
    return {
        "first_name": address.get("firstName"),
        "last_name": address.get("lastName"),
        "company": address.get("company"),
        "address1": address.get("address1"),
        "address2": address.get("address2"),
        "city": address.get("city"),
        "zip": address.get("zip"),
        "province": address.get("province"),
        "province_code": address.get("provinceCode"),
        "country": address.get("country"),
        "country_code": address.get("countryCodeV2"),
        "phone": address.get("phone"),
        "name": f"{address.get('firstName') or ''} {address.get('lastName') or ''}".strip(),
    }


def customer(buyer: Doc) -> Doc:
    """A buyer, as in an order and in `customers/*`."""
    return {
        "id": number(buyer["id"]),
        "admin_graphql_api_id": buyer["id"],
        "first_name": buyer.get("firstName"),
        "last_name": buyer.get("lastName"),
        "email": (buyer.get("defaultEmailAddress") or {}).get("emailAddress"),
        "phone": (buyer.get("defaultPhoneNumber") or {}).get("phoneNumber"),
        "note": buyer.get("note"),
        "tags": ", ".join(buyer.get("tags", ())),
        "state": (buyer.get("state") or "disabled").lower(),
    }


def _line(line: Doc) -> Doc:
    price = line.get("originalUnitPriceSet") or (0, "USD", 0, "USD")
    waiting = line.get("unfulfilledQuantity", 0)
    done = line.get("quantity", 0) - waiting - line.get("nonFulfillableQuantity", 0)
    return {
        "id": number(line["id"]),
        "admin_graphql_api_id": line["id"],
        "title": line.get("title"),
        "name": line.get("name"),
        "variant_title": line.get("variantTitle"),
        "sku": line.get("sku"),
        "vendor": line.get("vendor"),
        "quantity": line.get("quantity"),
        "current_quantity": line.get("currentQuantity"),
        "fulfillable_quantity": waiting,
        "fulfillment_status": "fulfilled" if not waiting and done else "partial" if done else None,
        "requires_shipping": line.get("requiresShipping"),
        "price": money.fixed(price[0], price[1]),
        "price_set": _bag(price),
    }


def _shipping(line: Doc) -> Doc:
    price = line["discountedPriceSet"]
    return {
        "id": number(line["id"]),
        "title": line.get("title"),
        "code": line.get("code"),
        "price": money.fixed(price[0], price[1]),
        "price_set": _bag(price),
    }


def _fulfillment(doc: Doc, entry: Doc, when: Callable[..., str | None]) -> Doc:
    tracks = entry.get("trackingInfo") or []
    shown = {line["id"]: line for line in doc.get("lineItems", ())}
    return {
        "id": number(entry["id"]),
        "admin_graphql_api_id": entry["id"],
        "order_id": number(doc["id"]),
        "name": entry.get("name"),
        "status": entry["status"].lower(),
        "created_at": when(entry.get("createdAt")),
        "updated_at": when(entry.get("updatedAt")),
        "tracking_company": tracks[0]["company"] if tracks else None,
        "tracking_number": tracks[0]["number"] if tracks else None,
        "tracking_numbers": [t["number"] for t in tracks],
        "tracking_url": tracks[0]["url"] if tracks else None,
        "tracking_urls": [t["url"] for t in tracks],
        "line_items": [
            {**_line(shown[part["lineItem"]]), "quantity": part["quantity"]}
            for part in entry.get("fulfillmentLineItems", ())
            if part.get("lineItem") in shown
        ],
    }


def _refund(doc: Doc, entry: Doc, when: Callable[..., str | None]) -> Doc:
    made = set(entry.get("transactions", ()))
    return {
        "id": number(entry["id"]),
        "admin_graphql_api_id": entry["id"],
        "order_id": number(doc["id"]),
        "created_at": when(entry.get("createdAt")),
        "processed_at": when(entry.get("processedAt")),
        "note": entry.get("note"),
        "restock": any(line.get("restocked") for line in entry.get("refundLineItems", ())),
        "refund_line_items": [
            {
                "id": number(line["id"]),
                "line_item_id": number(line["lineItem"]),
                "quantity": line["quantity"],
                "restock_type": line["restockType"].lower(),
                "subtotal": float(money.fixed(line["subtotalSet"][0], line["subtotalSet"][1])),
                "subtotal_set": _bag(line["subtotalSet"]),
            }
            for line in entry.get("refundLineItems", ())
        ],
        "transactions": [_transaction(t, when) for t in doc.get("transactions", ()) if t["id"] in made],
        "order_adjustments": [],
    }


def _transaction(entry: Doc, when: Callable[..., str | None]) -> Doc:
    amount = entry["amountSet"]
    return {
        "id": number(entry["id"]),
        "admin_graphql_api_id": entry["id"],
        "order_id": number(entry["order"]),
        "parent_id": number(entry["parentTransaction"]) if entry.get("parentTransaction") else None,
        "kind": entry["kind"].lower(),
        "status": entry["status"].lower(),
        "gateway": entry["gateway"],
        "amount": money.fixed(amount[2], amount[3]),
        "currency": amount[3],
        "created_at": when(entry.get("createdAt")),
        "processed_at": when(entry.get("processedAt")),
        "test": entry.get("test", False),
        "error_code": entry["errorCode"].lower() if entry.get("errorCode") else None,
    }
