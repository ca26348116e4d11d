"""Saved views: a search with columns and an order, under a name."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.choices import Audience
from stores.models import Merchant


class SavedView(models.Model):
    """It belongs to a person, not to stores: whoever uses it sees what he reaches and no more. `slug` names it in
    addresses, in the API, and wherever a search may stand. `query` is a search text in its one way of writing."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(max_length=60, unique=True)
    audience = models.CharField(max_length=10, choices=Audience.choices, default=Audience.PRIVATE)
    merchant = models.ForeignKey(
        Merchant, null=True, blank=True, on_delete=models.CASCADE, related_name="+", help_text="Whose team sees it."
    )
    query = models.TextField(blank=True)
    sort = models.CharField(max_length=30, blank=True)
    columns = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(merchant__isnull=False) | ~models.Q(audience="team"), name="orders_view_team_named"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PinnedView(models.Model):
    """A view that a person has as a tab; shipped views have no row of their own, so the slug is what is pinned."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    slug = models.SlugField(max_length=60)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "slug"], name="orders_pinned_once")]
