"""Deadlocks and locks that took too long: the database's way of saying "again". The whole unit of work is repeated."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connection

Result = TypeVar("Result")

# serialization_failure, deadlock_detected, lock_not_available
_AGAIN = frozenset({"40001", "40P01", "55P03"})
_TRIES = 3


def repeated(work: Callable[[], Result]) -> Result:
    """The result of `work`, which opens its own transaction and may run up to three times. Inside a transaction of the
    caller it runs once: only he can repeat the whole."""
    for attempt in range(1, _TRIES + 1):
        try:
            return work()
        except OperationalError as error:
            code = getattr(error.__cause__, "sqlstate", None)
            if code not in _AGAIN or attempt == _TRIES or connection.in_atomic_block:
                raise
        time.sleep(random.uniform(0.02, 0.1) * attempt)  # noqa: S311 - spreads those that met
    raise AssertionError("tried without a try")
