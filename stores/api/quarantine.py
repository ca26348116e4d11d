"""The quarantine over the API: what could not be mirrored and why, trying it again, and what the shop answered."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core import access
from backoffice.core.access import Kind, subject
from backoffice.core.api.documentation import IDEMPOTENCY_KEY, PAGE, answers, page_schema, write_answers
from backoffice.core.api.pagination import PARAMETERS, page_of
from backoffice.core.api.serializers import StrictSerializer
from backoffice.core.api.views import ApiView
from backoffice.core.choices import Door, Seen
from backoffice.core.errors import NotFound
from stores.choices import ParkCause
from stores.models import Quarantined
from stores.services import quarantine

from .finding import find_store


class ParkedSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    resource = serializers.CharField(help_text="The stream that it belongs to.")
    gid = serializers.CharField()
    cause = serializers.ChoiceField(ParkCause.choices)
    reason = serializers.CharField(help_text="What is wrong, without anybody's data.")
    remedy = serializers.CharField(help_text="What to do.")
    seen = serializers.IntegerField(help_text="How often it was met.")
    attempts = serializers.IntegerField(help_text="How often it was read again by itself or on request.")
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()
    next_attempt_at = serializers.DateTimeField(allow_null=True, help_text="Null: as soon as possible.")


class RetryWish(StrictSerializer):
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1), required=False, max_length=500, help_text="All without it."
    )


class RetriedSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="How many are being tried again.")


class RawSerializer(serializers.Serializer[Any]):
    gid = serializers.CharField()
    answer = serializers.CharField(allow_blank=True, help_text="As JSON text, cut after 256 KiB; empty when none came.")


class QuarantineView(ApiView):
    scopes: ClassVar = {"get": "stores:read"}
    query = PARAMETERS

    @extend_schema(
        operation_id="stores_quarantine",
        summary="What could not be mirrored",
        parameters=PAGE,
        responses=answers({200: page_schema(ParkedSerializer, "ParkedPage")}, 404),
        tags=["stores"],
    )
    def get(self, request: Request, store_id: int) -> Response:
        store = find_store(self.actor, store_id)
        rows, pages = page_of(Quarantined.objects.filter(store=store).defer("raw").order_by("-pk"), request)
        return pages.get_paginated_response([_shown(row) for row in rows])


class QuarantineRetryView(ApiView):
    scopes: ClassVar = {"post": "orders:write"}

    @extend_schema(
        operation_id="stores_quarantine_retry",
        summary="Try what could not be mirrored again",
        parameters=[IDEMPOTENCY_KEY],
        request=RetryWish,
        responses=write_answers({202: RetriedSerializer}, 404),
        tags=["stores"],
    )
    def post(self, request: Request, store_id: int) -> Response:
        store = find_store(self.actor, store_id)
        wish = RetryWish(data=request.data)
        wish.is_valid(raise_exception=True)
        count = quarantine.retry(store, ids=wish.validated_data.get("ids"), actor=self.actor)
        return Response({"count": count}, status=202)


class QuarantineRawView(ApiView):
    # It holds a customer's data, as orders do.
    scopes: ClassVar = {"get": "orders:read"}

    @extend_schema(
        operation_id="stores_quarantine_raw",
        summary="What the shop answered",
        description="Managers of the store; each look is in the audit trail. Holds personal data.",
        responses=answers({200: RawSerializer}, 404),
        tags=["stores"],
    )
    def get(self, request: Request, store_id: int, item_id: int) -> Response:
        store = find_store(self.actor, store_id)
        row = Quarantined.objects.filter(store=store, pk=item_id).first()
        if row is None:
            raise NotFound("not_found", _("This is no longer set aside."))
        text = quarantine.raw_of(row, actor=self.actor)
        about = [subject(Kind.GID, row.gid)] if text else []
        access.note(self.actor, Seen.QUARANTINE, door=Door.API, store_ids=[store.pk], subjects=about)
        return Response({"gid": row.gid, "answer": text}, headers={"Cache-Control": "no-store"})


def _shown(row: Quarantined) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in ParkedSerializer().get_fields() if name != "remedy"}
    return {**values, "remedy": quarantine.remedy(row.cause)}
