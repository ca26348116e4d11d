"""The second half of a proof: how many orders were placed on each day, there and here.

The live orders are compared one by one; this finds what is wrong among the others for ten points a window. A window
whose counts differ is halved until a day is left, and that day is compared one by one as well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from stores.resources import Rejected

from .comparison import Comparison, Outcome

# A day with more orders than these is named and not searched.
MOST_PAGES = 40
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)
_ONE_BY_ONE = 31


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days in UTC, both included; `first` None is the beginning of the shop."""

    first: date | None
    last: date

    @property
    def created_from(self) -> datetime | None:
        return datetime.combine(self.first, time.min, UTC) if self.first else None

    @property
    def created_to(self) -> datetime:
        return datetime.combine(self.last + _DAY, time.min, UTC) - _SECOND


@dataclass(slots=True)
class DaysOutcome:
    """`differing` are windows whose counts differ after the repair."""

    outcomes: list[Outcome] = field(default_factory=list)
    differing: list[dict[str, Any]] = field(default_factory=list)


def windows(*, until: date, since: date | None) -> Iterator[Days]:
    """The last month day by day, newest first, then all that is older at once."""
    for back in range(_ONE_BY_ONE):
        day = until - back * _DAY
        if since is not None and day < since:
            return
        yield Days(day, day)
    oldest = until - _ONE_BY_ONE * _DAY
    if since is None or since <= oldest:
        yield Days(since, oldest)


def compare_days(comparison: Comparison, days: Days, here: Mapping[date, int]) -> DaysOutcome:
    """Compares the counts of the window; `here` are ours by day."""
    done = DaysOutcome()
    waiting = [days]
    while waiting:
        window = waiting.pop()
        there = comparison.evidence.count_there(
            comparison.client, created_from=window.created_from, created_to=window.created_to
        )
        if there is None or there == _sum(here, window):
            continue
        halves = _halves(window, here)
        if halves:
            waiting += halves
        else:
            _look_into(comparison, window, done)
    return done


def _halves(window: Days, here: Mapping[date, int]) -> list[Days]:
    """Nothing for what is not divided any more: a day, or the time before our oldest order."""
    if window.first is None:
        oldest = min((day for day in here if day <= window.last), default=None)
        return [Days(None, oldest - _DAY), Days(oldest, window.last)] if oldest else []
    if window.first >= window.last:
        return []
    middle = window.first + (window.last - window.first) // 2
    return [Days(window.first, middle), Days(middle + _DAY, window.last)]


def _look_into(comparison: Comparison, window: Days, done: DaysOutcome) -> None:
    found = _all_of(comparison, window)
    if found is not None:
        items, rejected = found
        done.outcomes.append(
            comparison.window(
                items,
                live_only=False,
                created_from=window.created_from,
                created_to=window.created_to,
                rejected=rejected,
            )
        )
    start, end = window.created_from, window.created_to
    there = comparison.evidence.count_there(comparison.client, created_from=start, created_to=end)
    here = _sum(comparison.evidence.days_here(comparison.store, created_from=start, created_to=end), window)
    if there is not None and there != here:
        first = window.first.isoformat() if window.first else None
        done.differing.append({"first": first, "last": window.last.isoformat(), "there": there, "here": here})


def _all_of(comparison: Comparison, window: Days) -> tuple[list[Any], list[Rejected]] | None:
    """Everything that the shop has within the window, and what of it cannot be read; None when it is too much."""
    items: list[Any] = []
    rejected: list[Rejected] = []
    after = None
    for _ in range(MOST_PAGES):
        page = comparison.evidence.page(
            comparison.client,
            comparison.store,
            live_only=False,
            created_from=window.created_from,
            created_to=window.created_to,
            after=after,
        )
        items += page.items
        rejected += page.rejected
        if not page.has_next:
            return items, rejected
        after = page.end_cursor
    return None


def _sum(here: Mapping[date, int], window: Days) -> int:
    return sum(
        count for day, count in here.items() if day <= window.last and (window.first is None or day >= window.first)
    )
