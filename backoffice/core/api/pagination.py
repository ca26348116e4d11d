"""Keyset pagination: a page begins right after the last row of the one before, by the row's own values.

Right on equal times, because the ordering ends in a unique column and rows are compared as wholes; as fast on the last
page as on the first; nothing is counted. A row that does not change while somebody pages is seen exactly once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import BooleanField, F, Func, QuerySet, Value
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from backoffice.core.errors import Invalid

DEFAULT_LIMIT, MAXIMUM_LIMIT = 100, 500
_SALT = "api.cursor"
PARAMETERS = ("cursor", "limit")


@dataclass(frozen=True, slots=True)
class _Position:
    values: tuple[Any, ...]
    backwards: bool


class KeysetPagination(BasePagination):
    """For querysets that are ordered by plain columns, all upwards or all downwards, the last one unique. Rows may be
    objects or `values()` mappings that hold those columns."""

    def paginate_queryset(
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        self._request = request
        self._queryset = queryset
        self._names = _ordering(queryset)
        limit = _limit(request)
        position = self._position()
        rows = queryset
        if position is not None:
            rows = queryset.filter(self._after(position))
            if position.backwards:
                rows = rows.reverse()
        page = list(rows[: limit + 1])
        more, page = len(page) > limit, page[:limit]
        if position is not None and position.backwards:
            page.reverse()
            self._has_next, self._has_previous = True, more
        else:
            self._has_next, self._has_previous = more, position is not None
        self._page = page
        return page

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.next_link(), "previous": self.previous_link()})

    def next_link(self) -> str | None:
        return self._link(self._page[-1], backwards=False) if self._has_next and self._page else None

    def previous_link(self) -> str | None:
        return self._link(self._page[0], backwards=True) if self._has_previous and self._page else None

    def get_paginated_response_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": link, "previous": link},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        return [
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "schema": {"type": "string"},
                "description": "Where the page begins; take it from `next` or `previous`, never make one.",
            },
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "schema": {"type": "integer", "minimum": 1, "maximum": MAXIMUM_LIMIT, "default": DEFAULT_LIMIT},
                "description": "Rows on a page.",
            },
        ]

    def _after(self, position: _Position) -> Func:
        # One comparison of whole rows: an index over the ordering begins right there, also among equal times.
        downwards = self._names[0].startswith("-")
        names = [name.lstrip("-") for name in self._names]
        fields = [_field(self._queryset, name) for name in names]
        given = [Value(value, output_field=field) for value, field in zip(position.values, fields, strict=True)]
        return Func(
            Func(*map(F, names), function="ROW"),
            Func(*given, function="ROW"),
            template="%(expressions)s",
            arg_joiner=" < " if downwards != position.backwards else " > ",
            output_field=BooleanField(),
        )

    def _link(self, row: Any, *, backwards: bool) -> str:
        names = [name.lstrip("-") for name in self._names]
        values = [row[name] if isinstance(row, Mapping) else getattr(row, name) for name in names]
        cursor = signing.dumps(
            {"v": [_text(value) for value in values], "b": backwards, "q": self._question()}, salt=_SALT
        )
        return replace_query_param(self._request.build_absolute_uri(), "cursor", cursor)

    def _position(self) -> _Position | None:
        given = self._request.query_params.get("cursor")
        if given is None:
            return None
        try:
            content = signing.loads(given, salt=_SALT)
            same = content["q"] == self._question() and len(content["v"]) == len(self._names)
            values = tuple(
                _field(self._queryset, name.lstrip("-")).to_python(value)
                for name, value in zip(self._names, content["v"], strict=False)
            )
        except (signing.BadSignature, KeyError, TypeError, ValueError, ValidationError):
            same, values, content = False, (), {}
        if not same:
            raise Invalid(
                "cursor_invalid",
                _("This cursor belongs to another list, filter or ordering; begin again without it."),
                field="cursor",
            )
        return _Position(values, bool(content["b"]))

    def _question(self) -> str:
        """What was asked, apart from where and how much of it: a cursor goes on in the same list only."""
        asked = sorted(
            (name, *sorted(values)) for name, values in self._request.query_params.lists() if name not in PARAMETERS
        )
        plain = repr((self._request.path, self._names, asked))
        return hashlib.sha256(plain.encode()).hexdigest()[:16]


def _ordering(queryset: QuerySet[Any]) -> Sequence[str]:
    """The ordering with `pk` by its column's name. Anything else than plain columns in one direction is our mistake."""
    names = queryset.query.order_by or queryset.model._meta.ordering
    plain = [name.replace("pk", queryset.model._meta.pk.name) if name in {"pk", "-pk"} else name for name in names]
    directions = {name.startswith("-") for name in plain}
    if not plain or len(directions) != 1:
        raise TypeError(f"{queryset.model.__name__}: keyset pages need plain columns in one direction, not {plain}")
    return plain


def _field(queryset: QuerySet[Any], name: str) -> Any:
    try:
        return queryset.model._meta.get_field(name)
    except FieldDoesNotExist as error:
        raise TypeError(f"{name} is no column of {queryset.model.__name__}") from error


def _limit(request: Request) -> int:
    given = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (given.isascii() and given.isdigit() and len(given) < 10 and 1 <= int(given) <= MAXIMUM_LIMIT):
        raise Invalid(
            "limit_invalid",
            _("A page holds from 1 to %(most)d rows.") % {"most": MAXIMUM_LIMIT},
            field="limit",
        )
    return int(given)


def _text(value: Any) -> str | int | None:
    if value is None or isinstance(value, int):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
