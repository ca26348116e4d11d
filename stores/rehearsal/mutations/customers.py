"""`orderCustomerSet`, `orderCustomerRemove`."""

from __future__ import annotations

from typing import Any

from stores.rehearsal.mutations.base import WRITE_ORDERS, Mutation, Outcome, keep, order_to_change
from stores.rehearsal.ops.document import Impossible, touch
from stores.rehearsal.request import Info, Request


def set_customer(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    doc = order_to_change(context, arguments["orderId"], field=["orderId"], code="NOT_FOUND")
    context.gid(arguments["customerId"], "Customer")
    if context.find(arguments["customerId"]) is None:
        raise Impossible("Customer does not exist", field=["customerId"], code="NOT_FOUND")
    effect = doc.get("customer") != arguments["customerId"]
    doc["customer"] = arguments["customerId"]
    if effect:
        touch(doc, context.at)
        keep(context, doc, "ORDERS_UPDATED")
    return Outcome({"order": doc}, [doc["id"]], effect)


def remove_customer(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    doc = order_to_change(context, arguments["orderId"], field=["orderId"], code="NOT_FOUND")
    effect = doc.get("customer") is not None
    doc["customer"] = None
    if effect:
        touch(doc, context.at)
        keep(context, doc, "ORDERS_UPDATED")
    return Outcome({"order": doc}, [doc["id"]], effect)


MUTATIONS = {
    "orderCustomerSet": Mutation(set_customer, WRITE_ORDERS, field=["orderId"]),
    "orderCustomerRemove": Mutation(remove_customer, WRITE_ORDERS, field=["orderId"]),
}
