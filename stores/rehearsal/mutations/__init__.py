"""Every mutation that the shop executes: found by name, run in a transaction of its own, logged when accepted."""

from __future__ import annotations

import json
from typing import Any

from stores.rehearsal.errors import coded
from stores.rehearsal.mutations import (
    arranging,
    bulk,
    cancel,
    customers,
    fulfillment_orders,
    fulfillments,
    orders,
    payments,
    refunds,
    subscriptions,
    tags,
)
from stores.rehearsal.mutations.base import Mutation, Outcome, refusal
from stores.rehearsal.ops.document import Impossible
from stores.rehearsal.request import Info

REGISTRY: dict[str, Mutation] = {
    **orders.MUTATIONS,
    **tags.MUTATIONS,
    **fulfillment_orders.MUTATIONS,
    **arranging.MUTATIONS,
    **fulfillments.MUTATIONS,
    **payments.MUTATIONS,
    **refunds.MUTATIONS,
    **cancel.MUTATIONS,
    **customers.MUTATIONS,
    **subscriptions.MUTATIONS,
    **bulk.MUTATIONS,
}


def resolve_mutation(_: Any, info: Info, **arguments: Any) -> Any:
    """Run one field of a mutation document. Its neighbours' refusals do not undo it, nor the other way round."""
    context, name = info.context, info.field_name
    mutation = REGISTRY.get(name)
    if mutation is None:
        raise coded(f"The rehearsal shop does not know {name} yet.", "NOT_SUPPORTED")
    if mutation.scopes:
        context.require(name, *mutation.scopes)
    position = context.ran
    context.ran += 1
    if position in context.refuse:
        return refusal(Impossible("This order is busy. Try again later.", field=mutation.field), mutation)
    store = context.shop.store
    try:
        with store.transaction():
            outcome: Outcome = mutation.run(context, info, arguments)
            store.log_mutation(
                name,
                ids=outcome.ids,
                variables=json.loads(json.dumps(arguments, default=str)),
                effect=outcome.effect,
                at=context.at,
                request_id=context.request_id,
            )
            store.set_meta("last_seen", str(context.shop.clock.now()))
    except Impossible as problem:
        return refusal(problem, mutation)
    return {**outcome.payload, "userErrors": [], mutation.errors: []}
