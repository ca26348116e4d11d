"""A shop that hangs is asked one thing at a time, after pauses, and one that answers is asked as before."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stores.shopify.breaker import (
    HUNG_SECONDS,
    LONGEST_CALL_SECONDS,
    OVERDUE_SECONDS,
    PAUSES_SECONDS,
    PROBE_SECONDS,
    Leave,
    Trust,
    after_call,
    ask_leave,
)
from stores.shopify.throttle import BucketState, Lane
from stores.shopify.transport import PROBE, Limits

IDLE = BucketState()
LANES = pytest.mark.parametrize("lane", list(Lane), ids=lambda lane: lane.value)


def left_hanging(trust: Trust, now: float) -> Trust:
    return after_call(trust, now=now, seconds=20, answered=False)


@LANES
def test_a_shop_that_answers_is_asked_at_once(lane: Lane) -> None:
    assert ask_leave(Trust(), IDLE, now=5, lane=lane) == Leave(Trust())


@pytest.mark.row("REL-S16")
@LANES
def test_a_shop_that_left_a_call_hanging_is_left_alone_for_a_pause(lane: Lane) -> None:
    trust = left_hanging(Trust(), now=100)

    assert ask_leave(trust, IDLE, now=101, lane=lane).wait_seconds == PAUSES_SECONDS[0] - 1


@pytest.mark.row("REL-S16")
def test_after_the_pause_one_call_probes_and_the_others_wait_for_it() -> None:
    trust = left_hanging(Trust(), now=100)

    first = ask_leave(trust, IDLE, now=116, lane=Lane.BACKGROUND)
    second = ask_leave(first.trust, IDLE, now=117, lane=Lane.INTERACTIVE)

    assert (first.is_probe, first.wait_seconds) == (True, 0)
    assert second.wait_seconds == PROBE_SECONDS - 1


def test_a_probe_whose_process_died_makes_room_for_the_next() -> None:
    first = ask_leave(left_hanging(Trust(), now=100), IDLE, now=116, lane=Lane.BACKGROUND)

    assert ask_leave(first.trust, IDLE, now=116 + PROBE_SECONDS, lane=Lane.BACKGROUND).is_probe


def test_the_pauses_grow_up_to_a_bound() -> None:
    trust, now, pauses = Trust(), 0.0, []
    for _ in range(7):
        trust = left_hanging(trust, now)
        pauses.append(ask_leave(trust, IDLE, now=now, lane=Lane.BACKGROUND).wait_seconds)
        now += 1000

    assert pauses == [*PAUSES_SECONDS, PAUSES_SECONDS[-1], PAUSES_SECONDS[-1]]


def test_any_answer_restores_trust() -> None:
    trust = left_hanging(left_hanging(Trust(), now=0), now=50)

    assert after_call(trust, now=200, seconds=1, answered=True) == Trust()


def test_a_call_that_failed_at_once_says_nothing_but_ends_the_probe() -> None:
    asked = ask_leave(left_hanging(Trust(), now=0), IDLE, now=20, lane=Lane.BACKGROUND).trust

    refused = after_call(asked, now=20.1, seconds=0.1, answered=False)

    assert refused.hung == 1
    assert ask_leave(refused, IDLE, now=20.2, lane=Lane.BACKGROUND).is_probe
    assert after_call(Trust(), now=1, seconds=HUNG_SECONDS - 0.1, answered=False) == Trust()


@pytest.mark.row("REL-S16")
@LANES
def test_while_a_call_waits_long_no_second_worker_is_sent_after_it(lane: Lane) -> None:
    waiting = BucketState(reserved=50, reserved_at=10)
    overdue = OVERDUE_SECONDS[lane]

    assert ask_leave(Trust(), waiting, now=10 + overdue, lane=lane) == Leave(Trust())
    assert ask_leave(Trust(), waiting, now=10.1 + overdue, lane=lane).wait_seconds == overdue
    # No call lives so long: its process died, and the shop is asked again.
    assert ask_leave(Trust(), waiting, now=10 + LONGEST_CALL_SECONDS, lane=lane) == Leave(Trust())


def test_the_times_fit_those_of_the_calls() -> None:
    assert PROBE.connect_seconds + PROBE.seconds < PROBE_SECONDS
    assert PROBE.read_seconds > HUNG_SECONDS
    assert Limits().seconds < LONGEST_CALL_SECONDS


@pytest.mark.row("REL-S16")
@settings(max_examples=200, deadline=None)
@given(
    steps=st.lists(st.tuples(st.floats(0, 40), st.sampled_from(list(Lane))), min_size=1, max_size=60),
    workers=st.integers(1, 4),
)
def test_a_shop_that_never_answers_holds_one_worker_at_a_time(steps: list[tuple[float, Lane]], workers: int) -> None:
    """Workers come at any time to a shop whose calls take 20 s, those of a probe 8 s, and end without an answer."""
    trust, bucket, now = Trust(), BucketState(), 0.0
    under_way: list[tuple[float, float]] = []
    held = 0.0
    for pause, lane in steps:
        now += pause
        for ends_at, began_at in sorted(one for one in under_way if one[0] <= now):
            under_way.remove((ends_at, began_at))
            trust = after_call(trust, now=ends_at, seconds=ends_at - began_at, answered=False)
            bucket = BucketState(reserved=float(bool(under_way)), reserved_at=bucket.reserved_at)
        if len(under_way) == workers:
            continue
        leave = ask_leave(trust, bucket, now=now, lane=lane)
        trust = leave.trust
        if not leave.wait_seconds:
            latest = min((now - began for _, began in under_way), default=0.0)
            assert latest <= OVERDUE_SECONDS[lane]
            seconds = PROBE.seconds if leave.is_probe else 20.0
            held += seconds
            under_way.append((now + seconds, now))
            bucket = BucketState(reserved=1, reserved_at=now)
    # Every worker may meet the first hanging call; from then on it is one, for 8 s of every pause.
    probes = 1 + sum(1 for _ in range(0, int(now), int(PAUSES_SECONDS[0])))
    assert held <= workers * 20 + probes * PROBE.seconds
