"""Where the access token of a call comes from: a function that returns it, so that no token is kept anywhere else.

A static token is the first kind; kinds that expire (client credentials, refreshed offline tokens) are further
`TokenSource`s that mint on demand and raise `NeedsPerson("bad_token")` when they cannot.
"""

from __future__ import annotations

import re
from typing import Protocol

from stores.shopify.errors import NeedsPerson

_SENDABLE = re.compile(r"[\x21-\x7e]{8,512}", re.ASCII)


class TokenSource(Protocol):
    """Returns a token that is valid now. Called once per request; may take the network and raise `ShopifyError`."""

    def __call__(self) -> str: ...


class StaticToken:
    """An Admin API token that a person pasted. Refuses what could not be a header value; never shows itself."""

    __slots__ = ("_token",)

    def __init__(self, token: str) -> None:
        if not _SENDABLE.fullmatch(token):
            raise NeedsPerson("bad_token")
        self._token = token

    def __call__(self) -> str:
        return self._token

    def __repr__(self) -> str:
        return "StaticToken(…)"
