"""`orderCancel`: answered as a job, done by the time it is asked for."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from stores.rehearsal.mutations.base import WRITE_ORDERS, Mutation, Outcome, keep, order_to_change
from stores.rehearsal.ops.document import Doc, Impossible
from stores.rehearsal.ops.fulfil import LIVE
from stores.rehearsal.ops.refund import cancel as cancel_order
from stores.rehearsal.request import Info, Request

NOTE_LENGTH = 255


CANCELLED = (
    "ORDERS_CANCELLED",
    "ORDERS_UPDATED",
    "REFUNDS_CREATE",
    "ORDER_TRANSACTIONS_CREATE",
    "FULFILLMENT_ORDERS_CANCELLED",
)
"""What a cancellation sets off; the last two once for each payment given back and each fulfilment order that ended."""


@dataclass(frozen=True, slots=True)
class Moment:
    """How an order stood: how many transactions, and which fulfilment orders were alive."""

    transactions: int
    alive: tuple[str, ...]


def moment(doc: Doc) -> Moment:
    alive = tuple(fo["id"] for fo in doc.get("fulfillmentOrders", ()) if fo["status"] in LIVE)
    return Moment(len(doc.get("transactions", ())), alive)


def after_cancelling(doc: Doc, before: Moment) -> dict[str, Any]:
    """The details of a cancellation for its webhooks."""
    return {
        "refund": doc["refunds"][-1],
        "transactions": doc["transactions"][before.transactions :] if "transactions" in doc else [],
        "cancelled": [fo for fo in doc.get("fulfillmentOrders", ()) if fo["id"] in before.alive],
    }


def cancel(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    doc = order_to_change(context, arguments["orderId"], field=["orderId"], code="NOT_FOUND")
    _check(doc, arguments)
    method, before = arguments.get("refundMethod") or {}, moment(doc)
    cancel_order(
        doc,
        at=context.at,
        reason=arguments["reason"],
        restock=arguments["restock"],
        pay_back=bool(method.get("originalPaymentMethodsRefund")),
        note=arguments.get("staffNote"),
    )
    job = str(uuid.uuid4())
    context.shop.store.set_meta(f"job:{job}", doc["id"])
    context.shop.store.log_event(
        action="cancelled", subject=doc["id"], message="This order was canceled.", at=context.at
    )
    keep(context, doc, *CANCELLED, details=after_cancelling(doc, before))
    started = {
        "id": f"gid://shopify/OrderCancelJobResult/{job}",
        "done": False,
        "status": "STARTED",
        "errors": [],
        "order": doc,
    }
    payload = {"job": {"id": f"gid://shopify/Job/{job}", "done": False}, "jobResult": started}
    return Outcome(payload, [doc["id"]], True)


def _check(doc: Doc, arguments: dict[str, Any]) -> None:
    where = ["orderId"]
    if len(arguments.get("staffNote") or "") > NOTE_LENGTH:
        raise Impossible(
            f"Staff note is too long. Maximum length is {NOTE_LENGTH} characters.", field=["staffNote"], code="INVALID"
        )
    if doc.get("cancelledAt"):
        raise Impossible("Cannot cancel an order that has already been canceled", field=where, code="INVALID")
    if any(f["status"] == "SUCCESS" for f in doc.get("fulfillments", ())):
        raise Impossible("Cannot cancel an order that has outstanding fulfillments", field=where, code="INVALID")
    if any(entry["status"] in ("OPEN", "REQUESTED", "CLOSED") for entry in doc.get("returns", ())):
        raise Impossible("Cannot cancel an order that has returns", field=where, code="INVALID")


MUTATIONS = {"orderCancel": Mutation(cancel, WRITE_ORDERS, errors="orderCancelUserErrors", field=["orderId"])}
