"""Pages of the API's lists: `limit` rows from `cursor` on, with links to the pages around. See core/keyset.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from backoffice.core.errors import Invalid
from backoffice.core.keyset import NOT_THE_QUESTION, KeysetPage, question_of, read_page

DEFAULT_LIMIT, MAXIMUM_LIMIT = 100, 500
PARAMETERS = NOT_THE_QUESTION


class KeysetPagination(BasePagination):
    """Raises `Invalid` for a cursor of another list or filter, and for a limit out of bounds."""

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        self._address = request.build_absolute_uri()
        self._page: KeysetPage = read_page(
            queryset,
            limit=_limit(request),
            question=question_of(request.path, request.query_params),
            cursor=request.query_params.get("cursor"),
        )
        return self._page.rows

    def get_paginated_response(self, data: Any, **beside: Any) -> Response:
        """`beside` is said of the page as a whole."""
        return Response({**beside, "results": data, "next": self.next_link(), "previous": self.previous_link()})

    def next_link(self) -> str | None:
        return self._link(self._page.next)

    def previous_link(self) -> str | None:
        return self._link(self._page.previous)

    def _link(self, cursor: str | None) -> str | None:
        return replace_query_param(self._address, "cursor", cursor) if cursor else None

    def get_paginated_response_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": link, "previous": link},
        }


def page_of(queryset: QuerySet[Any], request: Request) -> tuple[list[Any], KeysetPagination]:
    """The rows of the page asked for, and the paginator that makes the answer of what becomes of them."""
    pages = KeysetPagination()
    return pages.paginate_queryset(queryset, request), pages


def _limit(request: Request) -> int:
    given = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (given.isascii() and given.isdigit() and len(given) < 10 and 1 <= int(given) <= MAXIMUM_LIMIT):
        raise Invalid(
            "limit_invalid", _("A page holds from 1 to %(most)d rows.") % {"most": MAXIMUM_LIMIT}, field="limit"
        )
    return int(given)
