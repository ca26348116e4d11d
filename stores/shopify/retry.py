"""Repeating a call that surely changed nothing. Bounded in tries and time; the rest is the caller's rows' business.

Only `TryAgain` is repeated. A mutation whose outcome is unknown raises `Uncertain` and never comes by here twice.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from stores.shopify.clock import Clock
from stores.shopify.errors import TryAgain
from stores.shopify.throttle import Lane

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to try at all, and how long tries and waits may take until the last one begins."""

    tries: int
    seconds: float


PATIENCE = {
    Lane.INTERACTIVE: Patience(tries=2, seconds=5.0),
    # Longer waits are for the rows, which hold no worker meanwhile.
    Lane.BACKGROUND: Patience(tries=4, seconds=10.0),
}


def with_retries(
    call: Callable[[], Result],
    *,
    clock: Clock,
    patience: Patience,
    jitter: Callable[[], float] = random.random,
) -> Result:
    """The result of `call`, repeated while it raises `TryAgain` and there is patience left.

    Waits what the error asks for, doubled per try, plus up to half of it again so that workers do not march in step.
    A throttled call waits as long as the bucket needs, undoubled. A shop that does not answer is not waited for: the
    worker has other shops. Raises the last error.
    """
    started = clock.now()
    for attempt in range(1, patience.tries + 1):
        try:
            return call()
        except TryAgain as error:
            growth = 1 if error.code in ("throttled", "budget_busy") else 2 ** (attempt - 1)
            pause = error.after_seconds * growth * (1 + jitter() / 2)
            if (
                error.code == "shop_silent"
                or attempt == patience.tries
                or clock.now() - started + pause > patience.seconds
            ):
                raise
        clock.sleep(pause)
    raise AssertionError("patience without a try")
