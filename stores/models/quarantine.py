"""What of a shop could not be mirrored: set aside with its cause, so that the rest goes on."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from backoffice.core.claims import Claimable
from backoffice.core.crypto import EncryptedTextField
from stores.choices import ParkCause
from stores.querysets import StoreOwnedManager

from .store import Store


class Quarantined(Claimable):
    """One thing that is parked. The row goes when the thing was read and written, by whatever way.

    `attempts` are the tries to read it again, `seen` is how often anybody met it. `raw` is what the shop answered, or
    what should have been written, cut after some 256 KiB: it holds personal data and is shown to managers alone.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="quarantined")
    resource = models.CharField(max_length=40)
    gid = models.CharField(max_length=100)
    cause = models.CharField(max_length=20, choices=ParkCause.choices, default=ParkCause.UNREADABLE)
    reason = models.TextField()
    raw = EncryptedTextField(blank=True)
    seen = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField(auto_now_add=True)
    last_at = models.DateTimeField(auto_now_add=True)

    objects = StoreOwnedManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["store", "resource", "gid"], name="stores_quarantine_once")
        ]

    def __repr__(self) -> str:
        return f"<Quarantined {self.gid}>"
