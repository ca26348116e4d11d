"""The budget of a shop as a row: every process that speaks to the shop takes its points, and its leave, here."""

from __future__ import annotations

import time
from dataclasses import asdict, fields
from typing import Any

from django.db import connection, transaction
from django.db.models import Func, IntegerField

from . import counts
from .choices import Purpose
from .models import ShopBudget
from .shopify.breaker import Leave, Trust, after_call, ask_leave
from .shopify.errors import TryAgain
from .shopify.throttle import BucketState, Granted, Lane, Reservation, ThrottleStatus, after_answer, plan

_OF_BUCKET = tuple(field.name for field in fields(BucketState))
_OF_TRUST = tuple(field.name for field in fields(Trust))
# The gateway asks up to four times, and a job must end within the queue's 90 s: its work returns to the rows instead.
_PATIENCE_SECONDS = {Lane.INTERACTIVE: 8.0, Lane.BACKGROUND: 4.0}


class DatabaseBudget:
    """`Budget` over a `ShopBudget` row. Time is the database's, so that hosts with odd clocks agree. Waits outside
    of the transaction; must not be called inside one, or the row would stay locked for the length of a call.

    A shop that does not answer gets one call at a time, after pauses: `TryAgain("shop_silent")` for all others."""

    def __init__(self, store_id: int, *, purpose: Purpose = Purpose.OTHER) -> None:
        self._store_id = store_id
        self._purpose = purpose

    def acquire(self, requested: int, *, lane: Lane) -> Reservation:
        waited = 0.0
        while True:
            with transaction.atomic():
                row, now = self._locked()
                bucket = _bucket(row)
                leave = ask_leave(_trust(row), bucket, now=now, lane=lane)
                if leave.wait_seconds and not row.hung and not _is_alive(row.reserved_by):
                    # Nobody waits for that call any more: its process was killed.
                    leave = Leave(leave.trust)
                if leave.wait_seconds:
                    raise TryAgain("shop_silent", after_seconds=leave.wait_seconds, facts={"hung": row.hung})
                decision = plan(bucket, now=now, requested=requested, lane=lane)
                if isinstance(decision, Granted):
                    _save(
                        row,
                        decision.state,
                        leave.trust,
                        reserved_by=Func(function="pg_backend_pid", output_field=IntegerField()),
                    )
                    return Reservation(requested, lane, now, leave.is_probe)
            if waited + decision.seconds > _PATIENCE_SECONDS[lane]:
                raise TryAgain("budget_busy", after_seconds=decision.seconds, facts={"requested": requested})
            pause = max(decision.seconds, 0.05)
            time.sleep(pause)
            waited += pause

    def settle(self, reservation: Reservation, status: ThrottleStatus | None, *, spent: int) -> None:
        with transaction.atomic():
            row, now = self._locked()
            bucket = after_answer(_bucket(row), now=now, reservation=reservation, status=status)
            seconds = now - reservation.at
            _save(row, bucket, after_call(_trust(row), now=now, seconds=seconds, answered=status is not None))
            counts.add(self._store_id, {counts.points_of(self._purpose): spent})

    def _locked(self) -> tuple[ShopBudget, float]:
        ShopBudget.objects.get_or_create(store_id=self._store_id)
        row = ShopBudget.objects.select_for_update().get(store_id=self._store_id)
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
            (now,) = cursor.fetchone() or (0.0,)
        return row, float(now)


def _bucket(row: ShopBudget) -> BucketState:
    return BucketState(**{name: getattr(row, name) for name in _OF_BUCKET})


def _trust(row: ShopBudget) -> Trust:
    return Trust(**{name: getattr(row, name) for name in _OF_TRUST})


def _is_alive(session: int | None) -> bool:
    """Whether a session of the database is still there. Behind a pool of connections it is for longer than its process;
    then the call counts as under way until it would have ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s)", [session])
        (found,) = cursor.fetchone() or (True,)
    return bool(found)


def _save(row: ShopBudget, bucket: BucketState, trust: Trust, **more: Any) -> None:
    ShopBudget.objects.filter(pk=row.pk).update(**asdict(bucket), **asdict(trust), **more)
