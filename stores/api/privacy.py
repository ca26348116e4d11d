"""Privacy requests over the API: the receipts, and what was collected about a person while it can be downloaded."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core import access
from backoffice.core.access import Kind, subject
from backoffice.core.api.documentation import PAGE, answers, page_schema
from backoffice.core.api.pagination import PARAMETERS, page_of
from backoffice.core.api.views import ApiView
from backoffice.core.choices import Door, Seen
from stores.choices import ComplianceKind, ComplianceState
from stores.services import compliance
from stores.services.compliance_export import open_export

from .finding import find_store


class PrivacyRequestSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(ComplianceKind.choices)
    state = serializers.ChoiceField(ComplianceState.choices)
    requested_by = serializers.CharField()
    received_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(help_text="Thirty days after it was asked for.")
    finished_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True, help_text="Until when an export can be downloaded.")
    receipt = serializers.DictField(child=serializers.IntegerField(), help_text="Rows by part; nobody's data.")
    error_code = serializers.CharField(allow_blank=True)
    error_message = serializers.CharField(allow_blank=True)


class PrivacyRequestsView(ApiView):
    scopes: ClassVar = {"get": "stores:read"}
    query = PARAMETERS

    @extend_schema(
        operation_id="stores_privacy_requests",
        summary="What was asked about customers, and what came of it",
        description="Managers of the store. About whom is never told: it is forgotten when the work is done.",
        parameters=PAGE,
        responses=answers({200: page_schema(PrivacyRequestSerializer, "PrivacyRequestPage")}, 404),
        tags=["stores"],
    )
    def get(self, request: Request, store_id: int) -> Response:
        store = find_store(self.actor, store_id)
        found = compliance.requests_of(store, actor=self.actor).defer("payload").order_by("-pk")
        rows, pages = page_of(found, request)
        names = PrivacyRequestSerializer().get_fields()
        return pages.get_paginated_response([{name: getattr(row, name) for name in names} for row in rows])


class PrivacyExportView(ApiView):
    # It holds a customer's data, as orders do.
    scopes: ClassVar = {"get": "orders:read"}

    @extend_schema(
        operation_id="stores_privacy_export",
        summary="Everything that is held about a customer",
        description="Managers of the store, for seven days after it was collected; each download is in the audit "
        "trail. 409 before and after.",
        responses=answers({200: OpenApiTypes.OBJECT}, 404, 409),
        tags=["stores"],
    )
    def get(self, request: Request, store_id: int, request_id: int) -> StreamingHttpResponse:
        store = find_store(self.actor, store_id)
        found = compliance.find_request(store, request_id, actor=self.actor)
        document = open_export(found, actor=self.actor)
        about = [subject(Kind.EXPORT, found.pk)]
        access.note(self.actor, Seen.EXPORT, door=Door.API, store_ids=[store.pk], subjects=about)
        return StreamingHttpResponse(
            document,
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )
