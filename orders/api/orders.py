"""Reading orders over the API: the list, one order, the counts, the timeline."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.documentation import PAGE, answers, page_schema, parameters_of
from backoffice.core.api.pagination import PARAMETERS, page_of
from backoffice.core.api.views import ApiView
from backoffice.core.choices import Door, Seen
from backoffice.core.parameters import StrictForm
from backoffice.core.strict_fields import Choices
from orders.filters import NAMES, OrderFilterSet, select
from orders.models import Comment, TimelineEntry
from orders.reading import StageCounts, get_order, list_orders, stage_counts, timeline_of, truth_behind
from orders.seen import note_orders, note_rows
from orders.services import full
from orders.services.beside_look import ask_for_a_look
from orders.timeline import describe, happened_by
from stores.api.truth import truth_fields, truth_shown
from stores.services.truth import truth_of

from .detail import order_detail
from .output import list_of, order_rows
from .schemas import OrderDetail, OrderRow
from .schemas_acts import Entry, OrderCounts


class OrderListView(ApiView):
    scopes: ClassVar = {"get": "orders:read"}
    query = NAMES | PARAMETERS

    @extend_schema(
        operation_id="orders_list",
        summary="Orders, newest first",
        description="Live orders unless `stage` says otherwise. Every filter narrows; values of one filter widen it.",
        parameters=[*parameters_of(OrderFilterSet), *PAGE],
        responses=answers({200: page_schema(OrderRow, "OrderPage", **truth_fields())}),
        tags=["orders"],
    )
    def get(self, request: Request) -> Response:
        given = {name: texts for name, texts in request.query_params.lists() if name not in PARAMETERS}
        chosen = select(list_orders(self.actor), given, actor=self.actor)
        rows, pages = page_of(order_rows(chosen), request)
        note_rows(self.actor, Seen.ORDER_LIST, rows, door=Door.API)
        return pages.get_paginated_response(list_of(rows), **truth_shown(truth_behind(self.actor, given)))


class OrderView(ApiView):
    scopes: ClassVar = {"get": "orders:read"}

    @extend_schema(
        operation_id="orders_get",
        summary="One order with all its parts",
        responses=answers({200: OrderDetail}, 404),
        tags=["orders"],
    )
    def get(self, request: Request, order_id: int) -> Response:
        order = get_order(self.actor, order_id)
        if not full.wait_for_details(order):
            ask_for_a_look(order)
        note_orders(self.actor, Seen.ORDER_PAGE, [order], door=Door.API)
        hidden = sorted(order.store.hidden_fields)
        return Response({**truth_shown(truth_of([order.store])), "hidden_fields": hidden, **order_detail(order)})


class CountsQuery(StrictForm):
    group_by = Choices(("store",))


class OrderCountsView(ApiView):
    scopes: ClassVar = {"get": "orders:read"}
    query = frozenset({"group_by"})

    @extend_schema(
        operation_id="orders_counts",
        summary="How many live orders, by what is left to do",
        description="The numbers of the sidebar and the home page. They equal the rows of the list with that `stage`.",
        parameters=[OpenApiParameter("group_by", str, enum=["store"], description="Adds the numbers of each store.")],
        responses=answers({200: OrderCounts}),
        tags=["orders"],
    )
    def get(self, request: Request) -> Response:
        asked = CountsQuery(request.query_params).understood()
        counts = stage_counts(self.actor)
        data: dict[str, Any] = {**truth_shown(counts.truth), "total": _numbers(counts.total)}
        if asked:
            data["stores"] = [
                {
                    "store": {"id": each.store.pk, "name": each.store.name, "domain": each.store.domain},
                    **truth_shown(each.truth),
                    **_numbers(each.counts),
                }
                for each in counts.per_store
            ]
        return Response(data)


class TimelineView(ApiView):
    scopes: ClassVar = {"get": "orders:read"}
    query = PARAMETERS

    @extend_schema(
        operation_id="orders_timeline",
        summary="What happened to an order, newest first",
        parameters=PAGE,
        responses=answers({200: page_schema(Entry, "EntryPage", **truth_fields())}, 404),
        tags=["orders"],
    )
    def get(self, request: Request, order_id: int) -> Response:
        order = get_order(self.actor, order_id)
        entries, pages = page_of(timeline_of(order, self.actor), request)
        note_orders(self.actor, Seen.TIMELINE, [order] if entries else [], door=Door.API)
        written = [entry.data["comment"] for entry in entries if entry.kind == "comment.added"]
        comments = Comment.objects.visible_to(self.actor).filter(order=order, deleted_at=None).in_bulk(written)
        return pages.get_paginated_response(
            [_entry(entry, comments.get(entry.data.get("comment"))) for entry in entries],
            **truth_shown(truth_of([order.store])),
        )


def _numbers(counts: StageCounts) -> dict[str, int]:
    return {"live": counts.live, **asdict(counts)}


def _entry(entry: TimelineEntry, comment: Comment | None) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "kind": entry.kind,
        "source": entry.source,
        "occurred_at": entry.occurred_at,
        "recorded_at": entry.recorded_at,
        "by": happened_by(entry),
        "sentence": describe(entry),
        "data": entry.data,
        "comment": {"id": comment.pk, "body": comment.body} if comment else None,
        "run_id": entry.run_id,
    }
