"""Working days of a store: which days count, and how many have passed. Pure, but for the public holidays, which the
`holidays` library knows for each country and its regions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

MONDAY_TO_FRIDAY = frozenset(range(5))
_LONGEST_REST = 366
"""A calendar without a working day in a whole year has none at all."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """`working`: weekdays, 0 is Monday. `country` (ISO 3166-1) and `region` (ISO 3166-2 without the country) bring the
    public holidays, `closed` days of its own. What happens after the `cut_off` belongs to the next day."""

    zone: ZoneInfo
    working: frozenset[int] = MONDAY_TO_FRIDAY
    country: str = ""
    region: str = ""
    closed: frozenset[date] = frozenset()
    cut_off: time | None = None

    def is_working(self, day: date) -> bool:
        return (
            day.weekday() in self.working
            and day not in self.closed
            and not (self.country and day in public_holidays(self.country, self.region, day.year))
        )

    def day_of(self, moment: datetime) -> date:
        """The day to which a moment belongs, in the store's zone."""
        local = moment.astimezone(self.zone)
        late = self.cut_off is not None and local.time() >= self.cut_off
        return local.date() + timedelta(days=late)

    def days_since(self, moment: datetime, now: datetime) -> int:
        """How many working days have begun after the moment's own day, today included; 0 for one in the future."""
        day, today = self.day_of(moment), now.astimezone(self.zone).date()
        return sum(self.is_working(day + timedelta(days=n)) for n in range(1, (today - day).days + 1))

    def more_than(self, days: int, now: datetime) -> datetime | None:
        """The moment before which everything is more than so many working days ago: `days_since(m, now) > days` holds
        exactly for the moments before it. None when nothing is, because the calendar has no working days."""
        day, passed = now.astimezone(self.zone).date(), 0
        rested = 0
        while True:
            if self.is_working(day):
                passed, rested = passed + 1, 0
                if passed > days:
                    break
            rested += 1
            if rested > _LONGEST_REST:
                return None
            day -= timedelta(days=1)
        # What belongs to the day before `day`, or an earlier one, has `day` and `days` more working days after it.
        if self.cut_off is None:
            return datetime.combine(day, time.min, self.zone)
        return datetime.combine(day - timedelta(days=1), self.cut_off, self.zone)


@lru_cache(maxsize=1000)
def public_holidays(country: str, region: str, year: int) -> Collection[date]:
    """The days off of a year; none for a country or region that the library does not know."""
    if not is_known(country, region):
        return frozenset()
    return frozenset(holidays.country_holidays(country, subdiv=region or None, years=year))


def is_known(country: str, region: str = "") -> bool:
    """Whether public holidays of a country, and of its region, are known."""
    known = _supported()
    return country in known and (not region or region in known[country])


def countries() -> tuple[str, ...]:
    """ISO 3166-1 codes of the countries whose public holidays are known."""
    return tuple(sorted(_supported()))


@lru_cache(maxsize=1)
def _supported() -> Mapping[str, Collection[str]]:
    return holidays.list_supported_countries()
