"""Connections: opaque cursors, `first/last/before/after`, page info."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stores.rehearsal.errors import bad_request

MAX_PAGE = 250


@dataclass(frozen=True, slots=True)
class Window:
    """What a caller asks of a connection."""

    size: int
    from_end: bool
    after: dict[str, Any] | None
    before: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Page:
    """Nodes with their cursors. Resolved by `schema.py` into edges, nodes and pageInfo."""

    nodes: Sequence[Any]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool


def cursor(last_id: int, last_value: Any) -> str:
    """Base64 of `{"last_id": ..., "last_value": ...}`, as Shopify's are."""
    return base64.b64encode(json.dumps({"last_id": last_id, "last_value": last_value}).encode()).decode()


def read_cursor(text: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.b64decode(text, validate=True))
        return {"last_id": int(value["last_id"]), "last_value": value["last_value"]}
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise bad_request("Invalid cursor for current pagination sort.") from error


def window(arguments: dict[str, Any]) -> Window:
    """Check the arguments as Shopify does: one of first or last, at most 250."""
    first, last = arguments.get("first"), arguments.get("last")
    if first is None and last is None:
        raise bad_request("you must provide one of first or last")
    if first is not None and last is not None:
        raise bad_request("providing both first and last is not supported")
    size = int(first if first is not None else last or 0)
    name = "first" if first is not None else "last"
    if size > MAX_PAGE:
        raise bad_request(f"{name} cannot exceed {MAX_PAGE}")
    if size < 0:
        raise bad_request(f"{name} must be greater than or equal to 0")
    after, before = arguments.get("after"), arguments.get("before")
    return Window(
        size=size,
        from_end=first is None,
        after=read_cursor(after) if after else None,
        before=read_cursor(before) if before else None,
    )


def slice_list(items: Sequence[Any], arguments: dict[str, Any]) -> Page:
    """A page of a list that is at hand as a whole. Cursors name positions, so ids need not be numbers."""
    asked = window(arguments)
    order = list(enumerate(items, start=1))
    if arguments.get("reverse"):
        order.reverse()
    positions = [position for position, _ in order]
    start, end = 0, len(order)
    if asked.after and asked.after["last_id"] in positions:
        start = positions.index(asked.after["last_id"]) + 1
    if asked.before and asked.before["last_id"] in positions:
        end = positions.index(asked.before["last_id"])
    end = max(start, end)
    chosen = (
        order[max(start, end - asked.size) : end] if asked.from_end else order[start : min(end, start + asked.size)]
    )
    first_kept = positions.index(chosen[0][0]) if chosen else start
    last_kept = positions.index(chosen[-1][0]) + 1 if chosen else start
    return Page(
        nodes=[item for _, item in chosen],
        cursors=[cursor(position, position) for position, _ in chosen],
        has_next=last_kept < len(order),
        has_previous=first_kept > 0,
    )
