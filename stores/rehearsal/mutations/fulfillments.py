"""`fulfillmentCreate`, `fulfillmentCancel`, `fulfillmentTrackingInfoUpdate`, `fulfillmentEventCreate`."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from stores.rehearsal.clock import iso
from stores.rehearsal.mutations.base import WRITE_FULFILLMENT_ORDERS, Mutation, Outcome, keep
from stores.rehearsal.ops import arrange, fulfil
from stores.rehearsal.ops.document import Doc, Impossible, fulfillment_order_of, number, touch
from stores.rehearsal.request import Info, Request

_WHERE = ["fulfillment"]


def create(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    """Ship the named lines, or all that is left, of fulfilment orders of one order at one place."""
    given = arguments["fulfillment"]
    groups = given["lineItemsByFulfillmentOrder"]
    _check_quantities(groups)
    found = [_find(context, group["fulfillmentOrderId"]) for group in groups]
    if not found:
        raise Impossible("Fulfillment order does not exist.", field=_WHERE)
    orders = sorted({number(doc["id"]) for doc, _ in found})
    if len(orders) > 1:
        message = f"All fulfillment orders must belong to the same order. Multiple orders with ids {orders} were found."
        raise Impossible(message, field=_WHERE)
    doc = found[0][0]
    orders_to_ship = [fo for _, fo in found]
    _check_places(orders_to_ship)
    for fo in orders_to_ship:
        if (problem := fulfil.unfulfillable(fo)) is not None:
            raise problem
    picks = [
        (fo, _lines(fo, group.get("fulfillmentOrderLineItems")))
        for fo, group in zip(orders_to_ship, groups, strict=True)
    ]
    shipment = fulfil.fulfil(doc, picks, at=context.at, tracking=tracking(given.get("trackingInfo") or {}))
    keep(context, doc, *shipped_topics(doc), details={"fulfillment": shipment})
    return Outcome({"fulfillment": shipment}, [doc["id"], *(fo["id"] for fo in orders_to_ship)], True)


def shipped_topics(doc: Doc) -> list[str]:
    """What a shipment sets off: everything shipped, or only a part."""
    waiting = any(line.get("unfulfilledQuantity") for line in doc.get("lineItems", ()))
    state = "ORDERS_PARTIALLY_FULFILLED" if waiting else "ORDERS_FULFILLED"
    return ["FULFILLMENTS_CREATE", state, "ORDERS_UPDATED"]


def tracking(given: dict[str, Any]) -> list[Doc]:
    """One entry for each number or address; `numbers` and `urls` pair up."""
    numbers = given.get("numbers") or ([given["number"]] if given.get("number") else [])
    urls = given.get("urls") or ([given["url"]] if given.get("url") else [])
    company = given.get("company")
    entries = [{"company": company, "number": n, "url": u} for n, u in zip_longest(numbers, urls)]
    return entries or ([{"company": company, "number": None, "url": None}] if company else [])


def update_tracking(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    """Replaces the tracking as a whole."""
    doc, shipment = _shipment(
        context, arguments["fulfillmentId"], message="Fulfillment does not exist.", field=["fulfillmentId"]
    )
    new = tracking(arguments["trackingInfoInput"])
    effect = shipment.get("trackingInfo") != new
    shipment["trackingInfo"] = new
    if effect:
        shipment["updatedAt"] = iso(context.at)
        touch(doc, context.at)
        keep(context, doc, "FULFILLMENTS_UPDATE", "ORDERS_UPDATED", details={"fulfillment": shipment})
    return Outcome({"fulfillment": shipment}, [shipment["id"]], effect)


def cancel(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    """The shipment stays, cancelled; a second time changes nothing."""
    doc, shipment = _shipment(context, arguments["id"], message="Fulfillment not found.", field=["id"])
    effect = shipment["status"] != "CANCELLED"
    if effect:
        arrange.unship(shipment, doc, at=context.at)
        touch(doc, context.at)
        keep(context, doc, "FULFILLMENTS_UPDATE", "ORDERS_UPDATED", details={"fulfillment": shipment})
    return Outcome({"fulfillment": shipment}, [shipment["id"]], effect)


def add_event(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    """What a carrier reports; the last one decides what the shipment shows."""
    given = arguments["fulfillmentEvent"]
    doc, shipment = _shipment(
        context,
        given["fulfillmentId"],
        message="Fulfillment does not exist.",
        field=["fulfillmentEvent", "fulfillmentId"],
    )
    made = fulfil.report(doc, shipment, given, at=context.at)
    details = {"fulfillment": shipment, "event": made}
    keep(context, doc, "FULFILLMENT_EVENTS_CREATE", "FULFILLMENTS_UPDATE", "ORDERS_UPDATED", details=details)
    return Outcome({"fulfillmentEvent": made}, [shipment["id"]], True)


def _shipment(context: Request, text: str, *, message: str, field: list[str]) -> tuple[Doc, Doc]:
    doc = context.order(context.gid(text, "Fulfillment"))
    shipments = doc.get("fulfillments", ()) if doc is not None else ()
    found = next((f for f in shipments if f["id"] == text), None)
    if doc is None or found is None:
        raise Impossible(message, field=field)
    return doc, found


def _find(context: Request, text: str) -> tuple[Doc, Doc]:
    gid = context.gid(text, "FulfillmentOrder")
    doc = context.order(gid)
    fo = fulfillment_order_of(doc, text) if doc is not None else None
    if doc is None or fo is None:
        raise Impossible("Fulfillment order does not exist.", field=_WHERE)
    return doc, fo


def _check_quantities(groups: list[dict[str, Any]]) -> None:
    for index, group in enumerate(groups):
        for position, line in enumerate(group.get("fulfillmentOrderLineItems") or ()):
            if line["quantity"] < 1:
                where = [
                    "fulfillment",
                    "lineItemsByFulfillmentOrder",
                    str(index),
                    "fulfillmentOrderLineItems",
                    str(position),
                    "quantity",
                ]
                raise Impossible("Quantity must be greater than 0", field=where)


def _check_places(orders: list[Doc]) -> None:
    places = sorted({number(place) for fo in orders if (place := fo.get("assignedLocation", {}).get("location"))})
    if len(places) > 1:
        rule = "All fulfillment orders must be assigned to a single location."
        raise Impossible(f"{rule} Multiple locations with ids {places} were found.", field=_WHERE)


def _lines(fo: Doc, given: list[dict[str, Any]] | None) -> list[tuple[Doc, int]]:
    if not given:
        return [(line, line["remainingQuantity"]) for line in fo["lineItems"] if line["remainingQuantity"]]
    by_id = {line["id"]: line for line in fo["lineItems"]}
    picks = []
    for item in given:
        line = by_id.get(item["id"])
        if line is None:
            raise Impossible("Fulfillment order line item does not exist.", field=_WHERE)
        if item["quantity"] > line["remainingQuantity"]:
            raise Impossible("Invalid fulfillment order line item quantity requested.", field=_WHERE)
        picks.append((line, item["quantity"]))
    return picks


MUTATIONS = {
    "fulfillmentCreate": Mutation(create, WRITE_FULFILLMENT_ORDERS, field=_WHERE),
    "fulfillmentCancel": Mutation(cancel, WRITE_FULFILLMENT_ORDERS),
    "fulfillmentEventCreate": Mutation(add_event, ("write_fulfillments", *WRITE_FULFILLMENT_ORDERS)),
    "fulfillmentTrackingInfoUpdate": Mutation(update_tracking, WRITE_FULFILLMENT_ORDERS, field=["fulfillmentId"]),
}
