"""A store's calendar over the API."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.documentation import IDEMPOTENCY_KEY, answers, write_answers
from backoffice.core.api.serializers import StrictSerializer
from backoffice.core.api.views import ApiView
from stores.models import StoreCalendar
from stores.services.calendars import MOST_CLOSED_DAYS, MOST_DAYS, CalendarWish, row_of, set_calendar

from .finding import find_store


class CalendarSerializer(StrictSerializer):
    working_days = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6), min_length=1, max_length=7, help_text="0 is Monday."
    )
    country = serializers.CharField(
        max_length=2, allow_blank=True, default="", help_text="Whose public holidays are days off, such as NL."
    )
    region = serializers.CharField(max_length=10, allow_blank=True, default="", help_text="Such as BY of Germany.")
    closed_days = serializers.ListField(child=serializers.DateField(), max_length=MOST_CLOSED_DAYS, default=list)
    cut_off = serializers.TimeField(
        allow_null=True, default=None, help_text="What happens later in the store's day counts as of the next day."
    )
    fulfil_days = serializers.IntegerField(min_value=0, max_value=MOST_DAYS, default=2, help_text="Working days.")
    settle_days = serializers.IntegerField(min_value=0, max_value=MOST_DAYS, default=5, help_text="Working days.")
    idle_days = serializers.IntegerField(
        min_value=0, max_value=MOST_DAYS, default=5, help_text="Working days without an event before an order slips."
    )


class CalendarView(ApiView):
    scopes: ClassVar = {"get": "stores:read", "put": "orders:write"}

    @extend_schema(
        operation_id="stores_calendar",
        summary="Working days and targets",
        responses=answers({200: CalendarSerializer}, 404),
        tags=["stores"],
    )
    def get(self, request: Request, store_id: int) -> Response:
        return Response(_shown(row_of(find_store(self.actor, store_id))))

    @extend_schema(
        operation_id="stores_calendar_set",
        summary="Set working days and targets",
        description="Managers of the store. What is left out has its default.",
        parameters=[IDEMPOTENCY_KEY],
        request=CalendarSerializer,
        responses=write_answers({200: CalendarSerializer}, 404),
        tags=["stores"],
    )
    def put(self, request: Request, store_id: int) -> Response:
        store = find_store(self.actor, store_id)
        wish = CalendarSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        given = wish.validated_data
        given |= {name: frozenset(given[name]) for name in ("working_days", "closed_days")}
        return Response(_shown(set_calendar(store, CalendarWish(**given), actor=self.actor)))


def _shown(row: StoreCalendar) -> dict[str, Any]:
    return {name: getattr(row, name) for name in CalendarSerializer().get_fields()}
