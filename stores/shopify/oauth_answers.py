"""What a shop answers when a token is asked for: a grant, or one of the errors of OAuth as a sentence for people."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stores.shopify.auth import is_sendable
from stores.shopify.classify import classify_status
from stores.shopify.errors import Final, NeedsPerson, ShopifyError, TryAgain
from stores.shopify.transport import Reply

# Shopify words some of them as JSON and some as a page that says "Oauth error shop_not_permitted: ...".
_PAGE = re.compile(rb"oauth error ([a-z_]{1,40})", re.IGNORECASE)
_CODES: Mapping[str, str] = {
    "shop_not_permitted": "shop_not_permitted",
    "app_not_installed": "app_not_installed",
    "invalid_client": "invalid_client",
    "unauthorized_client": "invalid_client",
    "application_cannot_be_found": "invalid_client",
}
_CODE_ERRORS = ("invalid_request", "invalid_grant", "invalid_code")


@dataclass(frozen=True, slots=True)
class Grant:
    """A token and what it may do. `expires_in` is in seconds, None for a token that does not expire."""

    token: str = field(repr=False)
    scopes: frozenset[str]
    expires_in: int | None


def read_grant(reply: Reply, *, is_code: bool) -> Grant:
    """The grant in an answer. Raises what its status or its error means; none of the errors holds a secret."""
    found = _json(reply)
    error = _error_of(reply, found)
    request_id = reply.headers.get("x-request-id", "")
    if 400 <= reply.status < 500 and (code := _code_of(error, is_code=is_code)):
        raise NeedsPerson(code, request_id=request_id, facts={"status": reply.status, "shopify_code": error})
    failure = classify_status(reply, is_mutation=False)
    if failure is not None:
        raise _told(failure, error)
    token, expires = found.get("access_token"), found.get("expires_in")
    is_number = isinstance(expires, int) and not isinstance(expires, bool) and expires > 0
    if not isinstance(token, str) or not is_sendable(token) or not (expires is None or is_number):
        raise TryAgain("garbage_answer", after_seconds=2.0, request_id=request_id, facts={"bytes": len(reply.body)})
    scopes = frozenset(scope.strip() for scope in str(found.get("scope") or "").split(",") if scope.strip())
    return Grant(token=token, scopes=scopes, expires_in=expires)


def _code_of(error: str, *, is_code: bool) -> str:
    if is_code and error in _CODE_ERRORS:
        return "invalid_code"
    return _CODES.get(error, "")


def _told(failure: ShopifyError, error: str) -> ShopifyError:
    """A refusal of the app's id and secret is none of a token; what is unknown keeps Shopify's word for the log."""
    if failure.code == "bad_token":
        failure = NeedsPerson("invalid_client", request_id=failure.request_id, facts=failure.facts)
    elif isinstance(failure, Final):
        failure = NeedsPerson("grant_refused", request_id=failure.request_id, facts=failure.facts)
    failure.facts["shopify_code"] = error
    return failure


def _json(reply: Reply) -> Mapping[str, Any]:
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _error_of(reply: Reply, found: Mapping[str, Any]) -> str:
    error = found.get("error")
    if isinstance(error, str) and re.fullmatch(r"[a-z_]{1,40}", error):
        return error
    page = _PAGE.search(reply.body[:20_000])
    return page[1].decode().lower() if page else ""
