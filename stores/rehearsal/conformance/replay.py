"""Replays one scenario against a shop that holds nothing but the start state which the scenario implies."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphql import GraphQLSyntaxError, print_ast

from stores.rehearsal.bulk.worker import Worker
from stores.rehearsal.conformance import bulk
from stores.rehearsal.conformance.compare import Matching, error_shape
from stores.rehearsal.conformance.load import Loader
from stores.rehearsal.conformance.prune import Pruned, prune
from stores.rehearsal.conformance.recordings import Recorded, read_file
from stores.rehearsal.execute import Run, root_fields, run
from stores.rehearsal.gids import ORDER_TYPES, read
from stores.rehearsal.mutations import REGISTRY
from stores.rehearsal.shop import DEFAULT_SCOPES, Settings, Shop

_ROOTS = """orders order ordersCount node nodes shop fulfillment fulfillmentOrder fulfillmentOrders customer events
locations refund bulkOperation bulkOperations webhookSubscription webhookSubscriptions webhookSubscriptionsCount"""
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
    shop.places = []
    matching = Matching()
    loader = Loader(shop, matching.ours)
    worker = Worker(shop)
    file = read_file(path)
    loader.made_later = bulk.made_in(file)
    try:
        for recorded in file:
            if recorded.answer.get("data") and not root_fields(recorded.query, None)[0]:
                bulk.keep_pace(shop, worker, recorded.answer, matching.ours)
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
    if not supported and pruned.is_mutation:
        loader.reopen(gids_in([recorded.variables, data]))
    if data and (not pruned.is_mutation or not supported):
        loader.take(pruned.document, copy.deepcopy(data), recorded.variables)
    if not supported:
        return result
    if (
        pruned.is_mutation
        and data
        and _accepted(recorded)
        and not all(map(loader.knows, _order_gids(matching, recorded)))
    ):
        result.verdict, result.reason = "not supported", "the recording does not show what it starts from"
        loader.take(pruned.document, copy.deepcopy(data), recorded.variables)
        return result
    whole = not data and bool(recorded.answer.get("errors"))
    text = recorded.query if whole else print_ast(pruned.document)
    if whole and len(pruned.cut) > len(recorded.answer["errors"]):
        result.reason = f"the schema has no {', '.join(sorted(set(pruned.cut)))}"
        return result
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
        loader.settle(gid for entry in shop.store.mutations() for gid in entry["ids"])
    result.differences = _differences(matching, recorded, answer, cut=bool(result.cut))
    result.verdict = "differ" if result.differences else "agree"
    theirs = _cost(recorded.answer)
    if theirs is not None and not result.cut and not recorded.rebuilt:
        result.cost_agrees = theirs == _cost(answer)
        if not result.cost_agrees:
            result.reason = f"requested cost {theirs} recorded, {_cost(answer)} here"
    return result


def gids_in(value: Any) -> set[str]:
    """Every id in a JSON value."""
    if isinstance(value, str):
        return {value} if value.startswith("gid://shopify/") else set()
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {gid for item in items for gid in gids_in(item)}


def _order_gids(matching: Matching, recorded: Recorded) -> list[str]:
    """The parts of orders that a mutation is about."""
    gids = gids_in(matching.translate(recorded.variables))
    return [gid for gid in gids if (found := read(gid)) is not None and found.type in ORDER_TYPES]


def _accepted(recorded: Recorded) -> bool:
    """Whether Shopify knew what the mutation was about."""
    payloads = (recorded.answer.get("data") or {}).values()
    errors = [e for p in payloads if isinstance(p, dict) for e in p.get("userErrors") or ()]
    return not any("does not exist" in e.get("message", "") or "not found" in e.get("message", "") for e in errors)


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
