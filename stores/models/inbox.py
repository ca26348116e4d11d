"""Webhooks: those that came in, each kept once, and which we asked the shops to send."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from backoffice.core.claims import Claimable
from stores.choices import InboxOutcome, InboxState, SubscriptionState
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
    triggered_at = models.DateTimeField(null=True, help_text="By the shop's clock.")
    changed_at = models.DateTimeField(null=True, help_text="The order's time of change that the payload told.")
    received_at = models.DateTimeField(auto_now_add=True, db_index=True)
    state = models.CharField(max_length=10, choices=InboxState.choices, default=InboxState.PENDING)
    settled_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=InboxOutcome.choices, blank=True)
    deliveries = models.PositiveIntegerField(default=1, help_text="How often the shop sent this very delivery.")
    reason = models.CharField(max_length=300, blank=True)

    objects = StoreOwnedManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["store", "webhook_id"], name="stores_inbox_once")]
        indexes: ClassVar = [
            models.Index(fields=["store", "id"], condition=models.Q(state="pending"), name="stores_inbox_pending"),
            models.Index(fields=["store"], condition=models.Q(state="failed"), name="stores_inbox_failed"),
        ]


class Subscription(models.Model):
    """One topic that we want to hear of from one shop, as the last look found it. The look removes the rows of topics
    that are not wanted any more."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="subscriptions")
    topic = models.CharField(max_length=100, help_text="As deliveries name it: orders/updated.")
    state = models.CharField(max_length=10, choices=SubscriptionState.choices)
    refusal = models.TextField(blank=True, help_text="Shopify's sentence.")
    since = models.DateTimeField(help_text="Since when it is in this state.")
    lost_at = models.DateTimeField(null=True, help_text="When a look last found that the shop had dropped it.")
    last_delivery_at = models.DateTimeField(null=True)

    objects = StoreOwnedManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["store", "topic"], name="stores_subscription_once")]


class SubscriptionCheck(models.Model):
    """The last look at a shop's subscriptions. `error_code` says why there are none, or why the look failed:
    `no_secret`, `no_address`, or the code of the shop's answer."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="subscription_check", primary_key=True)
    uri = models.CharField(max_length=500, blank=True, help_text="Where the shop was told to send.")
    former_uris = ArrayField(models.CharField(max_length=500), default=list, blank=True)
    checked_at = models.DateTimeField(null=True, help_text="When a look last succeeded.")
    tried_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)

    objects = StoreOwnedManager()
