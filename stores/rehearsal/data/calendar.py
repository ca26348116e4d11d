"""When orders were made: numbers ascend in time, most lie in the last 90 days, and many share a second."""

from __future__ import annotations

import random
from dataclasses import dataclass

DAY = 86_400
RECENT_DAYS = 90
OLDEST_DAYS = 400
_BLOCK = 40
"""Of every so many numbers the first three were made in one second (a sale that starts, an import)."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """`start`: the moment the shop was made up; no seeded order is younger. `count`: how many there are."""

    start: int
    count: int

    def created(self, n: int, rng: random.Random) -> int:
        """For number `n` of 1..count. The oldest 8 % spread over `OLDEST_DAYS`, the rest thickens towards today."""
        at = self._moment(n)
        if n % _BLOCK in (1, 2, 3):
            return self._moment(n - n % _BLOCK + 1)
        gap = self._moment(n + 1) - at
        return at + (int(rng.random() * gap) if gap > 1 else 0)

    def _moment(self, n: int) -> int:
        position = min(n, self.count) / max(1, self.count)
        if position < 0.08:
            age = OLDEST_DAYS - (OLDEST_DAYS - RECENT_DAYS) * position / 0.08
        else:
            age = RECENT_DAYS * (1 - (position - 0.08) / 0.92) ** 1.25
        return self.start - 600 - int(age * DAY)

    def later(self, at: int, rng: random.Random, *, hours: float) -> int:
        """Up to `hours` after `at`, but never after the start."""
        return min(at + 60 + int(rng.random() * hours * 3600), self.start - 30)

    @property
    def mass_edit(self) -> int:
        """The second in which a mass edit touched many orders: a page boundary in the middle of equal timestamps."""
        return self.start - 2 * DAY - (self.start - 2 * DAY) % DAY + 3 * 3600
