"""Addresses that a store does not write to, as keyed hashes: the wish outlives the erasure of the person."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from stores.models import Store
from stores.querysets import StoreOwnedManager


class Suppression(models.Model):
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    address_hash = models.CharField(max_length=64)
    reason = models.CharField(max_length=40)
    detail = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = StoreOwnedManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["store", "address_hash"], name="notifications_suppressed_once")
        ]
