"""Tables of the ground floor: what every application shares and none owns."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from .choices import Door, Seen


class Doorbell(models.Model):
    """When a bell was rung that nobody has answered yet; keeps a store's many changes to one task in the queue."""

    key = models.CharField(max_length=200, primary_key=True)
    rung_at = models.DateTimeField(null=True)


class Canary(models.Model):
    """A task sent through the queue to see whether it lives: it counts when it stamped its row and left the queue."""

    enqueued_at = models.DateTimeField(auto_now_add=True)
    task_id = models.CharField(max_length=64, blank=True)
    ran_at = models.DateTimeField(null=True)


class Heartbeat(models.Model):
    """The last sign of life of a part of the product on one host."""

    name = models.CharField(max_length=100, primary_key=True)
    beat_at = models.DateTimeField()
    facts = models.JSONField(default=dict)


class IdempotencyRecord(models.Model):
    """The answer to a write that named an Idempotency-Key, given again for 24 hours to the same caller and request."""

    owner = models.CharField(max_length=80, help_text="The token or user the key belongs to.")
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True, help_text="Empty while the request runs.")
    body = models.TextField(blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    location = models.CharField(max_length=500, blank=True)
    locked_until = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner", "key"], name="core_idempotency_owner_key")]


class AuditEntry(models.Model):
    """Who did what outside the orders' own timeline: access, connections, tokens. Written, never changed."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor_label = models.CharField(max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    action = models.CharField(max_length=60)
    store_id = models.BigIntegerField(null=True, db_index=True)
    subject = models.CharField(max_length=200, blank=True)
    facts = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)


class AccessEntry(models.Model):
    """Who was shown which customers' data: one row an answer, our own ids alone. A trigger refuses to change or delete
    it; so nothing here is a foreign key, which the end of what it points at would change."""

    at = models.DateTimeField(db_default=Now())
    actor_label = models.CharField(max_length=200)
    user_id = models.BigIntegerField(null=True)
    token_id = models.BigIntegerField(null=True)
    door = models.CharField(max_length=10, choices=Door)
    what = models.CharField(max_length=30, choices=Seen)
    store_ids = ArrayField(models.BigIntegerField())
    subjects = ArrayField(models.TextField(), help_text="As `core.access.subject` writes them.")
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("entry of the access log")
        verbose_name_plural = _("access log")
        indexes: ClassVar = [
            models.Index(fields=["at", "id"], name="core_access_at"),
            models.Index(fields=["user_id", "at", "id"], name="core_access_user"),
            GinIndex(fields=["subjects", "store_ids"], name="core_access_subjects"),
        ]


class RequestWindow(models.Model):
    """How many requests an account made in its current minute. Unlogged: a crash may forget it."""

    account = models.CharField(max_length=80, primary_key=True)
    began_at = models.DateTimeField()
    used = models.PositiveIntegerField()
