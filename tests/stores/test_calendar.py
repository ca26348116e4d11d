"""Working days: weekends, public holidays, days closed, the cut-off, and the nights when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stores.calendar import Calendar, countries, is_known, public_holidays

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DUTCH = Calendar(AMSTERDAM, country="NL")


def at(day: str, clock: str = "12:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=AMSTERDAM)


@pytest.mark.parametrize(
    ("calendar", "moment", "now", "days"),
    [
        (DUTCH, at("2026-11-20"), at("2026-11-23"), 1),  # Friday to Monday
        (DUTCH, at("2026-11-20"), at("2026-11-22"), 0),  # over the weekend
        (DUTCH, at("2026-11-23"), at("2026-11-23", "23:59"), 0),
        (DUTCH, at("2026-11-16"), at("2026-11-23"), 5),
        (DUTCH, at("2026-12-24"), at("2026-12-28"), 1),  # both days of Christmas, one of them a Saturday
        (Calendar(AMSTERDAM), at("2026-12-24"), at("2026-12-28"), 2),
        (Calendar(AMSTERDAM, closed=frozenset({date(2026, 11, 23)})), at("2026-11-20"), at("2026-11-24"), 1),
        (Calendar(AMSTERDAM, working=frozenset({5})), at("2026-11-20"), at("2026-11-28"), 2),
        (Calendar(AMSTERDAM, cut_off=time(16)), at("2026-11-19", "15:59"), at("2026-11-20"), 1),
        (Calendar(AMSTERDAM, cut_off=time(16)), at("2026-11-19", "16:00"), at("2026-11-20"), 0),
        (DUTCH, at("2026-11-24"), at("2026-11-23"), 0),  # not yet
        (DUTCH, datetime(2026, 11, 22, 23, 30, tzinfo=UTC), at("2026-11-24"), 1),  # already Monday in the store
    ],
)
def test_working_days_that_have_passed(calendar: Calendar, moment: datetime, now: datetime, days: int):
    assert calendar.days_since(moment, now) == days


def test_a_calendar_without_working_days_never_ages():
    closed = Calendar(AMSTERDAM, working=frozenset())
    assert closed.more_than(0, at("2026-11-23")) is None
    assert closed.days_since(at("2020-01-01"), at("2020-03-01")) == 0


def test_holidays_are_those_of_country_and_region():
    assert date(2026, 4, 27) in public_holidays("NL", "", 2026)
    assert date(2026, 11, 1) not in public_holidays("DE", "BE", 2026)
    assert date(2026, 11, 1) in public_holidays("DE", "BY", 2026)
    assert public_holidays("XX", "", 2026) == frozenset()
    assert {"NL", "BE", "DE"} <= set(countries())
    assert is_known("DE", "BY")
    assert not is_known("DE", "XX")
    assert not is_known("XX")


calendars = st.builds(
    Calendar,
    st.sampled_from([AMSTERDAM, ZoneInfo("Pacific/Auckland"), ZoneInfo("America/St_Johns")]),
    working=st.frozensets(st.integers(0, 6), min_size=1),
    country=st.sampled_from(["", "NL", "US"]),
    closed=st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=5),
    cut_off=st.none() | st.times(),
)
moments = st.datetimes(datetime(2026, 1, 15), datetime(2026, 12, 15), timezones=st.just(UTC))


@pytest.mark.row("INV-C22")
@given(calendars, moments, st.integers(0, 20), st.integers(-60 * 24 * 40, 60))
def test_the_bound_divides_exactly(calendar: Calendar, now: datetime, days: int, minutes: int):
    bound = calendar.more_than(days, now)
    assert bound is not None
    moment = now + timedelta(minutes=minutes)
    assert (moment < bound) == (calendar.days_since(moment, now) > days)
    assert calendar.days_since(bound - timedelta(seconds=1), now) > days
    assert calendar.days_since(bound, now) <= days
