"""Orders that cannot be mirrored: parked with their cause, so that the rest goes on.

Called by ingest and by the streams; what becomes of the parked is the business of `stores.services.quarantine`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from stores.choices import ParkCause
from stores.models import Store
from stores.resources import Rejected
from stores.services import quarantine
from stores.shopify.bulk_file import Group
from stores.shopify.reading import Rejected as Unreadable

from . import erased

RESOURCE = "orders"


def set_aside(store: Store, rejected: Iterable[Rejected]) -> None:
    """Parks these orders. The answer about somebody who was erased is not kept."""
    kept = [replace(one, raw="") if one.raw and erased.is_hidden(store, one.gid, one.raw) else one for one in rejected]
    quarantine.park(store, RESOURCE, kept)


def read_well(store: Store, gids: Sequence[str]) -> None:
    """These were read and written, or are gone from the shop: nothing of them is parked any more."""
    quarantine.settle(store, RESOURCE, gids)


def told(unreadable: Iterable[Unreadable]) -> list[Rejected]:
    """What the gateway could not read, in the words of the store floor."""
    return [
        Rejected(
            one.gid,
            f"The shop's answer could not be read at {one.path or 'an unknown place'}.",
            cause=ParkCause.UNREADABLE,
            raw=one.raw,
        )
        for one in unreadable
    ]


def unreadable_group(group: Group, path: str) -> Rejected:
    """An order of a bulk file."""
    return Rejected(
        group.gid,
        f"The shop's bulk file could not be read at {path or 'an unknown place'}.",
        cause=ParkCause.UNREADABLE,
        raw=b"\n".join(group.lines).decode("utf-8", "replace"),
    )


def incomplete(gid: str) -> Rejected:
    return Rejected(gid, "One of its lists is longer than could be read.", cause=ParkCause.INCOMPLETE)


def not_stored(gid: str, error: Exception, *, state: str) -> Rejected:
    """`state` is what should have been written, as text."""
    return Rejected(gid, _without_values(error), cause=ParkCause.NOT_STORED, raw=state)


def _without_values(error: Exception) -> str:
    """What the database refused, without the row: its message would keep a customer's data."""
    diagnosis = getattr(error.__cause__, "diag", None)
    if diagnosis is None:
        return type(error).__name__
    parts = (diagnosis.message_primary, diagnosis.table_name, diagnosis.column_name, diagnosis.constraint_name)
    return " · ".join(part for part in parts if part)
