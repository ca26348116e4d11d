"""What a search text selects, in words, and what there is to search by."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.documentation import answers
from backoffice.core.api.views import ApiView
from backoffice.core.parameters import StrictForm
from backoffice.core.strict_fields import Text
from orders.fields import FIELDS
from orders.filters import explain, text_in_short
from orders.query.syntax import LONGEST


class ExplanationSerializer(serializers.Serializer[Any]):
    q = serializers.CharField(help_text="The search text as it is understood, in one way of writing.")
    sentence = serializers.CharField(help_text="What it selects, in the language asked for.")


class FieldSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    aliases = serializers.ListField(child=serializers.CharField(), help_text="Other names for the same.")
    help = serializers.CharField()
    example = serializers.CharField()


class ExplainQuery(StrictForm):
    q = Text(longest=LONGEST, required=True)


class ExplainView(ApiView):
    scopes: ClassVar = {"get": "orders:read"}
    query = frozenset({"q"})

    @extend_schema(
        operation_id="orders_explain",
        summary="What a search text selects, in words",
        description="A text that is not understood is refused with the place and, where there is one, a suggestion.",
        parameters=[OpenApiParameter("q", str, required=True, description="A search text.")],
        responses=answers({200: ExplanationSerializer}),
        tags=["orders"],
    )
    def get(self, request: Request) -> Response:
        text = ExplainQuery(request.query_params).understood().get("q", "")
        sentence = explain(text, actor=self.actor)
        return Response({"q": text_in_short(text), "sentence": sentence})


class FieldsView(ApiView):
    scopes: ClassVar = {"get": "orders:read"}

    @extend_schema(
        operation_id="orders_fields",
        summary="What orders can be searched by",
        responses=answers({200: FieldSerializer(many=True)}),
        tags=["orders"],
    )
    def get(self, request: Request) -> Response:
        return Response(
            [
                {
                    "name": field.name,
                    "aliases": field.aliases,
                    "help": field.help,
                    "example": field.kind.example(field.name),
                }
                for field in FIELDS.values()
            ]
        )
