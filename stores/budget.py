"""The budget of a shop as a row: every process that speaks to the shop takes its points here."""

from __future__ import annotations

import time

from django.db import connection, transaction

from . import counts
from .choices import Purpose
from .models import ShopBudget
from .shopify.errors import TryAgain
from .shopify.throttle import BucketState, Granted, Lane, Reservation, ThrottleStatus, after_answer, plan

# The gateway asks up to four times, and a job must end within the queue's 90 s: its work returns to the rows instead.
_PATIENCE_SECONDS = {Lane.INTERACTIVE: 8.0, Lane.BACKGROUND: 4.0}


class DatabaseBudget:
    """`Budget` over a `ShopBudget` row. Time is the database's, so that hosts with odd clocks agree. Waits outside
    of the transaction; must not be called inside one, or the row would stay locked for the length of a call."""

    def __init__(self, store_id: int, *, purpose: Purpose = Purpose.OTHER) -> None:
        self._store_id = store_id
        self._purpose = purpose

    def acquire(self, requested: int, *, lane: Lane) -> Reservation:
        waited = 0.0
        while True:
            with transaction.atomic():
                row, now = self._locked()
                decision = plan(_state(row), now=now, requested=requested, lane=lane)
                if isinstance(decision, Granted):
                    _save(row, decision.state)
                    return Reservation(requested, lane)
            if waited + decision.seconds > _PATIENCE_SECONDS[lane]:
                raise TryAgain("budget_busy", after_seconds=decision.seconds, facts={"requested": requested})
            pause = max(decision.seconds, 0.05)
            time.sleep(pause)
            waited += pause

    def settle(self, reservation: Reservation, status: ThrottleStatus | None, *, spent: int) -> None:
        with transaction.atomic():
            row, now = self._locked()
            _save(row, after_answer(_state(row), now=now, reservation=reservation, status=status))
            counts.add(self._store_id, {counts.points_of(self._purpose): spent})

    def _locked(self) -> tuple[ShopBudget, float]:
        ShopBudget.objects.get_or_create(store_id=self._store_id)
        row = ShopBudget.objects.select_for_update().get(store_id=self._store_id)
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
            (now,) = cursor.fetchone() or (0.0,)
        return row, float(now)


def _state(row: ShopBudget) -> BucketState:
    return BucketState(
        maximum=row.maximum,
        restore_rate=row.restore_rate,
        available=row.available,
        at=row.at,
        reserved=row.reserved,
        reserved_at=row.reserved_at,
    )


def _save(row: ShopBudget, state: BucketState) -> None:
    ShopBudget.objects.filter(pk=row.pk).update(
        maximum=state.maximum,
        restore_rate=state.restore_rate,
        available=state.available,
        at=state.at,
        reserved=state.reserved,
        reserved_at=state.reserved_at,
    )
