"""Stores over the API: which there are, and how true the mirror of each is. Secrets are not within reach here."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.actor import CONNECT_SCOPE
from backoffice.core.api.documentation import IDEMPOTENCY_KEY, PAGE, answers, page_schema, write_answers
from backoffice.core.api.pagination import PARAMETERS, page_of
from backoffice.core.api.views import ApiView
from stores.choices import LoadState, StoreState
from stores.features import FeatureLevel as Tone
from stores.models import Store
from stores.services.admission import check_may_connect
from stores.services.health_report import Overview, overviews_of
from stores.services.status import MirrorStatus, mirror_status
from stores.services.truth import together

from .connect import ConnectWish, connect
from .finding import find_store
from .truth import TruthShape, truth_fields, truth_shown


class StoreSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    gid = serializers.CharField()
    name = serializers.CharField()
    domain = serializers.CharField()
    merchant = serializers.CharField(allow_null=True)
    currency = serializers.CharField()
    timezone = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    plan = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(StoreState.choices)
    state_code = serializers.CharField(allow_blank=True)
    state_message = serializers.CharField(allow_blank=True, help_text="What is wrong, and what to do.")
    connected_at = serializers.DateTimeField()
    checked_at = serializers.DateTimeField(allow_null=True, help_text="Last answer of the shop.")


class WindowSerializer(serializers.Serializer[Any]):
    created_from = serializers.DateTimeField(allow_null=True, help_text="Null: everything before `created_to`.")
    created_to = serializers.DateTimeField()
    state = serializers.ChoiceField(LoadState.choices)
    by_pages = serializers.BooleanField(help_text="Read by pages, because bulk failed here.")
    expected = serializers.IntegerField()
    loaded = serializers.IntegerField()
    lost = serializers.IntegerField(help_text="Lines of its file that could not be used.")
    error_code = serializers.CharField(allow_blank=True)
    error_message = serializers.CharField(allow_blank=True)


class PaceSerializer(serializers.Serializer[Any]):
    per_second = serializers.FloatField(allow_null=True, help_text="Orders, over the whole first load so far.")
    eta = serializers.DateTimeField(allow_null=True, help_text="When the first load will be over at that pace.")


class StreamSerializer(serializers.Serializer[Any]):
    resource = serializers.CharField()
    phase = serializers.CharField()
    loaded = serializers.IntegerField()
    expected = serializers.IntegerField(allow_null=True)
    progress = serializers.FloatField(allow_null=True, help_text="0 to 1 during a first load.")
    way = serializers.CharField(allow_blank=True, help_text="How the first load is or was done: bulk or pages.")
    way_reason = serializers.CharField(allow_blank=True, help_text="Why a large one is not done in bulk.")
    pace = PaceSerializer()
    windows = WindowSerializer(many=True, help_text="Newest first, while a first load is done in bulk.")
    true_as_of = serializers.DateTimeField(allow_null=True)
    error_code = serializers.CharField(allow_blank=True)
    error_message = serializers.CharField(allow_blank=True)
    next_attempt_at = serializers.DateTimeField(allow_null=True)


class MirrorSerializer(serializers.Serializer[Any]):
    as_of = serializers.DateTimeField(allow_null=True, help_text="Everything up to then is in the mirror.")
    lag_seconds = serializers.FloatField(allow_null=True)
    is_stale = serializers.BooleanField()
    loading = serializers.BooleanField()
    streams = StreamSerializer(many=True)
    waiting_webhooks = serializers.IntegerField()
    failed_webhooks = serializers.IntegerField()
    last_webhook_at = serializers.DateTimeField(allow_null=True)
    quarantined = serializers.IntegerField()
    summaries = serializers.IntegerField(help_text="Live orders whose details are still to be read.")
    missing_scopes = serializers.ListField(child=serializers.CharField())
    budget_available = serializers.FloatField(allow_null=True)
    budget_maximum = serializers.FloatField(allow_null=True)


class ColourSerializer(serializers.Serializer[Any]):
    """A store in one word: that of its worst line of health."""

    tone = serializers.ChoiceField([tone.value for tone in Tone], help_text="good, info, warning or bad.")
    reason = serializers.CharField(allow_blank=True, help_text="The worst line; empty when all is well.")


class StoreRow(TruthShape, StoreSerializer):
    """One store in a list."""

    health = ColourSerializer()


class StoreDetail(StoreRow):
    scopes = serializers.ListField(child=serializers.CharField())
    api_version = serializers.CharField()
    admin_url = serializers.URLField()
    mirror = MirrorSerializer()


class StoreListView(ApiView):
    scopes: ClassVar = {"get": "stores:read", "post": CONNECT_SCOPE}
    query = PARAMETERS

    @extend_schema(
        operation_id="stores_list",
        summary="The stores that you reach",
        parameters=PAGE,
        responses=answers({200: page_schema(StoreRow, "StorePage", **truth_fields())}),
        tags=["stores"],
    )
    def get(self, request: Request) -> Response:
        stores = Store.objects.visible_to(self.actor).select_related("merchant").order_by("name", "pk")
        rows, pages = page_of(stores, request)
        overviews = overviews_of(rows)
        return pages.get_paginated_response(
            [_row(store, overviews[store.pk]) for store in rows],
            **truth_shown(together([each.truth for each in overviews.values()])),
        )

    @extend_schema(
        operation_id="stores_connect",
        summary="Connect a store",
        description="The shop is asked first; nothing is kept when it does not answer as it should. For "
        "administrators, and for their tokens that are kept to no stores and may do what a manager may.",
        parameters=[IDEMPOTENCY_KEY],
        request=ConnectWish,
        responses=write_answers({201: StoreSerializer}, 502),
        tags=["stores"],
    )
    def post(self, request: Request) -> Response:
        check_may_connect(self.actor)
        body = ConnectWish(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(_shown(connect(body.validated_data, actor=self.actor)), status=201)


class StoreView(ApiView):
    scopes: ClassVar = {"get": "stores:read"}

    @extend_schema(
        operation_id="stores_get",
        summary="One store and the state of its mirror",
        responses=answers({200: StoreDetail}, 404),
        tags=["stores"],
    )
    def get(self, request: Request, store_id: int) -> Response:
        store = find_store(self.actor, store_id)
        return Response(
            {
                **_row(store, overviews_of([store])[store.pk]),
                "scopes": store.scopes,
                "api_version": store.api_version,
                "admin_url": store.admin_url,
                "mirror": mirror_shown(mirror_status(store)),
            }
        )


def _row(store: Store, overview: Overview) -> dict[str, Any]:
    colour = {"tone": overview.colour.tone.value, "reason": overview.colour.reason}
    return {**truth_shown(overview.truth), **_shown(store), "health": colour}


def _shown(store: Store) -> dict[str, Any]:
    return {
        "id": store.pk,
        "gid": store.gid,
        "name": store.name,
        "domain": store.domain,
        "merchant": store.merchant.name if store.merchant else None,
        "currency": store.currency,
        "timezone": store.timezone,
        "email": store.email,
        "plan": store.plan,
        "state": store.state,
        "state_code": store.state_code,
        "state_message": store.state_message,
        "connected_at": store.connected_at,
        "checked_at": store.checked_at,
    }


def mirror_shown(status: MirrorStatus) -> dict[str, Any]:
    shown = asdict(status)
    lag = shown.pop("lag")
    return {**shown, "lag_seconds": lag.total_seconds() if lag is not None else None}
