"""Words that rows of the ground floor are kept with, and what people read for them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy


class Door(models.TextChoices):
    """By which way somebody came."""

    ADMIN = "admin", pgettext_lazy("access log", "pages for staff")
    API = "api", pgettext_lazy("access log", "API")


class Seen(models.TextChoices):
    """What was shown of customers."""

    ORDER_LIST = "order.list", pgettext_lazy("access log", "list of orders")
    ORDER_PAGE = "order.page", pgettext_lazy("access log", "order")
    ORDER_SEARCH = "order.search", pgettext_lazy("access log", "orders in the jump box")
    ORDER_ACT = "order.act", pgettext_lazy("access log", "orders before an act")
    TIMELINE = "order.timeline", pgettext_lazy("access log", "timeline of an order")
    COMMENTS = "order.comments", pgettext_lazy("access log", "comments on an order")
    MAIL_LIST = "mail.list", pgettext_lazy("access log", "recipients of a batch")
    MAIL_PAGE = "mail.page", pgettext_lazy("access log", "mail")
    MAIL_PREVIEW = "mail.preview", pgettext_lazy("access log", "preview of a mail")
    QUARANTINE = "quarantine.answer", pgettext_lazy("access log", "the shop's answer about an order")
    EXPORT = "privacy.export", pgettext_lazy("access log", "export of a customer's data")
