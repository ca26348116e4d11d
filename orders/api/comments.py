"""Comments over the API: read, write, change, pin, delete; the rules are the service's."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from backoffice.core.actor import Actor
from backoffice.core.api.documentation import IDEMPOTENCY_KEY, PAGE, answers, page_schema, write_answers
from backoffice.core.api.pagination import PARAMETERS, page_of
from backoffice.core.api.serializers import ExactCharField, StrictSerializer
from backoffice.core.api.views import ApiView
from backoffice.core.choices import Door, Seen
from orders.choices import Source
from orders.models import Comment
from orders.reading import comments_of, get_comment, get_order
from orders.seen import note_orders
from orders.services import comments as service

from .schemas_acts import CommentSerializer


class CommentText(StrictSerializer):
    body = ExactCharField(max_length=service.LONGEST_COMMENT)


class CommentChange(StrictSerializer):
    """One of the two, or both."""

    body = ExactCharField(max_length=service.LONGEST_COMMENT, required=False)
    pinned = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError(_("Give `body`, `pinned`, or both."), code="nothing_given")
        return attrs


class OrderCommentsView(ApiView):
    scopes: ClassVar = {"get": "orders:read", "post": "orders:write"}
    query = PARAMETERS

    @extend_schema(
        operation_id="comments_list",
        summary="An order's comments, newest first",
        parameters=PAGE,
        responses=answers({200: page_schema(CommentSerializer, "CommentPage")}, 404),
        tags=["comments"],
    )
    def get(self, request: Request, order_id: int) -> Response:
        order = get_order(self.actor, order_id)
        comments, pages = page_of(comments_of(order, self.actor), request)
        note_orders(self.actor, Seen.COMMENTS, [order] if comments else [], door=Door.API)
        return pages.get_paginated_response([_shown(comment, self.actor) for comment in comments])

    @extend_schema(
        operation_id="comments_add",
        summary="Comment on an order",
        parameters=[IDEMPOTENCY_KEY],
        request=CommentText,
        responses=write_answers({201: CommentSerializer}, 404),
        tags=["comments"],
    )
    def post(self, request: Request, order_id: int) -> Response:
        order = get_order(self.actor, order_id)
        text = CommentText(data=request.data)
        text.is_valid(raise_exception=True)
        comment = service.add_comment(order, text.validated_data["body"], actor=self.actor, source=Source.API)
        location = reverse("api:comment", args=[comment.pk], request=request)
        return Response(_shown(comment, self.actor), status=201, headers={"Location": location})


class CommentView(ApiView):
    scopes: ClassVar = {"get": "orders:read", "patch": "orders:write", "delete": "orders:write"}

    @extend_schema(
        operation_id="comments_get",
        summary="One comment",
        responses=answers({200: CommentSerializer}, 404),
        tags=["comments"],
    )
    def get(self, request: Request, comment_id: int) -> Response:
        comment = get_comment(self.actor, comment_id)
        note_orders(self.actor, Seen.COMMENTS, [comment.order], door=Door.API)
        return Response(_shown(comment, self.actor))

    @extend_schema(
        operation_id="comments_change",
        summary="Change the text of one's own comment, or pin any",
        parameters=[IDEMPOTENCY_KEY],
        request=CommentChange,
        responses=write_answers({200: CommentSerializer}, 404),
        tags=["comments"],
    )
    def patch(self, request: Request, comment_id: int) -> Response:
        comment = get_comment(self.actor, comment_id)
        change = CommentChange(data=request.data)
        change.is_valid(raise_exception=True)
        wanted = change.validated_data
        with transaction.atomic():
            if "body" in wanted:
                comment = service.edit_comment(comment, wanted["body"], actor=self.actor, source=Source.API)
            if "pinned" in wanted:
                comment = service.pin_comment(comment, wanted["pinned"], actor=self.actor, source=Source.API)
            note_orders(self.actor, Seen.COMMENTS, [comment.order], door=Door.API)
        return Response(_shown(comment, self.actor))

    @extend_schema(
        operation_id="comments_delete",
        summary="Delete a comment; a version of it is kept",
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses=write_answers({204: None}, 404),
        tags=["comments"],
    )
    def delete(self, request: Request, comment_id: int) -> Response:
        service.delete_comment(get_comment(self.actor, comment_id), actor=self.actor, source=Source.API)
        return Response(status=204)


def _shown(comment: Comment, actor: Actor) -> dict[str, Any]:
    return {
        "id": comment.pk,
        "order_id": comment.order_id,
        "author": comment.author_label,
        "is_own": comment.author_id is not None and comment.author_id == actor.user_id,
        "body": comment.body,
        "pinned": comment.pinned,
        "created_at": comment.created_at,
        "edited_at": comment.edited_at,
    }
