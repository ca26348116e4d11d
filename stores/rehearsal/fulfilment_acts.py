"""What the owner's staff do with fulfilment orders and shipments, and to an order's lines, without the app."""

from __future__ import annotations

from typing import Any

from stores.rehearsal.clock import iso
from stores.rehearsal.mutations.fulfillment_orders import OPENED
from stores.rehearsal.ops import arrange, edit, fulfil
from stores.rehearsal.ops.document import Doc, Impossible, touch
from stores.rehearsal.shop import Shop

Told = tuple[tuple[str, ...], dict[str, Any]]
UPDATED = "ORDERS_UPDATED"


def _one(doc: Doc, *states: str) -> Doc:
    found = next((fo for fo in doc["fulfillmentOrders"] if fo["status"] in states), None)
    if found is None:
        raise Impossible("No fulfilment order is in a state for that.")
    return found  # type: ignore[no-any-return]


def _some(fo: Doc) -> arrange.Picks:
    """One unit of its first line: the least that leaves something over."""
    picks = [(fo["lineItems"][0], 1)]
    if not arrange.rest(fo, picks):
        raise Impossible("There is only one unit left in it.")
    return picks


def _move(shop: Shop, doc: Doc, wish: dict[str, Any]) -> Told:
    """To the other place: everything, or with `some` one unit."""
    fo = _one(doc, "OPEN", "SCHEDULED", "ON_HOLD")
    picks = _some(fo) if wish.get("some") else arrange.everything(fo)
    lines, source = [(line["id"], count) for line, count in picks], fo["assignedLocation"].get("location")
    place = next((place for place in shop.places if place["id"] != source), None)
    if place is None:
        raise Impossible("There is no other place.")
    moved = arrange.move(fo, doc, picks, place=place, at=shop.clock.seconds())
    return ("FULFILLMENT_ORDERS_MOVED",), {"original": fo, "moved": moved, "lines": lines, "source": source}


def _split(shop: Shop, doc: Doc, wish: dict[str, Any]) -> Told:
    fo = _one(doc, "OPEN", "SCHEDULED")
    picks = _some(fo)
    lines = [(line["id"], count) for line, count in picks]
    left = arrange.split(fo, doc, picks, at=shop.clock.seconds())
    return ("FULFILLMENT_ORDERS_SPLIT",), {"fulfillment_order": fo, "remaining": left, "lines": lines}


def _merge(shop: Shop, doc: Doc, wish: dict[str, Any]) -> Told:
    """All that are open at the place of the first."""
    first = _one(doc, "OPEN")
    here = first["assignedLocation"].get("location")
    orders = [
        fo
        for fo in doc["fulfillmentOrders"]
        if fo["status"] == "OPEN" and fo["assignedLocation"].get("location") == here
    ]
    if len(orders) < 2:
        raise Impossible("There is only one open at that place.")
    intents = [(fo["id"], [(line["id"], line["remainingQuantity"]) for line in fo["lineItems"]]) for fo in orders]
    merged = arrange.merge(orders, doc, at=shop.clock.seconds())
    return ("FULFILLMENT_ORDERS_MERGED",), {"fulfillment_order": merged, "intents": intents}


def _give_up(shop: Shop, doc: Doc, wish: dict[str, Any]) -> Told:
    fo = _one(doc, "OPEN", "SCHEDULED", "ON_HOLD")
    made = arrange.cancel(fo, doc, at=shop.clock.seconds())
    return ("FULFILLMENT_ORDERS_CANCELLED",), {"fulfillment_order": fo, "replacement": made}


def _progress(shop: Shop, doc: Doc, wish: dict[str, Any]) -> Told:
    fo = _one(doc, "OPEN")
    arrange.report_progress(fo, doc, at=shop.clock.seconds())
    return ("FULFILLMENT_ORDERS_PROGRESS_REPORTED",), {"fulfillment_order": fo, "notes": wish.get("notes")}


def _open(shop: Shop, doc: Doc, wish: dict[str, Any]) -> Told:
    """A scheduled one is ready, or progress on one is over."""
    fo = _one(doc, "SCHEDULED", "IN_PROGRESS")
    topic = OPENED[fo["status"]]
    fulfil.mark_open(fo, doc, at=shop.clock.seconds())
    return (topic,), {"fulfillment_order": fo}


def _reschedule(shop: Shop, doc: Doc, wish: dict[str, Any]) -> Told:
    """So many `days` from now."""
    fo, now = _one(doc, "SCHEDULED"), shop.clock.seconds()
    fulfil.reschedule(fo, doc, fulfil_at=now + int(wish.get("days") or 7) * 86_400, at=now)
    return ("FULFILLMENT_ORDERS_RESCHEDULED",), {"fulfillment_order": fo}


def _unship(shop: Shop, doc: Doc, wish: dict[str, Any]) -> Told:
    shipment = next((f for f in reversed(doc.get("fulfillments") or []) if f["status"] == "SUCCESS"), None)
    if shipment is None:
        raise Impossible("Nothing was shipped.")
    arrange.unship(shipment, doc, at=shop.clock.seconds())
    touch(doc, shop.clock.seconds())
    return ("FULFILLMENTS_UPDATE", UPDATED), {"fulfillment": shipment}


def _report(shop: Shop, doc: Doc, wish: dict[str, Any]) -> Told:
    """The carrier says how it goes: `status`, as in FulfillmentEventStatus."""
    shipment = next((f for f in reversed(doc.get("fulfillments") or []) if f["status"] == "SUCCESS"), None)
    if shipment is None:
        raise Impossible("Nothing was shipped.")
    at = shop.clock.seconds()
    given = {"status": wish.get("status") or "DELIVERED", "happenedAt": iso(at), "message": wish.get("message")}
    made = fulfil.report(doc, shipment, given, at=at)
    topics = ("FULFILLMENT_EVENTS_CREATE", "FULFILLMENTS_UPDATE", UPDATED)
    return topics, {"fulfillment": shipment, "event": made}


def _add_line(shop: Shop, doc: Doc, wish: dict[str, Any]) -> Told:
    """An order edit that adds `title` for `cents` (of the euro)."""
    title, cents = str(wish.get("title") or "Gift wrapping"), int(wish.get("cents") or 450)
    line = edit.add_line(doc, title, cents, at=shop.clock.seconds())
    return ("ORDERS_EDITED", UPDATED), {"edit": {"additions": [(line["id"], 1)]}}


def _remove_line(shop: Shop, doc: Doc, wish: dict[str, Any]) -> Told:
    """An order edit that takes off one unit that was not shipped."""
    line = edit.remove_unit(doc, at=shop.clock.seconds())
    return ("ORDERS_EDITED", UPDATED), {"edit": {"removals": [(line["id"], 1)]}}


FULFILMENT_ACTS = {
    "move": _move,
    "split": _split,
    "merge": _merge,
    "cancel_fulfillment_order": _give_up,
    "progress": _progress,
    "open_fulfillment_order": _open,
    "reschedule": _reschedule,
    "cancel_fulfillment": _unship,
    "report": _report,
    "add_line": _add_line,
    "remove_line": _remove_line,
}
