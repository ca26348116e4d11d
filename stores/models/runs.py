"""What the work for a store came to: its passes, and counters by the hour. For people; nothing hangs on them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from stores.choices import RunKind
from stores.querysets import StoreOwnedManager

from .store import Store


class SyncRun(models.Model):
    """One pass of one stream. Passes that found nothing are folded into one row an hour (`quiet`): a store that is
    asked each minute would otherwise write half a million rows a year.

    `refetched` were read again by id, `unannounced` changed without a webhook having told. A run without
    `finished_at` is under way, or waits after its last error. `points` are what the shop charged for it.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="runs")
    resource = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, choices=RunKind.choices)
    started_at = models.DateTimeField(help_text="Of a quiet row: the beginning of its hour.")
    finished_at = models.DateTimeField(null=True)
    passes = models.PositiveIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    refetched = models.PositiveIntegerField(default=0)
    deleted = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    unannounced = models.PositiveIntegerField(default=0)
    points = models.PositiveBigIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=60, blank=True, help_text="Of the last error, also when it went on.")
    error_message = models.TextField(blank=True)

    objects = StoreOwnedManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["store", "resource", "kind", "started_at"], name="stores_run_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["store", "-started_at"], name="stores_run_latest"),
            models.Index(fields=["started_at"], name="stores_run_age"),
        ]


class HourCount(models.Model):
    """How often something happened, or how much was spent, in one hour of one store. Names: `Counted`, and
    `points.<Purpose>`."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="hour_counts")
    hour = models.DateTimeField()
    name = models.CharField(max_length=60)
    amount = models.PositiveBigIntegerField(default=0)

    objects = StoreOwnedManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["store", "hour", "name"], name="stores_hour_count_once")
        ]
        indexes: ClassVar = [models.Index(fields=["hour"], name="stores_hour_count_age")]
