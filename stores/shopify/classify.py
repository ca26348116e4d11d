"""From what came back, or did not, to the error tree. One place decides; nothing here touches the network.

The question that matters: can the call have changed something? A query never, so everything transient is `TryAgain`.
A mutation only surely not when the connection was never made, the certificate was refused, Shopify said 4xx, or it
throttled or rejected the whole document. Everything else is `Uncertain`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import requests
import urllib3

from stores.shopify.errors import Final, NeedsPerson, ShopifyError, TooExpensive, TryAgain, Uncertain
from stores.shopify.throttle import ThrottleStatus, seconds_until
from stores.shopify.transport import AnswerBroken, AnswerTooLarge, Reply, TooSlow

_PERSON_BY_STATUS: Mapping[int, str] = {
    401: "bad_token",
    402: "shop_frozen",
    403: "access_refused",
    404: "wrong_shop",
    423: "shop_locked",
}
_REJECTED_VALUES = frozenset({"INVALID_VARIABLE", "BAD_REQUEST", "RESOURCE_NOT_FOUND", "MAX_INPUT_SIZE_EXCEEDED"})
# "... to access the Customer object", "... to use the phone field"
_NOT_APPROVED = "This app is not approved to "
_BEFORE_RUNNING = _REJECTED_VALUES | {"ACCESS_DENIED", "SHOP_INACTIVE"}
_BACKOFF = {429: 2.0, 430: 900.0, 540: 600.0}
_LONGEST_PAUSE = 3600.0


@dataclass(frozen=True, slots=True)
class Body:
    """A GraphQL answer: `data` may be None, `errors` are GraphQL's, `extensions` carries cost and search warnings."""

    data: Mapping[str, Any] | None
    errors: tuple[Mapping[str, Any], ...]
    extensions: Mapping[str, Any]


def classify_exception(error: Exception, *, is_mutation: bool) -> ShopifyError:
    """What an exchange that gave no whole answer means."""
    code, was_sent = _failure(error)
    facts = {"because": code, "exception": type(error).__name__}
    if not was_sent:
        if code == "bad_certificate":
            return NeedsPerson(code, facts=facts)
        return TryAgain(code, after_seconds=5.0, facts=facts)
    if is_mutation:
        return Uncertain("outcome_unknown", facts=facts)
    if code == "answer_too_large":
        return Final(code, facts=facts)
    return TryAgain(code, after_seconds=2.0, facts=facts)


def classify_status(reply: Reply, *, is_mutation: bool) -> ShopifyError | None:
    """What the HTTP status alone says; None for 200, which GraphQL uses for nearly everything."""
    status = reply.status
    if status == 200:
        return None
    request_id = reply.headers.get("x-request-id", "")
    facts: dict[str, object] = {"status": status}
    if status in _PERSON_BY_STATUS:
        return NeedsPerson(_PERSON_BY_STATUS[status], request_id=request_id, facts=facts)
    if 300 <= status < 400:
        return NeedsPerson("redirected", request_id=request_id, facts=facts)
    if status in (429, 430):
        code = "rate_limited" if status == 429 else "security_rejection"
        return TryAgain(code, after_seconds=_pause(reply), request_id=request_id, facts=facts)
    if 400 <= status < 500:
        return Final("bad_request", request_id=request_id, facts=facts)
    if is_mutation:
        return Uncertain("outcome_unknown", request_id=request_id, facts=facts | {"because": "shop_unavailable"})
    return TryAgain("shop_unavailable", after_seconds=_pause(reply), request_id=request_id, facts=facts)


def read_body(reply: Reply, *, is_mutation: bool) -> Body:
    """The GraphQL answer in a reply of status 200. Raises `TryAgain` or `Uncertain` when there is none in it."""
    try:
        found = json.loads(reply.body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and ("data" in found or "errors" in found):
        data, extensions, errors = found.get("data"), found.get("extensions") or {}, found.get("errors") or []
        listed = isinstance(errors, list) and all(isinstance(error, dict) for error in errors)
        if listed and isinstance(extensions, dict) and (isinstance(data, dict) or (data is None and errors)):
            return Body(data, tuple(errors), extensions)
    request_id, facts = reply.headers.get("x-request-id", ""), {"because": "garbage_answer", "bytes": len(reply.body)}
    if is_mutation:
        raise Uncertain("outcome_unknown", request_id=request_id, facts=facts)
    raise TryAgain("garbage_answer", after_seconds=2.0, request_id=request_id, facts=facts)


def classify_errors(
    body: Body, *, is_mutation: bool, request_id: str, requested: float, status: ThrottleStatus | None
) -> ShopifyError:
    """What GraphQL's `errors` mean for the whole call. Called with at least one error."""
    error = min(body.errors, key=_weight)
    code, facts = error_code(error), _facts_of(error)
    if code == "THROTTLED":
        wait = seconds_until(status, requested) if status else 2.0
        return TryAgain("throttled", after_seconds=wait, request_id=request_id, facts=facts)
    if code == "MAX_COST_EXCEEDED":
        return TooExpensive("too_expensive", request_id=request_id, facts=facts)
    if is_mutation and not _surely_refused(body):
        return Uncertain("outcome_unknown", request_id=request_id, facts=facts | {"because": "shopify_error"})
    if is_unapproved(error):
        return NeedsPerson("data_not_approved", request_id=request_id, facts=facts)
    if code == "ACCESS_DENIED":
        return NeedsPerson("missing_scope", request_id=request_id, facts=facts)
    if code == "SHOP_INACTIVE":
        return NeedsPerson("shop_inactive", request_id=request_id, facts=facts)
    if code in _REJECTED_VALUES:
        return Final("request_rejected", request_id=request_id, facts=facts)
    if code and code[0].islower():  # codes of document errors are camelCase, such as undefinedField
        return Final("document_rejected", request_id=request_id, facts=facts)
    if code == "INTERNAL_SERVER_ERROR":
        return TryAgain("shop_unavailable", after_seconds=2.0, request_id=request_id, facts=facts)
    return Final("shopify_error", request_id=request_id, facts=facts)


def _surely_refused(body: Body) -> bool:
    """Whether no field of a mutation has run: each one is null, for a reason that precedes running."""
    ran = body.data is not None and any(value is not None for value in body.data.values())
    codes = [error_code(error) for error in body.errors]
    return not ran and all(code in _BEFORE_RUNNING or code[:1].islower() for code in codes)


def error_code(error: Mapping[str, Any]) -> str:
    """The `extensions.code` of a GraphQL error, or nothing."""
    extensions = error.get("extensions")
    return str(extensions.get("code") or "") if isinstance(extensions, dict) else ""


def error_path(error: Mapping[str, Any]) -> tuple[str | int, ...]:
    """The path of a GraphQL error in the answer, or nothing."""
    path = error.get("path")
    return tuple(part for part in path if isinstance(part, (str, int))) if isinstance(path, list) else ()


def is_unapproved(error: Mapping[str, Any]) -> bool:
    """Whether Shopify has not approved the app for protected customer data, whatever scopes it has."""
    return str(error.get("message", "")).startswith(_NOT_APPROVED)


def _failure(error: Exception) -> tuple[str, bool]:
    """The code of a failed exchange, and whether the request may have reached the shop."""
    cause = _root(error)
    if isinstance(cause, urllib3.exceptions.NameResolutionError):
        return "unknown_host", False
    if isinstance(cause, (urllib3.exceptions.ConnectTimeoutError, urllib3.exceptions.NewConnectionError)):
        return "unreachable", False
    if isinstance(cause, (urllib3.exceptions.SSLError, requests.exceptions.SSLError)):
        # Only a refused certificate surely ends the handshake before anything was sent.
        refused = "CERTIFICATE_VERIFY_FAILED" in str(cause)
        return ("bad_certificate", False) if refused else ("connection_lost", True)
    if isinstance(error, AnswerTooLarge):
        return "answer_too_large", True
    if isinstance(error, AnswerBroken):
        return "garbage_answer", True
    if isinstance(cause, (TooSlow, requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)):
        return "timed_out", True
    return "connection_lost", True


def _root(error: Exception) -> BaseException:
    """The urllib3 error inside what requests made of it."""
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", None)
    if isinstance(reason, BaseException):
        return reason
    return inner if isinstance(inner, urllib3.exceptions.HTTPError) else error


def _pause(reply: Reply) -> float:
    """Seconds to wait before the next try: what the shop asks for, within reason."""
    try:
        asked = float(reply.headers.get("retry-after", ""))
    except ValueError:
        asked = _BACKOFF.get(reply.status, 2.0)
    return min(max(asked, 1.0), _LONGEST_PAUSE) if asked == asked else 2.0  # not a number is not itself


_HEAVIEST_FIRST = ("THROTTLED", "MAX_COST_EXCEEDED", "SHOP_INACTIVE", "ACCESS_DENIED")


def _weight(error: Mapping[str, Any]) -> int:
    code = error_code(error)
    return _HEAVIEST_FIRST.index(code) if code in _HEAVIEST_FIRST else len(_HEAVIEST_FIRST)


def _facts_of(error: Mapping[str, Any]) -> dict[str, object]:
    extensions = error.get("extensions")
    facts: dict[str, object] = {
        "shopify_says": str(error.get("message", ""))[:500],
        "shopify_code": error_code(error),
        "path": ".".join(str(part) for part in error_path(error)),
    }
    if isinstance(extensions, dict) and extensions.get("requiredAccess"):
        facts["required_access"] = str(extensions["requiredAccess"])[:500]
    return facts


def _refuse_constant(text: str) -> object:
    raise ValueError(f"{text} is not JSON")
