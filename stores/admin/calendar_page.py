"""The page of a store's working days and targets."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from backoffice.core.actor import Right
from backoffice.core.api.callers import actor_of
from backoffice.core.errors import FieldError, InvalidFields, NotAllowed
from backoffice.core.pages import page
from stores.calendar import countries
from stores.models import StoreCalendar
from stores.services.calendars import CalendarWish, row_of, set_calendar

from .store_pages import find

TEMPLATE = "admin/stores/calendar.html"
_FIELDS = frozenset(
    {"working_days", "country", "region", "closed_days", "cut_off", "fulfil_days", "settle_days", "idle_days"}
)
_TARGETS = ("fulfil_days", "settle_days", "idle_days")


def calendar(request: HttpRequest, store_id: int) -> HttpResponseBase:
    """Shows the calendar to everybody who sees the store; its managers may change it."""
    actor = actor_of(request)
    store = find(actor, store_id)
    may_change = actor.may(Right.MANAGE_STORE, store.pk)
    typed, errors = _typed(row_of(store)), {}
    if request.method == "POST":
        if not may_change:
            raise NotAllowed("manager_needed", _("Only a manager of the store changes its calendar."))
        typed = {name: request.POST.get(name, "") for name in _FIELDS}
        typed["working_days"] = request.POST.getlist("working_days")
        try:
            set_calendar(store, _wish(request.POST), actor=actor)
        except InvalidFields as wrong:
            errors = {error.field: error.message for error in wrong.errors}
        else:
            messages.success(request, _("The calendar of %(store)s is kept.") % {"store": store.name})
            return HttpResponseRedirect(reverse("admin:stores_store_calendar", args=[store.pk]))
    return page(
        request,
        TEMPLATE,
        _("Calendar of %(store)s") % {"store": store.name},
        store=store,
        typed=typed,
        errors=errors,
        weekdays=[(str(number), str(name)) for number, name in WEEKDAYS.items()],
        countries=countries(),
        may_change=may_change,
        status=400 if errors else 200,
    )


def _typed(row: StoreCalendar) -> dict[str, Any]:
    return {
        "working_days": [str(day) for day in row.working_days],
        "country": row.country,
        "region": row.region,
        "closed_days": "\n".join(day.isoformat() for day in sorted(row.closed_days)),
        "cut_off": row.cut_off.strftime("%H:%M") if row.cut_off else "",
        **{name: getattr(row, name) for name in _TARGETS},
    }


def _wish(form: QueryDict) -> CalendarWish:
    """Raises `InvalidFields` for what is no day, time or number; the service judges the rest."""
    wrong: list[FieldError] = []

    def read(name: str, text: str, sentence: str, kind: Any) -> Any:
        try:
            return kind(text)
        except ValueError:
            wrong.append(FieldError(name, "value_invalid", sentence % {"value": text[:30]}))
            return None

    days = [text for text in re.split(r"[\s,;]+", form.get("closed_days", "")) if text]
    cut_off = form.get("cut_off", "").strip()
    no_day, no_time = _("“%(value)s” is no day such as 2026-12-24."), _("“%(value)s” is no time such as 16:00.")
    wish: dict[str, Any] = {
        "working_days": frozenset(int(text) for text in form.getlist("working_days") if text in tuple("0123456")),
        "country": form.get("country", "").strip().upper(),
        "region": form.get("region", "").strip().upper(),
        "closed_days": frozenset(read("closed_days", text, no_day, date.fromisoformat) for text in days),
        "cut_off": read("cut_off", cut_off, no_time, time.fromisoformat) if cut_off else None,
    }
    for name in _TARGETS:
        wish[name] = read(name, form.get(name, ""), _("“%(value)s” is no whole number."), int)
    if wrong:
        raise InvalidFields(wrong)
    return CalendarWish(**wish)
