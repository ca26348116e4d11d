"""Who was erased, as keyed hashes: nothing that is read later brings them back."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from orders.choices import TombstoneKind
from stores.models import Store
from stores.querysets import StoreOwnedManager


class Tombstone(models.Model):
    """One order, customer or address of one store. `digest` cannot be reversed without the key (`core.crypto`), and
    neither can those of `tags`: the tags that were taken off the order because they named the person."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=TombstoneKind.choices)
    digest = models.CharField(max_length=64)
    tags = ArrayField(models.CharField(max_length=64), default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = StoreOwnedManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["store", "digest"], name="orders_tombstone_once")]
