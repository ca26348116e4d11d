"""The parts of an order in the mirror: lines, fulfilment orders with holds, shipments, payments, refunds, tags.

All are replaced by what the shop says; each carries its store, so that the walls need no join."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from stores.models import Store
from stores.querysets import StoreOwnedManager

from .order import Order, amount_field


class OrderPart(models.Model):
    """What every part has. `gid` is unique within its order."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    gid = models.CharField(max_length=100)

    objects = StoreOwnedManager()

    class Meta:
        abstract = True


class LineItem(OrderPart):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField(default=0)
    title = models.CharField(_("product"), max_length=500)
    variant_title = models.CharField(max_length=500, blank=True)
    sku = models.CharField(max_length=255, blank=True, db_index=True)
    vendor = models.CharField(max_length=255, blank=True)
    quantity = models.PositiveIntegerField(_("ordered"))
    current_quantity = models.PositiveIntegerField(_("now"))
    unfulfilled_quantity = models.PositiveIntegerField(_("to fulfil"))
    refundable_quantity = models.PositiveIntegerField(default=0)
    requires_shipping = models.BooleanField(default=True)
    unit_price_shop = amount_field()
    unit_price_presentment = amount_field()
    total_shop = amount_field()
    total_presentment = amount_field()
    image_url = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["order", "gid"], name="orders_line_gid")]


class FulfillmentOrder(OrderPart):
    """What is to be shipped from one place. `lines`: [{gid, line_item_gid, total, remaining}]; `holds`: [{gid, reason,
    notes, display, handle, ours}]."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="fulfillment_orders")
    status = models.CharField(max_length=40)
    request_status = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    fulfill_at = models.DateTimeField(null=True, blank=True)
    fulfill_by = models.DateTimeField(null=True, blank=True)
    location_name = models.CharField(max_length=255, blank=True)
    delivery_method = models.CharField(max_length=40, blank=True)
    supported_actions = ArrayField(models.CharField(max_length=40), default=list)
    holds = models.JSONField(default=list)
    lines = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["order", "gid"], name="orders_fo_gid")]
        indexes: ClassVar = [models.Index(fields=["store", "gid"], name="orders_fo_store_gid")]


class Fulfillment(OrderPart):
    """One shipment. `tracking`: [{company, number, url}]; `lines`: [{line_item_gid, quantity}]."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="fulfillments")
    name = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=40)
    display_status = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    estimated_delivery_at = models.DateTimeField(null=True, blank=True)
    tracking = models.JSONField(default=list)
    lines = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["order", "gid"], name="orders_fulfillment_gid")]


class Transaction(OrderPart):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="transactions")
    kind = models.CharField(max_length=40)
    status = models.CharField(max_length=40)
    gateway = models.CharField(max_length=100, blank=True)
    error_code = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, blank=True)
    parent_gid = models.CharField(max_length=100, blank=True)
    test = models.BooleanField(default=False)
    amount_shop = amount_field()
    amount_presentment = amount_field()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["order", "gid"], name="orders_transaction_gid")]


class Refund(OrderPart):
    """`lines`: [{line_item_gid, quantity, restock_type, shop, presentment}] with amounts as text."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="refunds")
    created_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)
    total_shop = amount_field()
    total_presentment = amount_field()
    lines = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["order", "gid"], name="orders_refund_gid")]


class OrderTag(models.Model):
    """A tag of an order, for finding; `Order.tags` is the same for showing. `folded` compares without case."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="tag_rows")
    name = models.CharField(max_length=255)
    folded = models.CharField(max_length=255)

    objects = StoreOwnedManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["order", "name"], name="orders_tag_once")]
        indexes: ClassVar = [models.Index(fields=["folded", "store", "order"], name="orders_tag_folded")]
