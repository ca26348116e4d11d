"""Money, times and texts as people of the request's language write them."""

from __future__ import annotations

from datetime import datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal
from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, pgettext

from backoffice.core.money import shown

register = template.Library()


@lru_cache(maxsize=32)
def _locale(language: str) -> str:
    try:
        return str(Locale.parse(language, sep="-"))
    except (UnknownLocaleError, ValueError):
        return "en"


def current_locale() -> str:
    return _locale(get_language() or "en")


@lru_cache(maxsize=128)
def zone_named(name: str) -> tzinfo:
    """The zone of that name; UTC where the system does not know it."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


@register.simple_tag
def money(amount: Decimal | None, currency: str) -> str:
    return "" if amount is None else shown(amount, currency, locale=current_locale())


@register.filter
def number(value: int) -> str:
    return format_decimal(value, locale=current_locale())


@register.simple_tag
def moment(at: datetime | None, zone: str = "", style: str = "short") -> SafeString | str:
    """A `<time>` in the named zone (the site's without one). Styles: short (day and time), long, date, clock."""
    if at is None:
        return ""
    where = zone_named(zone) if zone else timezone.get_current_timezone()
    local = at.astimezone(where)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(timespec="seconds"),
        f"{format_datetime(local, 'full', locale=current_locale())}",
        _written(local, style),
    )


def _written(local: datetime, style: str) -> str:
    locale = current_locale()
    if style == "date":
        return format_date(local, "medium", locale=locale)
    if style == "clock":
        return format_time(local, "HH:mm", locale=locale, tzinfo=local.tzinfo)
    if style == "long":
        return format_datetime(local, "long", locale=locale)
    this_year = local.year == timezone.now().astimezone(local.tzinfo).year
    skeleton = "d MMM, HH:mm" if this_year else "d MMM y, HH:mm"
    return format_datetime(local, skeleton, locale=locale)


@register.filter
def age(at: datetime | None) -> str:
    """How long ago, in one unit: `12 min`, `5 h`, `3 d`. Empty for None."""
    if at is None:
        return ""
    seconds = max(0.0, (timezone.now() - at).total_seconds())
    if seconds < 60:
        return pgettext("age", "now")
    if seconds < 3600:
        return pgettext("age", "%(number)d min") % {"number": seconds // 60}
    if seconds < 48 * 3600:
        return pgettext("age", "%(number)d h") % {"number": seconds // 3600}
    days = int(seconds // 86_400)
    return pgettext("age", "%(number)d d") % {"number": days}


@register.simple_tag
def items(quantity: int) -> str:
    return ngettext("%(number)s item", "%(number)s items", quantity) % {"number": number(quantity)}
