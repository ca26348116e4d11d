"""What mutations share: the shape of one, its outcome, loading an order to change and keeping it changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from stores.rehearsal.announce import announce
from stores.rehearsal.ops.document import Doc, Impossible
from stores.rehearsal.request import Info, Request

WRITE_ORDERS = ("write_orders",)
WRITE_FULFILLMENT_ORDERS = (
    "write_merchant_managed_fulfillment_orders",
    "write_third_party_fulfillment_orders",
    "write_assigned_fulfillment_orders",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An accepted mutation: its payload, the ids it concerned, and whether anything changed."""

    payload: dict[str, Any]
    ids: list[str]
    effect: bool


Run = Callable[[Request, Info, dict[str, Any]], Outcome]


@dataclass(frozen=True, slots=True)
class Mutation:
    """`errors`: the payload's list of errors; `field`: what an injected refusal blames; `keep`: payload members that a
    refusal still fills (`orderUpdate` answers the order even then)."""

    run: Run
    scopes: tuple[str, ...]
    errors: str = "userErrors"
    field: list[str] | None = field(default_factory=lambda: ["id"])


class Refused(Impossible):
    """Refused with several errors, or with something to show beside them."""

    def __init__(self, problems: Sequence[Impossible], *, payload: dict[str, Any] | None = None) -> None:
        super().__init__(problems[0].message, field=problems[0].field, code=problems[0].code)
        self.problems = tuple(problems)
        self.payload = payload or {}


def refusal(problem: Impossible, mutation: Mutation) -> dict[str, Any]:
    """The payload of a refused mutation: nothing but its errors, as a rule."""
    problems = problem.problems if isinstance(problem, Refused) else (problem,)
    errors = [{"field": p.field, "message": p.message, "code": p.code} for p in problems]
    payload = problem.payload if isinstance(problem, Refused) else {}
    return {**payload, "userErrors": errors, mutation.errors: errors}


def order_to_change(
    context: Request, text: str, *, field: list[str], message: str = "Order does not exist", code: str | None = None
) -> Doc:
    """The order with this id; refused when there is none. A wrong kind of id ends the whole field."""
    gid = context.gid(text, "Order")
    doc = context.order(gid)
    if doc is None or doc["id"] != text:
        raise Impossible(message, field=field, code=code)
    return doc


def keep(context: Request, doc: Doc, *topics: str, details: dict[str, Any] | None = None) -> None:
    """Store a changed order and tell the subscribers: of `topics`, and of `orders/updated` unless only holds moved."""
    store = context.shop.store
    store.save(doc)
    context.keep((doc["_base"] - store.numbering.base) // 4096, doc)
    announce(context.shop, doc, topics, details=details or {})
