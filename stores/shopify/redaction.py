"""Personal fields that Shopify refuses to an app without protected-data approval or without the scope for them.

Such a refusal comes as an error beside data that is otherwise whole. It is the only kind of partial answer that is
accepted, and only for these fields: the snapshot says which, so that stored values are not overwritten by nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from stores.shopify.classify import error_code, error_path

_FIELDS: Mapping[str, str] = {
    "customer": "customer",
    "email": "email",
    "phone": "phone",
    "shippingAddress": "shipping_address",
    "billingAddress": "billing_address",
}
_CUSTOMER_FIELDS: Mapping[str, str] = {
    "firstName": "customer.first_name",
    "lastName": "customer.last_name",
    "defaultEmailAddress": "customer.email",
    "defaultPhoneNumber": "customer.phone",
}
_NOT_APPROVED = "This app is not approved to access"


def is_redaction(error: Mapping[str, Any]) -> bool:
    """Whether a GraphQL error only says that a protected field of one order was refused."""
    refused = error_code(error) == "ACCESS_DENIED" or str(error.get("message", "")).startswith(_NOT_APPROVED)
    return refused and _place(error) is not None


def redacted_by_row(errors: Iterable[Mapping[str, Any]]) -> Mapping[int, frozenset[str]]:
    """The refused snapshot fields of each order, by its place in the answer's list."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for error in errors:
        place = _place(error)
        if place is not None:
            found[place[0]].add(place[1])
    return {row: frozenset(fields) for row, fields in found.items()}


def _place(error: Mapping[str, Any]) -> tuple[int, str] | None:
    """Row and snapshot field of an error with the path `...nodes.<row>.<field>...`."""
    path = error_path(error)
    if "nodes" not in path:
        return None
    row, *rest = path[path.index("nodes") + 1 :] or (None,)
    if not isinstance(row, int) or not rest or str(rest[0]) not in _FIELDS:
        return None
    if rest[0] == "customer" and len(rest) > 1:
        return row, _CUSTOMER_FIELDS.get(str(rest[1]), "customer")
    return row, _FIELDS[str(rest[0])]
