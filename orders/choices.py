"""States and kinds of the order floor. Shopify's own enum values stay plain strings: new ones appear every quarter."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy


class Stage(models.TextChoices):
    """What is left to do about an order; every order is in exactly one. The first three together are *live*."""

    TO_FULFIL = "to_fulfil", pgettext_lazy("order stage", "To fulfil")
    TO_SETTLE = "to_settle", pgettext_lazy("order stage", "To settle")
    TO_ARCHIVE = "to_archive", pgettext_lazy("order stage", "To archive")
    ARCHIVED = "archived", pgettext_lazy("order stage", "Archived")
    CANCELLED = "cancelled", pgettext_lazy("order stage", "Cancelled")
    TEST = "test", pgettext_lazy("order stage", "Test order")
    DELETED = "deleted", pgettext_lazy("order stage", "Deleted")


LIVE_STAGES = (Stage.TO_FULFIL, Stage.TO_SETTLE, Stage.TO_ARCHIVE)


class Level(models.TextChoices):
    """How much of an order the mirror holds. A bulk file brings a summary: everything but the lines of refunds and
    shipments; reading the order by id brings the rest."""

    SUMMARY = "summary", pgettext_lazy("level of detail", "Summary")
    FULL = "full", pgettext_lazy("level of detail", "Full")


class Source(models.TextChoices):
    """Where an entry of the timeline comes from."""

    SHOPIFY = "shopify", pgettext_lazy("timeline source", "Shopify")
    STAFF = "staff", pgettext_lazy("timeline source", "Staff")
    API = "api", pgettext_lazy("timeline source", "API")
    SYSTEM = "system", pgettext_lazy("timeline source", "Back-office")


class Verb(models.TextChoices):
    """Changes that we write to a shop."""

    ARCHIVE = "archive", pgettext_lazy("verb", "Archive")
    UNARCHIVE = "unarchive", pgettext_lazy("verb", "Unarchive")
    ADD_TAGS = "add_tags", pgettext_lazy("verb", "Add tags")
    REMOVE_TAGS = "remove_tags", pgettext_lazy("verb", "Remove tags")


class ChangeState(models.TextChoices):
    """What became of a change that we want in a shop."""

    QUEUED = "queued", pgettext_lazy("change state", "Waiting")
    SENDING = "sending", pgettext_lazy("change state", "Being sent")
    UNCERTAIN = "uncertain", pgettext_lazy("change state", "Uncertain")
    CONFIRMED = "confirmed", pgettext_lazy("change state", "Done")
    REFUSED = "refused", pgettext_lazy("change state", "Refused")
    SKIPPED = "skipped", pgettext_lazy("change state", "Skipped")


UNSETTLED = (ChangeState.QUEUED, ChangeState.SENDING, ChangeState.UNCERTAIN)


class TombstoneKind(models.TextChoices):
    """What was erased: an order, a customer, or whoever has an address."""

    ORDER = "order", pgettext_lazy("erased", "Order")
    CUSTOMER = "customer", pgettext_lazy("erased", "Customer")
    ADDRESS = "address", pgettext_lazy("erased", "Address")


class Audience(models.TextChoices):
    """Who sees a saved view, besides its owner."""

    PRIVATE = "private", pgettext_lazy("who sees a view", "Only me")
    TEAM = "team", pgettext_lazy("who sees a view", "The team of a merchant")
    ALL = "all", pgettext_lazy("who sees a view", "Everybody")
