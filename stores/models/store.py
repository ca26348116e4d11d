"""Merchants and their stores."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from stores.choices import StoreState
from stores.querysets import StoreManager
from stores.shopify.scopes import without


class Merchant(models.Model):
    """The agency's customer: the owner of a group of stores."""

    name = models.CharField(_("name"), max_length=200, unique=True)

    class Meta:
        verbose_name = pgettext_lazy("owner of stores", "merchant")
        verbose_name_plural = pgettext_lazy("owners of stores", "merchants")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Store(models.Model):
    """Our row for one shop. Name, currency, zone and scopes are the shop's own words, read when connecting."""

    merchant = models.ForeignKey(
        Merchant, null=True, blank=True, on_delete=models.SET_NULL, related_name="stores", verbose_name=_("merchant")
    )
    gid = models.CharField(max_length=100, unique=True, help_text="Shop.id: stays when the domain changes.")
    domain = models.CharField(_("domain"), max_length=255, unique=True, help_text="Shop.myshopifyDomain")
    name = models.CharField(_("name"), max_length=255)
    primary_url = models.CharField(max_length=500, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    timezone = models.CharField(_("time zone"), max_length=64)
    email = models.EmailField(_("contact address"), blank=True)
    plan = models.CharField(_("plan"), max_length=100, blank=True)
    scopes = ArrayField(models.CharField(max_length=100), default=list, blank=True, help_text="As granted.")
    refused_scopes = models.JSONField(
        default=dict, blank=True, help_text="{scope: {since, until}}: granted and refused all the same; off until then."
    )
    hidden_fields = models.JSONField(
        default=dict, blank=True, help_text="{field of an order: since}: what Shopify keeps from an unapproved app."
    )
    history_from = models.DateField(
        null=True, blank=True, help_text="First day of which every order is here; empty: since the shop's beginning."
    )
    api_version = models.CharField(max_length=10, help_text="The one that answers.")
    api_asked = models.CharField(max_length=10, blank=True, help_text="The one that was asked for then.")
    api_versions = ArrayField(
        models.CharField(max_length=10), default=list, blank=True, help_text="Those that Shopify supports."
    )
    api_deprecated = models.CharField(max_length=500, blank=True, help_text="Why Shopify calls our calls deprecated.")
    state = models.CharField(_("state"), max_length=20, choices=StoreState.choices, default=StoreState.CONNECTED)
    state_code = models.CharField(max_length=60, blank=True)
    state_message = models.TextField(_("what is wrong"), blank=True)
    state_changed_at = models.DateTimeField(auto_now_add=True)
    connected_at = models.DateTimeField(auto_now_add=True)
    checked_at = models.DateTimeField(null=True, blank=True, help_text="Last answer of the shop, of any kind.")
    last_webhook_at = models.DateTimeField(null=True, blank=True)
    sender_name = models.CharField(_("sender's name"), max_length=100, blank=True)
    sender_email = models.EmailField(_("sender's address"), blank=True)

    objects = StoreManager()

    class Meta:
        verbose_name = pgettext_lazy("shop row", "store")
        verbose_name_plural = pgettext_lazy("shop rows", "stores")
        ordering = ("name", "pk")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(domain__regex=r"^[a-z0-9][a-z0-9-]*\.myshopify\.com$"), name="stores_store_domain"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_connected(self) -> bool:
        return self.state == StoreState.CONNECTED

    @property
    def handle(self) -> str:
        """The part of the domain that names the shop in admin.shopify.com/store/<handle>."""
        return self.domain.removesuffix(".myshopify.com")

    @property
    def admin_url(self) -> str:
        return f"https://admin.shopify.com/store/{self.handle}"

    @property
    def usable_scopes(self) -> frozenset[str]:
        """What may be asked for now: the granted scopes, spelled out, without those that were refused lately."""
        now = timezone.now()
        refused = [scope for scope, when in self.refused_scopes.items() if datetime.fromisoformat(when["until"]) > now]
        return without(self.scopes, refused)

    def has_scope(self, scope: str) -> bool:
        """Whether it is granted and not refused all the same; `write_x` implies `read_x`."""
        return scope in self.usable_scopes
