"""Jobs of the ground floor: the canary of the supervisor and the nightly purge."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now
from django_q.models import Task

from . import access
from .models import Canary, IdempotencyRecord


def canary_job(canary_id: int) -> None:
    """Stamps the canary's row. Running twice keeps the first stamp."""
    Canary.objects.filter(pk=canary_id, ran_at__isnull=True).update(ran_at=Now())


def purge_job() -> None:
    """Drops what nobody will ask for again: answers kept for idempotency, finished canaries, results of the queue,
    and the access log's rows past their time."""
    IdempotencyRecord.objects.filter(created_at__lt=Now() - timedelta(hours=24)).delete()
    Canary.objects.filter(enqueued_at__lt=Now() - timedelta(days=1)).delete()
    Task.objects.filter(stopped__lt=Now() - timedelta(days=30)).delete()
    access.purge()
