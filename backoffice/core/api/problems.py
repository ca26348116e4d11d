"""The API's one error shape: `application/problem+json` (RFC 9457).

Every refusal, whoever raises it, becomes a `Problem` here: our own error tree, DRF's, a database that is away, and
what Django answers before a view is reached. Unknown errors are not swallowed: Django logs them and `server_error`
answers."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from psycopg.errors import LockNotAvailable, QueryCanceled
from rest_framework import exceptions
from rest_framework.response import Response

from backoffice.core import errors
from backoffice.core.logs import current_request_id

CONTENT_TYPE = "application/problem+json"
API_PREFIX = "/api/"
_RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one input. `field` is a dotted path, empty for the request as a whole. `at`: from which
    character of it to which, where that is known; `suggestion`: what may stand there instead."""

    field: str
    code: str
    detail: str
    at: tuple[int, int] | None = None
    suggestion: str = ""

    def shown(self) -> dict[str, Any]:
        """As JSON has it; without what is not known."""
        found = {"field": self.field, "code": self.code, "detail": self.detail}
        if self.at is None:
            return found
        return {**found, "at": list(self.at), "suggestion": self.suggestion}


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal. `code` is for machines and stays; `detail` is a sentence for people and may change."""

    status: int
    code: str
    detail: str
    errors: tuple[FieldProblem, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        return {
            "type": f"urn:order-backoffice:problem:{self.code}",
            "title": _title(self.status),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "errors": [error.shown() for error in self.errors],
            "request_id": current_request_id(),
        }


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's hook. None for an error that nobody foresaw: it goes on to Django, which logs it."""
    problem = problem_of(error)
    if problem is None:
        return None
    return Response(problem.body(), status=problem.status, headers=problem.headers, content_type=CONTENT_TYPE)


def problem_of(error: BaseException) -> Problem | None:
    """The problem that an error stands for, or None when it is nobody's fault but ours."""
    match error:
        case errors.BackofficeError():
            return _of_ours(error)
        case Http404():
            return _not_found()
        case PermissionDenied():
            return Problem(403, "permission_denied", _("You may not do this."))
        case exceptions.APIException():
            return _of_drf(error)
        case RequestDataTooBig():
            return Problem(413, "body_too_large", _("The request's body is too large; send it in several requests."))
        case UnreadablePostError():
            return Problem(400, "body_unreadable", _("The request's body did not arrive in full; send it again."))
        case OperationalError() | InterfaceError():
            return _of_database(error)
    return None


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, _not_found())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    # A suspicious request's own words are for the log; they may quote what was sent.
    problem = Problem(400, "bad_request", _("The request cannot be understood."))
    return _answer(request, problem)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    problem = Problem(403, "permission_denied", _("You may not do this."))
    return _answer(request, problem)


def server_error(request: HttpRequest) -> HttpResponse:
    """Called while the error is being handled: a database that was away before the view was reached is told apart."""
    error = sys.exc_info()[1]
    away = _of_database(error) if isinstance(error, OperationalError | InterfaceError) else None
    unknown = Problem(500, "server_error", _("Something went wrong here; it was logged under this request's id."))
    return _answer(request, away or unknown)


def _answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """To a program the one error shape; to a person a page that needs neither database nor session."""
    body, headers = problem.body(), dict(problem.headers)
    if request.path.startswith(API_PREFIX):
        return JsonResponse(body, status=problem.status, headers=headers, content_type=CONTENT_TYPE)
    page = render_to_string("error.html", {"problem": body, "again": problem.status >= 500})
    return HttpResponse(page, status=problem.status, headers=headers)


def _of_ours(error: errors.BackofficeError) -> Problem | None:
    match error:
        case errors.NotFound():
            return _not_found()
        case errors.InvalidFields():
            wrong = tuple(
                FieldProblem(each.field, each.code, each.message, each.at, each.suggestion) for each in error.errors
            )
            return Problem(400, error.code, error.message, wrong)
        case errors.Invalid():
            wrong = (FieldProblem(error.field, error.code, error.message),)
            return Problem(400, error.code, error.message, wrong)
        case errors.NotAllowed():
            return Problem(403, error.code, error.message)
        case errors.Refused():
            named = (FieldProblem(error.field, error.code, error.message),) if error.field else ()
            return Problem(409, error.code, error.message, named)
        case errors.Busy():
            return Problem(409, error.code, error.message, headers=_retry())
        case errors.Unreachable():
            return Problem(502, error.code, error.message)
    return None


def _of_drf(error: exceptions.APIException) -> Problem | None:
    if isinstance(error, exceptions.ValidationError):
        wrong = tuple(_flat(error.get_full_details()))
        return Problem(400, "invalid", _summary(wrong), wrong)
    if isinstance(error, exceptions.NotFound):
        return _not_found()
    if error.status_code >= 500 and type(error) is exceptions.APIException:
        return None
    headers: dict[str, str] = {}
    if auth := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(wait)
    code = error.get_codes()
    return Problem(error.status_code, code if isinstance(code, str) else "error", str(error.detail), headers=headers)


def _of_database(error: BaseException) -> Problem:
    cause = error.__cause__
    if isinstance(cause, QueryCanceled):
        return Problem(503, "query_too_slow", _("This took too long; narrow the filter and try again."))
    if isinstance(cause, LockNotAvailable):
        return Problem(503, "busy", _("Somebody else is changing this; try again in a moment."), headers=_retry())
    return Problem(503, "database_away", _("The database does not answer; try again in a moment."), headers=_retry())


def _not_found() -> Problem:
    """The same for what does not exist and for what the caller may not see."""
    return Problem(404, "not_found", _("There is no such thing here, or none that you may see."))


def _flat(details: Any, path: str = "") -> list[FieldProblem]:
    """DRF's nested details as one list: `{"a": [{"b": [...]}]}` becomes `a.0.b`."""
    if isinstance(details, Mapping) and set(details) == {"message", "code"} and isinstance(details["message"], str):
        return [FieldProblem(path, str(details["code"]), details["message"])]
    if isinstance(details, Mapping):
        named = [
            (_below(path, "" if name == "non_field_errors" else str(name)), each) for name, each in details.items()
        ]
        return [problem for below, each in named for problem in _flat(each, below)]
    found: list[FieldProblem] = []
    for position, each in enumerate(details):
        is_leaf = isinstance(each, Mapping) and set(each) == {"message", "code"}
        found += _flat(each, path if is_leaf else _below(path, str(position)))
    return found


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name


def _summary(wrong: Sequence[FieldProblem]) -> str:
    if len(wrong) == 1:
        name = f"{wrong[0].field}: " if wrong[0].field else ""
        return f"{name}{wrong[0].detail}"
    return ngettext("%(n)d input is wrong.", "%(n)d inputs are wrong.", len(wrong)) % {"n": len(wrong)}


def _retry() -> dict[str, str]:
    return {"Retry-After": str(_RETRY_SECONDS)}


def _title(status: int) -> str:
    titles = {
        400: pgettext("problem", "Invalid request"),
        401: pgettext("problem", "Not signed in"),
        403: pgettext("problem", "Not allowed"),
        404: pgettext("problem", "Not found"),
        405: pgettext("problem", "Method not allowed"),
        406: pgettext("problem", "Not acceptable"),
        409: pgettext("problem", "Refused as things stand"),
        412: pgettext("problem", "Changed meanwhile"),
        413: pgettext("problem", "Too large"),
        415: pgettext("problem", "Unsupported media type"),
        422: pgettext("problem", "Not the same request"),
        429: pgettext("problem", "Too many requests"),
        502: pgettext("problem", "A service outside did not answer"),
        503: pgettext("problem", "Not available now"),
    }
    return titles.get(status, pgettext("problem", "Server error") if status >= 500 else pgettext("problem", "Refused"))
