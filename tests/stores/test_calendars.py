"""A store's calendar: kept by its managers, in admin and API alike, and refused with the remedy at each field."""

from __future__ import annotations

from datetime import date, time

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_scopes import scopes_disabled

from backoffice.core.actor import Actor
from backoffice.core.errors import InvalidFields, NotAllowed
from backoffice.core.models import AuditEntry
from stores.models import Store, StoreCalendar
from stores.services.calendars import CalendarWish, calendars_of, set_calendar

pytestmark = pytest.mark.django_db
WORKWEEK = frozenset(range(5))


def test_a_store_without_a_row_works_from_monday_to_friday(store: Store):
    with scopes_disabled():
        calendar = calendars_of([store])[store.pk]
    assert (calendar.working, calendar.country, str(calendar.zone)) == (WORKWEEK, "", store.timezone)


def test_what_is_kept_is_what_counts(manager_actor: Actor, store: Store):
    wish = CalendarWish(
        frozenset({0, 5}), country="NL", closed_days=frozenset({date(2026, 12, 24)}), cut_off=time(16), idle_days=3
    )
    with scopes_disabled():
        set_calendar(store, wish, actor=manager_actor)
        row = set_calendar(store, wish, actor=manager_actor)
        calendar = calendars_of([store])[store.pk]
        assert StoreCalendar.objects.count() == 1
    assert (row.idle_days, row.fulfil_days) == (3, 2)
    assert (calendar.working, calendar.country, calendar.cut_off) == (frozenset({0, 5}), "NL", time(16))
    assert calendar.closed == frozenset({date(2026, 12, 24)})
    assert AuditEntry.objects.filter(action="store.calendar_set", store_id=store.pk).count() == 2


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (CalendarWish(frozenset()), "working_days"),
        (CalendarWish(frozenset({7})), "working_days"),
        (CalendarWish(WORKWEEK, country="XX"), "country"),
        (CalendarWish(WORKWEEK, country="DE", region="XX"), "region"),
        (CalendarWish(WORKWEEK, region="BY"), "region"),
        (CalendarWish(WORKWEEK, fulfil_days=-1), "fulfil_days"),
        (CalendarWish(WORKWEEK, idle_days=366), "idle_days"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(manager_actor: Actor, store: Store, wish: CalendarWish, field: str):
    with scopes_disabled():
        with pytest.raises(InvalidFields) as refused:
            set_calendar(store, wish, actor=manager_actor)
        assert [error.field for error in refused.value.errors] == [field]
        assert not StoreCalendar.objects.exists()


def test_an_agent_does_not_change_it(agent_actor: Actor, store: Store):
    with scopes_disabled():
        with pytest.raises(NotAllowed):
            set_calendar(store, CalendarWish(WORKWEEK), actor=agent_actor)
        assert not StoreCalendar.objects.exists()


def test_the_page_keeps_what_was_typed_and_says_what_is_wrong(client: Client, manager: User, store: Store):
    client.force_login(manager)
    address = f"/admin/stores/store/{store.pk}/calendar/"
    form = {
        "working_days": ["0", "1"],
        "country": "NL",
        "closed_days": "2026-12-24 christmas",
        "cut_off": "25:00",
        "fulfil_days": "two",
        "settle_days": "4",
        "idle_days": "6",
    }
    answer = client.post(address, form)
    page = answer.content.decode()
    assert answer.status_code == 400
    for sentence in ("“christmas” is no day", "“25:00” is no time", "“two” is no whole number"):
        assert sentence in page
    assert "2026-12-24 christmas" in page
    with scopes_disabled():
        assert not StoreCalendar.objects.exists()
    answer = client.post(address, form | {"closed_days": "2026-12-24", "cut_off": "16:00", "fulfil_days": "2"})
    assert answer.status_code == 302
    with scopes_disabled():
        row = StoreCalendar.objects.get()
    assert (row.working_days, row.closed_days, row.cut_off) == ([0, 1], [date(2026, 12, 24)], time(16))
    assert 'value="16:00"' in client.get(address).content.decode()
