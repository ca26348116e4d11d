"""How a first load is doing: how fast, until when, and window by window when it is done in bulk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from stores.choices import LoadState, SyncPhase
from stores.models import LoadWindow, Store, SyncStream

from .first_load_plan import BEGINNING

# Below this a rate is that of the first page.
_LEAST_SECONDS = 5.0
_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class WindowStatus:
    """One window, newest first; `created_from` is None for the one that holds everything before `created_to`.
    `lost` counts lines of its file that could not be used."""

    created_from: datetime | None
    created_to: datetime
    state: str
    by_pages: bool
    expected: int
    loaded: int
    lost: int
    error_code: str
    error_message: str

    @property
    def label(self) -> str:
        return str(LoadState(self.state).label)


@dataclass(frozen=True, slots=True)
class Pace:
    """Orders a second over the whole load so far, and when it will be over at that pace; None while nobody knows."""

    per_second: float | None = None
    eta: datetime | None = None


def pace(stream: SyncStream, *, now: datetime) -> Pace:
    """Pure. Shopify's time to prepare a file counts as well: it is part of what is waited for."""
    began = stream.load_started_at
    if stream.phase != SyncPhase.FIRST_LOAD or began is None or not stream.loaded:
        return Pace()
    seconds = (now - began).total_seconds()
    if seconds < _LEAST_SECONDS:
        return Pace()
    per_second = stream.loaded / seconds
    if stream.expected is None:
        return Pace(per_second)
    left = max(stream.expected - stream.loaded, 0)
    return Pace(per_second, now + timedelta(seconds=left / per_second))


def windows_of(store: Store) -> Mapping[int, Sequence[WindowStatus]]:
    """Of each stream of the store whose first load is under way, by the stream's id; a hundred at most of the store."""
    found: dict[int, list[WindowStatus]] = defaultdict(list)
    rows = LoadWindow.objects.filter(store=store, stream__phase=SyncPhase.FIRST_LOAD).exclude(state=LoadState.SPLIT)
    for row in rows.order_by("-created_to")[:_MOST_SHOWN]:
        found[row.stream_id].append(_shown(row))
    return found


def _shown(row: LoadWindow) -> WindowStatus:
    return WindowStatus(
        created_from=row.created_from if row.created_from > BEGINNING else None,
        created_to=row.created_to,
        state=row.state,
        by_pages=row.by_pages,
        expected=row.expected,
        loaded=row.loaded,
        lost=row.lost,
        error_code=row.error_code,
        error_message=row.error_message,
    )
