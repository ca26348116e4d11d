"""Counters by store and hour: what webhooks and polling came to, and what the shop's budget was spent on.

One statement adds to several counters. They are for people and may miss what a dying process had not told yet; no
decision hangs on them. Kept for thirty days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Case, F, Sum, Value, When
from django.db.models.functions import Now

from .choices import Purpose
from .models import HourCount

KEPT_DAYS = 30


def points_of(purpose: Purpose) -> str:
    """The name of the counter of the points spent for this purpose."""
    return f"points.{purpose.value}"


def add(store_id: int, counts: Mapping[str, int]) -> None:
    """Adds to the counters of the hour that it is by the database's clock. A store that is gone counts nothing."""
    rows = sorted((name, amount) for name, amount in counts.items() if amount)
    if not rows:
        return
    with connection.cursor() as cursor:
        # In the order of their names, so that two who count at once never wait for each other in a circle.
        cursor.execute(
            """
            INSERT INTO stores_hourcount (store_id, hour, name, amount)
            SELECT store.id, date_trunc('hour', clock_timestamp(), 'UTC'), given.name, given.amount
            FROM stores_store AS store, unnest(%s::text[], %s::bigint[]) AS given (name, amount)
            WHERE store.id = %s ORDER BY given.name
            ON CONFLICT (store_id, hour, name) DO UPDATE SET amount = stores_hourcount.amount + excluded.amount
            """,
            [[name for name, _ in rows], [amount for _, amount in rows], store_id],
        )


def totals(store_id: int, *, since: datetime, recent: datetime) -> dict[str, tuple[int, int]]:
    """By name: what was counted in the hours that began at `since` or later, and of it since `recent`."""
    rows = HourCount.objects.filter(store_id=store_id, hour__gte=since).order_by().values("name")
    lately = Case(When(hour__gte=recent, then=F("amount")), default=Value(0))
    found = rows.annotate(total=Sum("amount"), lately=Sum(lately))
    return {row["name"]: (int(row["total"]), int(row["lately"])) for row in found}


def purge() -> None:
    """Ends what is older than `KEPT_DAYS`."""
    HourCount._base_manager.filter(hour__lt=Now() - Value(timedelta(days=KEPT_DAYS))).delete()
