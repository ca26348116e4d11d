"""Amounts as whole minor units in both currencies, so that sums are exact.

A *bag* is `(shop minor, shop currency, buyer minor, buyer currency)`, a *purse* `(minor, currency)`. They are plain
tuples, because an order holds dozens and is stored as JSON. Text is Shopify's: at least one decimal, no padding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeAlias

Bag: TypeAlias = tuple[int, str, int, str]
Purse: TypeAlias = tuple[int, str]

_DIGITS = {"JPY": 0, "KRW": 0, "CLP": 0, "VND": 0, "ISK": 0, "XOF": 0, "KWD": 3, "BHD": 3, "JOD": 3, "OMR": 3, "TND": 3}

# Millionths per euro; invented but plausible, and fixed so that a seed always gives the same shop.
_RATES = {
    "EUR": 1_000_000,
    "USD": 1_084_000,
    "GBP": 851_300,
    "JPY": 163_420_000,
    "KWD": 333_100,
    "SEK": 11_290_000,
    "CHF": 948_700,
    "CAD": 1_487_000,
    "AUD": 1_642_000,
    "PLN": 4_287_000,
}


def digits(currency: str) -> int:
    """Decimals of an ISO 4217 currency: JPY 0, KWD 3, most 2."""
    return _DIGITS.get(currency, 2)


def convert(minor: int, source: str, target: str) -> int:
    """Minor units of `source` in minor units of `target`, half up, at the fixed rate (1:1 for an unlisted currency)."""
    if source == target:
        return minor
    numerator = minor * _RATES.get(target, 1_000_000) * 10 ** digits(target)
    denominator = _RATES.get(source, 1_000_000) * 10 ** digits(source)
    return int((2 * numerator + denominator) // (2 * denominator))


def text(minor: int, currency: str) -> str:
    """`1250 EUR` -> `12.5`, `1200 JPY` -> `1200.0`."""
    places = digits(currency)
    sign = "-" if minor < 0 else ""
    whole, part = divmod(abs(minor), 10**places)
    decimals = f"{part:0{places}d}".rstrip("0") if places else ""
    return f"{sign}{whole}.{decimals or '0'}"


def fixed(minor: int, currency: str) -> str:
    """With all decimals of the currency, as webhooks and error texts have it: `12.50`."""
    places = digits(currency)
    sign = "-" if minor < 0 else ""
    whole, part = divmod(abs(minor), 10**places)
    return f"{sign}{whole}.{part:0{places}d}" if places else f"{sign}{whole}"


def minor(amount: object, currency: str) -> int:
    """Minor units of a decimal amount given as text or number; raises `decimal.InvalidOperation` on garbage."""
    scaled = Decimal(str(amount)).scaleb(digits(currency))
    return int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def zero(like: Sequence[object]) -> Bag:
    """Nothing, in the currencies of another bag."""
    return (0, str(like[1]), 0, str(like[3]))


def add(bags: Iterable[Sequence[object]], *, start: Bag) -> Bag:
    """The sum of bags of one order."""
    shop, buyer = start[0], start[2]
    for bag in bags:
        shop += bag[0]  # type: ignore[operator]  # JSON brings bags back as lists
        buyer += bag[2]  # type: ignore[operator]
    return (shop, start[1], buyer, start[3])


def less(bag: Sequence[object], other: Sequence[object]) -> Bag:
    """`bag - other`."""
    return (bag[0] - other[0], str(bag[1]), bag[2] - other[2], str(bag[3]))  # type: ignore[operator]


def times(bag: Sequence[object], count: int) -> Bag:
    return (bag[0] * count, str(bag[1]), bag[2] * count, str(bag[3]))  # type: ignore[operator]


def share(bag: Sequence[object], done: int, part: int, whole: int) -> Bag:
    """What `part` of `whole` units cost after `done` of them: shares of the same bag add up to it exactly."""
    if not whole:
        return zero(bag)
    first = [int(bag[i]) * done // whole for i in (0, 2)]  # type: ignore[call-overload]
    last = [int(bag[i]) * (done + part) // whole for i in (0, 2)]  # type: ignore[call-overload]
    return (last[0] - first[0], str(bag[1]), last[1] - first[1], str(bag[3]))
