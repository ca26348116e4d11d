"""Finding orders, fulfilment orders and events in the index: search, sorting, keyset pages, counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stores.rehearsal.connections import Page, cursor, window
from stores.rehearsal.errors import bad_request
from stores.rehearsal.search import Found
from stores.rehearsal.store import Store

REACH = 25_000
"""Shopify's pages reach this far into a result; then the query must be narrowed."""

ORDER_SORT = {
    "CREATED_AT": "created_at", "UPDATED_AT": "updated_at", "PROCESSED_AT": "processed_at", "ID": "id",
    "ORDER_NUMBER": "number", "TOTAL_PRICE": "total", "CURRENT_TOTAL_PRICE": "current_total",
    "TOTAL_ITEMS_QUANTITY": "items", "CUSTOMER_NAME": "COALESCE(person, '')", "PO_NUMBER": "COALESCE(po, '')",
    "FINANCIAL_STATUS": "COALESCE(financial, '')", "FULFILLMENT_STATUS": "fulfillment",
    "DESTINATION": "COALESCE(country, '')", "RELEVANCE": "processed_at",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listing:
    """A table with the column it is sorted by and a fixed condition."""

    table: str
    key: str
    sort: str
    found: Found
    reverse: bool
    extra: str = "1"

    @property
    def where(self) -> str:
        return f"({self.found.sql}) AND ({self.extra})"


def page(store: Store, listing: Listing, arguments: dict[str, Any], *, reach: int = REACH) -> Page:
    """One page of keys (`listing.key` of each row) with cursors on (sort value, id): equal values do not shift it."""
    asked = window(arguments)
    where, values = listing.where, list(listing.found.values)
    up, down = (">", "<") if not listing.reverse else ("<", ">")
    if asked.after:
        where += f" AND ({listing.sort}, id) {up} (?, ?)"
        values += [asked.after["last_value"], asked.after["last_id"]]
        _check_reach(store, listing, asked.after, down, reach)
    if asked.before:
        where += f" AND ({listing.sort}, id) {down} (?, ?)"
        values += [asked.before["last_value"], asked.before["last_id"]]
    descending = listing.reverse != asked.from_end
    direction = "DESC" if descending else "ASC"
    rows = store.query(
        f"SELECT {listing.key}, id, {listing.sort} FROM {listing.table} WHERE {where} "  # noqa: S608
        f"ORDER BY {listing.sort} {direction}, id {direction} LIMIT ?",
        [*values, asked.size + 1],
    )
    more = len(rows) > asked.size
    rows = rows[: asked.size]
    if asked.from_end:
        rows.reverse()
    return Page(
        nodes=[row[0] for row in rows],
        cursors=[cursor(row[1], row[2]) for row in rows],
        has_next=bool(asked.before) if asked.from_end else more,
        has_previous=more if asked.from_end else bool(asked.after),
    )


def _check_reach(store: Store, listing: Listing, after: dict[str, Any], down: str, reach: int) -> None:
    behind = store.query(
        f"SELECT count(*) FROM (SELECT 1 FROM {listing.table} WHERE {listing.where} "  # noqa: S608
        f"AND ({listing.sort}, id) {down}= (?, ?) LIMIT ?)",
        [*listing.found.values, after["last_value"], after["last_id"], reach],
    )
    if behind[0][0] >= reach:
        raise bad_request(f"Pagination cannot reach beyond {reach} objects. Narrow the query.")


def count(store: Store, listing: Listing, *, limit: int | None) -> dict[str, Any]:
    """A `Count`: exact up to `limit`, beyond it the limit with `AT_LEAST`."""
    sql = f"SELECT count(*) FROM {listing.table} WHERE {listing.where}"  # noqa: S608
    number = store.query(sql, listing.found.values)[0][0]
    if limit is not None and number > limit:
        return {"count": limit, "precision": "AT_LEAST"}
    return {"count": number, "precision": "EXACT"}
