"""The door to the queue. The row is the truth, a task only a doorbell: it carries ids, may be lost, doubled or late.

The broker's table lies in the same database, so a doorbell commits or vanishes with the change that asked for it."""

from __future__ import annotations

import hashlib

from django.db import connection, transaction
from django_q.tasks import async_task

Scalar = int | str | bool | None
_RERING_SECONDS = 30


def enqueue(function: str, *scalars: Scalar) -> None:
    """Puts `function` (a dotted path ending in `_job`) on the queue with ids and words: no objects, no people."""
    for value in scalars:
        if not isinstance(value, int | str | bool | None):
            raise TypeError(f"{function}: a task takes ids and words, not {type(value).__name__}")
    async_task(function, *scalars)


def ring(function: str, *scalars: Scalar) -> None:
    """Rings the doorbell of this function and these arguments unless it rang and was not answered yet.

    Concurrent transactions never wait for each other here: whoever finds the bell being rung leaves it at that. A ring
    that gets lost in between is made good by the sweep.
    """
    key = _key(function, scalars)
    # The caller's transaction is enough where there is one: nothing in here is ever taken back alone.
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(
            """
            WITH rung AS (
                UPDATE core_doorbell SET rung_at = clock_timestamp()
                WHERE key = (
                    SELECT key FROM core_doorbell
                    WHERE key = %s AND (rung_at IS NULL OR rung_at < clock_timestamp() - %s * interval '1 second')
                    FOR UPDATE SKIP LOCKED
                )
                RETURNING 1
            )
            SELECT EXISTS (SELECT FROM rung), EXISTS (SELECT FROM core_doorbell WHERE key = %s)
            """,
            [key, _RERING_SECONDS, key],
        )
        rung, there = cursor.fetchone() or (False, True)
        if not there:
            cursor.execute(
                "INSERT INTO core_doorbell (key, rung_at) VALUES (%s, clock_timestamp()) ON CONFLICT DO NOTHING", [key]
            )
            rung = cursor.rowcount > 0
        if rung:
            enqueue(function, *scalars)


def answered(function: str, *scalars: Scalar) -> None:
    """Said by the job before it loads its work: whatever comes from now on needs a new ring."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_doorbell SET rung_at = NULL WHERE key = %s", [_key(function, scalars)])


def _key(function: str, scalars: tuple[Scalar, ...]) -> str:
    plain = "|".join([function, *(str(value) for value in scalars)])
    return plain if len(plain) <= 200 else hashlib.sha256(plain.encode()).hexdigest()
