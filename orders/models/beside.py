"""What stands beside an order: read apart from it, because it moves none of its times and needs scopes of its own."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from stores.models import Store
from stores.querysets import StoreOwnedManager

from .order import Order
from .parts import OrderPart


class Beside(models.Model):
    """When an order was looked at and will be again, and what was found that has no table of its own. Shopify's own
    timeline is in ours; disputes and the risk are columns of the order.

    `risk_facts`: [{description, sentiment}]. `payment_terms`: {name, type, due_in_days, schedules: [{gid, issued_at,
    due_at, completed_at, balance, total, currency}]} with amounts and times as text. `unread`: parts that the token may
    not read (`returns`, `payment_terms`, `staff`).
    """

    order = models.OneToOneField(Order, on_delete=models.CASCADE, related_name="beside", primary_key=True)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    due_at = models.DateTimeField(null=True, help_text="When to look next; empty: not by itself.")
    looked_at = models.DateTimeField(null=True, help_text="Database time before the last look.")
    risk_facts = models.JSONField(default=list)
    payment_terms = models.JSONField(null=True)
    unread = ArrayField(models.CharField(max_length=20), default=list)

    objects = StoreOwnedManager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["store", "due_at"], condition=models.Q(due_at__isnull=False), name="orders_beside_due")
        ]


class Return(OrderPart):
    """A return. `lines`: [{gid, line_item_gid, quantity, processed, refundable, refunded, reason, reason_note,
    customer_note, shop, presentment}] with amounts as text, empty where the shop names none."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="returns")
    name = models.CharField(max_length=100, blank=True)
    status = models.CharField(_("return"), max_length=40)
    created_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    decline_reason = models.CharField(max_length=60, blank=True)
    decline_note = models.TextField(blank=True)
    quantity = models.PositiveIntegerField(default=0)
    refund_gids = models.JSONField(default=list)
    lines = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["order", "gid"], name="orders_return_gid")]


class LookPace(models.Model):
    """Until when the looks of a store have spent their share of its budget in advance."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="+", primary_key=True)
    paid_until = models.DateTimeField()

    objects = StoreOwnedManager()
