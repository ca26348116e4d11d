"""The cost budget of each shop: one token bucket per app and shop, shared by all our processes."""

from __future__ import annotations

from django.db import models

from .store import Store


class ShopBudget(models.Model):
    """The bucket as last known. Points; `available` was right at `measured_at` and grows by `restore_rate` a second."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="budget", primary_key=True)
    maximum = models.FloatField(default=1000)
    restore_rate = models.FloatField(default=50)
    available = models.FloatField(default=1000)
    measured_at = models.DateTimeField()
