"""Shopify's three compliance topics: what a payload asks for, told by its shape as well as by its topic.

The signature covers the body alone, so a signed body could be sent again under another topic, or in another shop's
name: the shop is the one that the body names, and a body of another shape than its topic's is refused. Source:
apps/build/compliance/privacy-law-compliance.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from stores.shopify.domain import is_shop_domain
from stores.shopify.errors import Final


class Notice(StrEnum):
    """The topics, as the header names them."""

    DATA_REQUEST = "customers/data_request"
    CUSTOMER_REDACT = "customers/redact"
    SHOP_REDACT = "shop/redact"


TOPICS = frozenset(notice.value for notice in Notice)
_REQUESTED, _TO_REDACT = ("orders_requested", "data_request"), ("orders_to_redact",)


@dataclass(frozen=True, slots=True)
class ComplianceNotice:
    """What is asked: of which shop, about whom. Everything about the person may be empty for `shop/redact` alone."""

    notice: Notice
    domain: str
    customer_gid: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    order_gids: tuple[str, ...] = field(default=(), repr=False)


def read_notice(topic: str, payload: Mapping[str, Any]) -> ComplianceNotice:
    """Takes ids as numbers, digits or gids, and missing parts as empty. Raises `Final("bad_notice")` when the body
    names no shop, nobody at all, or is of another topic's shape."""
    try:
        notice = Notice(topic)
    except ValueError as error:
        raise Final("bad_notice", "There is no such compliance topic.") from error
    domain = str(payload.get("shop_domain") or "").strip().lower()
    if not is_shop_domain(domain):
        raise Final("bad_notice", "The body names no shop.")
    named = payload.get("customer")
    customer: Mapping[str, Any] = named if isinstance(named, Mapping) else {}
    keys = {
        Notice.DATA_REQUEST: _TO_REDACT,
        Notice.CUSTOMER_REDACT: _REQUESTED,
        Notice.SHOP_REDACT: ("customer", *_REQUESTED, *_TO_REDACT),
    }[notice]
    if any(payload.get(key) is not None for key in keys):
        raise Final("bad_notice", "The body is of another topic.")
    orders = payload.get("orders_to_redact" if notice is Notice.CUSTOMER_REDACT else "orders_requested")
    found = ComplianceNotice(
        notice,
        domain,
        customer_gid=_gid(customer.get("id"), "Customer"),
        email=_text(customer.get("email")),
        phone=_text(customer.get("phone")),
        order_gids=tuple(dict.fromkeys(gid for one in _listed(orders) if (gid := _gid(one, "Order")))),
    )
    if notice is not Notice.SHOP_REDACT and not (found.customer_gid or found.email or found.order_gids):
        raise Final("bad_notice", "The body names nobody.")
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _gid(value: Any, kind: str) -> str:
    if isinstance(value, Mapping):
        value = value.get("admin_graphql_api_id") or value.get("id")
    prefix = f"gid://shopify/{kind}/"
    digits = "" if isinstance(value, bool) or value is None else str(value).strip().removeprefix(prefix)
    return f"{prefix}{digits}" if re.fullmatch(r"[0-9]{1,20}", digits, re.ASCII) else ""


def _text(value: Any) -> str:
    return value.strip()[:320] if isinstance(value, str) else ""
