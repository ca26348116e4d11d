"""Keeping a shop that does not answer from holding workers that other shops need. Arithmetic without clock or storage.

A call that brings no answer and takes long about it bars the shop for a pause, which grows while that goes on. After
the pause one call goes out as a probe, with less patience; any answer ends it. And while one call has been waiting for
a while, no second one is sent after it: at most one worker waits for a shop that may hang.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from stores.shopify.throttle import BucketState, Lane

HUNG_SECONDS = 4.0
"""A call without an answer that took as long as this was left hanging; a refused connection is not."""
PAUSES_SECONDS = (15.0, 30.0, 60.0, 120.0, 300.0)
PROBE_SECONDS = 12.0
"""Longer than a probe can take (`transport.PROBE`): then it belongs to a process that died."""
OVERDUE_SECONDS: Mapping[Lane, float] = {Lane.BACKGROUND: 2.0, Lane.INTERACTIVE: 6.0}
"""How long the last call may have been under way before another waits for its end."""
LONGEST_CALL_SECONDS = 31.0
"""A little more than `transport.Limits` allow: what has been under way for longer belongs to a process that died."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What the last calls say of a shop. `hung` counts those in a row that were left hanging; times in seconds."""

    hung: int = 0
    barred_until: float = 0.0
    probe_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Leave:
    """What a call may do now: go, go as the probe, or neither before `wait_seconds` have passed."""

    trust: Trust
    is_probe: bool = False
    wait_seconds: float = 0.0


def ask_leave(trust: Trust, bucket: BucketState, *, now: float, lane: Lane) -> Leave:
    """Whether a call may be sent; `trust` of the answer is to be kept."""
    if trust.hung:
        wait = max(trust.barred_until, trust.probe_until) - now
        if wait > 0:
            return Leave(trust, wait_seconds=wait)
        return Leave(replace(trust, probe_until=now + PROBE_SECONDS), is_probe=True)
    under_way = now - bucket.reserved_at
    if bucket.reserved > 0 and OVERDUE_SECONDS[lane] < under_way < LONGEST_CALL_SECONDS:
        return Leave(trust, wait_seconds=OVERDUE_SECONDS[lane])
    return Leave(trust)


def after_call(trust: Trust, *, now: float, seconds: float, answered: bool) -> Trust:
    """The trust after a call that took `seconds`."""
    if answered:
        return Trust()
    if seconds < HUNG_SECONDS:
        return replace(trust, probe_until=0.0)
    pause = PAUSES_SECONDS[min(trust.hung, len(PAUSES_SECONDS) - 1)]
    return Trust(hung=trust.hung + 1, barred_until=now + pause)
