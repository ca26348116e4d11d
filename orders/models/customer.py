"""The buyer as one shop knows him. The same person in two shops is two rows: shops do not share customers."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from stores.models import Store
from stores.querysets import StoreOwnedManager


class Customer(models.Model):
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="customers")
    gid = models.CharField(max_length=100)
    name = models.CharField(_("name"), max_length=255, blank=True)
    first_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255, blank=True)
    email = models.CharField(_("e-mail"), max_length=320, blank=True)
    phone = models.CharField(_("phone"), max_length=50, blank=True)
    locale = models.CharField(max_length=20, blank=True)
    number_of_orders = models.PositiveIntegerField(default=0)
    tags = ArrayField(models.CharField(max_length=255), default=list, blank=True)

    objects = StoreOwnedManager()

    class Meta:
        verbose_name = pgettext_lazy("buyer", "customer")
        verbose_name_plural = pgettext_lazy("buyers", "customers")
        constraints: ClassVar = [models.UniqueConstraint(fields=["store", "gid"], name="orders_customer_gid")]

    def __str__(self) -> str:
        return self.name or self.email
