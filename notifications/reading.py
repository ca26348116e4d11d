"""What doors read of mail: batches, their messages and templates, as far as an actor sees them."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from backoffice.core.actor import Actor
from backoffice.core.errors import NotFound
from stores.querysets import StoreOwnedQuerySet

from .models import Batch, Message, Template
from .querysets import BatchQuerySet, TemplateQuerySet


def list_batches(actor: Actor) -> BatchQuerySet:
    """Newest first."""
    batches: BatchQuerySet = Batch.objects.visible_to(actor)
    return batches.order_by("-created_at", "-pk")


def get_batch(actor: Actor, pk: UUID) -> Batch:
    """Raises `NotFound`."""
    batch: Batch | None = Batch.objects.visible_to(actor).filter(pk=pk).first()
    if batch is None:
        raise NotFound("batch_not_found", _("There is no such batch."))
    return batch


def messages_of(batch: Batch, actor: Actor) -> StoreOwnedQuerySet:
    """The batch's messages of the actor's stores, in the order of sending, with store."""
    messages: StoreOwnedQuerySet = Message.objects.visible_to(actor).filter(batch=batch).select_related("store")
    return messages.order_by("created_at", "pk")


def list_templates(actor: Actor) -> TemplateQuerySet:
    """Those for all stores and those of the actor's own, by name."""
    templates: TemplateQuerySet = Template.objects.visible_to(actor)
    return templates.select_related("store").order_by("name", "pk")


def get_template(actor: Actor, pk: int) -> Template:
    """Raises `NotFound`."""
    template: Template | None = Template.objects.visible_to(actor).filter(pk=pk).first()
    if template is None:
        raise NotFound("template_not_found", _("There is no such template."))
    return template
