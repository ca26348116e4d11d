"""Where the access token of a call comes from: a source that is asked per request, so that no token is kept elsewhere.

A pasted token never changes. Tokens that expire are minted on demand by other `TokenSource`s, which keep them in rows.
"""

from __future__ import annotations

import re
from typing import Protocol

from stores.shopify.errors import NeedsPerson

_SENDABLE = re.compile(r"[\x21-\x7e]{8,512}", re.ASCII)


class TokenSource(Protocol):
    """Gives tokens. Both methods may take the network and raise `ShopifyError`."""

    def __call__(self) -> str:
        """A token that is valid now. Asked once per request."""

    def renewed(self, refused: str) -> str | None:
        """Another token than `refused`, which the shop answered with 401; None when only a person can give one."""


class StaticToken:
    """An Admin API token that is not going to change. Refuses what could not be a header value; never shows itself."""

    __slots__ = ("_token",)

    def __init__(self, token: str) -> None:
        if not is_sendable(token):
            raise NeedsPerson("bad_token")
        self._token = token

    def __call__(self) -> str:
        return self._token

    def renewed(self, refused: str) -> str | None:
        return None

    def __repr__(self) -> str:
        return "StaticToken(…)"


def is_sendable(secret: str) -> bool:
    """Whether a token, id or secret is one word of printable ASCII, as all of Shopify's are."""
    return _SENDABLE.fullmatch(secret) is not None
