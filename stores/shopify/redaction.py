"""Personal fields that Shopify refuses to an app without protected-data approval or without the scope for them.

Such a refusal comes as an error beside data that is otherwise whole. It is the only kind of partial answer that is
accepted, and only for these fields: the snapshot says which, so that stored values are not overwritten by nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from stores.shopify.classify import error_code, error_path, is_unapproved

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
_PATHS: Mapping[str, tuple[str, ...]] = {
    **{field: (name,) for name, field in _FIELDS.items()},
    **{field: ("customer", name) for name, field in _CUSTOMER_FIELDS.items()},
}


def is_redaction(error: Mapping[str, Any]) -> bool:
    """Whether a GraphQL error only says that a protected field of one order was refused."""
    refused = error_code(error) == "ACCESS_DENIED" or is_unapproved(error)
    return refused and _place(error) is not None


def unapproved_fields(errors: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The snapshot fields that the app is not approved for."""
    places = [_place(error) for error in errors if is_unapproved(error)]
    return frozenset(place[1] for place in places if place is not None)


def fields_with_values(data: Mapping[str, Any], fields: Iterable[str]) -> frozenset[str]:
    """Those of `fields` that at least one order of an answer shows."""
    nodes = [node for node in _nodes_of(data) if isinstance(node, dict)]
    return frozenset(field for field in fields if any(_value(node, field) is not None for node in nodes))


def empty_fields(node: Mapping[str, Any], fields: Iterable[str]) -> frozenset[str]:
    """Those of `fields` that the answer about an order leaves empty. Where Shopify is known to keep one from the app,
    nothing there does not mean that the customer gave none."""
    return frozenset(field for field in fields if _value(node, field) is None)


def redacted_by_row(errors: Iterable[Mapping[str, Any]]) -> Mapping[int, frozenset[str]]:
    """The refused snapshot fields of each order, by its place in the answer's list."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for error in errors:
        place = _place(error)
        if place is not None:
            found[place[0]].add(place[1])
    return {row: frozenset(fields) for row, fields in found.items()}


def _nodes_of(data: Mapping[str, Any]) -> list[Any]:
    orders = data.get("orders")
    found = orders.get("nodes") if isinstance(orders, dict) else data.get("nodes")
    return found if isinstance(found, list) else []


def _value(node: Mapping[str, Any], field: str) -> Any:
    value: Any = node
    for name in _PATHS.get(field, (field,)):
        value = value.get(name) if isinstance(value, dict) else None
    return value


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
