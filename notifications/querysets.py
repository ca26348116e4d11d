"""Reading batches, always through an actor."""

from __future__ import annotations

from typing import Any, Self

from django.db import models

from backoffice.core.actor import Actor


class BatchQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> Self:
        """Batches with a message of one of the actor's stores. Which messages he sees of them is decided by the
        messages' own `visible_to`."""
        return self if actor.sees_every_store else self.filter(store_ids__overlap=sorted(actor.store_ids))


class TemplateQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> Self:
        """Templates for all stores, and those of the actor's own."""
        if actor.sees_every_store:
            return self
        return self.filter(models.Q(store__isnull=True) | models.Q(store_id__in=actor.store_ids))


BatchManager = models.Manager.from_queryset(BatchQuerySet)
TemplateManager = models.Manager.from_queryset(TemplateQuerySet)
