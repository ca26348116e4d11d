"""Asking after what webhooks name instead of an order: which order a return belongs to, and who a customer is now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stores.shopify.asking import ask
from stores.shopify.classify import error_code, error_path
from stores.shopify.client import Client
from stores.shopify.errors import GarbageAnswer
from stores.shopify.parsing import parse_customer
from stores.shopify.shapes import Part
from stores.shopify.snapshots import CustomerSnapshot
from stores.shopify.throttle import Lane

_AT_ONCE = 100


def read_return_orders(client: Client, gids: Sequence[str], *, lane: Lane) -> dict[str, str]:
    """The order of each return that the shop still has. Needs read_returns."""
    found: dict[str, str] = {}
    for at in range(0, len(gids), _AT_ONCE):
        chunk = list(gids[at : at + _AT_ONCE])
        answer = ask(client, "returns_by_ids", {"ids": chunk}, lane=lane)
        for gid, node in zip(chunk, _nodes(answer.data, chunk), strict=True):
            # Null for a return of an order that the token does not see.
            order = node.part_or_none("order") if node else None
            if order is not None:
                found[gid] = order.text("id")
    return found


def read_customers(client: Client, gids: Sequence[str], *, lane: Lane) -> dict[str, CustomerSnapshot | None]:
    """Customers as they are now; None for one that the shop no longer has. One whose data Shopify refuses to show is
    left out: nothing can be said of it. Needs read_customers."""
    found: dict[str, CustomerSnapshot | None] = {}
    for at in range(0, len(gids), _AT_ONCE):
        chunk = list(gids[at : at + _AT_ONCE])
        answer = ask(client, "customers_by_ids", {"ids": chunk}, lane=lane, tolerates=_is_refused_customer)
        refused = {_row(error) for error in answer.errors}
        for row, (gid, node) in enumerate(zip(chunk, _nodes(answer.data, chunk), strict=True)):
            if row not in refused:
                found[gid] = parse_customer(node)
    return found


def _nodes(data: Mapping[str, Any], asked: Sequence[str]) -> list[Part | None]:
    nodes = Part(data).parts_or_none("nodes")
    if len(nodes) != len(asked):
        raise GarbageAnswer("garbage_answer", facts={"path": "nodes", "asked": len(asked), "got": len(nodes)})
    return nodes


def _is_refused_customer(error: Mapping[str, Any]) -> bool:
    refused = error_code(error) == "ACCESS_DENIED" or str(error.get("message", "")).startswith(
        "This app is not approved"
    )
    return refused and _row(error) is not None


def _row(error: Mapping[str, Any]) -> int | None:
    path = error_path(error)
    if len(path) < 2 or path[0] != "nodes" or not isinstance(path[1], int):
        return None
    return path[1]
