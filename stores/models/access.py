"""Who reaches which store: people by membership, programs by token."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from stores.choices import RoleChoices

from .store import Store


class Membership(models.Model):
    """A person's role in one store. Administrators (superusers) need none."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("store"))
    role = models.PositiveSmallIntegerField(_("role"), choices=RoleChoices.choices, default=RoleChoices.AGENT)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "store"], name="stores_membership_once")]

    def __str__(self) -> str:
        return f"{self.user} · {self.store} · {self.get_role_display()}"


class ApiToken(models.Model):
    """Access for a program. Only a digest is kept: the token itself is shown once, when it is made.

    A token never reaches further than the person behind it does at the time of the request.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    role = models.PositiveSmallIntegerField(_("highest role"), choices=RoleChoices.choices, default=RoleChoices.VIEWER)
    stores = models.ManyToManyField(Store, blank=True, verbose_name=_("only these stores"), related_name="+")
    scopes = ArrayField(models.CharField(max_length=40), default=list, help_text=_("What the token may be used for."))
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
