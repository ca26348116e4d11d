"""`fulfillmentOrderHold`, `...ReleaseHold`, `...Open`, `...Reschedule`. They move the fulfilment order's clock only."""

from __future__ import annotations

from typing import Any

from stores.rehearsal.clock import parse
from stores.rehearsal.mutations.base import WRITE_FULFILLMENT_ORDERS, Mutation, Outcome, keep
from stores.rehearsal.ops import arrange, fulfil
from stores.rehearsal.ops.document import Doc, Impossible, fulfillment_order_of
from stores.rehearsal.request import Info, Request

OPENED = {
    "SCHEDULED": "FULFILLMENT_ORDERS_SCHEDULED_FULFILLMENT_ORDER_READY",
    "IN_PROGRESS": "FULFILLMENT_ORDERS_MANUALLY_REPORTED_PROGRESS_STOPPED",
}
"""What is told when a fulfilment order is opened, by the state it was in."""


def _find(context: Request, text: str, *, code: str | None = "FULFILLMENT_ORDER_NOT_FOUND") -> tuple[Doc, Doc]:
    gid = context.gid(text, "FulfillmentOrder")
    doc = context.order(gid)
    fo = fulfillment_order_of(doc, text) if doc is not None else None
    if doc is None or fo is None:
        raise Impossible("Fulfillment order does not exist.", field=["id"], code=code)
    return doc, fo


def hold(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    doc, fo = _find(context, arguments["id"])
    given = arguments["fulfillmentHold"]
    left = None
    if wish := given.get("fulfillmentOrderLineItems"):
        _check_partial(fo, wish)
        picks = arrange.chosen(fo, [(line["id"], line["quantity"]) for line in wish])
        left = arrange.split(fo, doc, picks, at=context.at) if arrange.rest(fo, picks) else None
    first = not fo.get("fulfillmentHolds")
    entry = fulfil.hold(
        fo,
        doc,
        reason=given["reason"],
        notes=given.get("reasonNotes"),
        handle=given.get("handle") or "",
        at=context.at,
        ours=True,
    )
    topics = ["FULFILLMENT_HOLDS_ADDED"] + (["FULFILLMENT_ORDERS_PLACED_ON_HOLD"] if first else [])
    keep(context, doc, *topics, details={"fulfillment_order": fo, "hold": entry, "remaining": left})
    payload = {"fulfillmentHold": entry, "fulfillmentOrder": fo, "remainingFulfillmentOrder": left}
    return Outcome(payload, [fo["id"]], True)


def _check_partial(fo: Doc, lines: list[dict[str, Any]]) -> None:
    """A hold on some lines splits the fulfilment order first."""
    where = ["fulfillmentHold", "fulfillmentOrderLineItems"]
    if fo.get("fulfillmentHolds"):
        raise Impossible(
            "The fulfillment order is not in a splittable state.", field=where, code="FULFILLMENT_ORDER_NOT_SPLITTABLE"
        )
    if len({line["id"] for line in lines}) < len(lines):
        raise Impossible(
            "must contain unique line item ids", field=where, code="DUPLICATED_FULFILLMENT_ORDER_LINE_ITEMS"
        )
    for index, line in enumerate(lines):
        if line["quantity"] < 1:
            raise Impossible(
                "You must select at least one item to place on partial hold.",
                field=[*where, str(index), "quantity"],
                code="GREATER_THAN_ZERO",
            )


def release(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    """Without ids every hold goes, those of other apps too."""
    doc, fo = _find(context, arguments["id"])
    gone = fulfil.release(fo, doc, ids=arguments.get("holdIds"), at=context.at)
    for entry in gone:
        last = entry is gone[-1] and not fo["fulfillmentHolds"]
        topics = ["FULFILLMENT_HOLDS_RELEASED"] + (["FULFILLMENT_ORDERS_HOLD_RELEASED"] if last else [])
        keep(context, doc, *topics, details={"fulfillment_order": fo, "hold": entry})
    return Outcome({"fulfillmentOrder": fo}, [fo["id"]], bool(gone))


def mark_open(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    doc, fo = _find(context, arguments["id"], code=None)
    topic = OPENED.get(fo["status"], "")
    fulfil.mark_open(fo, doc, at=context.at)
    keep(context, doc, topic, details={"fulfillment_order": fo})
    return Outcome({"fulfillmentOrder": fo}, [fo["id"]], True)


def reschedule(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    doc, fo = _find(context, arguments["id"])
    fulfil_at = parse(arguments["fulfillAt"])
    if fulfil_at is None:
        raise Impossible("Fulfill at is invalid", field=["fulfillAt"])
    fulfil.reschedule(fo, doc, fulfil_at=fulfil_at, at=context.at)
    keep(context, doc, "FULFILLMENT_ORDERS_RESCHEDULED", details={"fulfillment_order": fo})
    return Outcome({"fulfillmentOrder": fo}, [fo["id"]], True)


MUTATIONS = {
    "fulfillmentOrderHold": Mutation(hold, WRITE_FULFILLMENT_ORDERS),
    "fulfillmentOrderReleaseHold": Mutation(release, WRITE_FULFILLMENT_ORDERS),
    "fulfillmentOrderOpen": Mutation(mark_open, WRITE_FULFILLMENT_ORDERS),
    "fulfillmentOrderReschedule": Mutation(reschedule, WRITE_FULFILLMENT_ORDERS),
}
