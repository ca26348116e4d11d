"""Payloads of `fulfillment_orders/*` and `fulfillment_holds/*`: gids and states, but hardly ever the order."""

from __future__ import annotations

from typing import Any

from stores.rehearsal import payloads
from stores.rehearsal.ops.document import Doc, Impossible, number
from stores.rehearsal.payloads import Builder
from stores.rehearsal.shop import Shop


def _fo(doc: Doc, details: dict[str, Any]) -> Doc:
    found = details.get("fulfillment_order") or next(iter(doc.get("fulfillmentOrders", ())), None)
    if found is None:
        raise Impossible("This order has no fulfillment orders.")
    return found  # type: ignore[no-any-return]


def _shown(fo: Doc, **more: Any) -> Doc:
    """Gid and status; the order is not named."""
    return {"id": fo["id"], "status": fo["status"].lower(), **more}


def _hold(entry: Doc) -> Doc:
    return {
        "id": entry["id"],
        "reason": entry["reason"].lower(),
        "reason_notes": entry.get("reasonNotes"),
        "held_by_requesting_app": entry.get("heldByRequestingApp", False),
        "handle": entry.get("handle"),
        "held_by_app": {"id": "gid://shopify/App/1"},
    }


def _hold_of(doc: Doc, details: dict[str, Any]) -> Doc:
    holds = [details["hold"]] if "hold" in details else _fo(doc, details).get("fulfillmentHolds") or []
    if not holds:
        raise Impossible("Nothing is on hold.")
    return holds[-1]  # type: ignore[no-any-return]


def _lines(fo: Doc, details: dict[str, Any]) -> list[Doc]:
    chosen = details.get("lines") or [(line["id"], line["remainingQuantity"]) for line in fo["lineItems"]]
    return [{"id": gid, "quantity": quantity} for gid, quantity in chosen]


def _location(fo: Doc) -> Any:
    return fo.get("assignedLocation", {}).get("location")


def _about_hold(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    return {
        "fulfillment_order": {"id": _fo(doc, details)["id"]},
        "fulfillment_hold": _hold(_hold_of(doc, details)),
    }


def _placed_on_hold(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    fo, hold, remaining = _fo(doc, details), _hold_of(doc, details), details.get("remaining")
    return {
        "fulfillment_order": _shown(fo, fulfillment_holds=[_hold(entry) for entry in fo.get("fulfillmentHolds", ())]),
        "remaining_fulfillment_order": _shown(remaining) if remaining else None,
        "held_fulfillment_order_line_items": _lines(fo, details),
        "created_fulfillment_hold": _hold(hold),
    }


def _only(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    return {"fulfillment_order": _shown(_fo(doc, details))}


def _rescheduled(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    fo = _fo(doc, details)
    at = payloads.local(fo.get("fulfillAt"), zone=shop.settings.timezone)
    return {"fulfillment_order": _shown(fo, fulfill_at=at)}


def _cancelled(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    replacement = details.get("replacement")
    return {**_only(shop, doc, details), "replacement_fulfillment_order": _shown(replacement) if replacement else None}


def _moved(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    original = details.get("original") or _fo(doc, details)
    moved = details.get("moved") or original
    return {
        "original_fulfillment_order": _shown(original, assigned_location_id=_location(original)),
        "moved_fulfillment_order": _shown(moved, assigned_location_id=_location(moved)),
        "destination_location_id": _location(moved),
        "fulfillment_order_line_items_requested": [
            {"id": gid, "quantity": quantity} for gid, quantity in details.get("lines") or ()
        ],
        "source_location": {"id": details.get("source") or _location(original)},
    }


def _split(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    fo = _fo(doc, details)
    remaining, replacement = details.get("remaining"), details.get("replacement")
    return {
        "split_line_items": _lines(fo, details),
        "fulfillment_order": _shown(fo),
        "remaining_fulfillment_order": _shown(remaining) if remaining else None,
        "replacement_fulfillment_order": _shown(replacement) if replacement else None,
    }


def _merged(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    """The one payload of these that names numbers instead of gids."""
    fo = _fo(doc, details)
    intents = details.get("intents") or [
        (fo["id"], [(line["id"], line["remainingQuantity"]) for line in fo["lineItems"]])
    ]
    return {
        "merge_intents": [
            {
                "fulfillment_order_id": number(gid),
                "fulfillment_order_line_items": [{"id": number(line), "quantity": count} for line, count in lines],
            }
            for gid, lines in intents
        ],
        "fulfillment_order_merges": {"fulfillment_order": _shown(fo)},
    }


_BY = {"app": {"id": "gid://shopify/App/1"}, "user": {"id": "gid://shopify/StaffMember/1"}}


def _progress(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    return {
        **_only(shop, doc, details),
        "progress_report": {
            "reason_notes": details.get("notes"),
            "progress_reported_by_app": _BY["app"],
            "progress_reported_by_user": _BY["user"],
        },
        "initial_status": details.get("initial", "open"),
    }


def _progress_stopped(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    return {
        **_only(shop, doc, details),
        "progress_stopped_by_app": _BY["app"],
        "progress_stopped_by_user": _BY["user"],
    }


def _request(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    fo = _fo(doc, details)
    status = (fo.get("requestStatus") or "UNSUBMITTED").lower()
    return {"fulfillment_order": _shown(fo, request_status=status), "message": details.get("message", "")}


def _submitted(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    fo = _fo(doc, details)
    shown = _shown(fo, request_status=(fo.get("requestStatus") or "UNSUBMITTED").lower())
    wish = {"id": f"gid://shopify/FulfillmentOrderMerchantRequest/{number(fo['id'])}", "message": ""}
    return {
        "original_fulfillment_order": shown,
        "submitted_fulfillment_order": shown,
        "fulfillment_order_merchant_request": {**wish, "message": details.get("message", "")},
    }


def _cancellation_asked(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    found = _submitted(shop, doc, details)
    return {
        "fulfillment_order": found["submitted_fulfillment_order"],
        "fulfillment_order_merchant_request": found["fulfillment_order_merchant_request"],
    }


def _prepared(shop: Shop, doc: Doc, details: dict[str, Any]) -> Doc:
    fo = _fo(doc, details)
    method = ((fo.get("deliveryMethod") or {}).get("methodType") or "pick_up").lower()
    return {"fulfillment_order": _shown(fo, preparable=True, delivery_method={"method_type": method})}


BUILDERS: dict[str, Builder] = {
    "FULFILLMENT_HOLDS_ADDED": _about_hold,
    "FULFILLMENT_HOLDS_RELEASED": _about_hold,
    "FULFILLMENT_ORDERS_PLACED_ON_HOLD": _placed_on_hold,
    "FULFILLMENT_ORDERS_HOLD_RELEASED": _only,
    "FULFILLMENT_ORDERS_ORDER_ROUTING_COMPLETE": _only,
    "FULFILLMENT_ORDERS_SCHEDULED_FULFILLMENT_ORDER_READY": _only,
    "FULFILLMENT_ORDERS_RESCHEDULED": _rescheduled,
    "FULFILLMENT_ORDERS_CANCELLED": _cancelled,
    "FULFILLMENT_ORDERS_MOVED": _moved,
    "FULFILLMENT_ORDERS_SPLIT": _split,
    "FULFILLMENT_ORDERS_MERGED": _merged,
    "FULFILLMENT_ORDERS_PROGRESS_REPORTED": _progress,
    "FULFILLMENT_ORDERS_MANUALLY_REPORTED_PROGRESS_STOPPED": _progress_stopped,
    "FULFILLMENT_ORDERS_LINE_ITEMS_PREPARED_FOR_PICKUP": _prepared,
    "FULFILLMENT_ORDERS_LINE_ITEMS_PREPARED_FOR_LOCAL_DELIVERY": _prepared,
    "FULFILLMENT_ORDERS_FULFILLMENT_REQUEST_SUBMITTED": _submitted,
    "FULFILLMENT_ORDERS_FULFILLMENT_REQUEST_ACCEPTED": _request,
    "FULFILLMENT_ORDERS_FULFILLMENT_REQUEST_REJECTED": _request,
    "FULFILLMENT_ORDERS_CANCELLATION_REQUEST_SUBMITTED": _cancellation_asked,
    "FULFILLMENT_ORDERS_CANCELLATION_REQUEST_ACCEPTED": _request,
    "FULFILLMENT_ORDERS_CANCELLATION_REQUEST_REJECTED": _request,
    "FULFILLMENT_ORDERS_FULFILLMENT_SERVICE_FAILED_TO_COMPLETE": _request,
}
