"""What a webhook's payload is about: the order that has to be read again, or what leads to it.

Payloads differ by topic and by API version, so nothing is expected of their shape but that ids are called what they
are: an id of an order is found as `order_id`, `orderId`, `admin_graphql_api_order_id`, inside an `order`, or as a gid
of its kind, written as a number or as text. What is nearer to the top counts first, and a gid before a number: numbers
of twenty digits have been rounded by whoever handled them as floats. Nothing else of a payload is believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_DEEPEST = 6
_GID = re.compile(r"gid://shopify/([A-Za-z]+)/([0-9]{1,20})", re.ASCII)
_PLAIN_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)
# Kinds that a topic's own subject has, by the part of its name before the slash.
_OWN_KIND: Mapping[str, str] = {
    "orders": "Order",
    "fulfillment_orders": "FulfillmentOrder",
    "returns": "Return",
    "customers": "Customer",
}
# What leads to an order where the payload does not name it, dearest last.
_LEADS: Mapping[str, tuple[str, ...]] = {
    "fulfillment_orders": ("FulfillmentOrder",),
    "fulfillment_holds": ("FulfillmentOrder",),
    "returns": ("Return",),
    "refunds": ("Return",),
    "customers": ("Customer",),
}
_WHOLE_ORDERS = frozenset(
    {"orders/create", "orders/updated", "orders/cancelled", "orders/fulfilled", "orders/partially_fulfilled"}
    | {"orders/paid"}
)
_MERGED_AWAY = frozenset({"admingraphqlapicustomerdeletedid", "customerdeletedid", "deletedcustomerid"})


@dataclass(frozen=True, slots=True)
class Hint:
    """`gid` is an order's, or that of a fulfilment order, return or customer that leads to orders; empty where the
    payload names none of them. `changed_at` is the order's own time of change where the payload is the whole order."""

    gid: str = ""
    changed_at: datetime | None = None


def read_hint(topic: str, payload: Mapping[str, Any]) -> Hint | None:
    """What is to be read again because of this delivery; None when nothing is: a merge of customers that failed."""
    family = re.split(r"[/.]", topic, maxsplit=1)[0]
    if topic == "customers/merge":
        return _merge(payload)
    if family == "customers":
        return Hint(_own(payload, "Customer") or _named(payload, "Customer"))
    own = _own(payload, "Order") if family == "orders" else ""
    at_top = _first([payload], "Order")
    if gid := at_top or own:
        whole = topic in _WHOLE_ORDERS and gid == own
        return Hint(gid, _moment(payload.get("updated_at")) if whole else None)
    if gid := _named(payload, "Order"):
        return Hint(gid)
    for kind in _LEADS.get(family, ()):
        if gid := _named(payload, kind) or (_own(payload, kind) if _OWN_KIND.get(family) == kind else ""):
            return Hint(gid)
    return Hint()


def _merge(payload: Mapping[str, Any]) -> Hint | None:
    """The orders that we hold under the customer who went have another customer now."""
    if str(payload.get("status", "")).lower() == "failed":
        return None
    for key, value in payload.items():
        if _plain(key) in _MERGED_AWAY and (gid := _gid(value, "Customer")):
            return Hint(gid)
    return Hint(_named(payload, "Customer"))


def _own(payload: Mapping[str, Any], kind: str) -> str:
    """The payload's own id, if it is of that kind."""
    written = payload.get("admin_graphql_api_id")
    if gid := _gid(written, kind, numbers=False):
        return gid
    if isinstance(written, str) and _GID.fullmatch(written):
        return ""  # of another kind, and so is the number beside it
    return _gid(payload.get("id"), kind)


def _named(payload: Mapping[str, Any], kind: str) -> str:
    """The first id of that kind, level by level."""
    return next((gid for level in _levels(payload) if (gid := _first(level, kind))), "")


def _first(level: Sequence[Mapping[str, Any]], kind: str) -> str:
    found = [gid for one in level for gid in _ids_in(one, kind)]
    return next((gid for written, gid in sorted(found, key=lambda pair: not pair[0])), "")


def _ids_in(one: Mapping[str, Any], kind: str) -> Iterator[tuple[bool, str]]:
    """Ids of that kind which this object names: whether each was written as a gid, and the gid."""
    for key in ("admin_graphql_api_id", "id"):
        if gid := _gid(one.get(key), kind, numbers=False):
            yield True, gid
    for key, value in one.items():
        plain = _plain(key)
        if isinstance(value, Mapping):
            if _is_called(plain, kind.lower()) and (gid := _own(value, kind)):
                yield True, gid
        elif _is_called(plain, f"{kind.lower()}id") and (gid := _gid(value, kind)):
            yield gid == value, gid


def _is_called(key: str, name: str) -> bool:
    """An `original_fulfillment_order` is one; a fulfilment order is no order."""
    return key.removeprefix("admingraphqlapi") == name or (not name.startswith("order") and key.endswith(name))


def _levels(payload: Mapping[str, Any]) -> Iterator[list[Mapping[str, Any]]]:
    level = [payload]
    for _ in range(_DEEPEST):
        if not level:
            return
        yield level
        inner = [value for one in level for value in one.values()]
        level = [
            one
            for value in inner
            for one in (value if isinstance(value, list) else [value])
            if isinstance(one, Mapping)
        ]


def _gid(value: object, kind: str, *, numbers: bool = True) -> str:
    """The gid that `value` is, or that its number makes; empty for anything else."""
    if isinstance(value, str):
        match = _GID.fullmatch(value)
        if match:
            return value if match[1] == kind else ""
    if not numbers or isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    digits = str(value)
    return f"gid://shopify/{kind}/{digits}" if _PLAIN_NUMBER.fullmatch(digits) and int(digits) else ""


def _plain(key: object) -> str:
    return str(key).replace("_", "").lower()


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None
