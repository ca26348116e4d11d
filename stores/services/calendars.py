"""The calendar of each store: working days, holidays, cut-off, and the targets that are counted in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.core import audit
from backoffice.core.actor import Actor, Right
from backoffice.core.errors import FieldError, InvalidFields, NotAllowed
from stores.calendar import Calendar, is_known
from stores.models import Store, StoreCalendar

MOST_CLOSED_DAYS = 400
MOST_DAYS = 365
_TARGETS = ("fulfil_days", "settle_days", "idle_days")


@dataclass(frozen=True, slots=True)
class CalendarWish:
    """What a store's calendar is to be. `working_days`: 0 is Monday. Targets are working days."""

    working_days: frozenset[int]
    country: str = ""
    region: str = ""
    closed_days: frozenset[date] = frozenset()
    cut_off: time | None = None
    fulfil_days: int = 2
    settle_days: int = 5
    idle_days: int = 5


def row_of(store: Store) -> StoreCalendar:
    """The store's row, or an unsaved one with the defaults."""
    return StoreCalendar.objects.filter(store=store).first() or StoreCalendar(store=store)


def calendars_of(stores: Iterable[Store]) -> Mapping[int, Calendar]:
    """By store id, in one query."""
    stores = list(stores)
    rows = {row.store_id: row for row in StoreCalendar.objects.filter(store__in=stores)}
    return {store.pk: calendar_of(store, rows.get(store.pk)) for store in stores}


def calendar_of(store: Store, row: StoreCalendar | None) -> Calendar:
    zone = ZoneInfo(store.timezone)
    if row is None:
        return Calendar(zone)
    return Calendar(
        zone,
        working=frozenset(row.working_days),
        country=row.country,
        region=row.region,
        closed=frozenset(row.closed_days),
        cut_off=row.cut_off,
    )


def set_calendar(store: Store, wish: CalendarWish, *, actor: Actor) -> StoreCalendar:
    """Keeps the calendar; counts everywhere follow at once. Raises `NotAllowed`, and `InvalidFields` that names each
    wrong field."""
    if not actor.may(Right.MANAGE_STORE, store.pk):
        raise NotAllowed("manager_needed", _("Only a manager of the store changes its calendar."))
    if wrong := list(_wrong(wish)):
        raise InvalidFields(wrong)
    with transaction.atomic():
        row, _made = StoreCalendar.objects.update_or_create(
            store=store,
            defaults={
                "working_days": sorted(wish.working_days),
                "country": wish.country,
                "region": wish.region,
                "closed_days": sorted(wish.closed_days),
                "cut_off": wish.cut_off,
                **{name: getattr(wish, name) for name in _TARGETS},
            },
        )
        audit.record("store.calendar_set", actor=actor, store_id=store.pk)
    return row


def _wrong(wish: CalendarWish) -> Iterable[FieldError]:
    if not wish.working_days or not wish.working_days <= set(range(7)):
        yield FieldError("working_days", "value_invalid", _("Choose at least one day, from 0 (Monday) to 6 (Sunday)."))
    if wish.country and not is_known(wish.country):
        sentence = _("The public holidays of “%(code)s” are not known; give a country's two letters, such as NL.")
        yield FieldError("country", "value_unknown", sentence % {"code": wish.country[:10]})
    elif wish.region and not is_known(wish.country, wish.region):
        sentence = _("“%(country)s” has no region “%(region)s” with holidays of its own.")
        told = sentence % {"country": wish.country, "region": wish.region[:10]}
        yield FieldError("region", "value_unknown", told)
    if len(wish.closed_days) > MOST_CLOSED_DAYS:
        sentence = _("At most %(most)d days can be named.") % {"most": MOST_CLOSED_DAYS}
        yield FieldError("closed_days", "value_count", sentence)
    for name in _TARGETS:
        if not 0 <= getattr(wish, name) <= MOST_DAYS:
            sentence = _("Write a whole number from %(least)d to %(most)d.") % {"least": 0, "most": MOST_DAYS}
            yield FieldError(name, "value_invalid", sentence)
