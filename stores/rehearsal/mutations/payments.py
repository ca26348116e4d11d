"""`orderMarkAsPaid`."""

from __future__ import annotations

from typing import Any

from stores.rehearsal import derived
from stores.rehearsal.mutations.base import WRITE_ORDERS, Mutation, Outcome, Refused, keep, order_to_change
from stores.rehearsal.ops.document import Impossible
from stores.rehearsal.ops.pay import transact
from stores.rehearsal.request import Info, Request


def mark_as_paid(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    """Records a manual payment of what is outstanding."""
    doc = order_to_change(context, arguments["input"]["id"], field=["id"])
    if not derived.can_mark_as_paid(doc):
        raise Refused([Impossible("Order cannot be marked as paid.", field=["id"])], payload={"order": doc})
    transact(doc, "SALE", derived.outstanding(doc), at=context.at, gateway="manual")
    keep(
        context,
        doc,
        "ORDER_TRANSACTIONS_CREATE",
        "ORDERS_PAID",
        "ORDERS_UPDATED",
        details={"transaction": doc["transactions"][-1]},
    )
    return Outcome({"order": doc}, [doc["id"]], True)


MUTATIONS = {"orderMarkAsPaid": Mutation(mark_as_paid, WRITE_ORDERS)}
