"""Shop domains: whatever people type becomes `name.myshopify.com`, or is refused.

The access token is sent to the address made from it, so nothing else may ever pass.
"""

from __future__ import annotations

import re

from stores.shopify.errors import NeedsPerson

SHOP_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com", re.ASCII)
_HANDLE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_ADMIN = re.compile(r"admin\.shopify\.com/store/([^/?#]+)")


def is_shop_domain(text: str) -> bool:
    """Whether `text` is exactly one lower-case `name.myshopify.com`."""
    return SHOP_DOMAIN.fullmatch(text) is not None and len(text) <= 80


def normalise_domain(text: str) -> str:
    """The shop's domain from a handle, a domain, an admin address or a https address of the shop.

    Raises `NeedsPerson("bad_domain")` for everything else: own domains (Shopify does not answer there), other hosts,
    user names, ports and characters that look like letters.
    """
    rest = text.strip().lower()
    rest = rest.removeprefix("https://").removeprefix("http://")
    admin = _ADMIN.match(rest)
    name = admin.group(1) if admin else re.split(r"[/?#]", rest, maxsplit=1)[0]
    name = name.removesuffix(".myshopify.com")
    if not _HANDLE.fullmatch(name):
        raise NeedsPerson("bad_domain")
    return f"{name}.myshopify.com"
