"""Opens the store scope of the request's actor around the view and the rendering of its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from backoffice.core.actor import Actor

from .scoping import acting_as
from .services.access import NOBODY, TokenAccess, access_by_token, actor_of

# Asked by machines, also while the database is away: nobody's session is looked up for them.
_WITHOUT_PEOPLE = ("/healthz/", "/webhooks/")


class StoreScopeMiddleware:
    """Sets `request.actor`, and `request.token_access` for a request that bears a token. A token that does not hold
    gives nobody's scope; the API's authentication then refuses the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        access, actor = self._who(request)
        request.token_access = access  # type: ignore[attr-defined]  # read back through `actor_of_request`
        request.actor = actor  # type: ignore[attr-defined]
        with acting_as(actor):
            response = self._get_response(request)
            if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                response.render()
            return response

    @staticmethod
    def _who(request: HttpRequest) -> tuple[TokenAccess | None, Actor]:
        if request.path.startswith(_WITHOUT_PEOPLE):
            return None, NOBODY
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            access = access_by_token(secret.strip())
            return access, access.actor if access else NOBODY
        return None, actor_of(request.user)


def actor_of_request(request: HttpRequest) -> Actor:
    """The actor that the middleware found; also for DRF's wrapped requests."""
    inner: Any = getattr(request, "_request", request)
    actor: Actor = inner.actor
    return actor
