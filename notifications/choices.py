"""States and kinds of mail."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy


class TemplateClass(models.TextChoices):
    """Transactional mail belongs to an order; marketing needs consent."""

    TRANSACTIONAL = "transactional", pgettext_lazy("template class", "About an order")


class BatchState(models.TextChoices):
    RUNNING = "running", pgettext_lazy("batch state", "Being sent")
    PAUSED = "paused", pgettext_lazy("batch state", "Paused")
    CANCELLED = "cancelled", pgettext_lazy("batch state", "Cancelled")
    FINISHED = "finished", pgettext_lazy("batch state", "Finished")


class MessageState(models.TextChoices):
    QUEUED = "queued", pgettext_lazy("message state", "Waiting")
    SENDING = "sending", pgettext_lazy("message state", "Being sent")
    SENT = "sent", pgettext_lazy("message state", "Sent")
    FAILED = "failed", pgettext_lazy("message state", "Failed")
    SKIPPED = "skipped", pgettext_lazy("message state", "Not sent: no longer true")
    SUPPRESSED = "suppressed", pgettext_lazy("message state", "Suppressed")
    CANCELLED = "cancelled", pgettext_lazy("message state", "Cancelled")
    UNCERTAIN = "uncertain", pgettext_lazy("message state", "Uncertain")
