"""The mirror of an order. Its columns are written from Shopify's answers alone; ours are named in the last section."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.choices import LIVE_STAGES, Level, Stage
from orders.querysets import OrderManager
from stores.models import Store

from .customer import Customer

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise as _StrOrPromise


def amount_field(verbose_name: _StrOrPromise = "") -> models.DecimalField:  # type: ignore[type-arg]  # generic only in the stubs
    """An amount in the currency column beside it; four digits hold every ISO currency."""
    return models.DecimalField(verbose_name, max_digits=20, decimal_places=4, default=0)


class Order(models.Model):
    """One order of one shop. Key: (store, gid). `*_shop` amounts are in `shop_currency`, `*_presentment` in
    `presentment_currency`, the currency the buyer saw."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="orders", verbose_name=_("store"))
    customer = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.SET_NULL, related_name="orders", verbose_name=_("customer")
    )

    # Identity and time, as the shop has them
    gid = models.CharField(max_length=100)
    legacy_id = models.BigIntegerField()
    name = models.CharField(pgettext_lazy("order", "number"), max_length=100)
    number = models.BigIntegerField(default=0)
    confirmation_number = models.CharField(max_length=100, blank=True)
    po_number = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(_("created"))
    processed_at = models.DateTimeField(pgettext_lazy("order", "placed"))
    updated_at = models.DateTimeField(_("updated in the shop"))
    closed = models.BooleanField(default=False)
    closed_at = models.DateTimeField(_("archived"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    cancel_reason = models.CharField(max_length=40, blank=True)
    test = models.BooleanField(default=False)
    confirmed = models.BooleanField(default=True)
    edited = models.BooleanField(default=False)

    # The four states, in Shopify's words
    financial_status = models.CharField(_("payment"), max_length=40, blank=True)
    fulfillment_status = models.CharField(_("fulfilment"), max_length=40, blank=True)
    return_status = models.CharField(_("return"), max_length=40, blank=True)
    risk_level = models.CharField(_("risk"), max_length=40, blank=True)
    risk_recommendation = models.CharField(max_length=40, blank=True)

    # Who, where to, and words
    email = models.CharField(_("e-mail"), max_length=320, blank=True)
    phone = models.CharField(_("phone"), max_length=50, blank=True)
    locale = models.CharField(max_length=20, blank=True)
    customer_name = models.CharField(_("customer"), max_length=255, blank=True)
    shipping_address = models.JSONField(null=True, blank=True)
    billing_address = models.JSONField(null=True, blank=True)
    country_code = models.CharField(_("country"), max_length=2, blank=True)
    note = models.TextField(_("note"), blank=True)
    tags = ArrayField(models.CharField(max_length=255), default=list, blank=True, verbose_name=_("tags"))
    custom_attributes = models.JSONField(default=list, blank=True)
    source_name = models.CharField(max_length=100, blank=True)
    payment_gateways = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    discount_codes = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    shipping_title = models.CharField(max_length=255, blank=True)
    status_page_url = models.TextField(blank=True)
    requires_shipping = models.BooleanField(default=True)

    # Money
    shop_currency = models.CharField(max_length=3)
    presentment_currency = models.CharField(max_length=3)
    total_shop = amount_field()
    total_presentment = amount_field()
    current_total_shop = amount_field(_("total"))
    current_total_presentment = amount_field()
    subtotal_shop = amount_field()
    subtotal_presentment = amount_field()
    outstanding_shop = amount_field(_("outstanding"))
    outstanding_presentment = amount_field()
    received_shop = amount_field()
    received_presentment = amount_field()
    refunded_shop = amount_field()
    refunded_presentment = amount_field()
    net_payment_shop = amount_field()
    net_payment_presentment = amount_field()
    discounts_shop = amount_field()
    discounts_presentment = amount_field()
    shipping_shop = amount_field()
    shipping_presentment = amount_field()
    tax_shop = amount_field()
    tax_presentment = amount_field()

    # Derived from the snapshot at ingest
    stage = models.CharField(_("stage"), max_length=12, choices=Stage.choices)
    unfulfilled_quantity = models.PositiveIntegerField(_("to fulfil"), default=0)
    on_hold = models.BooleanField(default=False)
    hold_reasons = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    fulfill_at = models.DateTimeField(_("scheduled for"), null=True, blank=True)
    fulfill_by = models.DateTimeField(_("fulfil by"), null=True, blank=True)
    dispute_status = models.CharField(_("dispute"), max_length=40, blank=True)
    disputes = models.JSONField(default=list, blank=True, help_text="[{gid, status, type}], in the shop's words.")
    payment_due_at = models.DateTimeField(
        _("payment due"), null=True, blank=True, help_text="The nearest day of its terms that was not met yet."
    )
    line_count = models.PositiveIntegerField(default=0)

    # The mirror's own bookkeeping
    level = models.CharField(
        pgettext_lazy("level of detail", "level"), max_length=10, choices=Level.choices, default=Level.FULL
    )
    state_hash = models.CharField(max_length=64, help_text="Empty when the row does not show a whole state.")
    fetched_at = models.DateTimeField(help_text="Database time before the request whose answer this row shows.")
    first_seen_at = models.DateTimeField(auto_now_add=True)
    mirrored_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    # Ours: never written by the sync
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    pending_verbs = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    comment_count = models.PositiveIntegerField(default=0)
    last_mailed_at = models.DateTimeField(_("last mailed"), null=True, blank=True)

    objects = OrderManager()

    class Meta:
        verbose_name = pgettext_lazy("shop order", "order")
        verbose_name_plural = pgettext_lazy("shop orders", "orders")
        constraints: ClassVar = [models.UniqueConstraint(fields=["store", "gid"], name="orders_order_gid")]
        indexes: ClassVar = [
            models.Index(fields=["-processed_at", "-id"], name="orders_newest"),
            models.Index(fields=["store", "-processed_at", "-id"], name="orders_store_newest"),
            models.Index(
                fields=["stage", "-processed_at", "-id"],
                condition=models.Q(stage__in=[stage.value for stage in LIVE_STAGES]),
                name="orders_live_newest",
            ),
            models.Index(
                fields=["store", "stage", "-processed_at", "-id"],
                condition=models.Q(stage__in=[stage.value for stage in LIVE_STAGES]),
                name="orders_store_live_newest",
            ),
            # The work list of the details: empty once a mirror is whole.
            models.Index(
                fields=["store", "stage", "-created_at", "-id"],
                condition=models.Q(level=Level.SUMMARY.value),
                name="orders_summaries",
            ),
            models.Index(fields=["store", "name"], name="orders_store_name"),
            models.Index(Upper("email"), name="orders_email"),
            models.Index(fields=["customer"], name="orders_by_customer"),
            GinIndex(fields=["name"], opclasses=["gin_trgm_ops"], name="orders_name_trgm"),
            GinIndex(fields=["customer_name"], opclasses=["gin_trgm_ops"], name="orders_customer_trgm"),
            GinIndex(fields=["email"], opclasses=["gin_trgm_ops"], name="orders_email_trgm"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_live(self) -> bool:
        return self.stage in LIVE_STAGES

    @property
    def admin_url(self) -> str:
        """The order's page at Shopify; needs `store` loaded."""
        return f"{self.store.admin_url}/orders/{self.legacy_id}"
