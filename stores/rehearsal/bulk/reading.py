"""Where a bulk query's root objects come from, in chunks that are small enough to be read under the shop's lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stores.rehearsal.bulk.projection import Doc, Stream
from stores.rehearsal.request import Info, Request
from stores.rehearsal.resolvers.access import ACCESS
from stores.rehearsal.resolvers.roots import orders_listing

CHUNK = 50
_UNSORTED = "PROCESSED_AT"
"""The schema's default, which cannot be told from a query that does not sort."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some root objects: orders by number, to be loaded when their turn comes, or the objects themselves."""

    numbers: Sequence[int] = ()
    nodes: Sequence[Any] = ()

    def load(self, context: Request) -> Sequence[Any]:
        return context.docs(self.numbers) if self.numbers else self.nodes


def chunks(stream: Stream, info: Info) -> list[Chunk]:
    """All of a connection, `first` left out of account. Orders are chosen now and read later: one that changes in
    between comes as it is then, one that is deleted does not come."""
    if stream.field != "orders":
        nodes = stream.nodes({}, info)
        return [Chunk(nodes=nodes[start : start + CHUNK]) for start in range(0, len(nodes), CHUNK)]
    info.context.require("orders", *ACCESS[("QueryRoot", "orders")])
    numbers = _order_numbers(stream.arguments, info)
    return [Chunk(numbers=numbers[start : start + CHUNK]) for start in range(0, len(numbers), CHUNK)]


def _order_numbers(arguments: Doc, info: Info) -> list[int]:
    """By id, unless the query sorts. A sorted bulk query loses records where equal values straddle two of Shopify's
    internal pages (reported for UPDATED_AT); so does ours, and nobody should sort one."""
    sort, reverse = arguments.get("sortKey") or _UNSORTED, bool(arguments.get("reverse"))
    unsorted = sort in (_UNSORTED, "ID")
    listing = orders_listing(info, arguments.get("query"), "ID" if unsorted else sort, reverse=reverse)
    direction = "DESC" if reverse else "ASC"
    rows = info.context.shop.store.query(
        f"SELECT n, {listing.sort} FROM orders WHERE {listing.where} ORDER BY 2 {direction}, id {direction}",  # noqa: S608
        list(listing.found.values),
    )
    if unsorted:
        return [n for n, _ in rows]
    kept: list[int] = []
    last: Any = None
    for position, (n, value) in enumerate(rows):
        if position % CHUNK == 0 and position:
            last = rows[position - 1][1]
        if last is not None and value == last:
            continue
        last = None
        kept.append(n)
    return kept
