"""From a request's JSON to an answer's: parse, validate, price, throttle, run, price again."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    execute,
    parse,
    validate,
)

from stores.rehearsal import errors
from stores.rehearsal.cost import LIMIT, Estimate
from stores.rehearsal.request import Request
from stores.rehearsal.schema import executable
from stores.rehearsal.shop import Shop
from stores.rehearsal.validation import bad_ids, document_error
from stores.rehearsal.variables import variable_errors


@dataclass
class Run:
    """One GraphQL request on its way. `effects` is true when a mutation in it was accepted."""

    shop: Shop
    request_id: str
    text: str
    variables: dict[str, Any] = field(default_factory=dict)
    operation_name: str | None = None
    throttle: bool = False
    refuse: frozenset[int] = frozenset()


@lru_cache(maxsize=512)
def _prepared(text: str) -> tuple[DocumentNode | None, tuple[dict[str, Any], ...]]:
    """The parsed document and its errors; documents come back again and again."""
    try:
        document = parse(text)
    except GraphQLSyntaxError as error:
        return None, ({"message": error.message, "extensions": {"code": "PARSE_ERROR"}},)
    found = validate(executable(), document)
    return document, tuple(document_error(error, document) for error in found) or tuple(bad_ids(document))


def operation_of(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    if name:
        return next((o for o in operations if o.name and o.name.value == name), None)
    return operations[0] if len(operations) == 1 else None


def root_fields(text: str, name: str | None) -> tuple[bool, list[str]]:
    """Whether a document is a mutation, and its root fields: what a fault may be limited to."""
    document, _ = _prepared(text)
    operation = operation_of(document, name) if document else None
    if operation is None:
        return False, []
    names = [node.name.value for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    return operation.operation is OperationType.MUTATION, names


def run(request: Run) -> dict[str, Any]:
    """The answer's JSON. Errors of the document, the variables or the cost come before anything runs."""
    shop, schema = request.shop, executable()
    document, problems = _prepared(request.text)
    if document is None or problems:
        return {"errors": list(problems)}
    operation = operation_of(document, request.operation_name)
    if operation is None:
        return {"errors": [{"message": "An operation name is required", "extensions": {"code": "BAD_REQUEST"}}]}
    bad = variable_errors(operation, request.variables)
    if bad:
        return {"errors": bad}
    estimate = Estimate(schema, document, operation, request.variables)
    requested = estimate.requested()
    if requested > LIMIT:
        return {"errors": [errors.too_costly(requested, LIMIT)]}
    if request.throttle or not shop.bucket.take(requested):
        cost = {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": shop.bucket.status()}
        return {"errors": [errors.throttled()], "extensions": {"cost": cost}}
    context = Request(shop, request.request_id, dict(request.variables), refuse=set(request.refuse))
    # One at a time: what runs here is Python anyway, and a document sees a state that does not move under it.
    with shop.busy:
        result = execute(
            schema,
            document,
            root_value={},
            context_value=context,
            variable_values=request.variables,
            operation_name=request.operation_name,
        )
    return _answer(shop, context, estimate, requested, result)


def _answer(shop: Shop, context: Request, estimate: Estimate, requested: int, result: Any) -> dict[str, Any]:
    actual = min(requested, estimate.actual(result.data)) if result.data is not None else requested
    shop.bucket.give_back(requested - actual)
    answer: dict[str, Any] = {}
    if result.errors:
        answer["errors"] = [errors.as_answer(error) for error in result.errors]
        for error in result.errors:
            if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
                # Our own mistake, not the caller's: Shopify answers these too, but here somebody must see why.
                traceback.print_exception(error.original_error, file=sys.stderr)
    answer["data"] = result.data
    cost = {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": shop.bucket.status()}
    answer["extensions"] = {"cost": cost}
    if context.search:
        answer["extensions"]["search"] = context.search
    return answer
