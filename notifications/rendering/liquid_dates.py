"""Dates in mails: Shopify's `date` filter with the names of months and days in the recipient's language.

Patterns are read here, never handed to the C library: `%1000000000Y` would make it fill the memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_time

_DIRECTIVE = re.compile(r"%([-^]?)([a-zA-Z%])")

# Shopify's names of formats, as Babel's lengths.
_NAMED: dict[str, Callable[[datetime, Locale], str]] = {
    "abbreviated_date": lambda at, locale: format_date(at, "medium", locale=locale),
    "basic": lambda at, locale: format_date(at, "short", locale=locale),
    "date": lambda at, locale: format_date(at, "long", locale=locale),
    "date_at_time": lambda at, locale: _datetime(at, "long", locale),
    "default": lambda at, locale: _datetime(at, "full", locale),
    "on_date": lambda at, locale: format_date(at, "medium", locale=locale),
}

_DIRECTIVES: dict[str, Callable[[datetime, Locale], str]] = {
    "a": lambda at, locale: format_date(at, "EEE", locale=locale),
    "A": lambda at, locale: format_date(at, "EEEE", locale=locale),
    "b": lambda at, locale: format_date(at, "MMM", locale=locale),
    "B": lambda at, locale: format_date(at, "MMMM", locale=locale),
    "c": lambda at, locale: _datetime(at, "medium", locale),
    "C": lambda at, _: f"{at.year // 100:02}",
    "d": lambda at, _: f"{at.day:02}",
    "D": lambda at, _: f"{at:%m/%d/%y}",
    "e": lambda at, _: f"{at.day:2}",
    "F": lambda at, _: at.date().isoformat(),
    "G": lambda at, _: str(at.isocalendar().year),
    "h": lambda at, locale: format_date(at, "MMM", locale=locale),
    "H": lambda at, _: f"{at.hour:02}",
    "I": lambda at, _: f"{(at.hour % 12) or 12:02}",
    "j": lambda at, _: f"{at.timetuple().tm_yday:03}",
    "k": lambda at, _: f"{at.hour:2}",
    "l": lambda at, _: f"{(at.hour % 12) or 12:2}",
    "L": lambda at, _: f"{at.microsecond // 1000:03}",
    "m": lambda at, _: f"{at.month:02}",
    "M": lambda at, _: f"{at.minute:02}",
    "p": lambda at, _: "AM" if at.hour < 12 else "PM",
    "P": lambda at, _: "am" if at.hour < 12 else "pm",
    "r": lambda at, _: f"{(at.hour % 12) or 12:02}:{at:%M:%S} {'AM' if at.hour < 12 else 'PM'}",
    "R": lambda at, _: f"{at:%H:%M}",
    "s": lambda at, _: str(int(at.timestamp())),
    "S": lambda at, _: f"{at.second:02}",
    "T": lambda at, _: f"{at:%H:%M:%S}",
    "u": lambda at, _: str(at.isoweekday()),
    "U": lambda at, _: f"{at:%U}",
    "V": lambda at, _: f"{at.isocalendar().week:02}",
    "w": lambda at, _: str(at.isoweekday() % 7),
    "W": lambda at, _: f"{at:%W}",
    "x": lambda at, locale: format_date(at, "short", locale=locale),
    "X": lambda at, _: f"{at:%H:%M:%S}",
    "y": lambda at, _: f"{at.year % 100:02}",
    "Y": lambda at, _: str(at.year),
    "z": lambda at, _: f"{at:%z}",
    "Z": lambda at, _: at.tzname() or "",
    "n": lambda at, _: "\n",
    "t": lambda at, _: "\t",
    "%": lambda at, _: "%",
}


def shown_date(value: object, *, pattern: object, named: object, locale: Locale) -> str:
    """The moment in words. `value`: ISO 8601 text; anything else is given back as it is, as Shopify does. Without a
    pattern the language's long form."""
    at = _moment(value)
    if at is None:
        return str(value)
    if isinstance(named, str) and named in _NAMED:
        return _NAMED[named](at, locale)
    if not isinstance(pattern, str) or not pattern:
        return format_date(at, "long", locale=locale)

    def replaced(match: re.Match[str]) -> str:
        directive = _DIRECTIVES.get(match[2])
        if directive is None:
            return match[0]
        text = directive(at, locale)
        if match[1] == "-":
            return text.lstrip("0 ") or "0"
        return text.upper() if match[1] == "^" else text

    return _DIRECTIVE.sub(replaced, pattern)


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _datetime(at: datetime, length: Literal["medium", "long", "full"], locale: Locale) -> str:
    return f"{format_date(at, length, locale=locale)} {format_time(at, 'short', locale=locale)}"
