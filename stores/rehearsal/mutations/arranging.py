"""`fulfillmentOrderMove`, `...Split`, `...Merge`, `...Cancel`, `...ReportProgress`, and deadlines."""

from __future__ import annotations

from typing import Any

from stores.rehearsal.clock import iso, parse
from stores.rehearsal.mutations.base import WRITE_FULFILLMENT_ORDERS, Mutation, Outcome, keep
from stores.rehearsal.ops import arrange
from stores.rehearsal.ops.document import Doc, Impossible, fulfillment_order_of
from stores.rehearsal.request import Info, Request

_MISSING = "Fulfillment order does not exist."


def _find(context: Request, text: str, *, field: list[str] | None = None, code: str | None = None) -> tuple[Doc, Doc]:
    gid = context.gid(text, "FulfillmentOrder")
    doc = context.order(gid)
    fo = fulfillment_order_of(doc, text) if doc is not None else None
    if doc is None or fo is None:
        raise Impossible(_MISSING, field=field, code=code)
    return doc, fo


def _wish(given: list[dict[str, Any]] | None) -> list[tuple[str, int]]:
    return [(item["id"], item["quantity"]) for item in given or ()]


def _picks(fo: Doc, given: list[dict[str, Any]] | None) -> arrange.Picks:
    return arrange.chosen(fo, _wish(given)) if given else arrange.everything(fo)


def _positive(given: list[dict[str, Any]] | None, *, field: list[str], what: str) -> None:
    for index, item in enumerate(given or ()):
        if item["quantity"] < 1:
            where = [*field, str(index), "quantity"]
            raise Impossible(f"You must select at least one item to {what}.", field=where, code="GREATER_THAN")


def move(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    doc, fo = _find(context, arguments["id"], field=["id"])
    place = context.find(arguments["newLocationId"])
    if place is None:
        raise Impossible("Location not found.", field=["id"])
    picks, source = _picks(fo, arguments.get("fulfillmentOrderLineItems")), fo["assignedLocation"].get("location")
    wish = [(line["id"], quantity) for line, quantity in picks]
    moved = arrange.move(fo, doc, picks, place=place, at=context.at)
    details = {"original": fo, "moved": moved, "lines": wish, "source": source}
    keep(context, doc, "FULFILLMENT_ORDERS_MOVED", details=details)
    payload = {
        "movedFulfillmentOrder": moved,
        "originalFulfillmentOrder": fo,
        "remainingFulfillmentOrder": None if moved is fo else fo,
    }
    return Outcome(payload, [fo["id"], moved["id"]], True)


def split(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    """All of them, or none: everything is checked before anything changes."""
    where, work = ["fulfillmentOrderSplits"], []
    for index, wish in enumerate(arguments["fulfillmentOrderSplits"]):
        doc, fo = _find(context, wish["fulfillmentOrderId"], code="FULFILLMENT_ORDER_NOT_FOUND")
        given, field = wish["fulfillmentOrderLineItems"], [*where, str(index), "fulfillmentOrderLineItems"]
        if not given:
            message = "There must be at least one item selected in this fulfillment to split it."
            raise Impossible(message, field=field, code="NO_LINE_ITEMS_PROVIDED_TO_SPLIT")
        _positive(given, field=field, what="split into a new fulfillment order")
        picks = _picks(fo, given)
        if not arrange.rest(fo, picks):
            raise Impossible("Invalid fulfillment order line item quantity requested.")
        work.append((doc, fo, picks))
    results, ids = [], []
    for doc, fo, picks in work:
        left = arrange.split(fo, doc, picks, at=context.at)
        details = {"fulfillment_order": fo, "remaining": left, "lines": [(line["id"], n) for line, n in picks]}
        keep(context, doc, "FULFILLMENT_ORDERS_SPLIT", details=details)
        results.append({"fulfillmentOrder": fo, "remainingFulfillmentOrder": left, "replacementFulfillmentOrder": None})
        ids += [fo["id"], left["id"]]
    return Outcome({"fulfillmentOrderSplits": results}, ids, True)


def merge(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    work = []
    for index, wish in enumerate(arguments["fulfillmentOrderMergeInputs"]):
        orders, intents, doc = [], [], None
        for position, intent in enumerate(wish["mergeIntents"]):
            given = intent.get("fulfillmentOrderLineItems")
            field = ["fulfillmentOrderMergeInputs", str(index), "mergeIntents", str(position)]
            _positive(given, field=[*field, "fulfillmentOrderLineItems"], what="merge into a new fulfillment order")
            doc, fo = _find(context, intent["fulfillmentOrderId"], code="FULFILLMENT_ORDER_NOT_FOUND")
            intents.append((fo["id"], [(line["id"], n) for line, n in _picks(fo, given)]))
            orders.append(fo)
        if doc is not None:
            work.append((doc, orders, intents))
    results, ids = [], []
    for doc, orders, intents in work:
        merged = arrange.merge(orders, doc, at=context.at)
        details = {"fulfillment_order": merged, "intents": intents}
        keep(context, doc, "FULFILLMENT_ORDERS_MERGED", details=details)
        results.append({"fulfillmentOrder": merged})
        ids += [fo["id"] for fo in orders]
    return Outcome({"fulfillmentOrderMerges": results}, ids, True)


def cancel(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    doc, fo = _find(context, arguments["id"], field=["id"])
    made = arrange.cancel(fo, doc, at=context.at)
    details = {"fulfillment_order": fo, "replacement": made}
    keep(context, doc, "FULFILLMENT_ORDERS_CANCELLED", details=details)
    return Outcome({"fulfillmentOrder": fo, "replacementFulfillmentOrder": made}, [fo["id"], made["id"]], True)


def report_progress(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    doc, fo = _find(context, arguments["id"], field=["id"])
    before = fo["status"].lower()
    arrange.report_progress(fo, doc, at=context.at)
    notes = (arguments.get("progressReport") or {}).get("reasonNotes")
    details = {"fulfillment_order": fo, "notes": notes, "initial": before}
    keep(context, doc, "FULFILLMENT_ORDERS_PROGRESS_REPORTED", details=details)
    return Outcome({"fulfillmentOrder": fo}, [fo["id"]], True)


def set_deadline(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    """Sets `fulfillBy` on many at once, closed ones too; no webhook tells."""
    try:
        found = [_find(context, gid) for gid in arguments["fulfillmentOrderIds"]]
    except Impossible as problem:
        raise Impossible("Fulfillment orders could not be found.") from problem
    by = parse(arguments["fulfillmentDeadline"])
    for doc, fo in found:
        fo["fulfillBy"] = None if by is None else iso(by)
        fo["updatedAt"] = iso(context.at)
        keep(context, doc)
    return Outcome({"success": True}, [fo["id"] for _, fo in found], True)


MUTATIONS = {
    "fulfillmentOrderMove": Mutation(move, WRITE_FULFILLMENT_ORDERS),
    "fulfillmentOrderSplit": Mutation(split, WRITE_FULFILLMENT_ORDERS, field=None),
    "fulfillmentOrderMerge": Mutation(merge, WRITE_FULFILLMENT_ORDERS, field=None),
    "fulfillmentOrderCancel": Mutation(cancel, WRITE_FULFILLMENT_ORDERS),
    "fulfillmentOrderReportProgress": Mutation(report_progress, WRITE_FULFILLMENT_ORDERS),
    "fulfillmentOrdersSetFulfillmentDeadline": Mutation(set_deadline, WRITE_FULFILLMENT_ORDERS, field=None),
}
