"""The shop's OAuth: an app's id and secret become tokens, by themselves or with a code that its owner carries.

Minted tokens end after 24 hours of the shop's clock; those for a code stay. Tokens outlive a restart of a shop with a
state file, codes do not. The signature's time is real time, because whoever checks it has no other clock.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from stores.rehearsal.clock import Clock
from stores.rehearsal.store import Store

Answer = tuple[int, dict[str, Any]]

MINTED_SECONDS = 86_399
_CODE_SECONDS = 600
_META = "oauth_tokens"


class OAuth:
    """One app in this shop. `installed` and `permitted` are what its owner and Shopify say about it."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        domain: str,
        client_id: str,
        client_secret: str,
        scopes: Callable[[], frozenset[str]],
    ) -> None:
        self.installed = True
        self.permitted = True
        self.minted = 0
        self.client_secret = client_secret
        self._client_id = client_id
        self._domain = domain
        self._store = store
        self._clock = clock
        self._scopes = scopes
        self._lock = threading.Lock()
        self._codes: dict[str, float] = {}
        self._tokens: dict[str, float | None] = json.loads(store.meta(_META) or "{}")

    def accepts(self, token: str) -> bool:
        """Whether this is a token of ours that has not ended."""
        with self._lock:
            ends = self._tokens.get(token, 0.0)
        return ends is None or self._clock.now() < ends

    def expire(self) -> None:
        """All tokens that were given end now."""
        with self._lock:
            self._tokens.clear()
            self._keep()

    def grant(self, asked: Mapping[str, str]) -> Answer:
        """What `POST /admin/oauth/access_token` answers."""
        if asked.get("client_id") != self._client_id:
            return _error("application_cannot_be_found", "Could not find Shopify API application")
        if not hmac.compare_digest(asked.get("client_secret", "").encode(), self.client_secret.encode()):
            return _error("invalid_client", "Client authentication failed")
        if asked.get("grant_type") == "client_credentials":
            return self._by_credentials()
        if "code" in asked and asked.get("grant_type", "authorization_code") == "authorization_code":
            return self._by_code(asked["code"], expiring=asked.get("expiring") == "1")
        return _error("unsupported_grant_type", "The grant type is not supported")

    def approve(self, asked: Mapping[str, str]) -> str | None:
        """Where the owner is sent after he let the app in, which he does at once; None for an unknown app."""
        redirect = asked.get("redirect_uri", "")
        if asked.get("client_id") != self._client_id or not redirect.startswith(("http://", "https://")):
            return None
        code = secrets.token_hex(16)
        with self._lock:
            self.installed = True
            self._codes[code] = self._clock.now() + _CODE_SECONDS
        host = base64.b64encode(f"admin.shopify.com/store/{self._domain.split('.')[0]}".encode()).decode()
        carried = {
            "code": code,
            "host": host,
            "shop": self._domain,
            "state": asked.get("state", ""),
            "timestamp": str(int(time.time())),
        }
        carried["hmac"] = self.signature(carried)
        return f"{redirect}{'&' if '?' in redirect else '?'}{urlencode(carried)}"

    def signature(self, carried: Mapping[str, str]) -> str:
        """As Shopify's servers sign the parameters of an address."""
        text = urlencode(sorted(carried.items()))
        for written, wanted in (("+", "%20"), ("~", "%7E"), ("%2A", "*")):
            text = text.replace(written, wanted)
        return hmac.new(self.client_secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    def _by_credentials(self) -> Answer:
        if not self.permitted:
            return _error("shop_not_permitted", "Client credentials cannot be performed on this shop.")
        if not self.installed:
            return _error("app_not_installed", "The application is not installed on this shop.")
        return 200, {**self._token(MINTED_SECONDS), "expires_in": MINTED_SECONDS}

    def _by_code(self, code: str, *, expiring: bool) -> Answer:
        with self._lock:
            ends = self._codes.pop(code, 0.0)
        if self._clock.now() >= ends:
            return _error("invalid_request", "The authorization code was not found or was already used")
        if expiring:
            return 200, {**self._token(3600), "expires_in": 3600}
        return 200, self._token(None)

    def _token(self, seconds: int | None) -> dict[str, Any]:
        token = f"shpat_{secrets.token_hex(16)}"
        with self._lock:
            self.minted += 1
            now = self._clock.now()
            self._tokens = {known: ends for known, ends in self._tokens.items() if ends is None or ends > now}
            self._tokens[token] = None if seconds is None else now + seconds
            self._keep()
        return {"access_token": token, "scope": ",".join(sorted(self._scopes()))}

    def _keep(self) -> None:
        self._store.set_meta(_META, json.dumps(self._tokens))


def read_form(body: bytes, content_type: str) -> dict[str, str]:
    """A request for a token, as a form or as JSON; nothing when it is neither."""
    try:
        if "json" in content_type:
            found = json.loads(body)
            return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    except ValueError:
        return {}


def _error(code: str, description: str) -> Answer:
    return 400, {"error": code, "error_description": description}
