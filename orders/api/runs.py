"""What became of an act, over the API: counts at any moment, and each order with its outcome."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.documentation import PAGE, answers, page_schema
from backoffice.core.api.pagination import PARAMETERS, page_of
from backoffice.core.api.views import ApiView
from orders.models import RemoteChange
from orders.reading import changes_of_run
from orders.services.runs import run_outcome

from .schemas_acts import RunNumbers, RunRow


class RunView(ApiView):
    scopes: ClassVar = {"get": "orders:read"}
    query = PARAMETERS

    @extend_schema(
        operation_id="runs_get",
        summary="What became of an act",
        description="`finished` when nothing is on its way any more. An uncertain outcome is being looked up.",
        parameters=PAGE,
        responses=answers(
            {
                200: page_schema(
                    RunRow,
                    "RunPage",
                    run_id=serializers.UUIDField(),
                    finished=serializers.BooleanField(),
                    counts=RunNumbers(),
                )
            },
            404,
        ),
        tags=["acts"],
    )
    def get(self, request: Request, run_id: uuid.UUID) -> Response:
        changes, pages = page_of(changes_of_run(run_id, self.actor), request)
        outcome = run_outcome(run_id, actor=self.actor)
        page = pages.get_paginated_response([_row(change) for change in changes]).data
        return Response({"run_id": run_id, "finished": outcome.is_finished, "counts": asdict(outcome), **page})


def _row(change: RemoteChange) -> dict[str, Any]:
    return {
        "order_id": change.order_id,
        "order_name": change.order.name,
        "store_id": change.store_id,
        "verb": change.verb,
        "state": change.state,
        "code": change.code,
        "detail": change.message,
        "created_at": change.created_at,
        "settled_at": change.settled_at,
    }
