"""When to try again: exponential steps with jitter. Pure; the caller brings the randomness."""

from __future__ import annotations

from datetime import timedelta


def delay(attempt: int, *, first_seconds: float, longest_seconds: float, jitter: float) -> timedelta:
    """The wait after the failed attempt number `attempt` (from 1). `jitter` in [0, 1) takes off up to half of it, so
    that a crowd that failed together does not return together."""
    exponent = min(max(attempt - 1, 0), 40)
    full = min(first_seconds * 2**exponent, longest_seconds)
    return timedelta(seconds=full * (1 - jitter / 2))
