"""Batches and their messages: one personal mail per customer and store, each accounted for."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import pgettext_lazy

from backoffice.core.actor import ActorKind
from backoffice.core.claims import Claimable
from notifications.choices import BatchState, MessageState
from notifications.querysets import BatchManager
from orders.choices import Source
from orders.models import Order
from stores.models import Store
from stores.querysets import StoreOwnedManager

from .template import Template


class Batch(models.Model):
    """One act of mailing. Subject, body, stores and `total` are frozen when it is made; at every moment the messages of
    all states together are `total`. A reader sees his stores' messages only.

    `resume_at`: when a batch that was paused by a trouble which may pass is tried again; empty when a person must act.
    `resumed_at`: when a person last said that it shall go on."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    template = models.ForeignKey(Template, null=True, on_delete=models.SET_NULL, related_name="batches")
    template_version = models.PositiveIntegerField(default=1)
    name = models.CharField(pgettext_lazy("mail", "name"), max_length=100)
    subject = models.CharField(pgettext_lazy("mail", "subject"), max_length=300)
    body = models.TextField(pgettext_lazy("mail", "text"))
    only_to_fulfil = models.BooleanField(default=True)
    store_ids = ArrayField(models.BigIntegerField(), default=list)
    total = models.PositiveIntegerField(pgettext_lazy("mail", "recipients"), default=0)
    state = models.CharField(
        pgettext_lazy("mail", "state"), max_length=10, choices=BatchState.choices, default=BatchState.RUNNING
    )
    state_code = models.CharField(max_length=60, blank=True)
    state_reason = models.CharField(max_length=300, blank=True)
    resume_at = models.DateTimeField(null=True, blank=True)
    resumed_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.STAFF)
    actor_kind = models.CharField(max_length=10, default=ActorKind.USER.value)
    actor_label = models.CharField(pgettext_lazy("mail", "started by"), max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(pgettext_lazy("mail", "started"), auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = BatchManager()

    class Meta:
        verbose_name = pgettext_lazy("mail", "batch")
        verbose_name_plural = pgettext_lazy("mail", "batches")
        ordering = ("-created_at",)
        indexes: ClassVar = [
            models.Index(
                fields=["created_at"],
                condition=models.Q(state__in=["running", "paused"]),
                name="notifications_batch_open",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Message(Claimable):
    """One mail to one person about one or more of his orders in one store. Its subject and texts are filled in when it
    is rendered, right before it is sent.

    A claimed message stays `queued` while it is checked and rendered, so that it can be taken again when its worker
    dies; `sending` is written right before its mail is handed over. One that is found in `sending` without a living
    worker may have been sent: it becomes `uncertain` and is never sent again by itself."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="messages")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    address = models.CharField(max_length=320)
    address_key = models.CharField(max_length=320, help_text="The address without case: one person, one mail.")
    recipient_name = models.CharField(max_length=255, blank=True)
    locale = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=10, choices=MessageState.choices, default=MessageState.QUEUED)
    code = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    subject = models.CharField(max_length=998, blank=True)
    html = models.TextField(blank=True)
    text = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = StoreOwnedManager()

    class Meta:
        verbose_name = pgettext_lazy("mail", "message")
        verbose_name_plural = pgettext_lazy("mail", "messages")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["batch", "store", "address_key"], name="notifications_one_mail_each"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["batch", "created_at", "id"],
                condition=models.Q(state__in=["queued", "sending"]),
                name="notifications_waiting",
            ),
            models.Index(fields=["batch", "state"], name="notifications_batch_state"),
        ]

    @property
    def message_id(self) -> str:
        """The Message-ID header: known before sending, so that a lost reply can be traced."""
        return f"<{self.pk}@{self.store.domain}>"


class MessageOrder(models.Model):
    """Which orders a message is about. `left_out` is the code of why one was left out at the moment of sending."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="order_rows")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="message_rows")
    left_out = models.CharField(max_length=60, blank=True)

    objects = StoreOwnedManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "order"], name="notifications_message_order_once")
        ]
