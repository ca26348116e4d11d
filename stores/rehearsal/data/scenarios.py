"""What became of an order: a weighted list of stories, each of which the builder tells with the ops."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Story:
    """`pay`: paid, pending, failed, authorized, expired, partial. `ship`: none, all, some, hold, scheduled, progress.
    `after` is what came of it later."""

    weight: int
    pay: str
    ship: str
    after: str = ""
    """refund_some, refund_unshipped, refund_all, return_requested, return_open, return_closed, cancelled."""
    archived: int = 0
    """Percent of these that are archived."""
    digital: bool = False


STORIES = (
    Story(170, "paid", "none"),
    Story(330, "paid", "all", archived=88),
    Story(60, "paid", "some"),
    Story(55, "paid", "hold"),
    Story(30, "paid", "scheduled"),
    Story(20, "paid", "progress"),
    Story(60, "paid", "all", "refund_some"),
    Story(20, "paid", "none", "refund_unshipped"),
    Story(25, "paid", "all", "refund_all", archived=70),
    Story(40, "pending", "none"),
    Story(12, "pending", "hold"),
    Story(15, "failed", "none"),
    Story(30, "authorized", "none"),
    Story(8, "expired", "none"),
    Story(18, "partial", "none"),
    Story(15, "paid", "all", "return_requested"),
    Story(15, "paid", "all", "return_open"),
    Story(20, "paid", "all", "return_closed", archived=40),
    Story(28, "paid", "none", "cancelled"),
    Story(14, "authorized", "none", "cancelled"),
    Story(15, "paid", "none", archived=50, digital=True),
)
_WEIGHTS = [story.weight for story in STORIES]
_SETTLED = Story(0, "paid", "all", archived=97)


def choose(rng: random.Random, *, age_days: float) -> Story:
    """Old orders are mostly done with; a few of every kind stay."""
    if age_days > 45 and rng.random() < 0.7:
        return _SETTLED
    return rng.choices(STORIES, _WEIGHTS)[0]
