"""Mail over the API: templates to choose from; batches planned, started, watched, paused, resumed, cancelled."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from backoffice.core.actor import Right
from backoffice.core.api.documentation import IDEMPOTENCY_KEY, PAGE, answers, page_schema, write_answers
from backoffice.core.api.pagination import PARAMETERS, page_of
from backoffice.core.api.serializers import ExactCharField, StrictSerializer
from backoffice.core.api.views import ApiView
from backoffice.core.choices import Door, Seen
from backoffice.core.errors import NotAllowed
from notifications.models import Batch
from notifications.reading import get_batch, get_template, list_batches, list_templates, messages_of
from notifications.seen import note_mails
from notifications.services import batches as service
from orders.api.selecting import Selection, refused_row, texts_of, unseen_of
from orders.choices import Source
from orders.reading import pick_orders

from .shapes import (
    BatchDetail,
    BatchRow,
    MessageRow,
    PlanSerializer,
    TemplateRow,
    batch_detail,
    batch_row,
    message_row,
    plan_shown,
    template_row,
)


class Mailing(Selection):
    """Which orders, and either a `template` or a `subject` and a `body` of one's own."""

    template = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    subject = ExactCharField(max_length=300, required=False)
    body = ExactCharField(max_length=65_536, required=False, help_text="HTML with Liquid.")
    only_to_fulfil = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Leave an order out that is shipped, cancelled or archived by then; the template's choice if null.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        own = {"subject", "body"} & attrs.keys()
        if ("template" in attrs) == bool(own) or len(own) == 1:
            raise serializers.ValidationError(
                _("Give either `template`, or `subject` and `body`."), code="template_or_text"
            )
        return attrs


class Nothing(StrictSerializer):
    """An empty body, or {}."""


class TemplateListView(ApiView):
    scopes: ClassVar = {"get": "orders:read"}
    query = PARAMETERS

    @extend_schema(
        operation_id="mail_templates_list",
        summary="Templates that you may use, by name",
        parameters=PAGE,
        responses=answers({200: page_schema(TemplateRow, "TemplatePage")}),
        tags=["mail"],
    )
    def get(self, request: Request) -> Response:
        templates, pages = page_of(list_templates(self.actor), request)
        return pages.get_paginated_response([template_row(template) for template in templates])


class TemplateView(ApiView):
    scopes: ClassVar = {"get": "orders:read"}

    @extend_schema(
        operation_id="mail_templates_get",
        summary="One template",
        responses=answers({200: TemplateRow}, 404),
        tags=["mail"],
    )
    def get(self, request: Request, template_id: int) -> Response:
        return Response(template_row(get_template(self.actor, template_id)))


class BatchListView(ApiView):
    scopes: ClassVar = {"get": "orders:read", "post": "mail:send"}
    query = PARAMETERS

    @extend_schema(
        operation_id="mail_batches_list",
        summary="Batches that wrote for your stores, newest first",
        parameters=PAGE,
        responses=answers({200: page_schema(BatchRow, "BatchPage")}),
        tags=["mail"],
    )
    def get(self, request: Request) -> Response:
        batches, pages = page_of(list_batches(self.actor), request)
        return pages.get_paginated_response([batch_row(batch) for batch in batches])

    @extend_schema(
        operation_id="mail_batches_start",
        summary="Write to the customers of chosen orders",
        description="One mail for each customer and store, however many of his orders are chosen. With `dry_run` the "
        "answer is the plan, given with 200; without it sending begins. Send an Idempotency-Key.",
        parameters=[IDEMPOTENCY_KEY],
        request=Mailing,
        responses=write_answers({201: BatchDetail, 200: PlanSerializer}, 404),
        tags=["mail"],
    )
    def post(self, request: Request) -> Response:
        if not self.actor.may_somewhere(Right.SEND_MAIL):
            raise NotAllowed("not_allowed", _("You may not send mail. Ask for the agent's role."))
        body = Mailing(data=request.data)
        body.is_valid(raise_exception=True)
        wish = body.validated_data
        picked = pick_orders(self.actor, ids=wish.get("ids"), given=texts_of(wish.get("filter")))
        text = {
            "template": get_template(self.actor, wish["template"]) if "template" in wish else None,
            "subject": wish.get("subject", ""),
            "body": wish.get("body", ""),
            "only_to_fulfil": wish["only_to_fulfil"],
        }
        plan = service.plan_batch(picked.orders, **text, actor=self.actor)
        if wish["dry_run"]:
            return Response(plan_shown(plan, unseen_of(picked)))
        batch = service.start_batch(picked.orders, **text, actor=self.actor, source=Source.API)
        shown = batch_detail(batch, service.batch_progress(batch), self.actor)
        shown["left_out"] = [refused_row(each) for each in (*plan.left_out, *unseen_of(picked))]
        location = reverse("api:mail_batch", args=[batch.pk], request=request)
        return Response(shown, status=201, headers={"Location": location})


class BatchView(ApiView):
    scopes: ClassVar = {"get": "orders:read"}

    @extend_schema(
        operation_id="mail_batches_get",
        summary="One batch and its progress",
        responses=answers({200: BatchDetail}, 404),
        tags=["mail"],
    )
    def get(self, request: Request, batch_id: uuid.UUID) -> Response:
        batch = get_batch(self.actor, batch_id)
        return Response(batch_detail(batch, service.batch_progress(batch), self.actor))


class MessageListView(ApiView):
    scopes: ClassVar = {"get": "orders:read"}
    query = PARAMETERS

    @extend_schema(
        operation_id="mail_messages_list",
        summary="The messages of a batch to customers of your stores",
        parameters=PAGE,
        responses=answers({200: page_schema(MessageRow, "MessagePage")}, 404),
        tags=["mail"],
    )
    def get(self, request: Request, batch_id: uuid.UUID) -> Response:
        batch = get_batch(self.actor, batch_id)
        messages, pages = page_of(messages_of(batch, self.actor).prefetch_related("order_rows"), request)
        about = {message: [row.order_id for row in message.order_rows.all()] for message in messages}
        note_mails(self.actor, Seen.MAIL_LIST, about, door=Door.API)
        return pages.get_paginated_response([message_row(message) for message in messages])


class _SwitchView(ApiView):
    """Something done to a running batch; the answer is the batch afterwards."""

    scopes: ClassVar = {"post": "mail:send"}

    def switched(self, request: Request, batch_id: uuid.UUID, switch: Callable[..., Any]) -> Response:
        batch: Batch = get_batch(self.actor, batch_id)
        Nothing(data=request.data).is_valid(raise_exception=True)
        switch(batch, actor=self.actor)
        return Response(batch_detail(batch, service.batch_progress(batch), self.actor))


Method = TypeVar("Method", bound=Callable[..., Response])


def _switch_schema(operation: str, summary: str) -> Callable[[Method], Method]:
    described: Callable[[Method], Method] = extend_schema(
        operation_id=f"mail_batches_{operation}",
        summary=summary,
        parameters=[IDEMPOTENCY_KEY],
        request=Nothing,
        responses=write_answers({200: BatchDetail}, 404),
        tags=["mail"],
    )
    return described


class PauseView(_SwitchView):
    @_switch_schema("pause", "Hold what is not sent yet")
    def post(self, request: Request, batch_id: uuid.UUID) -> Response:
        return self.switched(request, batch_id, service.pause_batch)


class ResumeView(_SwitchView):
    @_switch_schema("resume", "Go on where it stopped")
    def post(self, request: Request, batch_id: uuid.UUID) -> Response:
        return self.switched(request, batch_id, service.resume_batch)


class CancelView(_SwitchView):
    @_switch_schema("cancel", "End a batch; what was sent stays sent")
    def post(self, request: Request, batch_id: uuid.UUID) -> Response:
        return self.switched(request, batch_id, service.cancel_batch)
