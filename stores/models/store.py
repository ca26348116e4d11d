"""Merchants and their stores."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from stores.choices import StoreState
from stores.querysets import StoreManager


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
    scopes = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    api_version = models.CharField(max_length=10)
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

    def has_scope(self, scope: str) -> bool:
        """`write_x` implies `read_x`; Shopify may name only the former."""
        return scope in self.scopes or (
            scope.startswith("read_") and f"write_{scope.removeprefix('read_')}" in self.scopes
        )
