"""The kinds that have more and less: moments, amounts, whole numbers, ages. Terms such as `created:today`,
`created:2026-11-01..2026-11-07`, `outstanding>=100EUR`, `items:2..5`, `age>3d`."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.core.filtersets import ConditionFilter
from backoffice.core.parameters import StrictField
from backoffice.core.strict_fields import Amount, Moment, Whole
from stores.calendar import Calendar

from .given import Given
from .kinds import Condition, Kind, any_of, misread, read
from .syntax import QueryError
from .tree import Term, Value

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CURRENCY = re.compile(r"\s?([A-Za-z]{3})$")
_AGE = re.compile(r"([0-9]{1,5})(h|d|wd|w)")
_LOOKUPS: Mapping[str, str] = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte", ":": "exact"}
_SIGNS: Mapping[str, StrOrPromise] = {
    ">": gettext_lazy("{title} is more than {value}"),
    ">=": gettext_lazy("{title} is at least {value}"),
    "<": gettext_lazy("{title} is less than {value}"),
    "<=": gettext_lazy("{title} is at most {value}"),
    ":": gettext_lazy("{title} is {value}"),
}
_LONGEST_AGO = 36_500
_MOST_WORKING_DAYS = 2000
_UNITS: Mapping[str, timedelta] = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_SIGN_OF_END = {"from": ">=", "before": "<", "min": ">=", "max": "<="}
MOST = 10**9
"""No number of items, days or cents of an order is larger."""
Piece: TypeAlias = tuple[str, Value]
"""A comparison and the one value that it compares with."""


def pieces(term: Term) -> list[list[Piece]]:
    """Each value of a term as the comparisons that must all hold: a range has up to two."""
    found: list[list[Piece]] = []
    for value in term.values:
        if value.is_prefix:
            sentence = _("“%(name)s” needs whole values; “*” is not understood here.")
            raise QueryError("query_prefix", sentence % {"name": term.name}, value.span)
        if value.upper is None:
            found.append([(term.comparison, value)])
            continue
        ends = [(">=", Value(value.text, span=value.span)), ("<=", Value(value.upper, span=value.span))]
        found.append([(sign, end) for sign, end in ends if end.text])
    return found


class Span(Kind):
    """What all of these share: a term is any of its values, a value is all of its comparisons."""

    def condition(self, term: Term, given: Given) -> Condition:
        alternatives: list[Condition] = []
        for both in pieces(term):
            found = Q()
            for sign, value in both:
                found &= Q(self.compare(sign, value, given))
            alternatives.append(found)
        return any_of(alternatives)

    def term(self, name: str, parameter: str, texts: Sequence[str]) -> Term:
        sign = _SIGN_OF_END[parameter.rpartition("_")[2]]
        return Term(name, sign, (Value("".join(texts)),))

    def words(self, term: Term, title: str) -> str:
        alternatives = [
            f" {_('and')} ".join(self.say(sign, value, title) for sign, value in both) for both in pieces(term)
        ]
        return f" {_('or')} ".join(alternatives)

    @abstractmethod
    def compare(self, sign: str, value: Value, given: Given) -> Condition:
        """One comparison with one value. Raises `QueryError` that points at it."""

    def say(self, sign: str, value: Value, title: str) -> str:
        return str(_SIGNS[sign]).format(title=title, value=value.text)


@dataclass(frozen=True, slots=True)
class Moments(Span):
    """A time. A day is a day of the store, from its first instant to its last; `today`, `yesterday`, `tomorrow` and
    `-7d` (so many days ago) are days. `parameter` begins the names of the two typed parameters."""

    column: str
    parameter: str

    def parameters(self, name: str, help: StrOrPromise) -> dict[str, ConditionFilter]:
        ends = {f"{self.parameter}_from": "gte", f"{self.parameter}_before": "lt"}
        return _bounds(self.column, Moment, ends, help)

    def compare(self, sign: str, value: Value, given: Given) -> Condition:
        day = _day_of(value)
        if day is None:
            moment = _moment_of(value)
            # Shopify's times have whole seconds, and so has what is typed.
            if sign == ":":
                return Q(**{f"{self.column}__gte": moment, f"{self.column}__lt": moment + timedelta(seconds=1)})
            return Q(**{f"{self.column}__{_LOOKUPS[sign]}": moment})
        return given.in_each_zone(lambda zone: self._of_day(sign, day(given.now.astimezone(zone).date()), zone))

    def say(self, sign: str, value: Value, title: str) -> str:
        signs = {
            ">": _("{title} is after {value}"),
            ">=": _("{title} is on or after {value}"),
            "<": _("{title} is before {value}"),
            "<=": _("{title} is on or before {value}"),
            ":": _("{title} is {value}"),
        }
        return signs[sign].format(title=title, value=_said_day(value.text))

    def example(self, name: str) -> str:
        return f"{name}:today"

    def _of_day(self, sign: str, day: date, zone: ZoneInfo) -> Q:
        first = datetime.combine(day, time.min, zone)
        after = datetime.combine(day + timedelta(days=1), time.min, zone)
        bounds = {
            ":": {"gte": first, "lt": after},
            ">": {"gte": after},
            ">=": {"gte": first},
            "<": {"lt": first},
            "<=": {"lt": after},
        }[sign]
        return Q(**{f"{self.column}__{lookup}": bound for lookup, bound in bounds.items()})


@dataclass(frozen=True, slots=True)
class Amounts(Span):
    """Money. `100` is in the shop's currency, whatever it is; `100EUR` is in the customer's, and only of orders that
    were bought in that currency: amounts of two currencies are never compared."""

    name: str

    def parameters(self, name: str, help: StrOrPromise) -> dict[str, ConditionFilter]:
        return _bounds(f"{self.name}_shop", Amount, {f"{name}_min": "gte", f"{name}_max": "lte"}, help)

    def compare(self, sign: str, value: Value, given: Given) -> Condition:
        amount, currency = self._read(value)
        if not currency:
            return Q(**{f"{self.name}_shop__{_LOOKUPS[sign]}": amount})
        return Q(presentment_currency=currency, **{f"{self.name}_presentment__{_LOOKUPS[sign]}": amount})

    def example(self, name: str) -> str:
        return f"{name}>=100EUR"

    def _read(self, value: Value) -> tuple[Decimal, str]:
        match = _CURRENCY.search(value.text)
        amount: Decimal = read(Amount(), Value(value.text[: match.start()] if match else value.text, span=value.span))
        return amount, match[1].upper() if match else ""


@dataclass(frozen=True, slots=True)
class Numbers(Span):
    """A whole number from 0 to a billion."""

    column: str

    def parameters(self, name: str, help: StrOrPromise) -> dict[str, ConditionFilter]:
        ends = {f"{name}_min": "gte", f"{name}_max": "lte"}
        return _bounds(self.column, lambda: Whole(0, MOST), ends, help)

    def compare(self, sign: str, value: Value, given: Given) -> Condition:
        return Q(**{f"{self.column}__{_LOOKUPS[sign]}": read(Whole(0, MOST), value)})

    def example(self, name: str) -> str:
        return f"{name}:2..5"


@dataclass(frozen=True, slots=True)
class Ages(Span):
    """How long ago a time is: `age>3d` is longer ago than three days of 24 hours; `h` and `w` are hours and weeks, `wd`
    are working days of the store, of which so many have begun since. A time that is not known has no age.
    `older` and `newer` name the typed parameters, which take days."""

    column: str
    older: str
    newer: str

    def parameters(self, name: str, help: StrOrPromise) -> dict[str, ConditionFilter]:
        def ago(parameter: str, lookup: str) -> ConditionFilter:
            def where(days: int) -> Q:
                return Q(**{f"{self.column}__{lookup}": timezone.now() - timedelta(days=days)})

            return ConditionFilter(Whole(0, _LONGEST_AGO), where, label=parameter, help_text=help)

        return {self.older: ago(self.older, "lt"), self.newer: ago(self.newer, "gte")}

    def term(self, name: str, parameter: str, texts: Sequence[str]) -> Term:
        return Term(name, ">" if parameter == self.older else "<=", (Value(f"{''.join(texts)}d"),))

    def compare(self, sign: str, value: Value, given: Given) -> Condition:
        count, unit = self._read(value)
        if sign == ":":
            raise misread(_("Write an age as more or less than something: age>3d, age<2w."), value.span)
        if unit == "wd":
            return given.in_each_calendar(lambda calendar: self._of_days(sign, count, calendar, given.now))
        moment = given.now - count * _UNITS[unit]
        opposite = {">": "lt", ">=": "lte", "<": "gt", "<=": "gte"}[sign]
        return Q(**{f"{self.column}__{opposite}": moment})

    def _of_days(self, sign: str, days: int, calendar: Calendar, now: datetime) -> Q:
        """More than, or at most: at least three is more than two."""
        whole = days - (sign in (">=", "<"))
        known, none = Q(**{f"{self.column}__isnull": False}), Q(pk__in=[])
        older = sign in (">", ">=")
        if whole < 0:
            return known if older else none
        bound = calendar.more_than(whole, now)
        if bound is None:
            return none if older else known
        return Q(**{f"{self.column}__{'lt' if older else 'gte'}": bound})

    def say(self, sign: str, value: Value, title: str) -> str:
        match = _AGE.fullmatch(value.text.casefold())
        assert match is not None  # `compare` has read it
        count = int(match[1])
        said = {
            "h": ngettext("%d hour", "%d hours", count),
            "d": ngettext("%d day", "%d days", count),
            "w": ngettext("%d week", "%d weeks", count),
            "wd": ngettext("%d working day", "%d working days", count),
        }[match[2]] % count
        return str(_SIGNS[sign]).format(title=title, value=said)

    def example(self, name: str) -> str:
        return f"{name}>3d"

    def _read(self, value: Value) -> tuple[int, str]:
        match = _AGE.fullmatch(value.text.casefold())
        if match is None or (match[2] == "wd" and int(match[1]) > _MOST_WORKING_DAYS):
            raise misread(_("Write so many hours, days, weeks or working days: 12h, 3d, 2w, 5wd."), value.span)
        return int(match[1]), match[2]


def _bounds(
    column: str, reader: Callable[[], StrictField], ends: Mapping[str, str], help: StrOrPromise
) -> dict[str, ConditionFilter]:
    """A parameter for each end: its name and the lookup that it stands for."""

    def bound(name: str, lookup: str) -> ConditionFilter:
        def where(value: Any) -> Q:
            return Q(**{f"{column}__{lookup}": value})

        return ConditionFilter(reader(), where, label=name, help_text=help)

    return {name: bound(name, lookup) for name, lookup in ends.items()}


def _day_of(value: Value) -> Callable[[date], date] | None:
    """The day that is meant, told from today; None for a moment."""
    text = value.text.casefold().strip()
    if text in ("today", "yesterday", "tomorrow"):
        offset = {"today": 0, "yesterday": -1, "tomorrow": 1}[text]
        return lambda today: today + timedelta(days=offset)
    if match := re.fullmatch(r"([+-])([0-9]{1,4})d", text):
        offset = int(match[1] + match[2])
        return lambda today: today + timedelta(days=offset)
    if _DAY.fullmatch(text):
        try:
            day = date.fromisoformat(text)
        except ValueError as error:
            raise misread(_("There is no such day."), value.span) from error
        if not 1900 <= day.year <= 9000:
            raise misread(_("There is no such day."), value.span)
        return lambda today: day
    return None


def _moment_of(value: Value) -> datetime:
    moment: datetime = read(Moment(), value)
    return moment


def _said_day(text: str) -> str:
    said = {"today": _("today"), "yesterday": _("yesterday"), "tomorrow": _("tomorrow")}.get(text.casefold())
    if said:
        return said
    if match := re.fullmatch(r"-([0-9]{1,4})d", text.casefold()):
        return ngettext("%d day ago", "%d days ago", int(match[1])) % int(match[1])
    if _DAY.fullmatch(text):
        return date_format(date.fromisoformat(text), "DATE_FORMAT")
    return text
