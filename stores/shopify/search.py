"""Search texts for Shopify's `query:` arguments, built so that no part of them can be misread.

Shopify ignores what it does not understand and then returns *everything*, without an error. So times are quoted and in
UTC, and whoever searches calls `refuse_ignored` on the answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from stores.shopify.errors import Final


def window(field: str, start: datetime | None, end: datetime | None) -> str:
    """`field` from `start` to `end`, both included, to the second: Shopify's `>` and `<` mean `>=` and `<=`.

    An open side is None; both open give an empty text. Raises `ValueError` for a time without zone.
    """
    parts = []
    if start is not None:
        parts.append(f"{field}:>='{_second(start, math.floor)}'")
    if end is not None:
        parts.append(f"{field}:<='{_second(end, math.ceil)}'")
    return " AND ".join(parts)


def both(*parts: str) -> str | None:
    """The parts joined; None when nothing is left, as an argument wants it."""
    return " AND ".join(part for part in parts if part) or None


def refuse_ignored(warnings: Sequence[object], *, request_id: str = "") -> None:
    """Raises `Final("search_ignored")` when Shopify said that it left part of a search out."""
    if warnings:
        raise Final("search_ignored", request_id=request_id, facts={"warnings": list(warnings)})


def _second(moment: datetime, rounded: Callable[[float], int]) -> str:
    if moment.tzinfo is None:
        raise ValueError("a time without zone")
    return datetime.fromtimestamp(rounded(moment.timestamp()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
