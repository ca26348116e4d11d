"""Bearer tokens. The middleware has looked the token up already; here a request whose token does not hold ends."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from backoffice.core.api.callers import Caller
from stores.services.access import TokenAccess


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer bo_...`. None without such a header, so that a signed-in session may serve."""

    def authenticate(self, request: Request) -> tuple[User, Caller] | None:
        scheme, _space, _secret = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer":
            raise AuthenticationFailed(_("Send the token as “Authorization: Bearer ...”."), code="scheme_unknown")
        inner: Any = request._request
        access: TokenAccess | None = inner.token_access
        if access is None:
            raise AuthenticationFailed(
                _("This token does not hold: it is wrong, expired or revoked."), code="token_invalid"
            )
        return access.user, Caller(key=f"token:{access.token.pk}", account=f"user:{access.user.pk}")

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'
