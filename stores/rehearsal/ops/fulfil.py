"""Shipping, holding, releasing, scheduling: changes of an order's fulfilment orders.

A hold or a new date changes the fulfilment order only; the order's own `updatedAt` stays (Shopify's two clocks).
"""

from __future__ import annotations

from collections.abc import Sequence

from stores.rehearsal.clock import iso
from stores.rehearsal.ops.document import Doc, Impossible, event, forget, line_of, mint, number, touch

HOLD_TEXTS = {
    "AWAITING_PAYMENT": "Awaiting payment",
    "AWAITING_RETURN_ITEMS": "Exchange items awaiting return delivery",
    "HIGH_RISK_OF_FRAUD": "High risk of fraud",
    "INCORRECT_ADDRESS": "Incorrect address",
    "INVENTORY_OUT_OF_STOCK": "Inventory out of stock",
    "ONLINE_STORE_POST_PURCHASE_CROSS_SELL": "Post-purchase upsell",
    "OTHER": "Other",
    "UNKNOWN_DELIVERY_DATE": "Unknown delivery date",
}
HOLDS_PER_APP = 10
LIVE = ("OPEN", "IN_PROGRESS", "ON_HOLD", "SCHEDULED")


def remaining(fo: Doc) -> int:
    return sum(line["remainingQuantity"] for line in fo["lineItems"])


def fulfil(
    doc: Doc,
    picks: Sequence[tuple[Doc, Sequence[tuple[Doc, int]]]],
    *,
    at: int,
    tracking: Sequence[Doc] = (),
    display: str = "FULFILLED",
) -> Doc:
    """Ship `picks` (fulfilment order -> its lines with quantities) as one fulfilment. Checks nothing but quantities."""
    shipped: dict[str, int] = {}
    for fo, lines in picks:
        for fo_line, quantity in lines:
            if quantity > fo_line["remainingQuantity"]:
                raise Impossible("Invalid fulfillment order line item quantity requested.", field=["fulfillment"])
            fo_line["remainingQuantity"] -= quantity
            gid = fo_line["lineItem"]
            shipped[gid] = shipped.get(gid, 0) + quantity
        fo["status"] = "CLOSED" if not remaining(fo) else "IN_PROGRESS"
        fo["updatedAt"] = iso(at)
        forget(fo, "supportedActions")
    for gid, quantity in shipped.items():
        line = line_of(doc, gid)
        if line is not None:
            line["unfulfilledQuantity"] = max(0, line.get("unfulfilledQuantity", 0) - quantity)
    count = len(doc.setdefault("fulfillments", [])) + 1
    fulfillment: Doc = {
        "id": mint(doc, "Fulfillment"),
        "name": f"{doc.get('name', '')}-F{count}",
        "order": doc["id"],
        "status": "SUCCESS",
        "displayStatus": display,
        "createdAt": iso(at),
        "updatedAt": iso(at),
        "deliveredAt": None,
        "inTransitAt": None,
        "estimatedDeliveryAt": None,
        "location": picks[0][0].get("assignedLocation", {}).get("location"),
        "trackingInfo": [dict(info) for info in tracking],
        "requiresShipping": True,
        "totalQuantity": sum(shipped.values()),
        "fulfillmentLineItems": [
            {"id": mint(doc, "FulfillmentLineItem"), "lineItem": gid, "quantity": quantity}
            for gid, quantity in shipped.items()
        ],
        "fulfillmentOrders": [fo["id"] for fo, _ in picks],
        "events": [],
    }
    doc["fulfillments"].append(fulfillment)
    forget(doc, "displayFulfillmentStatus")
    touch(doc, at)
    units = fulfillment["totalQuantity"]
    event(doc, "fulfillment_success", f"{units} item{'s' if units != 1 else ''} fulfilled.", at)
    return fulfillment


def hold(fo: Doc, doc: Doc, *, reason: str, notes: str | None, handle: str, at: int, ours: bool) -> Doc:
    """Place one more hold on a fulfilment order."""
    if fo["status"] not in ("OPEN", "ON_HOLD", "SCHEDULED"):
        raise Impossible("The fulfillment order is not in a splittable state.", field=["id"])
    holds: list[Doc] = fo.setdefault("fulfillmentHolds", [])
    own = [entry for entry in holds if entry.get("heldByRequestingApp") is ours]
    if any(entry["handle"] == handle for entry in own):
        raise Impossible(
            "The handle provided for the fulfillment hold is already in use by this app for another hold on this "
            "fulfillment order.",
            field=["fulfillmentHold", "handle"],
            code="DUPLICATE_FULFILLMENT_HOLD_HANDLE",
        )
    if len(own) >= HOLDS_PER_APP:
        raise Impossible(
            "The maximum number of fulfillment holds for this fulfillment order has been reached for this app. An app "
            "can only have up to 10 holds on a single fulfillment order at any one time.",
            field=["id"],
            code="FULFILLMENT_ORDER_HOLD_LIMIT_REACHED",
        )
    entry: Doc = {
        "id": mint(doc, "FulfillmentHold"),
        "reason": reason,
        "reasonNotes": notes,
        "displayReason": HOLD_TEXTS[reason],
        "handle": handle,
        "heldByRequestingApp": ours,
    }
    holds.append(entry)
    fo["status"] = "ON_HOLD"
    _moved(fo, doc, at)
    return entry


def release(fo: Doc, doc: Doc, *, ids: Sequence[str] | None, at: int) -> list[Doc]:
    """Release the holds with these ids, or every hold when none are named. Returns those released."""
    holds: list[Doc] = fo.setdefault("fulfillmentHolds", [])
    gone = [entry for entry in holds if not ids or entry["id"] in ids]
    if not gone:
        return []
    fo["fulfillmentHolds"] = [entry for entry in holds if entry not in gone]
    if not fo["fulfillmentHolds"] and fo["status"] == "ON_HOLD":
        fo["status"] = "OPEN"
    _moved(fo, doc, at)
    return gone


def mark_open(fo: Doc, doc: Doc, *, at: int) -> None:
    """A scheduled fulfilment order becomes open, and reported progress ends; anything else is refused."""
    if fo["status"] not in ("SCHEDULED", "IN_PROGRESS"):
        raise Impossible(f"Expected fulfillment order status to be valid but it was {fo['status'].lower()}.")
    if fo["status"] == "SCHEDULED":
        fo["fulfillAt"] = iso(at)
    fo["status"] = "OPEN"
    _moved(fo, doc, at)


def reschedule(fo: Doc, doc: Doc, *, fulfil_at: int, at: int) -> None:
    if fo["status"] != "SCHEDULED":
        raise Impossible("Fulfillment order must be scheduled.")
    fo["fulfillAt"] = iso(fulfil_at)
    _moved(fo, doc, at)


def report(doc: Doc, shipment: Doc, given: Doc, *, at: int) -> Doc:
    """Add what a carrier says about a shipment (`FulfillmentEventInput`)."""
    happened = given.get("happenedAt") or iso(at)
    entry: Doc = {
        "id": mint(doc, "FulfillmentEvent"),
        "createdAt": iso(at),
        **{key: value for key, value in given.items() if key != "fulfillmentId"},
        "happenedAt": happened,
    }
    shipment.setdefault("events", []).append(entry)
    shipment["displayStatus"] = given["status"]
    shipment["updatedAt"] = iso(at)
    if given["status"] == "DELIVERED":
        shipment["deliveredAt"] = happened
    if given["status"] == "IN_TRANSIT":
        shipment["inTransitAt"] = happened
    if given.get("estimatedDeliveryAt"):
        shipment["estimatedDeliveryAt"] = given["estimatedDeliveryAt"]
    touch(doc, at)
    return entry


def unfulfillable(fo: Doc) -> Impossible | None:
    """Why nothing can be shipped from this fulfilment order, in Shopify's words."""
    if fo["status"] in ("OPEN", "IN_PROGRESS"):
        return None
    status = fo["status"].lower()
    return Impossible(
        f"Fulfillment order {number(fo['id'])} has an unfulfillable status= {status}.", field=["fulfillment"]
    )


def _moved(fo: Doc, doc: Doc, at: int) -> None:
    fo["updatedAt"] = iso(at)
    forget(fo, "supportedActions")
    forget(doc, "displayFulfillmentStatus")
