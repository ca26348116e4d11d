"""Repeating: only what surely changed nothing, a bounded number of times."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stores.shopify.errors import Final, NeedsPerson, ShopifyError, TryAgain, Uncertain
from stores.shopify.retry import Patience, with_retries
from tests.stores.shopify.conftest import FakeClock


def failing(*errors: ShopifyError) -> Callable[[], str]:
    waiting = list(errors)

    def call() -> str:
        if waiting:
            raise waiting.pop(0)
        return "done"

    return call


def test_a_call_is_repeated_until_it_works_with_growing_pauses(clock: FakeClock) -> None:
    call = failing(*(TryAgain("shop_unavailable", after_seconds=2) for _ in range(3)))

    result = with_retries(call, clock=clock, patience=Patience(4, 60), jitter=lambda: 0.5)

    assert result == "done"
    assert clock.slept == [2.5, 5.0, 10.0]


def test_a_throttled_call_waits_what_the_bucket_needs_each_time(clock: FakeClock) -> None:
    call = failing(*(TryAgain("throttled", after_seconds=4) for _ in range(2)))

    with_retries(call, clock=clock, patience=Patience(3, 60), jitter=lambda: 0.0)

    assert clock.slept == [4.0, 4.0]


def test_patience_ends_by_number(clock: FakeClock) -> None:
    errors = [TryAgain("timed_out", after_seconds=1) for _ in range(5)]

    with pytest.raises(TryAgain) as last:
        with_retries(failing(*errors), clock=clock, patience=Patience(3, 60), jitter=lambda: 0.0)

    assert last.value is errors[2]
    assert clock.slept == [1.0, 2.0]


def test_patience_ends_by_time_without_waiting_in_vain(clock: FakeClock) -> None:
    with pytest.raises(TryAgain) as last:
        with_retries(failing(TryAgain("security_rejection", after_seconds=900)), clock=clock, patience=Patience(4, 30))

    assert last.value.after_seconds == 900
    assert clock.slept == []


@pytest.mark.row("REL-A02")
@pytest.mark.parametrize(
    "error", [Uncertain("outcome_unknown"), NeedsPerson("bad_token"), Final("bad_request")], ids=lambda e: e.code
)
def test_nothing_else_is_repeated(error: ShopifyError, clock: FakeClock) -> None:
    with pytest.raises(type(error)):
        with_retries(failing(error), clock=clock, patience=Patience(4, 60))

    assert clock.slept == []
