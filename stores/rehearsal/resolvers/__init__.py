"""Resolvers of single fields, by (type, field); what is not here is read from the document (see `schema.py`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stores.rehearsal.resolvers.access import ACCESS, PERSONAL
from stores.rehearsal.resolvers.beside import BESIDE_FIELDS
from stores.rehearsal.resolvers.bulk import BULK_FIELDS
from stores.rehearsal.resolvers.order import ORDER_FIELDS
from stores.rehearsal.resolvers.roots import ROOT_FIELDS
from stores.rehearsal.resolvers.things import THING_FIELDS

FIELDS: dict[tuple[str, str], Callable[..., Any]] = {
    **ROOT_FIELDS,
    **ORDER_FIELDS,
    **THING_FIELDS,
    **BULK_FIELDS,
    **BESIDE_FIELDS,
}
SELECTING = frozenset({("Order", "transactions"), ("QueryRoot", "nodes")})
"""Resolvers that choose from a stored list, or read many at once, instead of standing in for a missing value."""
NO_MONEY = (0, "", 0, "")
"""Nothing, in the shop's own currency."""

__all__ = ["ACCESS", "FIELDS", "NO_MONEY", "PERSONAL", "SELECTING"]
