"""Who calls, as the API's own machinery needs to know it: whose key, whose share of the requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request

from backoffice.core.actor import Actor


@dataclass(frozen=True, slots=True)
class Caller:
    """`key` tells one token or person from another (`token:12`, `user:3`); `account` is the person behind it."""

    key: str
    account: str


def caller_of(request: Request) -> Caller:
    """Tokens bring theirs as `request.auth`; everybody else is the signed-in account."""
    if isinstance(request.auth, Caller):
        return request.auth
    account = f"user:{request.user.pk}"
    return Caller(key=account, account=account)


def actor_of(request: Request | HttpRequest) -> Actor:
    """The actor that the middleware found for this request."""
    inner: Any = getattr(request, "_request", request)
    actor: Actor = inner.actor
    return actor
