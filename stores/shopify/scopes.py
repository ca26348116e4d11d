"""Access scopes: what a token was granted decides what we ask for. Source: the access scopes of Admin 2026-10."""

from __future__ import annotations

import re
from collections.abc import Collection

REQUIRED: frozenset[str] = frozenset({"read_orders", "write_orders"})
"""Without these a store cannot be mirrored and acted on."""

WANTED: frozenset[str] = REQUIRED | {
    "read_all_orders",
    "read_customers",
    "read_fulfillments",
    "read_locations",
    "read_products",
    "read_returns",
    "write_merchant_managed_fulfillment_orders",
    "write_order_edits",
    "write_third_party_fulfillment_orders",
}
"""What an app is asked to have; it works with less, and says what it then cannot do."""

FULFILLMENT_ORDER_SCOPES: frozenset[str] = frozenset(
    {
        "read_merchant_managed_fulfillment_orders",
        "read_third_party_fulfillment_orders",
        "read_assigned_fulfillment_orders",
        "read_marketplace_fulfillment_orders",
    }
)
"""Any one of them opens fulfilment orders; those of the other kinds stay invisible."""


_SHOW_MORE = frozenset({"read_all_orders", "read_customers", "read_returns", *FULFILLMENT_ORDER_SCOPES})


_HANDLE = re.compile(r"\b(?:read|write|unauthenticated)_[a-z_]+\b")


def has_scope(granted: Collection[str], scope: str) -> bool:
    """Whether `scope` is granted; Shopify may list only `write_x`, which implies `read_x`."""
    return scope in granted or (scope.startswith("read_") and f"write_{scope.removeprefix('read_')}" in granted)


def has_any(granted: Collection[str], scopes: Collection[str]) -> bool:
    """Whether one of `scopes` is granted; no scopes named means none needed."""
    return not scopes or any(has_scope(granted, scope) for scope in scopes)


def spelled_out(granted: Collection[str]) -> frozenset[str]:
    """The granted scopes with every `read_x` that a `write_x` among them implies: two lists of the same access may name
    it differently."""
    return frozenset(granted) | {f"read_{scope.removeprefix('write_')}" for scope in granted if scope[:6] == "write_"}


def without(granted: Collection[str], refused: Collection[str]) -> frozenset[str]:
    """What is left of `granted`. Who may not read something may not write it either."""
    closed = set(refused) | {f"write_{scope.removeprefix('read_')}" for scope in refused if scope[:5] == "read_"}
    return spelled_out(granted) - closed


def named_in(text: str) -> frozenset[str]:
    """The scopes that a sentence of Shopify names, such as "Required access: `read_customers` access scope."."""
    return frozenset(_HANDLE.findall(text))


def missing(granted: Collection[str]) -> frozenset[str]:
    """The required scopes that were not granted."""
    return frozenset(scope for scope in REQUIRED if not has_scope(granted, scope))


def reads_more(before: Collection[str], now: Collection[str]) -> bool:
    """Whether orders read with `now` show more than those read with `before` did."""
    return any(has_scope(now, scope) and not has_scope(before, scope) for scope in _SHOW_MORE)


def reads_customers(granted: Collection[str]) -> bool:
    return has_scope(granted, "read_customers")


def reads_returns(granted: Collection[str]) -> bool:
    return has_scope(granted, "read_returns")


def reads_payment_terms(granted: Collection[str]) -> bool:
    return has_scope(granted, "read_payment_terms")


def reads_staff(granted: Collection[str]) -> bool:
    return has_scope(granted, "read_users")


def reads_fulfillment_orders(granted: Collection[str]) -> bool:
    return has_any(granted, FULFILLMENT_ORDER_SCOPES)
