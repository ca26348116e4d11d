"""The canary: a task sent through the queue to see whether the cluster lives. It counts only when its task has stamped
its row *and* its queue row is gone: a cluster whose monitor is dead runs everything and acknowledges nothing."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django_q.tasks import async_task

from backoffice.broker import UrgentBroker, waiting
from backoffice.core.models import Canary


class Verdict(enum.Enum):
    WAIT = "wait"
    ALIVE = "alive"
    DEAF = "deaf"  # nothing takes tasks any more
    MUTE = "mute"  # tasks run, and nobody acknowledges them


@dataclass(frozen=True)
class Sighting:
    """The canary as one look at the database shows it; ages in seconds, by the database's clock."""

    age_seconds: float
    stamped_seconds_ago: float | None
    queued: bool


def judge(sighting: Sighting, *, deadline_seconds: float, busy: bool, busy_seconds: float) -> Verdict:
    """What a sighting says about the cluster.

    A canary that no worker takes proves nothing while a worker is at work: all may be, and the canary is next. Past
    `busy_seconds` that excuse ends, since no task may run that long.
    """
    if sighting.stamped_seconds_ago is not None:
        if not sighting.queued:
            return Verdict.ALIVE
        return Verdict.MUTE if sighting.stamped_seconds_ago > deadline_seconds else Verdict.WAIT
    if sighting.age_seconds <= deadline_seconds:
        return Verdict.WAIT
    if busy and sighting.age_seconds <= deadline_seconds + busy_seconds:
        return Verdict.WAIT
    return Verdict.DEAF


def send() -> Canary:
    """Puts a canary at the head of the queue."""
    with transaction.atomic():
        canary = Canary.objects.create()
        broker = UrgentBroker()
        async_task("backoffice.core.tasks.canary_job", canary.pk, q_options={"broker": broker})
        canary.task_id = str(broker.row_id)
        canary.save(update_fields=["task_id"])
    return canary


def look(canary: Canary) -> Sighting:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT clock_timestamp(), enqueued_at, ran_at FROM core_canary WHERE id = %s",
            [canary.pk],
        )
        found: tuple[datetime, datetime, datetime | None] | None = cursor.fetchone()
    if found is None:  # purged under our eyes: as good as run
        return Sighting(age_seconds=0.0, stamped_seconds_ago=0.0, queued=False)
    now, sent_at, ran_at = found
    return Sighting(
        age_seconds=(now - sent_at).total_seconds(),
        stamped_seconds_ago=None if ran_at is None else (now - ran_at).total_seconds(),
        queued=waiting(int(canary.task_id)),
    )


def forget(canary: Canary) -> None:
    """Takes back a canary that nobody needs to see any more, from the queue as well."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_q_ormq WHERE id = %s", [int(canary.task_id)])
        cursor.execute("DELETE FROM core_canary WHERE id = %s", [canary.pk])
