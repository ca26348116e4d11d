"""Webhooks as they came in: hints that something changed, each kept once."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from backoffice.core.claims import Claimable
from stores.choices import InboxState
from stores.querysets import StoreOwnedManager

from .store import Store


class InboxMessage(Claimable):
    """One delivery. Its content is used as a hint alone, so only what it is about is kept."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="inbox")
    webhook_id = models.CharField(max_length=100)
    event_id = models.CharField(max_length=100, blank=True)
    topic = models.CharField(max_length=100)
    resource = models.CharField(max_length=40, blank=True)
    subject_gid = models.CharField(max_length=100, blank=True)
    triggered_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(auto_now_add=True, db_index=True)
    state = models.CharField(max_length=10, choices=InboxState.choices, default=InboxState.PENDING)
    settled_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)

    objects = StoreOwnedManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["store", "webhook_id"], name="stores_inbox_once")]
        indexes: ClassVar = [
            models.Index(fields=["store", "id"], condition=models.Q(state="pending"), name="stores_inbox_pending"),
        ]
