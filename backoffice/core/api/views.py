"""The base of every API view: a door that is shut unless it says who may pass, and strict about what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ClassVar

from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from backoffice.core.actor import Actor
from backoffice.core.errors import InvalidFields, NotAllowed
from backoffice.core.parameters import unknown

from . import idempotency
from .callers import actor_of
from .pagination import KeysetPagination
from .parsers import StrictJSONParser
from .throttles import AccountThrottle

WRITES = ("post", "put", "patch", "delete")


class HoldsScope(BasePermission):
    """Signed in, and for a token: made for this kind of request. A method that no scope is named for is refused."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not (request.user and request.user.is_authenticated):
            return False
        method = "get" if request.method == "HEAD" else (request.method or "").lower()
        if method == "options" or not hasattr(view, method):
            return True  # answered with 405
        scope = getattr(view, "scopes", {}).get(method)
        if scope is None:
            return False
        held = actor_of(request).scopes
        if held is None or scope in held:
            return True
        raise NotAllowed(
            "scope_missing",
            _("This token lacks the scope %(scope)s; make one that has it.") % {"scope": scope},
            scope=scope,
        )


PEOPLE_ONLY = "people"
"""A scope that no token can hold: for what only a signed-in person may do."""


class ApiView(APIView):
    """`scopes` names the scope for each method, `query` the parameters that a read understands and `write_query` those
    of a write; others are refused, so that a mistyped filter never widens an answer in silence. Writes honour
    Idempotency-Key without doing anything for it."""

    scopes: ClassVar[Mapping[str, str]] = {}
    query: ClassVar[frozenset[str]] = frozenset()
    write_query: ClassVar[frozenset[str]] = frozenset()
    hidden_when_kept: ClassVar[frozenset[str]] = frozenset()
    """Names in an answer's data that are null when it is given again: secrets that are shown once."""

    permission_classes = (HoldsScope,)
    throttle_classes = (AccountThrottle,)
    parser_classes = (StrictJSONParser,)
    renderer_classes = (JSONRenderer,)
    metadata_class = None
    pagination_class = KeysetPagination

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in WRITES:
            if name in vars(cls):
                setattr(cls, name, _idempotent(vars(cls)[name]))

    @property
    def actor(self) -> Actor:
        return actor_of(self.request)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.headers = dict(self.headers)
        # Read here, in full and first: Django's limit on the size of a body holds only for what it reads itself, and
        # authentication by session (CSRF) would leave a stream that cannot be read again.
        _body = request._request.body
        super().initial(request, *args, **kwargs)
        known = self.query if request.method in SAFE_METHODS else self.write_query
        if wrong := list(unknown(request.query_params, known=known)):
            raise InvalidFields(wrong)

    def keep(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """What of an answer may lie in the database for 24 hours."""
        return {name: None if name in self.hidden_when_kept else value for name, value in data.items()}


def _idempotent(handler: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    @wraps(handler)
    def write_once(self: ApiView, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return idempotency.once(
            request,
            lambda: handler(self, request, *args, **kwargs),
            refuse=self.handle_exception,
            keep=self.keep,
        )

    return write_once
