"""Where the reading of details stands in each store."""

from __future__ import annotations

from django.db import models

from backoffice.core.claims import Claimable
from stores.models import Store
from stores.querysets import StoreOwnedManager


class DetailWork(Claimable):
    """One row a store, made when there is something to read. What is left to read are the orders of level *summary*."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="+")
    done = models.PositiveIntegerField(default=0, help_text="Orders made full, since the store was connected.")
    last_at = models.DateTimeField(null=True, help_text="When one was made full last.")
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)

    objects = StoreOwnedManager()
