"""`bulkOperationRunQuery` and `bulkOperationCancel`."""

from __future__ import annotations

from typing import Any

from stores.rehearsal.bulk import rules
from stores.rehearsal.bulk.operations import AT_ONCE
from stores.rehearsal.mutations.base import Mutation, Outcome, Refused
from stores.rehearsal.ops.document import Impossible
from stores.rehearsal.request import Info, Request


def run_query(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    """Take a query in; it is run later. The query's mistakes are told before a full house is."""
    bulk = context.shop.bulk
    document, problems = rules.parsed(arguments["query"], info.schema)
    if document is None:
        raise Refused(problems)
    running = [operation for operation in bulk.alive() if operation.type == "QUERY"]
    if len(running) >= AT_ONCE:
        names = ", ".join(operation.gid for operation in running)
        message = f"A bulk query operation for this app and shop is already in progress: {names}."
        raise Impossible(message, code="OPERATION_IN_PROGRESS")
    made = bulk.create(arguments["query"], grouped=arguments["groupObjects"])
    return Outcome({"bulkOperation": bulk.doc(made.id)}, [made.gid], True)


def cancel(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    """Ask for an end; the operation is `CANCELING` until the background has let go of it."""
    bulk = context.shop.bulk
    gid = context.gid(arguments["id"], "BulkOperation")
    found = bulk.get(gid.number)
    if found is None:
        raise Impossible("Bulk operation does not exist", field=["id"])
    shown = bulk.doc(found.id) or {}
    if found.status not in ("CREATED", "RUNNING"):
        message = f"A bulk operation cannot be canceled when it is {shown['status'].lower()}"
        raise Refused([Impossible(message)], payload={"bulkOperation": shown})
    bulk.change(found, status="CANCELING")
    return Outcome({"bulkOperation": bulk.doc(found.id)}, [found.gid], True)


MUTATIONS: dict[str, Mutation] = {
    "bulkOperationRunQuery": Mutation(run_query, (), field=["query"]),
    "bulkOperationCancel": Mutation(cancel, ()),
}
