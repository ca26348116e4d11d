"""The shop's clock and its times."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from stores.rehearsal.clock import Clock, iso, parse


def test_times_are_written_and_read_as_the_standard_library_would() -> None:
    rng = random.Random(5)
    for _ in range(2_000):
        seconds = rng.randrange(0, 4_000_000_000)
        text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert iso(seconds) == text
        assert parse(text) == seconds


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-11-22", "2026-11-22T00:00:00Z"),
        ("2026-11-22T10:30:00+01:00", "2026-11-22T09:30:00Z"),
        ("2026-11-22T09:30:00.750Z", "2026-11-22T09:30:00Z"),
        ("2026-11-22 09:30", "2026-11-22T09:30:00Z"),
    ],
)
def test_other_spellings_are_read_too(text: str, same: str) -> None:
    assert parse(text) == parse(same)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "2026-11-22T25:00:00Z", "2026-02-30T00:00:00Z"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert parse(text) is None


def test_a_scaled_clock_runs_faster_and_never_starts_before_it_was() -> None:
    real = [1_000.0]
    clock = Clock(scale=60, origin=5_000.0, source=lambda: real[0])
    assert clock.now() == 5_000.0
    real[0] += 2
    assert clock.now() == 5_120.0
    assert clock.real_delay(60) == 1.0
    assert Clock(origin=10.0, source=lambda: 1_000.0).now() == 1_000.0
