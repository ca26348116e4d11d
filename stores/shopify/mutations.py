"""Writing to a shop: many orders per call, one outcome per order, nothing raised.

Up to twenty orders go into one document. Shopify runs its fields in order, and one that is refused leaves the others
alone. When it is not known whether a document ran, each of its orders is `UNCERTAIN` and what comes after it is not
sent: look at the orders first. Calls that surely did not run are repeated within the lane's patience.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stores.shopify import documents
from stores.shopify.classify import error_code, error_path
from stores.shopify.client import Answer, Client
from stores.shopify.errors import SENTENCES, Final, GarbageAnswer, NeedsPerson, ShopifyError, TryAgain, Uncertain
from stores.shopify.retry import PATIENCE, with_retries
from stores.shopify.shapes import Part
from stores.shopify.throttle import Lane

ORDERS_PER_DOCUMENT = 20
"""200 points: a fifth of what one document may cost, a tenth of the smallest plan's bucket."""


class OutcomeKind(enum.Enum):
    """What became of one order's change."""

    DONE = "done"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    TRY_AGAIN = "try_again"
    NEEDS_PERSON = "needs_person"


@dataclass(frozen=True, slots=True)
class MutatedOrder:
    """The order as the mutation's own payload shows it: the proof that the change took effect."""

    gid: str
    closed: bool
    closed_at: datetime | None
    updated_at: datetime
    cancelled_at: datetime | None
    tags: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """One order's result. `messages` are for people: Shopify's own where it refused, else ours.

    `code` is `done`, `not_found` or `refused` (Shopify's answer to this order), or that of the error that kept the
    call from running. `order` is there when DONE, and sometimes when REFUSED. `after_seconds` goes with TRY_AGAIN.
    """

    gid: str
    kind: OutcomeKind
    code: str
    messages: tuple[str, ...] = ()
    request_id: str = ""
    order: MutatedOrder | None = None
    after_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Change:
    gid: str
    variables: Mapping[str, Any]


def close_orders(client: Client, gids: Sequence[str], *, lane: Lane) -> list[Outcome]:
    """Archive orders. One that is closed already is DONE; Shopify also closes unpaid and unfulfilled ones."""
    return _run(client, "order_close", [_Change(gid, {"id": gid}) for gid in gids], lane=lane)


def open_orders(client: Client, gids: Sequence[str], *, lane: Lane) -> list[Outcome]:
    """Take orders out of the archive. One that is open already is DONE, a cancelled one REFUSED."""
    return _run(client, "order_open", [_Change(gid, {"id": gid}) for gid in gids], lane=lane)


def add_tags(client: Client, changes: Sequence[tuple[str, Sequence[str]]], *, lane: Lane) -> list[Outcome]:
    """Add tags to orders, given as (order, tags). Shopify keeps a tag that is there in another case, and splits a tag
    at commas: compare `order.tags` of the outcome."""
    return _run(client, "tags_add", [_Change(gid, {"id": gid, "tags": list(tags)}) for gid, tags in changes], lane=lane)


def remove_tags(client: Client, changes: Sequence[tuple[str, Sequence[str]]], *, lane: Lane) -> list[Outcome]:
    """Remove tags from orders, given as (order, tags). Shopify matches case exactly and says nothing of a miss."""
    wanted = [_Change(gid, {"id": gid, "tags": list(tags)}) for gid, tags in changes]
    return _run(client, "tags_remove", wanted, lane=lane)


def update_order_notes(client: Client, changes: Sequence[tuple[str, str]], *, lane: Lane) -> list[Outcome]:
    """Overwrite the note that an order shares with every app and the shop's staff, given as (order, note)."""
    wanted = [_Change(gid, {"input": {"id": gid, "note": note}}) for gid, note in changes]
    return _run(client, "order_update", wanted, lane=lane)


def _run(client: Client, name: str, changes: Sequence[_Change], *, lane: Lane) -> list[Outcome]:
    """The outcomes of `changes`, in their order."""
    outcomes: list[Outcome] = []
    stopped: ShopifyError | None = None
    for start in range(0, len(changes), ORDERS_PER_DOCUMENT):
        chunk = changes[start : start + ORDERS_PER_DOCUMENT]
        if stopped is None:
            try:
                outcomes += _send(client, name, chunk, lane)
                continue
            except ShopifyError as error:
                outcomes += [_failed(change.gid, error) for change in chunk]
                stopped = None if isinstance(error, Final) else error
        else:
            outcomes += [_not_sent(change.gid, stopped) for change in chunk]
    return outcomes


def _send(client: Client, name: str, chunk: Sequence[_Change], lane: Lane) -> list[Outcome]:
    document = documents.aliased(name, len(chunk))
    variables = {f"{key}_{at}": value for at, change in enumerate(chunk) for key, value in change.variables.items()}
    answer = with_retries(
        lambda: client.execute(document, variables, lane=lane, tolerates=_concerns_one_order),
        clock=client.clock,
        patience=PATIENCE[lane],
    )
    errors = {str(error_path(error)[0]): error for error in reversed(answer.errors)}
    return [_outcome(change.gid, answer, f"m{at}", errors.get(f"m{at}")) for at, change in enumerate(chunk)]


def _concerns_one_order(error: Mapping[str, Any]) -> bool:
    """An error at one field of the document: the other fields have outcomes of their own."""
    path = error_path(error)
    return bool(path) and str(path[0]).removeprefix("m").isdigit() and error_code(error) != "THROTTLED"


def _outcome(gid: str, answer: Answer, alias: str, error: Mapping[str, Any] | None) -> Outcome:
    if error is not None:
        return _outcome_of_error(gid, answer, error)
    try:
        payload = Part(answer.data).part(alias)
        refusals = tuple(one.text("message") for one in payload.parts("userErrors"))
        order = _mutated(payload)
    except GarbageAnswer as garbage:
        facts = {"because": garbage.code, **garbage.facts}
        return _failed(gid, Uncertain("outcome_unknown", request_id=answer.request_id, facts=facts))
    if refusals:
        missing = any("does not exist" in message for message in refusals)
        code = "not_found" if missing else "refused"
        return Outcome(gid, OutcomeKind.REFUSED, code, refusals, answer.request_id, order)
    if order is None or order.gid != gid:
        return _failed(gid, Uncertain("outcome_unknown", request_id=answer.request_id))
    return Outcome(gid, OutcomeKind.DONE, "done", (), answer.request_id, order)


def _outcome_of_error(gid: str, answer: Answer, error: Mapping[str, Any]) -> Outcome:
    """An error at this order's own field: an unknown one may have come after the change."""
    code, says = error_code(error), (str(error.get("message", "")),)
    if code == "RESOURCE_NOT_FOUND":
        return Outcome(gid, OutcomeKind.REFUSED, "not_found", says, answer.request_id)
    if code == "ACCESS_DENIED":
        return Outcome(
            gid, OutcomeKind.NEEDS_PERSON, "missing_scope", (SENTENCES["missing_scope"], *says), answer.request_id
        )
    if code in ("BAD_REQUEST", "MAX_INPUT_SIZE_EXCEEDED"):
        return Outcome(gid, OutcomeKind.REFUSED, "refused", says, answer.request_id)
    return _failed(gid, Uncertain("outcome_unknown", request_id=answer.request_id))


def _mutated(payload: Part) -> MutatedOrder | None:
    name = "node" if payload.holds("node") else "order"
    order = payload.part_or_none(name)
    if order is None:
        return None
    return MutatedOrder(
        gid=order.text("id"),
        closed=order.flag("closed"),
        closed_at=order.moment_or_none("closedAt"),
        updated_at=order.moment("updatedAt"),
        cancelled_at=order.moment_or_none("cancelledAt"),
        tags=order.texts("tags"),
        note=order.text_or_empty("note"),
    )


def _failed(gid: str, error: ShopifyError) -> Outcome:
    kind = OutcomeKind.REFUSED
    if isinstance(error, Uncertain):
        kind = OutcomeKind.UNCERTAIN
    elif isinstance(error, TryAgain):
        kind = OutcomeKind.TRY_AGAIN
    elif isinstance(error, NeedsPerson):
        kind = OutcomeKind.NEEDS_PERSON
    after_seconds = error.after_seconds if isinstance(error, TryAgain) else 0.0
    return Outcome(gid, kind, error.code, (error.message,), error.request_id, after_seconds=after_seconds)


def _not_sent(gid: str, because: ShopifyError) -> Outcome:
    """The outcome of an order behind a document that did not go well."""
    if isinstance(because, Uncertain):
        return _failed(gid, TryAgain("shop_unavailable", after_seconds=5.0))
    return _failed(gid, because)
