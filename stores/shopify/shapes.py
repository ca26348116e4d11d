"""Reading JSON strictly: every value has its type or `GarbageAnswer` names the path that has not.

A field that we asked for and that is missing is as wrong as one of another type: silence would be written to the
mirror. Texts lose what PostgreSQL cannot store (NUL, halves of surrogate pairs).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from stores.shopify.errors import GarbageAnswer
from stores.shopify.snapshots import Money, MoneyBag

_MISSING: Any = object()


def clean(text: str) -> str:
    """`text` as UTF-8 and PostgreSQL can hold it."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=4096)
def _bag(shop: object, shop_currency: object, seen: object, seen_currency: object) -> MoneyBag:
    """The usual shape of an amount, all texts: most amounts of an order are the same few. Raises `ValueError` for any
    other shape, which is never kept."""
    if not type(shop) is type(shop_currency) is type(seen) is type(seen_currency) is str:
        raise ValueError
    part = Part({"shop": {"amount": shop, "currencyCode": shop_currency}})
    return MoneyBag(part.money("shop"), Part({"seen": {"amount": seen, "currencyCode": seen_currency}}).money("seen"))


class Part:
    """One JSON object of an answer, with its place in it.

    A first load reads some 250 values of each of half a million orders: each method looks once and takes the short way
    for what is as it should be. The place is put into words only when something is wrong.
    """

    __slots__ = ("_above", "_name", "_value")

    def __init__(self, value: object, name: str = "", above: Part | None = None) -> None:
        self._name = name
        self._above = above
        if type(value) is not dict and not isinstance(value, Mapping):
            raise self.unreadable("")
        self._value: Mapping[str, Any] = value

    @property
    def mapping(self) -> Mapping[str, Any]:
        """The object as it came."""
        return self._value

    def has(self, name: str) -> bool:
        """Whether the field is there and not null. It must be there."""
        return self._raw(name) is not None

    def holds(self, name: str) -> bool:
        """Whether the field is there at all, null or not."""
        return name in self._value

    def text(self, name: str) -> str:
        value = self._value.get(name, _MISSING)
        if type(value) is not str:
            raise self.unreadable(name)
        return value if value.isascii() and "\x00" not in value else clean(value)

    def text_or_empty(self, name: str) -> str:
        return "" if self._value.get(name, _MISSING) is None else self.text(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        values = self._list(name)
        if not all(isinstance(value, str) for value in values):
            raise self.unreadable(name)
        return tuple(clean(value) for value in values)

    def flag(self, name: str) -> bool:
        value = self._value.get(name, _MISSING)
        if value is True or value is False:
            return bool(value)
        raise self.unreadable(name)

    def whole(self, name: str) -> int:
        """An integer; Shopify writes 64-bit ones as text."""
        value = self._value.get(name, _MISSING)
        if type(value) is int:
            return value
        if isinstance(value, str) and len(value) <= 20 and value.isascii() and value.isdigit():
            return int(value)
        raise self.unreadable(name)

    def moment(self, name: str) -> datetime:
        """A time, as aware UTC."""
        try:
            found = datetime.fromisoformat(self.text(name))
            if found.tzinfo is UTC:
                return found
            if found.tzinfo is not None:
                return found.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise self.unreadable(name)

    def moment_or_none(self, name: str) -> datetime | None:
        return None if self._value.get(name, _MISSING) is None else self.moment(name)

    def part(self, name: str) -> Part:
        return Part(self._raw(name), name, self)

    def part_or_none(self, name: str) -> Part | None:
        return None if self._value.get(name, _MISSING) is None else self.part(name)

    def parts(self, name: str) -> list[Part]:
        """A list of objects."""
        return [Part(value, f"{name}.{at}", self) for at, value in enumerate(self._list(name))]

    def parts_or_none(self, name: str) -> list[Part | None]:
        """A list of objects, some of which may be null."""
        return [
            None if value is None else Part(value, f"{name}.{at}", self) for at, value in enumerate(self._list(name))
        ]

    def bag(self, name: str) -> MoneyBag:
        value: Any = self._value.get(name)
        try:
            shop, seen = value["shopMoney"], value["presentmentMoney"]
            return _bag(shop["amount"], shop["currencyCode"], seen["amount"], seen["currencyCode"])
        except (TypeError, KeyError, ValueError):
            pass
        found = self.part(name)
        return MoneyBag(shop=found.money("shopMoney"), presentment=found.money("presentmentMoney"))

    def money(self, name: str) -> Money:
        found = self.part(name)
        return Money(found.amount("amount"), found.text("currencyCode"))

    def amount(self, name: str) -> Decimal:
        """An exact decimal, written as text or number."""
        value = self._raw(name)
        try:
            if isinstance(value, (str, int, Decimal)) and not isinstance(value, bool):
                found = Decimal(value)
                if found.is_finite():
                    return found
        except InvalidOperation:
            pass
        raise self.unreadable(name)

    def as_json(self, *, most_bytes: int) -> str:
        """The object as it came, cut after so many bytes; decimals are written as texts. For people who look into what
        could not be read: it holds whatever the shop sent."""
        text = json.dumps(self._value, ensure_ascii=False, default=str, separators=(",", ":"))
        return text.encode("utf-8", "replace")[:most_bytes].decode("utf-8", "ignore")

    def _raw(self, name: str) -> Any:
        value = self._value.get(name, _MISSING)
        if value is _MISSING:
            raise self.unreadable(name)
        return value

    def _list(self, name: str) -> list[Any]:
        value = self._value.get(name, _MISSING)
        if not isinstance(value, list):
            raise self.unreadable(name)
        return value

    def _path(self) -> str:
        above = self._above._path() if self._above is not None else ""
        return f"{above}.{self._name}" if above and self._name else above or self._name

    def unreadable(self, name: str) -> GarbageAnswer:
        """The error for a field that is missing, misshapen or senseless."""
        path = ".".join(filter(None, (self._path(), name)))
        return GarbageAnswer(
            "garbage_answer",
            f"Shopify's answer holds nothing readable at “{path or 'its root'}”, so none of it was used. "
            "If this stays, this software needs an update.",
            facts={"path": path},
        )
