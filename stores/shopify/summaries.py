"""From the lines of a bulk file to snapshots at level *summary*: everything of an order but the lines of its shipments
and refunds, which a bulk query may not select (a connection inside a plain list).

A bulk file holds connections as lines of their own that name their parent. Put back into their places, an order reads
like one of a page, by the same parser.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import orjson

from stores.shopify import scopes as access
from stores.shopify.errors import GarbageAnswer
from stores.shopify.parsing import parse_order
from stores.shopify.shapes import Part
from stores.shopify.snapshots import OrderSnapshot

_WHOLE = {"hasNextPage": False, "endCursor": None}
# Which connection of its parent a line belongs to, by the type in its id.
_CONNECTIONS = {
    "LineItem": "lineItems",
    "FulfillmentOrder": "fulfillmentOrders",
    "FulfillmentOrderLineItem": "lineItems",
}
_TYPE_STARTS = len("gid://shopify/")


def parse_summary(lines: Sequence[bytes], *, scopes: Collection[str]) -> OrderSnapshot:
    """One order from its lines: its own first, then its descendants in any order; a line that comes twice counts once.

    `scopes` are those with which the file was asked for: what they do not open is `redacted`, not empty. The snapshot
    is not `complete` when a plain list may be longer than asked for. Raises `GarbageAnswer` for what cannot be read.
    """
    order, *others = [_read(line) for line in lines]
    _hang_in(order, others)
    # The lists that are cut out of the file for good, as if they were empty.
    for owner, connection in (("fulfillments", "fulfillmentLineItems"), ("refunds", "refundLineItems")):
        for one in order.get(owner) or ():
            one[connection] = {"nodes": [], "pageInfo": _WHOLE}
    left_out = set()
    if "customer" not in order:
        left_out.add("customer")
    if not access.reads_fulfillment_orders(scopes):
        left_out.add("fulfillment_orders")
    return parse_order(Part(order), left_out=left_out).snapshot


def _read(line: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _odd("line")
    return found


def _hang_in(order: dict[str, Any], others: Sequence[dict[str, Any]]) -> None:
    """Gives each object its connections, and each connection its nodes, in the order of the file."""
    order["lineItems"] = {"nodes": [], "pageInfo": _WHOLE}
    order["fulfillmentOrders"] = {"nodes": [], "pageInfo": _WHOLE}
    owners = {order.get("id"): order}
    waiting = []
    for one in others:
        gid = one.get("id")
        if not isinstance(gid, str) or "__parentId" not in one:
            raise _odd("__parentId")
        if gid in owners:
            continue
        owners[gid] = one
        waiting.append(one)
        if gid.startswith("FulfillmentOrder/", _TYPE_STARTS):
            one["lineItems"] = {"nodes": [], "pageInfo": _WHOLE}
    for one in waiting:
        connection = _CONNECTIONS.get(one["id"][_TYPE_STARTS:].partition("/")[0])
        owner = owners.get(one["__parentId"])
        if connection is None or owner is None or connection not in owner:
            raise _odd("__parentId")
        owner[connection]["nodes"].append(one)


def _odd(name: str) -> GarbageAnswer:
    return Part({}, "bulk file").unreadable(name)
