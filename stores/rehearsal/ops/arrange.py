"""Moving, splitting, merging, cancelling fulfilment orders, and reporting progress on them. The order's clock stays.

Which part keeps its id follows recordings: what is split off or moved away gets new ids, the rest keeps its own; a
cancelled one is emptied into a replacement; of merged ones the first stays and the others are closed at nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from stores.rehearsal.clock import iso
from stores.rehearsal.ops.document import Doc, Impossible, forget, mint, number
from stores.rehearsal.ops.fulfil import remaining

Picks = Sequence[tuple[Doc, int]]
"""Lines of a fulfilment order with how many units of each."""


def everything(fo: Doc) -> Picks:
    return [(line, line["remainingQuantity"]) for line in fo["lineItems"] if line["remainingQuantity"]]


def chosen(fo: Doc, wish: Sequence[tuple[str, int]]) -> Picks:
    """Lines by id. Refused when one is not there or has fewer units left."""
    by_id = {line["id"]: line for line in fo["lineItems"]}
    picks = []
    for gid, quantity in wish:
        line = by_id.get(gid)
        if line is None:
            raise Impossible("Fulfillment order line item does not exist.")
        if quantity > line["remainingQuantity"]:
            raise Impossible("Invalid fulfillment order line item quantity requested.")
        picks.append((line, quantity))
    return picks


def rest(fo: Doc, picks: Picks) -> Picks:
    """What is left beside `picks`."""
    taken = {line["id"]: quantity for line, quantity in picks}
    left = [(line, line["remainingQuantity"] - taken.get(line["id"], 0)) for line in fo["lineItems"]]
    return [(line, quantity) for line, quantity in left if quantity > 0]


def move(fo: Doc, doc: Doc, picks: Picks, *, place: Doc, at: int) -> Doc:
    """Move units to another place: all of them stay one fulfilment order, some become a new one. Returns that."""
    if fo["status"] == "IN_PROGRESS":
        raise Impossible(
            "Cannot move a fulfillment order that has had progress reported. To move a fulfillment order that has had "
            "progress reported, the fulfillment order must first be marked as open resolving the ongoing progress "
            "state.",
            field=["id"],
            code="CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS",
        )
    if fo["status"] not in ("OPEN", "ON_HOLD", "SCHEDULED"):
        raise Impossible("Cannot change location.")
    here = {**fo["assignedLocation"], "name": place["name"], "location": place["id"]}
    if not rest(fo, picks):
        fo["assignedLocation"] = here
        _changed(fo, doc, at)
        return fo
    made = _part(fo, doc, picks, at)
    made["assignedLocation"] = here
    return made


def split(fo: Doc, doc: Doc, picks: Picks, *, at: int) -> Doc:
    """Keep `picks` where they are; the rest becomes a new fulfilment order, which is returned."""
    if fo["status"] not in ("OPEN", "SCHEDULED"):
        raise Impossible("The fulfillment order is not in a splittable state.")
    left = rest(fo, picks)
    if not left:
        raise Impossible("Invalid fulfillment order line item quantity requested.")
    return _part(fo, doc, left, at)


def merge(orders: Sequence[Doc], doc: Doc, *, at: int) -> Doc:
    """All into the first."""
    for fo in orders:
        if fo["status"] not in ("OPEN", "SCHEDULED", "ON_HOLD"):
            raise Impossible(f"Fulfillment order: {number(fo['id'])} is currently not in a mergeable state.")
    first, *others = orders
    for fo in others:
        for line in fo["lineItems"]:
            own = next((item for item in first["lineItems"] if item["lineItem"] == line["lineItem"]), None)
            if own is None:
                own = {**line, "id": mint(doc, "FulfillmentOrderLineItem"), "totalQuantity": 0, "remainingQuantity": 0}
                first["lineItems"].append(own)
            own["totalQuantity"] += line["remainingQuantity"]
            own["remainingQuantity"] += line["remainingQuantity"]
            line["totalQuantity"] = line["remainingQuantity"] = 0
        fo["status"] = "CLOSED"
        _changed(fo, doc, at)
    _changed(first, doc, at)
    return first


def cancel(fo: Doc, doc: Doc, *, at: int) -> Doc:
    """Give up on a fulfilment order: its units wait in a replacement, which is returned."""
    if fo["status"] == "IN_PROGRESS":
        raise Impossible(
            "Cannot cancel fulfillment order that has had progress reported. Mark as unfulfilled first.", field=["id"]
        )
    if fo["status"] not in ("OPEN", "SCHEDULED", "ON_HOLD"):
        raise Impossible("Fulfillment order is not in cancelable request state and can't be canceled.")
    made = _like(fo, doc, at)
    made["lineItems"], fo["lineItems"] = fo["lineItems"], []
    fo["status"] = "CLOSED"
    fo["fulfillmentHolds"] = []
    _changed(fo, doc, at)
    return made


def report_progress(fo: Doc, doc: Doc, *, at: int) -> None:
    if fo["status"] not in ("OPEN", "IN_PROGRESS"):
        raise Impossible("Cannot report progress on a fulfillment order in this state.")
    fo["status"] = "IN_PROGRESS"
    fo["_progress"] = True
    _changed(fo, doc, at)


def _part(fo: Doc, doc: Doc, picks: Picks, at: int) -> Doc:
    """A new fulfilment order with units of another."""
    made = _like(fo, doc, at)
    for line, quantity in picks:
        part = {"id": mint(doc, "FulfillmentOrderLineItem"), "totalQuantity": quantity, "remainingQuantity": quantity}
        made["lineItems"].append({**line, **part})
        line["totalQuantity"] -= quantity
        line["remainingQuantity"] -= quantity
    fo["lineItems"] = [line for line in fo["lineItems"] if line["totalQuantity"] > 0]
    _changed(fo, doc, at)
    return made


def _like(fo: Doc, doc: Doc, at: int) -> Doc:
    """A new, empty, open one at the same place."""
    made: Doc = {
        **fo,
        "id": mint(doc, "FulfillmentOrder"),
        "status": "SCHEDULED" if fo["status"] == "SCHEDULED" else "OPEN",
        "requestStatus": "UNSUBMITTED",
        "createdAt": iso(at),
        "fulfillmentHolds": [],
        "lineItems": [],
    }
    doc["fulfillmentOrders"].append(made)
    _changed(made, doc, at)
    return made


def _changed(fo: Doc, doc: Doc, at: int) -> None:
    fo["updatedAt"] = iso(at)
    for entry in doc["fulfillmentOrders"]:
        forget(entry, "supportedActions")
    forget(doc, "displayFulfillmentStatus")


def unship(shipment: Doc, doc: Doc, *, at: int) -> Doc | None:
    """Cancel a shipment: its units wait again, where they came from if that is still open, else in a new fulfilment
    order, which is returned."""
    shipment["status"], shipment["displayStatus"] = "CANCELLED", "CANCELED"
    shipment["updatedAt"] = iso(at)
    made: Doc | None = None
    for part in shipment.get("fulfillmentLineItems", ()):
        quantity, gid = part["quantity"], part["lineItem"]
        for line in doc.get("lineItems", ()):
            if line["id"] == gid:
                line["unfulfilledQuantity"] = line.get("unfulfilledQuantity", 0) + quantity
        sources = [fo for fo in doc.get("fulfillmentOrders", ()) if fo["id"] in shipment.get("fulfillmentOrders", ())]
        for fo in sources or doc.get("fulfillmentOrders", ())[:1]:
            own = next((item for item in fo["lineItems"] if item["lineItem"] == gid), None)
            if own is None:
                continue
            if fo["status"] == "CLOSED":
                made = made or _like(fo, doc, at)
                unit = {"totalQuantity": quantity, "remainingQuantity": quantity}
                made["lineItems"].append({**own, "id": mint(doc, "FulfillmentOrderLineItem"), **unit})
            else:
                own["remainingQuantity"] += quantity
                fo["status"] = (
                    "OPEN" if remaining(fo) == sum(i["totalQuantity"] for i in fo["lineItems"]) else fo["status"]
                )
            _changed(fo, doc, at)
            break
    return made
