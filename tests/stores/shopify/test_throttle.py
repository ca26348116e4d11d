"""The call budget: nothing is sent that the shop's bucket cannot hold, and people go before background work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from stores.shopify.errors import TooExpensive, TryAgain
from stores.shopify.throttle import (
    RESERVATION_SECONDS,
    BucketState,
    Granted,
    Lane,
    MemoryBudget,
    Reservation,
    ThrottleStatus,
    Wait,
    after_answer,
    plan,
    seconds_until,
)
from tests.stores.shopify.conftest import FakeClock

STANDARD = ThrottleStatus(maximum=2000, available=2000, restore_rate=100)


def granted(state: BucketState, requested: int, lane: Lane = Lane.INTERACTIVE, now: float = 0.0) -> BucketState:
    decision = plan(state, now=now, requested=requested, lane=lane)
    assert isinstance(decision, Granted)
    return decision.state


def test_a_call_takes_its_points_at_once() -> None:
    assert granted(BucketState(), 548).available == 1452


def test_a_call_waits_exactly_until_the_bucket_holds_it() -> None:
    state = BucketState(available=100, at=50)

    assert plan(state, now=50, requested=400, lane=Lane.INTERACTIVE) == Wait(3.0)
    assert plan(state, now=52, requested=400, lane=Lane.INTERACTIVE) == Wait(1.0)
    assert granted(state, 400, now=53).available == 0


def test_background_work_leaves_half_of_the_bucket_to_people() -> None:
    state = BucketState(available=1500)

    assert plan(state, now=0, requested=548, lane=Lane.BACKGROUND) == Wait(0.48)
    assert granted(state, 548, Lane.INTERACTIVE).available == 952
    assert granted(BucketState(available=1548), 548, Lane.BACKGROUND).available == 1000


def test_a_background_call_dearer_than_the_other_half_waits_for_a_full_bucket_and_not_for_ever() -> None:
    small = BucketState(maximum=1000, available=900, restore_rate=50)

    assert plan(small, now=0, requested=700, lane=Lane.BACKGROUND) == Wait(2.0)
    assert granted(small, 700, Lane.BACKGROUND, now=2).available == 300


@pytest.mark.parametrize(
    ("maximum", "requested"), [(20_000, 1001), (500, 501)], ids=["above any document", "above the bucket"]
)
def test_a_call_that_can_never_be_sent_is_refused_at_once(maximum: float, requested: int) -> None:
    with pytest.raises(TooExpensive) as refusal:
        plan(BucketState(maximum=maximum), now=0, requested=requested, lane=Lane.INTERACTIVE)

    assert refusal.value.code == "too_expensive"
    assert refusal.value.facts == {"requested": requested, "maximum": maximum}


def test_an_answer_corrects_the_bucket_and_gives_unused_points_back() -> None:
    state = granted(BucketState(), 548)

    settled = after_answer(
        state,
        now=1.0,
        reservation=Reservation(548, Lane.INTERACTIVE),
        status=ThrottleStatus(maximum=4000, available=3900, restore_rate=200),
    )

    assert settled == BucketState(maximum=4000, restore_rate=200, available=3900, at=1.0, reserved=0)


def test_points_of_calls_under_way_stay_out_of_what_an_answer_promises() -> None:
    state = granted(granted(BucketState(), 500), 300)

    settled = after_answer(state, now=0.5, reservation=Reservation(500, Lane.INTERACTIVE), status=STANDARD)

    assert (settled.available, settled.reserved) == (1700, 300)


def test_a_lost_answer_leaves_its_points_spent() -> None:
    state = granted(BucketState(), 500)

    settled = after_answer(state, now=2.0, reservation=Reservation(500, Lane.INTERACTIVE), status=None)

    assert (settled.available, settled.reserved) == (1500, 0)


def test_the_reservation_of_a_dead_process_is_forgotten() -> None:
    state = granted(BucketState(), 900)

    assert plan(state, now=RESERVATION_SECONDS, requested=1000, lane=Lane.BACKGROUND) == Granted(
        BucketState(available=1000, at=RESERVATION_SECONDS, reserved=1000, reserved_at=RESERVATION_SECONDS)
    )


def test_a_clock_that_was_set_back_takes_no_points_away() -> None:
    state = BucketState(available=700, at=100)

    assert granted(state, 700, now=10).available == 0


def test_a_throttled_call_waits_as_long_as_the_bucket_needs() -> None:
    assert seconds_until(ThrottleStatus(2000, 48, 100), 548) == 5.0
    assert seconds_until(ThrottleStatus(2000, 548, 100), 548) == 1.0


def test_the_memory_budget_waits_within_its_patience(clock: FakeClock) -> None:
    budget = MemoryBudget(clock=clock, state=BucketState(available=100, at=clock.now()))

    reservation = budget.acquire(600, lane=Lane.INTERACTIVE)

    assert reservation == Reservation(600, Lane.INTERACTIVE)
    assert clock.slept == [5.0]


def test_the_memory_budget_gives_up_beyond_its_patience_without_taking_anything(clock: FakeClock) -> None:
    budget = MemoryBudget(clock=clock, patience_seconds=4.0, state=BucketState(available=100, at=clock.now()))
    before = budget.state

    with pytest.raises(TryAgain) as refusal:
        budget.acquire(600, lane=Lane.INTERACTIVE)

    assert (refusal.value.code, refusal.value.after_seconds) == ("budget_busy", 5.0)
    assert (clock.slept, budget.state) == ([], before)


class Shop:
    """Shopify's side: charges the requested cost when a call arrives, gives the rest back when it ends."""

    def __init__(self, maximum: float, rate: float) -> None:
        self.maximum, self.rate, self.available, self.at = maximum, rate, maximum, 0.0
        self.throttled = 0

    def refill(self, now: float) -> None:
        self.available = min(self.maximum, self.available + (now - self.at) * self.rate)
        self.at = now

    def arrive(self, now: float, requested: int) -> None:
        self.refill(now)
        if requested > self.available:
            self.throttled += 1
        self.available -= requested

    def finish(self, now: float, requested: int, actual: int) -> ThrottleStatus:
        self.refill(now)
        self.available = min(self.maximum, self.available + requested - actual)
        return ThrottleStatus(self.maximum, self.available, self.rate)


STEPS = st.tuples(
    st.integers(1, 1000),  # requested
    st.floats(0, 1),  # share of it that is really charged
    st.floats(0, 3),  # seconds until the next call
    st.floats(0.01, 5),  # seconds that the call takes
    st.booleans(),  # whether its answer arrives
    st.sampled_from(Lane),
)


PLANS = [(2000.0, 100.0), (4000.0, 200.0)]
Steps = list[tuple[int, float, float, float, bool, Lane]]


def times_throttled(steps: Steps, shop: Shop, *, settle: Callable[..., BucketState] = after_answer) -> int:
    """Runs the calls as told: they overlap, cost less than asked and lose answers."""
    state, now = BucketState(), 0.0
    under_way: list[tuple[float, Reservation, int, bool]] = []

    def settle_until(moment: float) -> None:
        nonlocal state
        under_way.sort(key=lambda call: call[0])
        while under_way and under_way[0][0] <= moment:
            ends, reservation, actual, arrives = under_way.pop(0)
            status = shop.finish(ends, reservation.requested, actual)
            state = settle(state, now=ends, reservation=reservation, status=status if arrives else None)

    for requested, share, gap, duration, arrives, lane in steps:
        now += gap
        settle_until(now)
        decision = plan(state, now=now, requested=requested, lane=lane)
        if isinstance(decision, Wait):
            now += decision.seconds
            settle_until(now)
            decision = plan(state, now=now, requested=requested, lane=lane)
        if isinstance(decision, Granted):
            state = decision.state
            shop.arrive(now, requested)
            under_way.append((now + duration, Reservation(requested, lane), int(requested * share), arrives))
    return shop.throttled


@pytest.mark.row("INV-C24", "REL-S06")
@settings(max_examples=300, deadline=None)
@given(steps=st.lists(STEPS, max_size=40), of_plan=st.sampled_from(PLANS))
def test_a_shop_is_never_asked_for_more_than_its_bucket_holds(steps: Steps, of_plan: tuple[float, float]) -> None:
    assert times_throttled(steps, Shop(*of_plan)) == 0


def believes_too_much(
    state: BucketState, *, now: float, reservation: Reservation, status: ThrottleStatus | None
) -> BucketState:
    """Takes the whole bucket as free again whenever an answer comes."""
    settled = after_answer(state, now=now, reservation=reservation, status=status)
    return replace(settled, available=settled.maximum, reserved=0.0)


@pytest.mark.row("INV-C24")
def test_the_property_finds_a_bucket_that_believes_too_much() -> None:
    steps = find(
        st.lists(STEPS, max_size=40),
        lambda steps: times_throttled(steps, Shop(*PLANS[0]), settle=believes_too_much) > 0,
        settings=settings(max_examples=5000, phases=(Phase.generate,), database=None),
    )

    assert len(steps) >= 2
