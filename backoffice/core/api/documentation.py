"""What the OpenAPI document says of every endpoint alike: problems, pages, parameters, the Idempotency-Key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from backoffice.core.filtersets import StrictFilterSet

from .pagination import DEFAULT_LIMIT, MAXIMUM_LIMIT
from .problems import CONTENT_TYPE


class FieldProblemSerializer(serializers.Serializer[Any]):
    field = serializers.CharField(help_text="Dotted path of the input; empty for the request as a whole.")
    code = serializers.CharField()
    detail = serializers.CharField(help_text="What would be right.")
    at = serializers.ListField(
        child=serializers.IntegerField(),
        required=False,
        help_text="In a search text: the first wrong character and the one after the last, counted from 0.",
    )
    suggestion = serializers.CharField(required=False, help_text="What may stand there instead; may be empty.")


class ProblemSerializer(serializers.Serializer[Any]):
    """Every refusal (RFC 9457). `code` is for programs and stays; `detail` is for people and may change."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = FieldProblemSerializer(many=True)  # type: ignore[assignment]  # DRF takes fields out of the class
    request_id = serializers.CharField(help_text="Name it when you ask for help.")


_EXAMPLES: Mapping[int, tuple[str, str]] = {
    400: ("parameter_unknown", "There is no parameter “tags”; did you mean “tag”?"),
    401: ("token_invalid", "This token does not hold: it is wrong, expired or revoked."),
    403: ("scope_missing", "This token lacks the scope orders:write; make one that has it."),
    404: ("not_found", "There is no such thing here, or none that you may see."),
    409: ("change_under_way", "The opposite change of order #1001 is under way. Wait until it is done."),
    415: ("unsupported_media_type", "Unsupported media type “text/plain” in request."),
    422: ("idempotency_key_reused", "This Idempotency-Key was used for another request; take a new one."),
    429: ("throttled", "Request was throttled. Expected available in 12 seconds."),
    502: ("unreachable", "The shop could not be reached; nothing was changed here."),
    503: ("database_away", "The database does not answer; try again in a moment."),
}
_READ_PROBLEMS = (400, 401, 403, 429, 503)
_WRITE_PROBLEMS = (*_READ_PROBLEMS, 409, 415, 422)

CURSOR = OpenApiParameter(
    "cursor", str, description="Where the page begins: take it from `next` or `previous`, never make one."
)
LIMIT = OpenApiParameter(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": MAXIMUM_LIMIT, "default": DEFAULT_LIMIT},
    description="Rows on a page.",
)
PAGE = [CURSOR, LIMIT]
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="1 to 255 printable ASCII characters, a UUID for instance. With it the write has its effect once: the "
    "same request gets the same answer for 24 hours.",
)


def answers(success: Mapping[int, Any], *more: int) -> dict[Any, Any]:
    """The responses of a read: what it gives, the problems of every read, and `more` statuses."""
    return {**success, **_problems((*_READ_PROBLEMS, *more))}


def write_answers(success: Mapping[int, Any], *more: int) -> dict[Any, Any]:
    """The responses of a write."""
    return {**success, **_problems((*_WRITE_PROBLEMS, *more))}


def page_schema(
    row: type[serializers.Serializer[Any]], name: str, **extra: serializers.Field[Any, Any, Any, Any]
) -> Any:
    """The description of one page of such rows."""
    link = {"allow_null": True, "help_text": "Address of the page; null where the list ends."}
    fields: dict[str, Any] = {
        **extra,
        "results": row(many=True),
        "next": serializers.URLField(**link),  # type: ignore[arg-type]  # the values differ in type on purpose
        "previous": serializers.URLField(**link),  # type: ignore[arg-type]  # as above
    }
    return inline_serializer(name, fields)


def parameters_of(filters: type[StrictFilterSet]) -> list[OpenApiParameter]:
    """OpenAPI parameters of a filter set, each with its type and help."""
    return [
        OpenApiParameter(name, each.kind.schema(), description=str(each.extra["help_text"]), explode=True)
        for name, each in filters.base_filters.items()
    ]


def _problems(statuses: Iterable[int]) -> dict[Any, OpenApiResponse]:
    found = {}
    for status in sorted(set(statuses)):
        code, detail = _EXAMPLES[status]
        example = OpenApiExample(
            code,
            value={
                "type": f"urn:order-backoffice:problem:{code}",
                "title": HTTPStatus(status).phrase,
                "status": status,
                "detail": detail,
                "code": code,
                "errors": [{"field": "tags", "code": code, "detail": detail}] if status == 400 else [],
                "request_id": "0f2c6e1a9d0b4b6f8a51c6a2b0d6a7e3",
            },
        )
        found[(status, CONTENT_TYPE)] = OpenApiResponse(
            ProblemSerializer, description=HTTPStatus(status).phrase, examples=[example]
        )
    return found
