"""Reading a shop: its identity, orders by page and by id, what changed on the second clock, and counts.

All lists of an order are whole (`complete`), whatever their length. Queries are repeated within the lane's patience;
`ShopifyError`s that come through are for the caller's rows to remember.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, TypeVar

from stores.shopify import scopes as access
from stores.shopify.asking import ask
from stores.shopify.client import Client
from stores.shopify.errors import GarbageAnswer, TooExpensive
from stores.shopify.following import complete
from stores.shopify.parsing import parse_order, parse_shop
from stores.shopify.redaction import is_redaction, redacted_by_row, withheld_from
from stores.shopify.search import both, refuse_ignored, window
from stores.shopify.shapes import Part
from stores.shopify.snapshots import OrderSnapshot, ShopSnapshot
from stores.shopify.throttle import Lane

Item = TypeVar("Item")

ORDERS_PER_PAGE = 50
"""562 requested points with the nested sizes of a page; 100 orders would ask for 722."""
ORDERS_PER_CHUNK = 50
"""`nodes(ids:)` costs the same for any number of ids; the brake is the time that Shopify gives a query, about 10 s."""
DEEPEST_PAGE = 25_000
"""Shopify serves no more rows than these to one search: narrow the window and start again."""

MOST_RAW_BYTES = 256 * 1024
"""Of an answer that could not be read so much is handed over. An order of 250 lines has some 200 KiB."""

_LAGGING = 5
"""Finished orders that a search for open ones may show before it counts as not understood."""

PAGE_SIZES: Mapping[str, int] = {"lines": 20, "fulfillmentOrders": 4, "parts": 10}
"""Nested sizes of a page; the few orders with more cost a request each for the rest."""
CHUNK_SIZES: Mapping[str, int] = {"lines": 100, "fulfillmentOrders": 20, "parts": 50}
"""Nested sizes of a chunk by ids, which can afford more: 175 points."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An order whose part of an answer could not be read; the others of that answer are good. `path` is what is odd,
    `raw` that part as JSON, cut after `MOST_RAW_BYTES`; it holds personal data."""

    gid: str
    path: str
    raw: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page and how to go on: `end_cursor` is bound to the very same arguments and not to be kept across runs."""

    items: tuple[Item, ...]
    end_cursor: str | None
    has_next: bool
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangedFulfillmentOrder:
    """A fulfilment order on the second clock: which order has to be read again."""

    gid: str
    order_gid: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class OrderCount:
    """How many orders. `exact` is false where Shopify stopped counting; then there are at least so many."""

    count: int
    exact: bool


def read_shop(client: Client, *, lane: Lane = Lane.INTERACTIVE) -> ShopSnapshot:
    """Who the shop is and what the token may do. `domain` is Shopify's own, whatever address was asked."""
    answer = ask(client, "connection_check", {}, lane=lane)
    return parse_shop(answer.data, api_version=answer.api_version)


def read_orders_page(
    client: Client,
    *,
    scopes: Collection[str],
    lane: Lane,
    after: str | None = None,
    updated_from: datetime | None = None,
    updated_to: datetime | None = None,
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    newest_first: bool = False,
    open_only: bool = False,
    first: int = ORDERS_PER_PAGE,
) -> Page[OrderSnapshot]:
    """A page of the orders within the windows (both ends included, whole seconds).

    Sorted by `updated_at` when that window has an end, else by `created_at`. Only the latter may be read
    `newest_first`: an order that changes meanwhile jumps in the other, and reading backwards would lose it.
    `open_only` asks for orders neither archived nor cancelled; single ones may be there all the same, because the
    search index lags. Raises `ValueError` for that combination and for times without zone, and
    `Final("search_ignored")` when a page shows that `open_only` had no effect.
    """
    by_update = updated_from is not None or updated_to is not None
    if by_update and newest_first:
        raise ValueError("reading updates backwards loses rows")
    variables = {
        "first": first,
        "after": after,
        "query": both(
            "status:open" if open_only else "",
            window("updated_at", updated_from, updated_to),
            window("created_at", created_from, created_to),
        ),
        "sortKey": "UPDATED_AT" if by_update else "CREATED_AT",
        "reverse": newest_first,
        **PAGE_SIZES,
        **_switches(scopes),
    }
    answer = ask(client, "orders_page", variables, lane=lane, tolerates=is_redaction)
    found, redacted = Part(answer.data).part("orders"), redacted_by_row(answer.errors)
    orders: list[OrderSnapshot] = []
    rejected: list[Rejected] = []
    for at, node in enumerate(found.parts("nodes")):
        order = _read_node(client, node, redacted.get(at, ()), scopes, lane, rejected)
        orders += [order] if order else []
    if open_only:
        _refuse_unfiltered(orders, request_id=answer.request_id)
    return replace(_page(found, tuple(orders), after=after, rows=len(orders) + len(rejected)), rejected=tuple(rejected))


def _refuse_unfiltered(orders: Sequence[OrderSnapshot], *, request_id: str) -> None:
    """A search that Shopify does not understand gives everything: a page of mostly finished orders would be the first
    of thousands."""
    finished = sum(order.closed or order.cancelled_at is not None for order in orders)
    if finished > _LAGGING and finished * 2 > len(orders):
        refuse_ignored(["status:open"], request_id=request_id)


def iterate_orders(
    client: Client,
    *,
    scopes: Collection[str],
    lane: Lane,
    updated_from: datetime | None = None,
    updated_to: datetime | None = None,
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    newest_first: bool = False,
    first: int = ORDERS_PER_PAGE,
) -> Iterator[Page[OrderSnapshot]]:
    """The pages of `read_orders_page`, one after the other. Stops before `DEEPEST_PAGE` with `has_next` true."""
    after, seen, more = None, 0, True
    while more and seen + first <= DEEPEST_PAGE:
        page = read_orders_page(
            client,
            scopes=scopes,
            lane=lane,
            after=after,
            updated_from=updated_from,
            updated_to=updated_to,
            created_from=created_from,
            created_to=created_to,
            newest_first=newest_first,
            first=first,
        )
        yield page
        after, more, seen = page.end_cursor, page.has_next, seen + len(page.items)


def read_orders(
    client: Client,
    gids: Sequence[str],
    *,
    scopes: Collection[str],
    lane: Lane,
    rejected: list[Rejected] | None = None,
) -> dict[str, OrderSnapshot | None]:
    """Orders by id, past any search index, so as they are now. None for one that is not there (any more).

    Asked in chunks; a chunk that is too dear is halved. One that cannot be read goes to `rejected` and is left out of
    the result; without that list it raises `GarbageAnswer`. Raises `ValueError` for an id that is no order's.
    """
    wanted = list(dict.fromkeys(gids))
    for gid in wanted:
        if not gid.startswith("gid://shopify/Order/"):
            raise ValueError(f"not an order: {gid}")
    found: dict[str, OrderSnapshot | None] = {}
    chunks = [wanted[at : at + ORDERS_PER_CHUNK] for at in range(0, len(wanted), ORDERS_PER_CHUNK)]
    while chunks:
        chunk = chunks.pop(0)
        try:
            found |= _read_chunk(client, chunk, scopes, lane, rejected)
        except TooExpensive:
            if len(chunk) == 1:
                raise
            middle = len(chunk) // 2
            chunks = [chunk[:middle], chunk[middle:], *chunks]
    return found


def read_changed_fulfillment_orders(
    client: Client, *, updated_from: datetime | None, lane: Lane, after: str | None = None, first: int = 250
) -> Page[ChangedFulfillmentOrder]:
    """A page of the second clock: holds, releases and moves change only the fulfilment order's `updated_at`."""
    query = both(window("updated_at", updated_from, None))
    answer = ask(client, "fulfillment_orders_page", {"first": first, "after": after, "query": query}, lane=lane)
    found = Part(answer.data).part("fulfillmentOrders")
    return _page(found, tuple(_changed(node) for node in found.parts("nodes")), after=after)


def read_fulfillment_orders(
    client: Client, gids: Sequence[str], *, lane: Lane
) -> dict[str, ChangedFulfillmentOrder | None]:
    """Which order each fulfilment order belongs to; webhooks about them do not say. None where it is gone."""
    found: dict[str, ChangedFulfillmentOrder | None] = {}
    wanted = list(dict.fromkeys(gids))
    for start in range(0, len(wanted), 250):
        chunk = wanted[start : start + 250]
        answer = ask(client, "fulfillment_orders_by_ids", {"ids": chunk}, lane=lane)
        nodes = _as_many(Part(answer.data).parts_or_none("nodes"), chunk)
        found |= {gid: _changed(node) if node else None for gid, node in zip(chunk, nodes, strict=True)}
    return found


def count_orders(
    client: Client,
    *,
    lane: Lane,
    updated_from: datetime | None = None,
    updated_to: datetime | None = None,
    created_from: datetime | None = None,
    created_to: datetime | None = None,
) -> OrderCount:
    """How many orders lie within the windows, as Shopify counts. Costs 10 points."""
    query = both(window("updated_at", updated_from, updated_to), window("created_at", created_from, created_to))
    found = Part(ask(client, "orders_count", {"query": query}, lane=lane).data).part("ordersCount")
    return OrderCount(found.whole("count"), found.text("precision") == "EXACT")


def _read_node(
    client: Client,
    node: Part,
    redacted: Collection[str],
    scopes: Collection[str],
    lane: Lane,
    rejected: list[Rejected] | None,
) -> OrderSnapshot | None:
    try:
        hidden = {*redacted, *withheld_from(node.mapping, client.hidden)}
        return complete(client, parse_order(node, redacted=hidden, left_out=_left_out(scopes)), lane=lane)
    except GarbageAnswer as error:
        gid = node.text_or_empty("id")
        if rejected is None or not gid:
            raise
        rejected.append(Rejected(gid, str(error.facts.get("path", "")), node.as_json(most_bytes=MOST_RAW_BYTES)))
        return None


def _read_chunk(
    client: Client, gids: list[str], scopes: Collection[str], lane: Lane, rejected: list[Rejected] | None
) -> dict[str, OrderSnapshot | None]:
    variables = {"ids": gids, **CHUNK_SIZES, **_switches(scopes)}
    answer = ask(client, "orders_by_ids", variables, lane=lane, tolerates=is_redaction)
    nodes, redacted = _as_many(Part(answer.data).parts_or_none("nodes"), gids), redacted_by_row(answer.errors)
    found: dict[str, OrderSnapshot | None] = {}
    for at, (gid, node) in enumerate(zip(gids, nodes, strict=True)):
        if node is None:
            found[gid] = None
            continue
        if node.text_or_empty("id") != gid:
            raise node.unreadable("id")
        order = _read_node(client, node, redacted.get(at, ()), scopes, lane, rejected)
        if order is not None:
            found[gid] = order
    return found


def _as_many(nodes: list[Part | None], asked: Sequence[str]) -> list[Part | None]:
    if len(nodes) != len(asked):
        raise GarbageAnswer("garbage_answer", facts={"path": "nodes", "asked": len(asked), "got": len(nodes)})
    return nodes


def _page(found: Part, items: tuple[Item, ...], *, after: str | None, rows: int | None = None) -> Page[Item]:
    info = found.part("pageInfo")
    has_next, end = info.flag("hasNextPage"), info.text_or_empty("endCursor") or None
    if has_next and (end is None or end == after or not (len(items) if rows is None else rows)):
        raise info.unreadable("endCursor")  # going on would read the same page for ever
    return Page(items, end, has_next)


def _changed(node: Part) -> ChangedFulfillmentOrder:
    return ChangedFulfillmentOrder(node.text("id"), node.text("orderId"), node.moment("updatedAt"))


def _switches(scopes: Collection[str]) -> dict[str, bool]:
    return {
        "withCustomer": access.reads_customers(scopes),
        "withFulfillmentOrders": access.reads_fulfillment_orders(scopes),
    }


def _left_out(scopes: Collection[str]) -> frozenset[str]:
    """The snapshot fields that the granted scopes do not open."""
    closed = set()
    if not access.reads_customers(scopes):
        closed.add("customer")
    if not access.reads_fulfillment_orders(scopes):
        closed.add("fulfillment_orders")
    return frozenset(closed)
