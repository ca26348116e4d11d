"""Copying another store's configuration over the API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.documentation import IDEMPOTENCY_KEY, answers, write_answers
from backoffice.core.api.serializers import StrictSerializer
from backoffice.core.api.views import ApiView
from backoffice.core.errors import Invalid
from stores.models import Store
from stores.services.copy import Planned, check_manages, copy_configuration, preview

from .finding import find_store


class CopyWish(StrictSerializer):
    source = serializers.IntegerField(min_value=1, help_text="The store to copy from.")  # type: ignore[assignment]  # DRF takes fields out of the class
    parts = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, max_length=50, help_text="All that you may without."
    )


class SettingChange(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]  # as above
    before = serializers.CharField(allow_blank=True, help_text="Empty where it is new.")
    after = serializers.CharField(allow_blank=True)


class CopiedPart(serializers.Serializer[Any]):
    part = serializers.CharField(help_text="sender, calendar, templates, merchant, team ...")
    label = serializers.CharField()  # type: ignore[assignment]  # as above
    changes = SettingChange(many=True)


class CopySerializer(serializers.Serializer[Any]):
    parts = CopiedPart(many=True)


class CopyView(ApiView):
    scopes: ClassVar = {"get": "stores:read", "post": "orders:write"}
    query: ClassVar = frozenset({"source"})

    @extend_schema(
        operation_id="stores_copy_preview",
        summary="What copying another store's configuration would change",
        description="Managers of both stores; merchant and team are for administrators.",
        parameters=[OpenApiParameter("source", int, required=True, description="The store to copy from.")],
        responses=answers({200: CopySerializer}, 404),
        tags=["stores"],
    )
    def get(self, request: Request, store_id: int) -> Response:
        target = self._target(store_id)
        source = self._source(request.query_params.get("source", ""))
        return Response(_shown(preview(target, source, actor=self.actor)))

    @extend_schema(
        operation_id="stores_copy",
        summary="Copy another store's configuration",
        description="Never secrets, orders or what the shop itself says; what the source has not stays. Managers of "
        "both stores; merchant and team are for administrators.",
        parameters=[IDEMPOTENCY_KEY],
        request=CopyWish,
        responses=write_answers({200: CopySerializer}, 404),
        tags=["stores"],
    )
    def post(self, request: Request, store_id: int) -> Response:
        target = self._target(store_id)
        wish = CopyWish(data=request.data)
        wish.is_valid(raise_exception=True)
        source = self._source(str(wish.validated_data["source"]))
        parts = wish.validated_data.get("parts")
        return Response(_shown(copy_configuration(target, source, parts=parts, actor=self.actor)))

    def _target(self, store_id: int) -> Store:
        target = find_store(self.actor, store_id)
        check_manages(target, self.actor)
        return target

    def _source(self, text: str) -> Store:
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
        found: Store | None = Store.objects.visible_to(self.actor).filter(pk=number).first()
        if found is None:
            raise Invalid("store_unknown", _("There is no such store to copy from."), field="source")
        return found


def _shown(done: Iterable[Planned]) -> dict[str, Any]:
    return {
        "parts": [
            {
                "part": each.part.name,
                "label": str(each.part.label),
                "changes": [
                    {"label": change.label, "before": change.before, "after": change.after} for change in each.changes
                ],
            }
            for each in done
        ]
    }
