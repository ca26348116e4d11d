"""Mail as the API shows it, and the description of it for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from backoffice.core.actor import Actor
from notifications.choices import BatchState, MessageState
from notifications.models import Batch, Message, Template
from notifications.services.batches import BatchPlan
from orders.api.schemas_acts import RefusedOrder
from orders.api.selecting import refused_row
from orders.services.selection import Refusal

Fields = serializers.Serializer[Any]


class TemplateRow(Fields):
    id = serializers.IntegerField()
    name = serializers.CharField()
    store_id = serializers.IntegerField(allow_null=True, help_text="Null: for every store.")
    language = serializers.CharField(allow_blank=True, help_text="Of the text; empty when it is not said.")
    subject = serializers.CharField()
    body = serializers.CharField(help_text="HTML with Liquid.")
    only_to_fulfil = serializers.BooleanField()
    version = serializers.IntegerField()
    changed_at = serializers.DateTimeField()


class BatchRow(Fields):
    id = serializers.UUIDField()
    name = serializers.CharField()
    state = serializers.ChoiceField(BatchState.choices)
    state_code = serializers.CharField(allow_blank=True)
    state_reason = serializers.CharField(allow_blank=True, help_text="Why it is paused or cancelled.")
    subject = serializers.CharField()
    only_to_fulfil = serializers.BooleanField()
    template_id = serializers.IntegerField(allow_null=True)
    started_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class Progress(Fields):
    """Messages of your stores by state; every message is in exactly one."""

    total = serializers.IntegerField()
    queued = serializers.IntegerField()
    sending = serializers.IntegerField()
    sent = serializers.IntegerField()
    failed = serializers.IntegerField()
    skipped = serializers.IntegerField()
    suppressed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    uncertain = serializers.IntegerField()


class BatchDetail(BatchRow):
    body = serializers.CharField()
    store_ids = serializers.ListField(child=serializers.IntegerField(), help_text="Of your stores.")
    progress = Progress()
    left_out = RefusedOrder(many=True, required=False, help_text="Only in the answer to the start.")


class PlanSerializer(Fields):
    """With `dry_run`: what a start would do now. Nothing was written."""

    recipients = serializers.IntegerField(help_text="Mails: one for each customer and store.")
    orders = serializers.IntegerField()
    left_out = RefusedOrder(many=True)
    warnings = serializers.ListField(child=serializers.CharField())


class MessageRow(Fields):
    id = serializers.UUIDField()
    store_id = serializers.IntegerField()
    address = serializers.CharField()
    recipient_name = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(MessageState.choices)
    code = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    subject = serializers.CharField(allow_blank=True, help_text="As rendered; empty before that.")
    orders = serializers.ListField(child=serializers.IntegerField(), help_text="Ids of the orders that it is about.")
    created_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)


def template_row(template: Template) -> dict[str, Any]:
    return {
        "id": template.pk,
        "name": template.name,
        "store_id": template.store_id,
        "language": template.language,
        "subject": template.subject,
        "body": template.body,
        "only_to_fulfil": template.only_to_fulfil,
        "version": template.version,
        "changed_at": template.changed_at,
    }


def batch_row(batch: Batch) -> dict[str, Any]:
    return {
        "id": batch.pk,
        "name": batch.name,
        "state": batch.state,
        "state_code": batch.state_code,
        "state_reason": batch.state_reason,
        "subject": batch.subject,
        "only_to_fulfil": batch.only_to_fulfil,
        "template_id": batch.template_id,
        "started_by": batch.actor_label,
        "created_at": batch.created_at,
        "finished_at": batch.finished_at,
    }


def batch_detail(batch: Batch, progress: dict[str, int], actor: Actor) -> dict[str, Any]:
    """Counts and stores are the reader's own: what lies outside his stores shows in no figure."""
    stores = [pk for pk in batch.store_ids if actor.sees_every_store or pk in actor.store_ids]
    return {
        **batch_row(batch),
        "body": batch.body,
        "store_ids": stores,
        "progress": {"total": sum(progress.values()), **progress},
    }


def plan_shown(plan: BatchPlan, unseen: list[Refusal]) -> dict[str, Any]:
    return {
        "recipients": plan.recipients,
        "orders": plan.orders,
        "left_out": [refused_row(each) for each in (*plan.left_out, *unseen)],
        "warnings": list(plan.warnings),
    }


def message_row(message: Message) -> dict[str, Any]:
    """Needs `order_rows` prefetched."""
    return {
        "id": message.pk,
        "store_id": message.store_id,
        "address": message.address,
        "recipient_name": message.recipient_name,
        "state": message.state,
        "code": message.code,
        "reason": message.reason,
        "subject": message.subject,
        "orders": sorted(row.order_id for row in message.order_rows.all()),
        "created_at": message.created_at,
        "settled_at": message.settled_at,
    }
