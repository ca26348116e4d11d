"""Reading what stands beside orders: Shopify's own timeline, the grounds of the risk, returns, terms of payment.

A document for each scope: a refused field of which Shopify promises a value takes its whole order out of the answer.
Whatever is refused is named in `unread`, and the rest is read all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from stores.shopify import parsing_asides as parsing
from stores.shopify import scopes as access
from stores.shopify.aside_snapshots import AsideSnapshot, EventSnapshot, PaymentTermsSnapshot, ReturnSnapshot
from stores.shopify.asking import ask
from stores.shopify.client import Client
from stores.shopify.errors import GarbageAnswer, NeedsPerson, TooExpensive
from stores.shopify.following import GaveUp, further_pages
from stores.shopify.parsing_asides import cursor_of
from stores.shopify.shapes import Part
from stores.shopify.throttle import Lane

logger = logging.getLogger(__name__)

ASIDES_PER_CHUNK = 50
EVENTS_AT_A_GLANCE = 10
"""The newest events of each order of a chunk; whoever knows none of them reads on with `read_older_events`."""

RETURN_SIZES: Mapping[str, int] = {"returns": 3, "lines": 10}
SCHEDULES = 20
_ROWS = 250
_RETURNS = 20


def read_asides(
    client: Client,
    gids: Sequence[str],
    *,
    scopes: Collection[str],
    lane: Lane,
    events: int = EVENTS_AT_A_GLANCE,
) -> dict[str, AsideSnapshot | None]:
    """What stands beside these orders now; None for one that is not there (any more). One whose answer cannot be read
    is left out. Up to three requests for each `ASIDES_PER_CHUNK`, 99 points in all; a chunk that is too dear is
    halved."""
    wanted = list(dict.fromkeys(gids))
    found: dict[str, AsideSnapshot | None] = {}
    chunks = [wanted[at : at + ASIDES_PER_CHUNK] for at in range(0, len(wanted), ASIDES_PER_CHUNK)]
    while chunks:
        chunk = chunks.pop(0)
        try:
            found |= _read_chunk(client, chunk, scopes, lane, events)
        except TooExpensive:
            if len(chunk) == 1:
                raise
            middle = len(chunk) // 2
            chunks = [chunk[:middle], chunk[middle:], *chunks]
    return found


def read_older_events(
    client: Client, order_gid: str, after: str, *, scopes: Collection[str], lane: Lane
) -> Iterator[tuple[EventSnapshot, ...]]:
    """The events behind `AsideSnapshot.older`, newest first, a page at a time. Raises `GaveUp` when the order is gone
    in between."""
    asked = {"first": _ROWS, "withStaff": access.reads_staff(scopes)}
    place = ("order", "events")
    pages = further_pages(client, "order_events", place, owner=order_gid, after=after, asked=asked, lane=lane)
    for _, rows in pages:
        yield tuple(parsing.event(node) for node in rows.parts("nodes"))


def _read_chunk(
    client: Client, gids: list[str], scopes: Collection[str], lane: Lane, events: int
) -> dict[str, AsideSnapshot | None]:
    unread: set[str] = set()
    nodes = None
    if access.reads_staff(scopes):
        nodes = _optional(client, "order_asides", gids, {"events": events, "withStaff": True}, lane)
    if nodes is None:
        unread.add("staff")
        nodes = _nodes(client, "order_asides", gids, {"events": events, "withStaff": False}, lane)
    found: dict[str, AsideSnapshot | None] = {gid: None for gid, node in nodes.items() if node is None}
    found |= _parsed(nodes)
    there = [gid for gid, one in found.items() if one is not None]
    returns = _returns(client, there, scopes, lane)
    terms = _payment_terms(client, there, scopes, lane)
    unread |= {name for name, part in (("returns", returns), ("payment_terms", terms)) if part is None}
    for gid in there:
        one = found[gid]
        # Gone between the two questions, or not to be read: left to the next look.
        whole = (returns is None or gid in returns) and (terms is None or gid in terms)
        if one is None or not whole:
            del found[gid]
            continue
        found[gid] = replace(
            one,
            returns=(returns or {}).get(gid, ()),
            payment_terms=(terms or {}).get(gid),
            unread=frozenset(unread),
        )
    return found


def _parsed(nodes: Mapping[str, Part | None]) -> dict[str, AsideSnapshot]:
    found = {}
    for gid, node in nodes.items():
        if node is None:
            continue
        try:
            found[gid] = parsing.aside(node)
        except GarbageAnswer as error:
            _skip(gid, error)
    return found


def _returns(
    client: Client, gids: list[str], scopes: Collection[str], lane: Lane
) -> dict[str, tuple[ReturnSnapshot, ...]] | None:
    """By order; None where returns may not be read."""
    if not access.reads_returns(scopes):
        return None
    nodes = _optional(client, "order_returns", gids, RETURN_SIZES, lane)
    if nodes is None:
        return None
    found = {}
    for gid, node in nodes.items():
        if node is None:
            continue
        try:
            found[gid] = _all_returns(client, gid, node.part("returns"), lane)
        except GarbageAnswer as error:
            _skip(gid, error)
        except GaveUp:
            logger.warning("shopify cut a list of returns for good", extra={"shop": client.domain, "order": gid})
    return found


def _all_returns(client: Client, gid: str, first: Part, lane: Lane) -> tuple[ReturnSnapshot, ...]:
    rows, after = [first], cursor_of(first)
    if after is not None:
        asked = {"first": _RETURNS, "lines": RETURN_SIZES["lines"]}
        place = ("order", "returns")
        pages = further_pages(client, "order_returns_rest", place, owner=gid, after=after, asked=asked, lane=lane)
        rows += [more for _, more in pages]
    return tuple(_whole_return(client, node, lane) for row in rows for node in row.parts("nodes"))


def _whole_return(client: Client, node: Part, lane: Lane) -> ReturnSnapshot:
    one, after = parsing.one_return(node), cursor_of(node.part("returnLineItems"))
    if after is None:
        return one
    place = ("return", "returnLineItems")
    pages = further_pages(client, "return_lines", place, owner=one.gid, after=after, asked={"first": _ROWS}, lane=lane)
    return replace(
        one, lines=one.lines + tuple(parsing.return_line(line) for _, rows in pages for line in rows.parts("nodes"))
    )


def _payment_terms(
    client: Client, gids: list[str], scopes: Collection[str], lane: Lane
) -> dict[str, PaymentTermsSnapshot | None] | None:
    """By order; None where terms of payment may not be read."""
    if not access.reads_payment_terms(scopes):
        return None
    nodes = _optional(client, "order_payment_terms", gids, {"schedules": SCHEDULES}, lane)
    if nodes is None:
        return None
    found = {}
    for gid, node in nodes.items():
        if node is None:
            continue
        try:
            terms = node.part_or_none("paymentTerms")
            if terms is not None and cursor_of(terms.part("paymentSchedules")):
                again = _nodes(client, "order_payment_terms", [gid], {"schedules": _ROWS}, lane)[gid]
                terms = again.part_or_none("paymentTerms") if again else None
            found[gid] = parsing.payment_terms(terms)
        except GarbageAnswer as error:
            _skip(gid, error)
    return found


def _optional(
    client: Client, document: str, gids: list[str], sizes: Mapping[str, object], lane: Lane
) -> dict[str, Part | None] | None:
    """None when Shopify refuses the document for want of a scope, granted or not as it may seem."""
    try:
        return _nodes(client, document, gids, sizes, lane)
    except NeedsPerson as error:
        if error.code != "missing_scope":
            raise
        logger.info(
            "shopify refuses a part of orders", extra={"shop": client.domain, "document": document, **error.facts}
        )
        return None


def _nodes(
    client: Client, document: str, gids: list[str], sizes: Mapping[str, object], lane: Lane
) -> dict[str, Part | None]:
    if not gids:
        return {}
    nodes = Part(ask(client, document, {"ids": gids, **sizes}, lane=lane).data).parts_or_none("nodes")
    if len(nodes) != len(gids):
        raise GarbageAnswer("garbage_answer", facts={"path": "nodes", "asked": len(gids), "got": len(nodes)})
    for gid, node in zip(gids, nodes, strict=True):
        if node is not None and node.text_or_empty("id") != gid:
            raise node.unreadable("id")
    return dict(zip(gids, nodes, strict=True))


def _skip(gid: str, error: GarbageAnswer) -> None:
    logger.warning(
        "what stands beside an order cannot be read", extra={"order": gid, "path": str(error.facts.get("path", ""))}
    )
