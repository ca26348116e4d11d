"""Orders as the API shows them in lists: plain values from plain rows, because a page holds up to 500 of them.

Amounts are text with exactly the currency's digits, in the shop's currency and in the customer's; times are UTC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from backoffice.core.money import exact
from orders.labels import Axis, label
from orders.querysets import OrderQuerySet

COLUMNS = (
    "id",
    "gid",
    "legacy_id",
    "name",
    "number",
    "store_id",
    "store__name",
    "store__domain",
    "created_at",
    "processed_at",
    "updated_at",
    "closed_at",
    "cancelled_at",
    "test",
    "level",
    "stage",
    "financial_status",
    "fulfillment_status",
    "return_status",
    "customer_id",
    "customer_name",
    "email",
    "country_code",
    "tags",
    "shop_currency",
    "presentment_currency",
    "current_total_shop",
    "current_total_presentment",
    "outstanding_shop",
    "outstanding_presentment",
    "line_count",
    "unfulfilled_quantity",
    "on_hold",
    "hold_reasons",
    "fulfill_at",
    "fulfill_by",
    "comment_count",
    "pending_verbs",
    "last_mailed_at",
)
_AXES: tuple[tuple[Axis, str], ...] = (
    ("order", "stage"),
    ("payment", "financial_status"),
    ("fulfilment", "fulfillment_status"),
    ("return", "return_status"),
)


def order_rows(orders: OrderQuerySet) -> Any:
    """The queryset of the list's rows as mappings: no model objects are made."""
    return orders.values(*COLUMNS)


def list_of(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of one page as they are shown."""
    # Words of a state are looked up once a page, not once a row.
    words: dict[tuple[Axis, str], dict[str, str]] = {}
    return [_row(row, words) for row in rows]


def states(row: Mapping[str, Any], words: dict[tuple[Axis, str], dict[str, str]]) -> dict[str, dict[str, str]]:
    """The four states side by side, never blended into one."""
    found: dict[str, dict[str, str]] = {}
    for axis, column in _AXES:
        value = row[column]
        known = words.get((axis, value))
        if known is None:
            known = words[(axis, value)] = {"code": value, "label": label(axis, value).text}
        found[axis] = known
    return found


def money(row: Mapping[str, Any], name: str) -> dict[str, dict[str, str]]:
    """`<name>_shop` and `<name>_presentment` with their currencies."""
    return both(row[f"{name}_shop"], row[f"{name}_presentment"], row["shop_currency"], row["presentment_currency"])


def both(
    shop: Decimal, presentment: Decimal, shop_currency: str, presentment_currency: str
) -> dict[str, dict[str, str]]:
    return {
        "shop": {"amount": format(exact(shop, shop_currency), "f"), "currency": shop_currency},
        "presentment": {
            "amount": format(exact(presentment, presentment_currency), "f"),
            "currency": presentment_currency,
        },
    }


def _row(row: Mapping[str, Any], words: dict[tuple[Axis, str], dict[str, str]]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "gid": row["gid"],
        "legacy_id": row["legacy_id"],
        "name": row["name"],
        "number": row["number"],
        "store": {"id": row["store_id"], "name": row["store__name"], "domain": row["store__domain"]},
        "created_at": row["created_at"],
        "processed_at": row["processed_at"],
        "updated_at": row["updated_at"],
        "closed_at": row["closed_at"],
        "cancelled_at": row["cancelled_at"],
        "test": row["test"],
        "level": row["level"],
        "states": states(row, words),
        "customer": {"id": row["customer_id"], "name": row["customer_name"], "email": row["email"]},
        "country_code": row["country_code"],
        "tags": row["tags"],
        "total": money(row, "current_total"),
        "outstanding": money(row, "outstanding"),
        "line_count": row["line_count"],
        "unfulfilled_quantity": row["unfulfilled_quantity"],
        "on_hold": row["on_hold"],
        "hold_reasons": row["hold_reasons"],
        "fulfill_at": row["fulfill_at"],
        "fulfill_by": row["fulfill_by"],
        "comment_count": row["comment_count"],
        "pending_changes": row["pending_verbs"],
        "last_mailed_at": row["last_mailed_at"],
    }
