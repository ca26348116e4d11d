"""The database's clock: hosts may disagree with each other, never with it."""

from __future__ import annotations

from datetime import datetime

from django.db import connection


def db_now() -> datetime:
    """The time now, also inside a transaction, where `Now()` stands still."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone() or (None,)
    if not isinstance(now, datetime):
        raise TypeError("the database gave no time")
    return now
