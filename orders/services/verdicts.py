"""What an answer of a shop means for a change that was asked for. Pure: no database, no clock, no network.

Called by the push (an answer to the change itself) and by the look at uncertain ones (the order read by id)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.core import backoff
from backoffice.core.text import fold
from orders.choices import LIVE_STAGES, ChangeState, Stage, Verb
from orders.models import Order, RemoteChange
from stores.shopify.mutations import Outcome, OutcomeKind

MOST_ATTEMPTS = 8
"""Some ten minutes of trying; then a person decides."""
FIRST_LOOK_SECONDS = 3.0
"""A request whose answer was lost may still be running in the shop."""
# Waiting for the shop's own budget is no failed attempt, and a store that needs a person is not the order's fault.
_COSTS_NO_ATTEMPT = frozenset({"throttled", "budget_busy", "rate_limited"})
# Clocks of the shop and of our database differ, and the shop's times have whole seconds.
_CLOCKS_DIFFER = timedelta(seconds=120)


class Seen(Protocol):
    """An order as the shop shows it: `MutatedOrder` and `OrderSnapshot` both are."""

    @property
    def closed(self) -> bool: ...
    @property
    def closed_at(self) -> datetime | None: ...
    @property
    def updated_at(self) -> datetime: ...
    @property
    def tags(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """The new state of a change. `seen` is the order in the shop after it, where it is known. `after_seconds` goes with
    a change that is not settled: when to go on. `costs_attempt` false gives the attempt back."""

    state: ChangeState
    code: str = ""
    message: str = ""
    seen: Seen | None = None
    request_id: str = ""
    after_seconds: float = 0.0
    costs_attempt: bool = True


def of_outcome(change: RemoteChange, outcome: Outcome, *, jitter: float) -> Verdict:
    """What a mutation's outcome means. `jitter` in [0, 1) spreads the next tries."""
    message = " ".join(outcome.messages)
    match outcome.kind:
        case OutcomeKind.DONE if outcome.order is not None:
            return _of_answer(change, outcome.order, outcome.request_id)
        case OutcomeKind.REFUSED:
            return Verdict(ChangeState.REFUSED, outcome.code, message, outcome.order, outcome.request_id)
        case OutcomeKind.TRY_AGAIN:
            return _another_try(change, outcome.code, message, at_least=outcome.after_seconds, jitter=jitter)
        case OutcomeKind.NEEDS_PERSON if outcome.code == "missing_scope":
            # The mirror can go on without it, so the store is left alone: these changes are refused with the remedy.
            return Verdict(ChangeState.REFUSED, outcome.code, message, request_id=outcome.request_id)
        case OutcomeKind.NEEDS_PERSON:
            return Verdict(ChangeState.QUEUED, outcome.code, message, costs_attempt=False)
        case _:
            return Verdict(ChangeState.UNCERTAIN, outcome.code, message, None, outcome.request_id, FIRST_LOOK_SECONDS)


def of_look(change: RemoteChange, seen: Seen | None, *, jitter: float) -> Verdict:
    """What the order in the shop says of an uncertain change. Every verb here may be repeated: Shopify closes a closed
    order and adds a tag that is there without doing anything."""
    if seen is None:
        return Verdict(ChangeState.REFUSED, "order_gone", _("The order is not in the shop any more."))
    if lacking(change, seen):
        return _another_try(change, "not_applied", "", at_least=0.0, jitter=jitter)
    return Verdict(ChangeState.CONFIRMED, "looked_up", _("Read back from the shop after its answer was lost."), seen)


def lacking(change: RemoteChange, seen: Seen) -> tuple[str, ...]:
    """What of the change the order does not show: tags, or the wanted state's name. Empty: all of it is there."""
    wanted: Sequence[str] = change.payload.get("tags", ())
    there = {fold(tag) for tag in seen.tags}
    match change.verb:
        case Verb.ARCHIVE:
            return () if seen.closed else ("closed",)
        case Verb.UNARCHIVE:
            return ("open",) if seen.closed else ()
        case Verb.ADD_TAGS:
            return tuple(tag for tag in wanted if fold(tag) not in there)
        case Verb.REMOVE_TAGS:
            return tuple(tag for tag in wanted if tag in seen.tags)
        case _:
            raise ValueError(f"no such verb: {change.verb}")


def caused(change: RemoteChange, seen: Seen) -> bool:
    """Whether what the order shows came about by this change, or was so before it was asked for."""
    earliest = change.created_at - _CLOCKS_DIFFER
    match change.verb:
        case Verb.ARCHIVE:
            return seen.closed_at is not None and seen.closed_at >= earliest
        case Verb.UNARCHIVE:
            return seen.updated_at >= earliest
        case _:
            return bool(effect(change, seen))


def effect(change: RemoteChange, seen: Seen) -> list[str]:
    """The tags of a change that the order did not have, or had, before it was asked for: those it added or removed."""
    before: Sequence[str] = change.before.get("tags", ())
    wanted = {fold(tag) for tag in change.payload.get("tags", ())}
    had = {fold(tag) for tag in before}
    if change.verb == Verb.ADD_TAGS:
        return [tag for tag in seen.tags if fold(tag) in wanted - had]
    if change.verb == Verb.REMOVE_TAGS:
        return [tag for tag in before if fold(tag) in wanted and tag not in seen.tags]
    return []


def opened_up(before: Mapping[str, str], order: Order) -> bool:
    """Whether there is more left to do about the order than when its archiving was asked for."""
    left = {stage.value: place for place, stage in enumerate(LIVE_STAGES)}
    was, now = left.get(before.get("stage", "")), left.get(Stage(order.stage).value)
    return was is not None and now is not None and now < was


def _of_answer(change: RemoteChange, seen: Seen, request_id: str) -> Verdict:
    missed = lacking(change, seen)
    wanted: Sequence[str] = change.payload.get("tags", ())
    if not missed:
        code, message = ("", "") if caused(change, seen) else ("already", _("The shop had it so already."))
        return Verdict(ChangeState.CONFIRMED, code, message, seen, request_id)
    if len(missed) < len(wanted):
        message = ngettext(
            "The shop did so for %(done)d of %(asked)d tag; not for: %(missed)s.",
            "The shop did so for %(done)d of %(asked)d tags; not for: %(missed)s.",
            len(wanted),
        ) % {"done": len(wanted) - len(missed), "asked": len(wanted), "missed": ", ".join(missed)}
        return Verdict(ChangeState.CONFIRMED, "partly", message, seen, request_id)
    message = _("The shop accepted the change, but its answer does not show it.")
    return Verdict(ChangeState.REFUSED, "not_taken", message, seen, request_id)


def _another_try(change: RemoteChange, code: str, message: str, *, at_least: float, jitter: float) -> Verdict:
    costs_attempt = code not in _COSTS_NO_ATTEMPT
    if costs_attempt and change.attempts >= MOST_ATTEMPTS:
        told = _("Given up after %(count)d tries.") % {"count": change.attempts}
        return Verdict(ChangeState.REFUSED, "gave_up", f"{message} {told}".strip())
    pause = backoff.delay(change.attempts, first_seconds=5.0, longest_seconds=600.0, jitter=jitter).total_seconds()
    return Verdict(
        ChangeState.QUEUED,
        code,
        message,
        after_seconds=max(at_least, pause if costs_attempt else 1.0),
        costs_attempt=costs_attempt,
    )
