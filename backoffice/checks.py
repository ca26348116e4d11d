"""Mistakes of deployment that are caught at start. The queue's are errors: each was measured to lose work, to repeat it
or to stop the cluster for good (docs/reliability.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

OLDEST_POSTGRESQL = 14


@register("queue")
def queue_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    return queue_mistakes(settings.Q_CLUSTER, settings.DATABASES)


def queue_mistakes(queue: Mapping[str, Any], databases: Mapping[str, Any]) -> list[CheckMessage]:
    """What is wrong with django-q2's settings, and why it matters."""
    found: list[CheckMessage] = []

    def wrong(number: int, message: str, hint: str) -> None:
        found.append(Error(message, hint=hint, id=f"backoffice.E{number:03d}"))

    workers, limit = queue.get("workers") or 1, queue.get("queue_limit")
    timeout, retry = queue.get("timeout"), queue.get("retry", 60)
    if not timeout:
        wrong(1, "Q_CLUSTER has no timeout.", "A task that hangs would hold its worker for ever; set 'timeout'.")
    if limit != 1:
        wrong(
            2,
            "Q_CLUSTER's queue_limit is not 1.",
            "Leases of prefetched tasks run out before work starts; set it to 1.",
        )
    least = ((limit or workers**2) / workers + 2) * (timeout or 0)
    if retry < least:
        wrong(
            3, f"Q_CLUSTER's retry is shorter than {least:.0f} s.", "Tasks would run twice; see backoffice/checks.py."
        )
    if not queue.get("max_attempts"):
        wrong(
            4, "Q_CLUSTER's max_attempts is 0.", "A task that always fails would run for ever; rows decide on retries."
        )
    if queue.get("save_limit", 250) not in {0, -1}:
        wrong(5, "Q_CLUSTER's save_limit is positive.", "Each task would lock and read that many rows; use -1 or 0.")
    if queue.get("catch_up", True):
        wrong(6, "Q_CLUSTER's catch_up is on.", "After a stop every missed slot would run at once; set it to False.")
    if queue.get("orm") != "default":
        wrong(
            7,
            "The queue is not in the default database.",
            "Doorbells must commit with their change; set 'orm': 'default'.",
        )
    for alias, database in databases.items():
        if database.get("OPTIONS", {}).get("pool"):
            wrong(
                8,
                f"Database {alias!r} uses a connection pool.",
                "Workers are forks and never start with one; remove it.",
            )
    return found


@register(Tags.database)
def postgresql_version(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor != "postgresql":
            found.append(Error("The database is not PostgreSQL.", hint="Set DATABASE_URL.", id="backoffice.E010"))
            continue
        connection.ensure_connection()
        version = connection.connection.info.server_version // 10_000
        if version < OLDEST_POSTGRESQL:
            hint = f"The product needs PostgreSQL {OLDEST_POSTGRESQL} or newer."
            found.append(Error(f"The server is PostgreSQL {version}.", hint=hint, id="backoffice.E011"))
    return found
