"""Money: exact decimals with their currency beside them. Sums never cross currencies."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from babel.core import UnknownLocaleError
from babel.numbers import format_currency, get_currency_precision


def minor_digits(currency: str) -> int:
    """Digits after the point: EUR 2, JPY 0, KWD 3."""
    return get_currency_precision(currency)


def exact(amount: Decimal, currency: str) -> Decimal:
    """The amount with the currency's own number of digits."""
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), rounding=ROUND_HALF_UP)


def shown(amount: Decimal, currency: str, *, locale: str) -> str:
    """As people of that locale write it: `€ 12,50`, `$12.50`, `JP¥1,200`."""
    try:
        return format_currency(amount, currency, locale=locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return format_currency(amount, currency, locale="en")


def totals(values: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """Sums per currency, in the currencies' alphabetical order."""
    sums: dict[str, Decimal] = {}
    for currency, amount in values:
        sums[currency] = sums.get(currency, Decimal(0)) + amount
    return dict(sorted(sums.items()))
