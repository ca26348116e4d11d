"""Shopify's cost bucket: a document runs only when its requested cost is there; what it did not use comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Plan:
    maximum: int
    restore_per_second: int


PLANS = {"standard": Plan(2_000, 100), "advanced": Plan(4_000, 200), "plus": Plan(20_000, 1_000)}


class Bucket:
    """The points left, by the shop's clock. One per shop and app."""

    def __init__(self, plan: Plan, now: Callable[[], float]) -> None:
        self.plan = plan
        self._now = now
        self._lock = threading.Lock()
        self._points = float(plan.maximum)
        self._at = now()

    def _refill(self) -> None:
        at = self._now()
        self._points = min(self.plan.maximum, self._points + max(0.0, at - self._at) * self.plan.restore_per_second)
        self._at = at

    def take(self, requested: int) -> bool:
        """Take `requested` points, or nothing and false when there are fewer."""
        with self._lock:
            self._refill()
            if requested > self._points:
                return False
            self._points -= requested
            return True

    def give_back(self, points: int) -> None:
        with self._lock:
            self._refill()
            self._points = min(self.plan.maximum, self._points + max(0, points))

    def drain(self) -> None:
        """Leave nothing (a fault: another app of the same name used it up)."""
        with self._lock:
            self._refill()
            self._points = 0.0

    def status(self) -> dict[str, Any]:
        """`throttleStatus` as Shopify writes it."""
        with self._lock:
            self._refill()
            return {
                "maximumAvailable": self.plan.maximum,
                "currentlyAvailable": int(self._points),
                "restoreRate": self.plan.restore_per_second,
            }
