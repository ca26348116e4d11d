"""The timeline: what happened to an order, from the shop and from us, in one order of time. Written, never changed."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from orders.choices import Source
from stores.models import Store
from stores.querysets import StoreOwnedManager

from .order import Order


class TimelineEntry(models.Model):
    """One entry. `kind` is dotted (`order.archived`, `payment.failed`, `comment.added`, `mail.sent`); `data` holds what
    the words of that kind need. `dedupe` makes an entry of the shop appear once, however often it is read."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="timeline")
    kind = models.CharField(max_length=60)
    source = models.CharField(max_length=10, choices=Source.choices)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    actor_label = models.CharField(max_length=200, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    data = models.JSONField(default=dict)
    dedupe = models.CharField(max_length=150, blank=True)
    run_id = models.UUIDField(null=True, blank=True)
    backfilled = models.BooleanField(default=False, help_text="Came with a first load: shown, but triggers nothing.")

    objects = StoreOwnedManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["order", "dedupe"], condition=~models.Q(dedupe=""), name="orders_timeline_dedupe"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["order", "-occurred_at", "-id"], name="orders_timeline_newest")]
