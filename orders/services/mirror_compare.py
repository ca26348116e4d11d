"""Whether the rows of the mirror show what a snapshot says, value by value. Used by the proof, which trusts no hash,
and by the first load, whose summaries have none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from orders.models import Order
from stores.shopify.snapshots import OrderSnapshot

from .mirror_rows import SUMMARY_LACKS, order_row, part_rows
from .mirror_write import PARTS, without_nul

Parts: TypeAlias = Mapping[tuple[str, int], list[Any]]
# A signed link is another one each time that it is asked for.
_NOT_STATE = frozenset({"status_page_url"})


def parts_of(order_ids: Sequence[int]) -> Parts:
    """The rows of all parts of these orders, by the part's name and the order's id."""
    found: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for name, model in PARTS.items():
        rows: Any = model._base_manager.filter(order_id__in=order_ids)
        for row in rows:
            found[name, row.order_id].append(row)
    return found


def rows_show(snapshot: OrderSnapshot, order: Order, parts: Parts, *, summary: bool) -> bool:
    """Whether order and parts hold every value of the snapshot that the shop did not refuse. With `summary`, one of the
    two is a summary, and what a summary lacks is not compared."""
    if not _holds(order, without_nul(order_row(snapshot)), _NOT_STATE):
        return False
    for name, wanted in part_rows(snapshot).items():
        if name == "FulfillmentOrder" and "fulfillment_orders" in snapshot.redacted:
            continue
        lacks = SUMMARY_LACKS.get(name, frozenset()) if summary else frozenset()
        if not _hold_all(parts.get((name, order.pk), []), without_nul(wanted), lacks):
            return False
    return True


def _holds(row: Any, wanted: Mapping[str, Any], passed_over: Collection[str]) -> bool:
    return all(getattr(row, name) == value for name, value in wanted.items() if name not in passed_over)


def _hold_all(rows: list[Any], wanted: list[dict[str, Any]], passed_over: Collection[str]) -> bool:
    if len(rows) != len(wanted):
        return False
    key = "name" if wanted and "gid" not in wanted[0] else "gid"
    by_key = {getattr(row, key): row for row in rows} if wanted else {}
    return all(part[key] in by_key and _holds(by_key[part[key]], part, passed_over) for part in wanted)
