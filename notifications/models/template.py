"""Templates of mails to customers, in Liquid. A saved change is a new version; what was sent keeps its own."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from notifications.choices import TemplateClass
from notifications.querysets import TemplateManager
from stores.models import Store


class Template(models.Model):
    """`store` empty: shared by all. `only_to_fulfil` drops an order from the mail when it is shipped, cancelled or
    archived by the time of sending."""

    store = models.ForeignKey(
        Store, null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("only for this store")
    )
    name = models.CharField(_("name"), max_length=100)
    template_class = models.CharField(max_length=20, choices=TemplateClass.choices, default=TemplateClass.TRANSACTIONAL)
    subject = models.CharField(_("subject"), max_length=300)
    body = models.TextField(_("text"), help_text=_("HTML with Liquid, in the words of Shopify's own notifications."))
    language = models.CharField(
        _("language"),
        max_length=20,
        blank=True,
        help_text=_("Language of the text, such as en or nl; empty: each customer's own for amounts."),
    )
    only_to_fulfil = models.BooleanField(_("only for orders that still wait"), default=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    changed_at = models.DateTimeField(auto_now=True)

    objects = TemplateManager()

    class Meta:
        verbose_name = pgettext_lazy("mail", "template")
        verbose_name_plural = pgettext_lazy("mail", "templates")
        ordering = ("name",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["store", "name"], nulls_distinct=False, name="notifications_template_name")
        ]

    def __str__(self) -> str:
        return self.name
