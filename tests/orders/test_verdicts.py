"""What a shop's answer means: pure, every kind of answer once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orders.choices import ChangeState, Stage, Verb
from orders.models import Order, RemoteChange
from orders.services.verdicts import MOST_ATTEMPTS, caused, effect, lacking, of_look, of_outcome, opened_up
from stores.shopify.mutations import MutatedOrder, Outcome, OutcomeKind

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def a_change(verb: Verb = Verb.ARCHIVE, *, tags: tuple[str, ...] = (), had: tuple[str, ...] = (), **fields: Any):
    return RemoteChange(
        pk=7,
        order_id=1,
        store_id=1,
        verb=verb,
        payload={"tags": list(tags)} if tags else {},
        before={"tags": list(had)},
        **({"attempts": 1, "created_at": NOW} | fields),
    )


def seen(*tags: str, closed: bool = False, at: datetime = NOW) -> MutatedOrder:
    return MutatedOrder("gid://shopify/Order/1", closed, at if closed else None, at, None, tags, "")


def an_outcome(kind: OutcomeKind, code: str = "", *, order: MutatedOrder | None = None, **fields: Any) -> Outcome:
    return Outcome("gid://shopify/Order/1", kind, code, ("Shopify says so.",), "request-1", order, **fields)


@pytest.mark.parametrize(
    ("kind", "code", "order", "state", "kept_code", "costs_attempt"),
    [
        (OutcomeKind.DONE, "done", seen(closed=True), ChangeState.CONFIRMED, "", True),
        (
            OutcomeKind.DONE,
            "done",
            seen(closed=True, at=NOW - timedelta(hours=1)),
            ChangeState.CONFIRMED,
            "already",
            True,
        ),
        (OutcomeKind.DONE, "done", seen(), ChangeState.REFUSED, "not_taken", True),
        (OutcomeKind.REFUSED, "refused", None, ChangeState.REFUSED, "refused", True),
        (OutcomeKind.REFUSED, "not_found", None, ChangeState.REFUSED, "not_found", True),
        (OutcomeKind.UNCERTAIN, "outcome_unknown", None, ChangeState.UNCERTAIN, "outcome_unknown", True),
        (OutcomeKind.TRY_AGAIN, "unreachable", None, ChangeState.QUEUED, "unreachable", True),
        (OutcomeKind.TRY_AGAIN, "budget_busy", None, ChangeState.QUEUED, "budget_busy", False),
        (OutcomeKind.NEEDS_PERSON, "bad_token", None, ChangeState.QUEUED, "bad_token", False),
        (OutcomeKind.NEEDS_PERSON, "missing_scope", None, ChangeState.REFUSED, "missing_scope", True),
    ],
)
def test_every_outcome_has_one_meaning(kind, code, order, state, kept_code, costs_attempt):
    verdict = of_outcome(a_change(), an_outcome(kind, code, order=order), jitter=0)
    assert (verdict.state, verdict.code, verdict.costs_attempt) == (state, kept_code, costs_attempt)


def test_shopifys_sentence_is_kept():
    assert of_outcome(a_change(), an_outcome(OutcomeKind.REFUSED), jitter=0).message == "Shopify says so."


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 5), (2, 10), (3, 20), (4, 40), (5, 80), (6, 160), (MOST_ATTEMPTS - 1, 320)]
)
def test_tries_come_at_growing_distances(attempts, seconds):
    outcome = an_outcome(OutcomeKind.TRY_AGAIN, "shop_unavailable", after_seconds=1)
    verdict = of_outcome(a_change(attempts=attempts), outcome, jitter=0)
    assert (verdict.state, verdict.after_seconds) == (ChangeState.QUEUED, seconds)


def test_the_shop_may_ask_for_a_longer_wait():
    outcome = an_outcome(OutcomeKind.TRY_AGAIN, "rate_limited", after_seconds=90)
    assert of_outcome(a_change(), outcome, jitter=0).after_seconds == 90


def test_the_last_try_ends_with_a_sentence():
    outcome = an_outcome(OutcomeKind.TRY_AGAIN, "unreachable")
    verdict = of_outcome(a_change(attempts=MOST_ATTEMPTS), outcome, jitter=0)
    assert (verdict.state, verdict.code) == (ChangeState.REFUSED, "gave_up")
    assert verdict.message == "Shopify says so. Given up after 8 tries."


def test_waiting_for_budget_never_gives_up():
    outcome = an_outcome(OutcomeKind.TRY_AGAIN, "throttled", after_seconds=2)
    verdict = of_outcome(a_change(attempts=MOST_ATTEMPTS + 5), outcome, jitter=0)
    assert (verdict.state, verdict.after_seconds) == (ChangeState.QUEUED, 2)


@pytest.mark.parametrize(
    ("verb", "tags", "order", "missing"),
    [
        (Verb.ARCHIVE, (), seen(closed=True), ()),
        (Verb.ARCHIVE, (), seen(), ("closed",)),
        (Verb.UNARCHIVE, (), seen(closed=True), ("open",)),
        (Verb.UNARCHIVE, (), seen(), ()),
        (Verb.ADD_TAGS, ("vip", "late"), seen("VIP"), ("late",)),
        (Verb.REMOVE_TAGS, ("VIP", "vip"), seen("Vip", "late"), ()),
        (Verb.REMOVE_TAGS, ("late",), seen("late"), ("late",)),
    ],
)
def test_what_an_order_does_not_show(verb, tags, order, missing):
    assert lacking(a_change(verb, tags=tags), order) == missing


def test_tags_that_the_shop_dropped_are_named():
    change = a_change(Verb.ADD_TAGS, tags=("a", "b", "c"))
    verdict = of_outcome(change, an_outcome(OutcomeKind.DONE, order=seen("a", "c")), jitter=0)
    assert (verdict.state, verdict.code) == (ChangeState.CONFIRMED, "partly")
    assert verdict.message == "The shop did so for 2 of 3 tags; not for: b."


@pytest.mark.parametrize(
    ("verb", "tags", "had", "order", "changed"),
    [
        (Verb.ADD_TAGS, ("vip", "late"), ("VIP",), seen("VIP", "late", "other"), ["late"]),
        (Verb.REMOVE_TAGS, ("VIP", "vip"), ("VIP", "gift"), seen("gift"), ["VIP"]),
        (Verb.REMOVE_TAGS, ("VIP",), ("VIP",), seen("VIP"), []),
        (Verb.ARCHIVE, (), (), seen(closed=True), []),
    ],
)
def test_the_effect_is_what_differs_from_before(verb, tags, had, order, changed):
    change = a_change(verb, tags=tags, had=had)
    assert effect(change, order) == changed
    if verb != Verb.ARCHIVE:
        assert caused(change, order) is bool(changed)


@pytest.mark.parametrize(
    ("order", "attempts", "state", "code"),
    [
        (None, 2, ChangeState.REFUSED, "order_gone"),
        (seen(closed=True), 2, ChangeState.CONFIRMED, "looked_up"),
        (seen(), 2, ChangeState.QUEUED, "not_applied"),
        (seen(), MOST_ATTEMPTS, ChangeState.REFUSED, "gave_up"),
    ],
)
def test_a_look_settles_what_was_uncertain(order, attempts, state, code):
    verdict = of_look(a_change(attempts=attempts), order, jitter=0)
    assert (verdict.state, verdict.code) == (state, code)


@pytest.mark.parametrize(
    ("was", "now", "more"),
    [
        (Stage.TO_ARCHIVE, Stage.TO_FULFIL, True),
        (Stage.TO_ARCHIVE, Stage.TO_SETTLE, True),
        (Stage.TO_SETTLE, Stage.TO_FULFIL, True),
        (Stage.TO_FULFIL, Stage.TO_FULFIL, False),
        (Stage.TO_FULFIL, Stage.TO_ARCHIVE, False),
        (Stage.TO_ARCHIVE, Stage.CANCELLED, False),
        (Stage.CANCELLED, Stage.TO_FULFIL, False),
    ],
)
def test_an_order_that_opened_up_is_noticed(was, now, more):
    assert opened_up({"stage": was.value}, Order(stage=now.value)) is more
