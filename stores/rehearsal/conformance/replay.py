"""Replays one scenario against a shop that holds nothing but the start state which the scenario implies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphql import GraphQLSyntaxError, print_ast

from stores.rehearsal.conformance.compare import Matching, error_shape
from stores.rehearsal.conformance.load import Loader
from stores.rehearsal.conformance.prune import Pruned, prune
from stores.rehearsal.conformance.recordings import Recorded, read_file
from stores.rehearsal.execute import Run, root_fields, run
from stores.rehearsal.mutations import REGISTRY
from stores.rehearsal.shop import DEFAULT_SCOPES, Settings, Shop

_ROOTS = """orders order ordersCount node nodes shop fulfillment fulfillmentOrder fulfillmentOrders customer events
locations refund webhookSubscription webhookSubscriptions webhookSubscriptionsCount"""
AREAS = frozenset(_ROOTS.split())
"""Queries that are rehearsed."""


@dataclass
class Result:
    """What became of one request."""

    where: str
    verdict: str
    reason: str = ""
    differences: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    rebuilt: bool = False
    cost_agrees: bool | None = None


def replay(path: Path) -> Iterator[Result]:
    """Each request of the file in turn. Queries before the first change load what they show; so do mutations that the
    shop does not know (`orderCreate`), since their effect is part of the start."""
    scopes = (*DEFAULT_SCOPES, "write_customers", "read_payment_terms")
    shop = Shop(Settings(domain="recorded.myshopify.com", currency="USD", orders=0, scopes=scopes, plan="plus"))
    loader, matching = Loader(shop), Matching()
    try:
        for recorded in read_file(path):
            yield _one(shop, loader, matching, recorded)
    finally:
        shop.close()


def _one(shop: Shop, loader: Loader, matching: Matching, recorded: Recorded) -> Result:
    result = Result(recorded.where, "not supported", rebuilt=recorded.rebuilt)
    try:
        pruned = prune(recorded.query)
    except GraphQLSyntaxError as error:
        result.reason = error.message
        return result
    data = recorded.answer.get("data")
    supported = _supported(pruned, recorded, result)
    if data and (not pruned.is_mutation or not supported):
        loader.take(pruned.document, data)
    if not supported:
        return result
    whole = not data and bool(recorded.answer.get("errors"))
    text = recorded.query if whole else print_ast(pruned.document)
    result.cut = [] if whole else pruned.cut
    shop.bucket.give_back(shop.bucket.plan.maximum)
    kept = {
        d.variable.name.value
        for o in pruned.document.definitions
        for d in getattr(o, "variable_definitions", None) or ()
    }
    variables = {k: v for k, v in recorded.variables.items() if whole or k in kept}
    answer = run(Run(shop, "recorded", text, matching.translate(variables)))
    if pruned.is_mutation:
        loader.changed |= {text for entry in shop.store.mutations() for text in entry["ids"]}
    result.differences = _differences(matching, recorded, answer, cut=bool(result.cut))
    result.verdict = "differ" if result.differences else "agree"
    theirs = _cost(recorded.answer)
    if theirs is not None and not result.cut and not recorded.rebuilt:
        result.cost_agrees = theirs == _cost(answer)
    return result


def _supported(pruned: Pruned, recorded: Recorded, result: Result) -> bool:
    if pruned.unsupported:
        result.reason = pruned.unsupported
        return False
    _, names = root_fields(print_ast(pruned.document), None)
    known = REGISTRY if pruned.is_mutation else AREAS
    missing = [name for name in names if name not in known]
    if missing or not names:
        result.reason = f"{', '.join(missing) or 'nothing left'} is not rehearsed"
        return False
    return True


def _differences(matching: Matching, recorded: Recorded, answer: dict[str, Any], *, cut: bool) -> list[str]:
    theirs, ours = recorded.answer, answer
    found = list(matching.differences(theirs.get("data"), ours.get("data"), "data"))
    expected, got = error_shape(theirs.get("errors")), error_shape(ours.get("errors"))
    if cut:  # an error about a field that was cut cannot come back
        expected = [e for e in expected if e in got]
    return found + list(matching.differences(expected, got, "errors"))


def _cost(answer: dict[str, Any]) -> int | None:
    cost = (answer.get("extensions") or {}).get("cost") or {}
    requested = cost.get("requestedQueryCost")
    return int(requested) if requested is not None else None
