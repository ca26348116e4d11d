"""Fetching the rest of nested lists that an order's page had cut, so that no order is ever stored in part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from stores.shopify import parsing_parts as parts
from stores.shopify.asking import ask
from stores.shopify.client import Client
from stores.shopify.parsing import ParsedOrder
from stores.shopify.parsing_parts import Cut, CutList
from stores.shopify.shapes import Part
from stores.shopify.snapshots import FulfillmentOrderSnapshot, FulfillmentSnapshot, OrderSnapshot, RefundSnapshot
from stores.shopify.throttle import Lane

Item = TypeVar("Item")
Owner = TypeVar("Owner", FulfillmentOrderSnapshot, FulfillmentSnapshot, RefundSnapshot)

_ROWS = 250
_FULFILLMENT_ORDERS = 20
_PARTS = 50
_LONGEST = 40
"""Pages of one list. Beyond these the order is given up as incomplete rather than read for ever."""


class GaveUp(Exception):
    """A list whose rest cannot be had: its owner is gone, or it does not end."""


def complete(client: Client, parsed: ParsedOrder, *, lane: Lane) -> OrderSnapshot:
    """The order with all its lists whole, or with `complete` false where a rest could not be had."""
    order, waiting = parsed.snapshot, list(parsed.cuts)
    if not waiting:
        return order
    try:
        while waiting:
            order, more = _with_rest(client, order, waiting.pop(), lane)
            waiting += more
    except GaveUp:
        return order
    return replace(order, complete=True)


def _with_rest(client: Client, order: OrderSnapshot, cut: Cut, lane: Lane) -> tuple[OrderSnapshot, Sequence[Cut]]:
    """The order with the rest of one list, and the cuts inside that rest."""
    pages = _pages(client, cut, lane)
    match cut.kind:
        case CutList.LINES:
            return replace(order, lines=order.lines + _items(pages, cut.kind, parts.line_item)), ()
        case CutList.FULFILLMENT_ORDERS:
            rows = [parts.fulfillment_orders(page, cut.owner) for page in pages]
            found = tuple(item for row in rows for item in row.items)
            # The pages' own cuts are followed by `_pages`; those inside their fulfilment orders are new.
            inside = [one for row in rows for one in row.cuts if one.kind is not CutList.FULFILLMENT_ORDERS]
            return replace(order, fulfillment_orders=order.fulfillment_orders + found), inside
        case CutList.FULFILLMENT_ORDER_LINES:
            rest: tuple[Any, ...] = _items(pages, cut.kind, parts.fulfillment_order_line)
            return replace(order, fulfillment_orders=_longer(order.fulfillment_orders, cut.owner, rest)), ()
        case CutList.FULFILLMENT_LINES:
            rest = _items(pages, cut.kind, parts.fulfillment_line)
            return replace(order, fulfillments=_longer(order.fulfillments, cut.owner, rest)), ()
        case CutList.REFUND_LINES:
            rest = _items(pages, cut.kind, parts.refund_line)
            return replace(order, refunds=_longer(order.refunds, cut.owner, rest)), ()


def _items(pages: Iterator[Part], kind: CutList, parse: Callable[[Part], Item]) -> tuple[Item, ...]:
    _, _, connection = kind.value
    return tuple(parse(node) for page in pages for node in page.part(connection).parts("nodes"))


def _longer(owners: tuple[Owner, ...], gid: str, rest: tuple[Any, ...]) -> tuple[Owner, ...]:
    return tuple(replace(one, lines=one.lines + rest) if one.gid == gid else one for one in owners)


def _pages(client: Client, cut: Cut, lane: Lane) -> Iterator[Part]:
    """The owner of the list, once per further page of it."""
    document, root, connection = cut.kind.value
    size: Mapping[str, int] = {"first": _ROWS}
    if cut.kind is CutList.FULFILLMENT_ORDERS:
        size = {"first": _FULFILLMENT_ORDERS, "parts": _PARTS}
    found = further_pages(
        client, document, (root, connection), owner=cut.owner, after=cut.cursor, asked=size, lane=lane
    )
    return (owner for owner, _ in found)


def further_pages(
    client: Client,
    document: str,
    place: tuple[str, str],
    *,
    owner: str,
    after: str,
    asked: Mapping[str, object],
    lane: Lane,
) -> Iterator[tuple[Part, Part]]:
    """The rest of one nested list: its owner and the list itself, once per page. `place` names the document's root
    field and the connection in it. Raises `GaveUp` when the owner is gone or the list does not end."""
    root, connection = place
    cursor = after
    for _ in range(_LONGEST):
        answer = ask(client, document, {"id": owner, "after": cursor, **asked}, lane=lane)
        found = Part(answer.data).part_or_none(root)
        if found is None:
            raise GaveUp
        rows = found.part(connection)
        yield found, rows
        info = rows.part("pageInfo")
        if not info.flag("hasNextPage"):
            return
        cursor = info.text("endCursor")
    raise GaveUp
