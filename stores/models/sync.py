"""Where the mirror of each store stands."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from backoffice.core.claims import Claimable
from stores.choices import LoadWay, SyncPhase
from stores.querysets import StoreOwnedManager

from .store import Store


class SyncStream(Claimable):
    """One stream of one store: `orders` by their `updated_at`, `fulfillment_orders` by theirs (two clocks).

    `watermark` is the latest time of change seen in the shop's own words; a window begins an overlap before it.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="streams")
    resource = models.CharField(max_length=40)
    phase = models.CharField(max_length=20, choices=SyncPhase.choices, default=SyncPhase.FIRST_LOAD)
    watermark = models.DateTimeField(null=True)
    position = models.DateTimeField(
        null=True,
        help_text="How far the pass under way has come: by creation, downwards, in a first load; by change otherwise.",
    )
    window = models.DateTimeField(null=True, help_text="The bound of the search that `cursor` belongs to.")
    cursor = models.TextField(blank=True, help_text="Where that search goes on: many rows may share one second.")
    loaded = models.PositiveIntegerField(default=0)
    expected = models.PositiveIntegerField(null=True, help_text="What the shop counted when the first load began.")
    way = models.CharField(max_length=10, choices=LoadWay.choices, blank=True, help_text="Of the first load.")
    way_reason = models.TextField(blank=True, help_text="Why it is not done in bulk although there is much.")
    load_started_at = models.DateTimeField(null=True, help_text="When the first load under way, or the last, began.")
    started_at = models.DateTimeField(null=True)
    first_loaded_at = models.DateTimeField(null=True, help_text="When the first load was complete.")
    finished_at = models.DateTimeField(
        null=True, help_text="End of the last complete pass: the mirror is true as of its start."
    )
    true_as_of = models.DateTimeField(null=True, help_text="Start of the last complete pass.")
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)

    objects = StoreOwnedManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["store", "resource"], name="stores_stream_once")]
