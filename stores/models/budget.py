"""The cost budget of each shop: one token bucket per app and shop, shared by all our processes."""

from __future__ import annotations

from django.db import models

from .store import Store


class ShopBudget(models.Model):
    """`stores.shopify.throttle.BucketState` and `stores.shopify.breaker.Trust` as a row: points, points a second, and
    seconds of the database's clock."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="budget", primary_key=True)
    maximum = models.FloatField(default=2000)
    restore_rate = models.FloatField(default=100)
    available = models.FloatField(default=2000)
    at = models.FloatField(default=0)
    reserved = models.FloatField(default=0)
    reserved_at = models.FloatField(default=0)
    reserved_by = models.IntegerField(
        null=True, help_text="The database session whose process sent the last call: when it is gone, so is the call."
    )
    hung = models.PositiveSmallIntegerField(default=0, help_text="Calls in a row that were left without an answer.")
    barred_until = models.FloatField(default=0)
    probe_until = models.FloatField(default=0)
