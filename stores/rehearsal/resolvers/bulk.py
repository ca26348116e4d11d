"""`bulkOperation` and `bulkOperations`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stores.rehearsal import listings
from stores.rehearsal.clock import parse
from stores.rehearsal.connections import Page
from stores.rehearsal.errors import bad_request, coded
from stores.rehearsal.gids import read
from stores.rehearsal.listings import Listing
from stores.rehearsal.ops.document import Doc
from stores.rehearsal.request import Info
from stores.rehearsal.search import BadValue, Condition, Handler, Term, compile_query
from stores.rehearsal.search_fields import id_field, time_field

_STATES = ("canceled", "canceling", "completed", "created", "failed", "running")


def _word(column: str, known: tuple[str, ...]) -> Handler:
    """Unlike elsewhere, a word that is not known finds nothing (recorded)."""

    def handler(term: Term) -> Condition:
        if term.value.lower() not in known:
            raise BadValue(matches_nothing=True)
        return f"{column} = ?", [term.value.upper()]

    return handler


def _created(term: Term) -> Condition:
    if parse(term.value) is None:
        raise bad_request("Invalid timestamp for query filter `created_at`.")
    return time_field("CAST(created_at AS INTEGER)")(term)


_FIELDS: dict[str, Handler] = {
    "id": id_field("id"),
    "created_at": _created,
    "status": _word("status", _STATES),
    "operation_type": _word("type", ("query", "mutation")),
}


def _operation(_: Any, info: Info, *, id: str) -> Doc | None:
    gid = read(id)
    if gid is None or gid.type != "BulkOperation":
        raise coded(f"Invalid id: {id}", "RESOURCE_NOT_FOUND")
    return info.context.shop.bulk.doc(gid.number)  # type: ignore[no-any-return]


def _operations(
    _: Any,
    info: Info,
    *,
    query: str | None = None,
    sortKey: str = "CREATED_AT",
    reverse: bool = False,
    **arguments: Any,
) -> Page:
    """Newest first, unless reversed."""
    found = compile_query(query, _FIELDS)
    if found.warnings:
        info.context.search.append({"path": info.path.as_list(), "query": query, "warnings": found.warnings})
    column = "COALESCE(completed_at, 0)" if sortKey == "COMPLETED_AT" else "created_at"
    shop = info.context.shop
    page = listings.page(shop.store, Listing("bulk_operations", "id", column, found, not reverse), arguments)
    return Page([shop.bulk.doc(key) for key in page.nodes], page.cursors, page.has_next, page.has_previous)


BULK_FIELDS: dict[tuple[str, str], Callable[..., Any]] = {
    ("QueryRoot", "bulkOperation"): _operation,
    ("QueryRoot", "bulkOperations"): _operations,
}
