"""Personal fields that Shopify refuses to an app without protected-data approval or without the scope for them.

Such a refusal comes as an error beside data that is otherwise whole. It is the only kind of partial answer that is
accepted, and only for these fields: the snapshot says which, so that stored values are not overwritten by nothing.

Names, addresses, e-mail and phone (Shopify's second level) are withheld without any error: they are just null. What
gives it away is an address with a country and without name, street and postal code.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
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
    "displayName": "customer.name",
    "firstName": "customer.first_name",
    "lastName": "customer.last_name",
    "defaultEmailAddress": "customer.email",
    "defaultPhoneNumber": "customer.phone",
}
_SECOND_LEVEL = (frozenset(_FIELDS.values()) - {"customer"}) | frozenset(_CUSTOMER_FIELDS.values())
_ADDRESSES = ("shippingAddress", "billingAddress")
_WHO_AND_WHERE = ("firstName", "lastName", "address1", "zip")
# One order may really have nothing but a country.
_HOLLOW_PROVES = 3
_PATHS: Mapping[str, tuple[str, ...]] = {
    **{field: (name,) for name, field in _FIELDS.items()},
    **{field: ("customer", name) for name, field in _CUSTOMER_FIELDS.items()},
}


def is_redaction(error: Mapping[str, Any]) -> bool:
    """Whether a GraphQL error only says that a protected field of one order was refused."""
    refused = error_code(error) == "ACCESS_DENIED" or is_unapproved(error)
    return refused and _place(error) is not None


def withheld_fields(data: Mapping[str, Any] | None, errors: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The snapshot fields that an answer shows to be kept from the app: those that errors name, and with them, or where
    all addresses are hollow, those of the second level that no order of it shows."""
    places = [_place(error) for error in errors if is_unapproved(error)]
    refused = frozenset(place[1] for place in places if place is not None)
    nodes = _nodes_of(data or {})
    addresses = [node[name] for node in nodes for name in _ADDRESSES if node.get(name)]
    if not refused and not (len(addresses) >= _HOLLOW_PROVES and all(map(_is_hollow, addresses))):
        return frozenset()
    asked = {field for field in _SECOND_LEVEL if any(_is_asked(node, field) for node in nodes)}
    return refused | (asked - _shown(nodes, asked))


def fields_with_values(data: Mapping[str, Any] | None, fields: Iterable[str]) -> frozenset[str]:
    """Those of `fields` that at least one order of an answer shows."""
    return _shown(_nodes_of(data or {}), fields)


def withheld_from(node: Mapping[str, Any], known: Collection[str]) -> frozenset[str]:
    """The snapshot fields of one order that are empty because Shopify withholds them: of those that are known to be
    withheld, and of all of the second level where an address is hollow. Empty elsewhere means that nobody gave one."""
    fields = set(known)
    if any(_is_hollow(node[name]) for name in _ADDRESSES if node.get(name)):
        fields |= _SECOND_LEVEL
    return frozenset(field for field in fields if not _value(node, field))


def redacted_by_row(errors: Iterable[Mapping[str, Any]]) -> Mapping[int, frozenset[str]]:
    """The refused snapshot fields of each order, by its place in the answer's list."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for error in errors:
        place = _place(error)
        if place is not None:
            found[place[0]].add(place[1])
    return {row: frozenset(fields) for row, fields in found.items()}


def _nodes_of(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    orders = data.get("orders")
    found = orders.get("nodes") if isinstance(orders, dict) else data.get("nodes")
    return [node for node in found if isinstance(node, dict)] if isinstance(found, list) else []


def _shown(nodes: Iterable[Mapping[str, Any]], fields: Iterable[str]) -> frozenset[str]:
    return frozenset(field for field in fields if any(_value(node, field) for node in nodes))


def _is_hollow(address: Any) -> bool:
    """Whether an address names neither a person nor a place."""
    return isinstance(address, dict) and not any(address.get(name) for name in _WHO_AND_WHERE)


def _is_asked(node: Mapping[str, Any], field: str) -> bool:
    *above, name = _PATHS[field]
    holder: Any = node
    for step in above:
        holder = holder.get(step)
    return isinstance(holder, dict) and name in holder


def _value(node: Mapping[str, Any], field: str) -> Any:
    """What the answer shows of the field; a hollow address is nothing."""
    value: Any = node
    for name in _PATHS.get(field, (field,)):
        value = value.get(name) if isinstance(value, dict) else None
    return None if _is_hollow(value) and field.endswith("_address") else value


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
