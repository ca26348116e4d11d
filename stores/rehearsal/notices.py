"""Payloads of the topics that are not about an order as a whole, by topic; `payload` is what callers want.

A builder gets the shop, the order (empty for topics about none) and the details of the occasion. What an occasion does
not name is taken from the order at hand, so that `emit` can send any topic about any order.
"""

from __future__ import annotations

from typing import Any

from stores.rehearsal import fulfilment_notices, payloads
from stores.rehearsal.clock import iso
from stores.rehearsal.gids import read
from stores.rehearsal.ops.document import Doc, Impossible, number
from stores.rehearsal.payloads import Builder
from stores.rehearsal.shop import Shop


def payload(topic: str, shop: Shop, doc: Doc, details: dict[str, Any]) -> Any:
    """The payload of one topic. Raises `Impossible` when the order has nothing that the topic could be about."""
    build = BUILDERS.get(topic)
    return build(shop, doc, details) if build else payloads.of(topic, shop, doc, details)


# -- orders ------------------------------------------------------------------------------------------------------------


def _latest(name: str, key: str) -> Builder:
    """The topic's own builder, with the last entry of a list of the order when the occasion names none."""

    def build(shop: Shop, doc: Doc, details: dict[str, Any]) -> Any:
        found = details.get(key) or next(reversed(doc.get(name) or []), None)
        if found is None:
            raise Impossible(f"This order has no {name}.")
        return payloads.of(_OF[key], shop, doc, {key: found})

    return build


_OF = {"refund": "REFUNDS_CREATE", "transaction": "ORDER_TRANSACTIONS_CREATE", "fulfillment": "FULFILLMENTS_CREATE"}


def _edited(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    edit = details.get("edit") or {}
    now = payloads.local(iso(shop.clock.now()), zone=shop.settings.timezone)
    lines = {
        side: [{"id": number(gid), "delta": delta} for gid, delta in edit.get(side) or ()]
        for side in ("additions", "removals")
    }
    return {
        "order_edit": {
            "id": number(doc["id"]) + 1,
            "app_id": None,
            "created_at": now,
            "committed_at": now,
            "notify_customer": edit.get("notify", False),
            "order_id": number(doc["id"]),
            "staff_note": edit.get("note", ""),
            "user_id": None,
            "line_items": lines,
            "discounts": {"line_item": {"additions": [], "removals": []}},
            "shipping_lines": {"additions": [], "removals": []},
        }
    }


def _shipping_event(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    shipment = details.get("fulfillment") or next((f for f in doc.get("fulfillments", ()) if f.get("events")), None)
    if shipment is None or not (shipment.get("events") or details.get("event")):
        raise Impossible("This order has no shipment with events.")
    event = details.get("event") or shipment["events"][-1]
    when = payloads.local(event["happenedAt"], zone=shop.settings.timezone)
    return {
        "id": number(event["id"]),
        "admin_graphql_api_id": event["id"],
        "fulfillment_id": number(shipment["id"]),
        "order_id": number(doc["id"]),
        "shop_id": number(shop.id),
        "status": event["status"].lower(),
        "message": event.get("message"),
        "happened_at": when,
        "created_at": when,
        "updated_at": when,
        **dict.fromkeys(("city", "province", "country", "zip", "address1", "latitude", "longitude")),
        "estimated_delivery_at": event.get("estimatedDeliveryAt"),
    }


def _risk(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    """It says how high, but not what to do about it."""
    return {
        "provider_id": None,
        "provider_title": None,
        "risk_level": (details.get("level") or doc.get("_risk") or "NONE").lower(),
        "created_at": payloads.local(iso(shop.clock.now()), zone=shop.settings.timezone),
        "order_id": number(doc["id"]),
        "admin_graphql_api_order_id": doc["id"],
    }


def _dispute(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    dispute = details.get("dispute") or next(iter(doc.get("disputes") or ()), None)
    if dispute is None:
        raise Impossible("This order has no disputes.")
    total = payloads.order(shop, doc)
    return {
        "id": number(dispute["id"]),
        "order_id": number(doc["id"]),
        "type": dispute["initiatedAs"].lower(),
        "amount": total["total_price"],
        "currency": total["currency"],
        "reason": dispute.get("reason", "fraudulent"),
        "network_reason_code": "4837",
        "status": dispute["status"].lower(),
        "evidence_due_by": None,
        "evidence_sent_on": None,
        "finalized_on": None,
        "initiated_at": payloads.local(dispute.get("initiatedAt"), zone=shop.settings.timezone),
    }


def _protect(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    return {"order_id": number(doc["id"]), "status": "active", "eligibility": {"status": "eligible"}}


def _return_of(doc: Doc, details: dict[str, Any]) -> Doc:
    found = details.get("return") or next(reversed(doc.get("returns") or []), None)
    if found is None:
        raise Impossible("This order has no returns.")
    return found  # type: ignore[no-any-return]


def _return_whole(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    """`returns/request` and `approve` name the order as an object, as `decline` does..."""
    entry = _return_of(doc, details)
    lines = entry.get("returnLineItems") or []
    return {
        **_return_named(doc, entry),
        "total_return_line_items": len(lines),
        "name": entry.get("name"),
        "return_line_items": [
            {"id": number(line["id"]), "admin_graphql_api_id": line["id"], "quantity": line["quantity"]}
            for line in lines
        ],
        "return_shipping_fees": [],
        "exchange_line_items": [],
        "total_exchange_line_items": 0,
    }


def _return_named(doc: Doc, entry: Doc) -> Doc:
    return {
        "id": number(entry["id"]),
        "admin_graphql_api_id": entry["id"],
        "status": entry["status"].lower(),
        "order": {"id": number(doc["id"]), "admin_graphql_api_id": doc["id"]},
    }


def _return_declined(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    entry = _return_of(doc, details)
    decline = entry.get("decline") or {}
    why = {"reason": (decline.get("reason") or "OTHER").lower(), "note": decline.get("note")}
    return {**_return_named(doc, entry), "decline": why}


def _return_short(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    """...`cancel`, `close` and `reopen` by its number..."""
    entry = _return_of(doc, details)
    return {
        "id": number(entry["id"]),
        "admin_graphql_api_id": entry["id"],
        "order_id": number(doc["id"]),
        "status": entry["status"].lower(),
    }


def _return_update(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    """...and `update` not at all."""
    entry = _return_of(doc, details)
    return {
        "admin_graphql_api_id": entry["id"],
        "return_line_items": {"removals": []},
        "restocking_fees": {"updates": [], "removals": []},
        "return_shipping_fees": {"updates": [], "removals": []},
    }


# -- buyers, the app, the shop -----------------------------------------------------------------------------------------


def _buyer(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    gid = read(details.get("customer") or doc.get("customer") or "")
    found = shop.customer(gid) if gid else None
    if found is None:
        raise Impossible("This order has no customer.")
    return found


def _customer(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    buyer = payloads.customer(_buyer(shop, doc, details))
    del buyer["tags"]  # only within an order
    return {**buyer, "addresses": [], "tax_exemptions": [], "currency": shop.settings.currency}


def _customer_gone(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    gid = details.get("customer") or doc.get("customer")
    if not gid:
        raise Impossible("This order has no customer.")
    return {"id": number(gid), "tax_exemptions": [], "admin_graphql_api_id": gid}


def _privacy(key: str) -> Builder:
    def build(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
        buyer = details.get("buyer") or _buyer(shop, doc, details)
        orders = details.get("orders") or ([doc["id"]] if doc else [])
        asked = {"data_request": {"id": shop.clock.seconds()}} if key == "orders_requested" else {}
        return {
            **_shop_only(shop, doc, details),
            "customer": {
                "id": number(buyer["id"]),
                "email": (buyer.get("defaultEmailAddress") or {}).get("emailAddress"),
                "phone": (buyer.get("defaultPhoneNumber") or {}).get("phoneNumber"),
            },
            key: [number(gid) for gid in orders],
            **asked,
        }

    return build


def _shop_only(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    return {"shop_id": number(shop.id), "shop_domain": shop.settings.domain}


def _scopes(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    return {
        "id": 1,
        "shop_id": shop.id,
        "previous": sorted(details.get("previous", shop.scopes)),
        "current": sorted(shop.scopes),
        "updated_at": iso(shop.clock.now()),
    }


BUILDERS: dict[str, Builder] = {
    **fulfilment_notices.BUILDERS,
    "FULFILLMENTS_CREATE": _latest("fulfillments", "fulfillment"),
    "FULFILLMENTS_UPDATE": _latest("fulfillments", "fulfillment"),
    "FULFILLMENT_EVENTS_CREATE": _shipping_event,
    "FULFILLMENT_EVENTS_DELETE": _shipping_event,
    "REFUNDS_CREATE": _latest("refunds", "refund"),
    "ORDER_TRANSACTIONS_CREATE": _latest("transactions", "transaction"),
    "ORDERS_EDITED": _edited,
    "ORDERS_RISK_ASSESSMENT_CHANGED": _risk,
    "ORDERS_SHOPIFY_PROTECT_ELIGIBILITY_CHANGED": _protect,
    "DISPUTES_CREATE": _dispute,
    "DISPUTES_UPDATE": _dispute,
    "RETURNS_REQUEST": _return_whole,
    "RETURNS_APPROVE": _return_whole,
    "RETURNS_DECLINE": _return_declined,
    "RETURNS_CANCEL": _return_short,
    "RETURNS_CLOSE": _return_short,
    "RETURNS_REOPEN": _return_short,
    "RETURNS_PROCESS": lambda shop, doc, details: {},
    "RETURNS_UPDATE": _return_update,
    "CUSTOMERS_CREATE": _customer,
    "CUSTOMERS_UPDATE": _customer,
    "CUSTOMERS_DELETE": _customer_gone,
    "CUSTOMERS_DATA_REQUEST": _privacy("orders_requested"),
    "CUSTOMERS_REDACT": _privacy("orders_to_redact"),
    "SHOP_REDACT": _shop_only,
    "APP_SCOPES_UPDATE": _scopes,
    "APP_UNINSTALLED": lambda shop, doc, details: payloads.shop(shop),
    "SHOP_UPDATE": lambda shop, doc, details: payloads.shop(shop),
}
