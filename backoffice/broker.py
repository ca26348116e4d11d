"""The queue's broker: django-q2's ORM broker with an order, one statement per look, and patience with the database.

django-q2's own takes rows in no order at all and leaves them to whoever updates first; when the database is away it
gives up its process and comes back after ten seconds. Named by `Q_CLUSTER["broker_class"]`."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime

from django.db import DatabaseError, InterfaceError, connections
from django.db.models.functions import Now
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ

logger = logging.getLogger(__name__)

# Before everything else in the queue: the supervisor's canary must not wait behind ten thousand mails.
URGENT = datetime(2000, 1, 1, tzinfo=UTC)
_AWAY_SECONDS = 1.0
# The index (key, lock) serves both the condition and the order. The database's clock, so that no machine's own counts.
_TAKE = """
    UPDATE django_q_ormq SET lock = clock_timestamp() + %s * interval '1 second'
    WHERE id IN (
        SELECT id FROM django_q_ormq WHERE key = %s AND lock < clock_timestamp()
        ORDER BY lock, id LIMIT %s FOR UPDATE SKIP LOCKED
    )
    RETURNING id, payload
"""


class OrderedBroker(ORM):  # type: ignore[misc]  # django-q2 has no types
    """First in, first out, urgent before all; two clusters never take the same row at the same time."""

    def enqueue(self, task: str, *, urgent: bool = False) -> int:
        lock = URGENT if urgent else Now()
        row = self.get_connection().create(key=self.list_key or Conf.CLUSTER_NAME, payload=task, lock=lock)
        return int(row.pk)

    def dequeue(self) -> list[tuple[int, str]] | None:
        try:
            self.get_connection()  # closes a connection that is too old or broken
            with connections[Conf.ORM].cursor() as cursor:
                cursor.execute(_TAKE, [Conf.RETRY, self.list_key, Conf.BULK])
                taken: list[tuple[int, str]] = cursor.fetchall()
        except (DatabaseError, InterfaceError):
            logger.warning("The queue cannot be read; trying again", exc_info=True)
            connections[Conf.ORM].close()
            time.sleep(_AWAY_SECONDS)
            return None
        if not taken:
            time.sleep(Conf.POLL)
        return taken or None


class UrgentBroker(OrderedBroker):
    """For one urgent task; remembers the row that it became."""

    row_id: int | None = None

    def enqueue(self, task: str, *, urgent: bool = True) -> int:
        self.row_id = super().enqueue(task, urgent=urgent)
        return self.row_id


def release_leases() -> int:
    """Gives back what a cluster had taken that is dead for certain: its tasks wait a moment and not the whole lease.
    Whoever calls it knows that no other cluster lives; a task that one still runs would run twice."""
    return int(OrmQ.objects.filter(key=Conf.CLUSTER_NAME, lock__gt=Now()).update(lock=Now()))


def waiting(row_id: int) -> bool:
    """Whether the row is still in the queue: not yet run, or run and not acknowledged."""
    return bool(OrmQ.objects.filter(pk=row_id).exists())
