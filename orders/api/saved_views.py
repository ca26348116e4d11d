"""Saved views over the API."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.actor import Actor
from backoffice.core.api.documentation import IDEMPOTENCY_KEY, answers, write_answers
from backoffice.core.api.serializers import ExactCharField, StrictSerializer
from backoffice.core.api.views import ApiView
from backoffice.core.errors import Invalid
from orders.choices import Audience
from orders.columns import COLUMNS, MOST
from orders.query.syntax import LONGEST
from orders.saved import View, view_named, views_for
from orders.services.views import LONGEST_NAME, ViewWish, change_view, delete_view, save_view
from stores.models import Merchant, Store


class ViewSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()
    query = serializers.CharField(help_text="A search text.")
    sort = serializers.CharField()
    columns = serializers.ListField(child=serializers.CharField(), help_text="Empty for the usual ones.")
    audience = serializers.ChoiceField(Audience.choices, allow_null=True, help_text="Null: comes with the product.")
    merchant = serializers.IntegerField(allow_null=True)
    is_mine = serializers.BooleanField(help_text="You may change and delete it.")


class ViewWishSerializer(StrictSerializer):
    name = serializers.CharField(max_length=LONGEST_NAME)
    slug = serializers.CharField(max_length=60, required=False, default="", help_text="Made of the name when left out.")
    query = ExactCharField(max_length=LONGEST, required=False, default="", allow_blank=True)
    sort = serializers.CharField(max_length=30, required=False, default="", allow_blank=True)
    columns = serializers.ListField(
        child=serializers.ChoiceField(list(COLUMNS)), max_length=MOST, required=False, default=list
    )
    audience = serializers.ChoiceField(Audience.choices, required=False, default=Audience.PRIVATE)
    merchant = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False, allow_null=True, default=None)


class ViewsView(ApiView):
    scopes: ClassVar = {"get": "orders:read", "post": "orders:write"}

    @extend_schema(
        operation_id="views_list",
        summary="Views: those that come with the product, yours, and those shared with you",
        responses=answers({200: ViewSerializer(many=True)}),
        tags=["views"],
    )
    def get(self, request: Request) -> Response:
        return Response([_shown(view) for view in views_for(self.actor)])

    @extend_schema(
        operation_id="views_create",
        summary="Save a view",
        parameters=[IDEMPOTENCY_KEY],
        request=ViewWishSerializer,
        responses=write_answers({201: ViewSerializer}),
        tags=["views"],
    )
    def post(self, request: Request) -> Response:
        return Response(_shown(save_view(_wish(request.data, self.actor), actor=self.actor)), status=201)


class ViewView(ApiView):
    scopes: ClassVar = {"get": "orders:read", "put": "orders:write", "delete": "orders:write"}

    @extend_schema(
        operation_id="views_get", summary="One view", responses=answers({200: ViewSerializer}, 404), tags=["views"]
    )
    def get(self, request: Request, slug: str) -> Response:
        return Response(_shown(view_named(slug, self.actor)))

    @extend_schema(
        operation_id="views_change",
        summary="Change a view of yours",
        parameters=[IDEMPOTENCY_KEY],
        request=ViewWishSerializer,
        responses=write_answers({200: ViewSerializer}, 404),
        tags=["views"],
    )
    def put(self, request: Request, slug: str) -> Response:
        return Response(_shown(change_view(slug, _wish(request.data, self.actor), actor=self.actor)))

    @extend_schema(
        operation_id="views_delete",
        summary="Delete a view of yours",
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses=write_answers({204: None}, 404),
        tags=["views"],
    )
    def delete(self, request: Request, slug: str) -> Response:
        delete_view(slug, actor=self.actor)
        return Response(status=204)


def _wish(data: Any, actor: Actor) -> ViewWish:
    wish = ViewWishSerializer(data=data)
    wish.is_valid(raise_exception=True)
    given = dict(wish.validated_data)
    merchant = None
    if given["merchant"] is not None:
        reached = Merchant.objects.filter(stores__in=Store.objects.visible_to(actor))
        merchant = reached.filter(pk=given["merchant"]).first()
        if merchant is None:
            raise Invalid("merchant_unknown", _("There is no merchant with this id."), field="merchant")
    return ViewWish(**{**given, "merchant": merchant, "audience": Audience(given["audience"])})


def _shown(view: View) -> dict[str, Any]:
    row = view.row
    return {
        "slug": view.slug,
        "name": str(view.title),
        "query": view.query,
        "sort": view.sort,
        "columns": view.columns,
        "audience": row.audience if row else None,
        "merchant": row.merchant_id if row else None,
        "is_mine": view.is_mine,
    }
