"""The call budget of one shop: a token bucket kept as Shopify keeps it, with two lanes.

`plan` and `after_answer` are arithmetic without clock or storage; whoever keeps a bucket (a database row per shop in
the product, `MemoryBudget` in tests and tools) wraps them. Nothing is sent that the bucket cannot hold: Shopify charges
the *requested* cost before it runs a document and gives the unused part back afterwards, so reservations of calls still
under way are kept apart until their answers are here. One bucket per shop and app, shared by every process.
"""

from __future__ import annotations

import enum
import math
import threading
from dataclasses import dataclass, replace
from typing import Protocol

from stores.shopify.clock import Clock, SystemClock
from stores.shopify.errors import TooExpensive, TryAgain

SINGLE_DOCUMENT_LIMIT = 1000
BACKGROUND_RESERVE = 0.5
"""Share of the bucket that background work leaves to people who are waiting."""
RESERVATION_SECONDS = 120.0
"""A reservation older than this belongs to a process that died: no call lives that long."""


class Lane(enum.Enum):
    """Who waits for the answer: a person, or nobody."""

    INTERACTIVE = "interactive"
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class ThrottleStatus:
    """`extensions.cost.throttleStatus` of an answer, in points and points per second."""

    maximum: float
    available: float
    restore_rate: float


@dataclass(frozen=True, slots=True)
class BucketState:
    """What we know of a shop's bucket. `available` is true at `at` (seconds) and excludes `reserved` points.

    Starts as the smallest plan's full bucket; the first answer corrects it.
    """

    maximum: float = 2000.0
    restore_rate: float = 100.0
    available: float = 2000.0
    at: float = 0.0
    reserved: float = 0.0
    reserved_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Granted:
    """Send now; keep `state`."""

    state: BucketState


@dataclass(frozen=True, slots=True)
class Wait:
    """Not before `seconds` have passed."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reservation:
    """Points taken for one call at a time of the budget's clock, to be settled with its answer. A probe goes to a shop
    that left calls hanging, and is not waited for as long as others."""

    requested: int
    lane: Lane
    at: float = 0.0
    is_probe: bool = False


class Budget(Protocol):
    """Grants calls to one shop. Implementations are shared by threads and, in the product, by processes."""

    def acquire(self, requested: int, *, lane: Lane) -> Reservation:
        """Take `requested` points, waiting up to a bound. Raises `TryAgain` beyond it, `TooExpensive` if never."""

    def settle(self, reservation: Reservation, status: ThrottleStatus | None, *, spent: int) -> None:
        """Give a call's points back and take over what the shop said; `None` when no answer said anything. `spent` is
        what the shop charged, or what was asked for where it did not say."""


def plan(state: BucketState, *, now: float, requested: int, lane: Lane) -> Granted | Wait:
    """Whether a call of `requested` points may be sent at `now`. Raises `TooExpensive` when it never can.

    Background calls are granted only if they leave half of the bucket; a background call dearer than the other half
    waits for a full bucket instead of for ever.
    """
    if requested > min(SINGLE_DOCUMENT_LIMIT, state.maximum):
        raise TooExpensive("too_expensive", facts={"requested": requested, "maximum": state.maximum})
    available = _refilled(state, now)
    reserve = state.maximum * BACKGROUND_RESERVE if lane is Lane.BACKGROUND else 0.0
    needed = min(state.maximum, requested + reserve)
    if available < needed:
        # Rounded up to a millisecond: a wait shorter than floats can add up would never end.
        return Wait(math.ceil(1000 * (needed - available) / max(state.restore_rate, 1.0)) / 1000)
    reserved = _live_reservations(state, now) + requested
    return Granted(replace(state, available=available - requested, at=now, reserved=reserved, reserved_at=now))


def after_answer(
    state: BucketState, *, now: float, reservation: Reservation, status: ThrottleStatus | None
) -> BucketState:
    """The bucket once a call's answer is here, or is known never to come (`status` None: its points stay spent).

    Points of other calls under way are subtracted from what the shop said: it may not have seen them yet. Where it
    had, we are too careful until their answers come, never too bold.
    """
    others = max(0.0, _live_reservations(state, now) - reservation.requested)
    if status is None:
        return replace(state, available=_refilled(state, now), at=now, reserved=others)
    return BucketState(
        maximum=status.maximum,
        restore_rate=status.restore_rate,
        available=max(0.0, min(status.maximum, status.available) - others),
        at=now,
        reserved=others,
        reserved_at=state.reserved_at,
    )


def seconds_until(status: ThrottleStatus, requested: float) -> float:
    """How long a throttled call of `requested` points has to wait, at least one second."""
    return max(1.0, (requested - status.available) / max(status.restore_rate, 1.0))


def _refilled(state: BucketState, now: float) -> float:
    # A clock that was set back must not take points away.
    elapsed = max(0.0, now - state.at)
    ceiling = max(0.0, state.maximum - _live_reservations(state, now))
    return min(ceiling, state.available + elapsed * state.restore_rate)


def _live_reservations(state: BucketState, now: float) -> float:
    return state.reserved if now - state.reserved_at < RESERVATION_SECONDS else 0.0


class MemoryBudget:
    """A bucket in this process, for tests and tools."""

    def __init__(
        self, *, clock: Clock | None = None, patience_seconds: float = 20.0, state: BucketState | None = None
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.patience_seconds = patience_seconds
        self.state = state or BucketState(at=self.clock.now())
        self._lock = threading.Lock()

    def acquire(self, requested: int, *, lane: Lane) -> Reservation:
        give_up_at = self.clock.now() + self.patience_seconds
        while True:
            with self._lock:
                now = self.clock.now()
                decision = plan(self.state, now=now, requested=requested, lane=lane)
                if isinstance(decision, Granted):
                    self.state = decision.state
                    return Reservation(requested, lane)
            if now + decision.seconds > give_up_at:
                raise TryAgain("budget_busy", after_seconds=decision.seconds, facts={"requested": requested})
            self.clock.sleep(decision.seconds)

    def settle(self, reservation: Reservation, status: ThrottleStatus | None, *, spent: int) -> None:
        with self._lock:
            self.state = after_answer(self.state, now=self.clock.now(), reservation=reservation, status=status)
