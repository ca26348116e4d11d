"""Liquid for mails: what a template may do and what it may cost. Plain Python, run in the child process alone.

Only mappings, lists and plain values can be reached, a word that does not exist is an error that names it, and every
filter has limits on what it takes and gives. The child's deadline and memory limit stand behind all of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from decimal import Decimal
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_decimal, get_currency_precision
from liquid import Environment, RenderContext
from liquid.exceptions import FilterArgumentError, FilterError, LiquidTypeError
from liquid.filter import with_context
from liquid.undefined import StrictUndefined, Undefined

from .liquid_dates import shown_date

MAX_SOURCE = 64 * 1024
MAX_TEXT = 64 * 1024
MAX_ITEMS = 5_000
MAX_OUTPUT = 512 * 1024
# Numbers longer than this are nobody's price: multiplying them over and over would eat the memory.
MAX_BITS = 512

REMOVED_TAGS = ("include", "render")
# `safe` would undo the escaping of customers' data; `escapejs` calls its result safe although it is not so in HTML.
REMOVED_FILTERS = ("safe", "escapejs")


class Money(int):
    """An amount as Shopify gives it to templates: in hundredths, whatever the currency's own digits are. It keeps the
    exact amount and the currency, so that `money` is right in a loop over orders of several currencies."""

    exact: Decimal
    currency: str

    def __new__(cls, exact: str, currency: str) -> Money:
        amount = Decimal(exact)
        money = super().__new__(cls, int(amount * 100))
        money.exact, money.currency = amount, currency
        return money


class _Void(str):
    """What comparisons and conditions see of `Nothing`. python-liquid compares `blank` with strings alone and takes
    only its own Undefined for false besides nil; this is both."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return other is None or str.__eq__(self, str(other))

    __hash__ = str.__hash__


Undefined.register(_Void)


class Nothing:
    """An empty value of a known word: false in conditions, equal to `nil`, `blank` and `empty` as in Shopify's Liquid,
    replaced by `default`, without entries, printed as nothing."""

    force_liquid_default = True

    def __init__(self, name: str = "") -> None:
        self.name = name

    def __liquid__(self) -> str:
        return _Void()

    def __str__(self) -> str:
        return ""

    def __getitem__(self, key: object) -> Nothing:
        return self

    def __iter__(self) -> Iterator[object]:
        return iter(())

    def __len__(self) -> int:
        return 0


class Absent(Nothing):
    """An empty word without which a sentence has a hole, such as the first name of somebody who gave none: an error
    when it is printed."""

    def __str__(self) -> str:
        raise AbsentError(self.name)


class AbsentError(FilterError):
    """A template printed a word that is empty for this recipient."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is empty for this recipient", token=None)


class Group(dict[str, Any]):
    """A word with words below it; printing the group itself is a mistake of the template."""

    def __str__(self) -> str:
        raise LiquidTypeError("print one of the words of a group, not the group itself", token=None)


class MailEnvironment(Environment):
    loop_iteration_limit = 20_000
    local_namespace_limit = 512 * 1024
    output_stream_limit = MAX_OUTPUT

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=False)
        for name in REMOVED_TAGS:
            del self.tags[name]
        for name in REMOVED_FILTERS:
            del self.filters[name]
        self.filters |= {
            "date": _date,
            "money": _money,
            "money_with_currency": _money_with_currency,
            "money_without_currency": _money_without_currency,
            "money_without_trailing_zeros": _money_without_trailing_zeros,
        }
        self.filters = {name: _limited(name, function) for name, function in self.filters.items()}


def environment(*, autoescape: bool) -> MailEnvironment:
    """`autoescape` for HTML; without it for a subject."""
    return MailEnvironment(autoescape=autoescape, undefined=StrictUndefined)


def decoded(value: Any) -> Any:
    """Values as they come over the wire: `{"$money": [amount, currency]}` and `{"$absent": name}` become objects. Keys
    are the product's own words, never a customer's."""
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if value is None:
        return Nothing()
    if not isinstance(value, dict):
        return value
    if "$money" in value:
        return Money(*value["$money"])
    if "$absent" in value:
        return Absent(value["$absent"])
    return Group({key: decoded(item) for key, item in value.items()})


def locale_of(context: RenderContext) -> Locale:
    return parsed_locale(str(context.globals.get("locale") or "en"))


@functools.lru_cache(maxsize=200)
def parsed_locale(name: str) -> Locale:
    """`pt-BR`, `pt_BR` and `pt`; English for what Babel does not know."""
    for candidate in (name.replace("-", "_"), name.replace("-", "_").partition("_")[0]):
        try:
            return Locale.parse(candidate)
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return Locale("en")


def _limited(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def limited(*args: Any, **kwargs: Any) -> Any:
        for value in args:
            _check_size(name, value)
        if name == "replace" and len(args) > 2:
            found = str(args[0]).count(str(args[1]))
            if found * len(str(args[2])) > MAX_TEXT:
                raise FilterError(f"{name}: the result would be too long", token=None)
        result = function(*args, **kwargs)
        _check_size(name, result)
        return result

    return limited


def _check_size(name: str, value: object) -> None:
    if isinstance(value, str | bytes) and len(value) > MAX_TEXT:
        raise FilterError(f"{name}: the text is longer than {MAX_TEXT} characters", token=None)
    if isinstance(value, range) and (value.stop - value.start) > MAX_ITEMS:
        raise FilterError(f"{name}: the range is longer than {MAX_ITEMS} numbers", token=None)
    if isinstance(value, list | tuple | Mapping) and not isinstance(value, Undefined) and len(value) > MAX_ITEMS:
        raise FilterError(f"{name}: the list is longer than {MAX_ITEMS} entries", token=None)
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise FilterError(f"{name}: the number is too long", token=None)
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) > MAX_BITS:
        raise FilterError(f"{name}: the number is too long", token=None)


def _amount(value: object, context: RenderContext) -> tuple[Decimal, str]:
    if isinstance(value, Money):
        return value.exact, value.currency
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise FilterArgumentError("money: this is no amount", token=None)
    return Decimal(str(value)) / 100, str(context.globals.get("currency") or "EUR")


@with_context
def _money(value: object, *, context: RenderContext) -> str:
    """As people of the recipient's language write it: `€ 12,50`."""
    amount, currency = _amount(value, context)
    return format_currency(amount, currency, locale=locale_of(context))


@with_context
def _money_with_currency(value: object, *, context: RenderContext) -> str:
    return f"{_money(value, context=context)} {_amount(value, context)[1]}"


@with_context
def _money_without_currency(value: object, *, context: RenderContext) -> str:
    amount, currency = _amount(value, context)
    digits = "0" * get_currency_precision(currency)
    return format_decimal(amount, format="#,##0." + digits if digits else "#,##0", locale=locale_of(context))


@with_context
def _money_without_trailing_zeros(value: object, *, context: RenderContext) -> str:
    amount, currency = _amount(value, context)
    locale = locale_of(context)
    if amount != amount.to_integral_value():
        return format_currency(amount, currency, locale=locale)
    pattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (0, 0)
    shown: str = pattern.apply(amount, locale, currency=currency, currency_digits=False)
    return shown


@with_context
def _date(value: object, pattern: object = None, *, format: object = None, context: RenderContext) -> str:
    """Shopify's `date`: a strftime pattern, or `format:` with one of Shopify's names; in the recipient's language."""
    if value in ("now", "today"):
        value = context.globals.get("now", "")
    return shown_date(value, pattern=pattern, named=format, locale=locale_of(context))
