"""Reading JSON strictly: every value has its type or `GarbageAnswer` names the path that has not.

A field that we asked for and that is missing is as wrong as one of another type: silence would be written to the
mirror. Texts lose what PostgreSQL cannot store (NUL, halves of surrogate pairs).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from stores.shopify.errors import GarbageAnswer
from stores.shopify.snapshots import Money, MoneyBag


def clean(text: str) -> str:
    """`text` as UTF-8 and PostgreSQL can hold it."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


class Part:
    """One JSON object of an answer, with its place in it."""

    __slots__ = ("_path", "_value")

    def __init__(self, value: object, path: str = "") -> None:
        self._path = path
        if not isinstance(value, Mapping):
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
        value = self._raw(name)
        if not isinstance(value, str):
            raise self.unreadable(name)
        return clean(value)

    def text_or_empty(self, name: str) -> str:
        return self.text(name) if self.has(name) else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        values = self._list(name)
        if not all(isinstance(value, str) for value in values):
            raise self.unreadable(name)
        return tuple(clean(value) for value in values)

    def flag(self, name: str) -> bool:
        value = self._raw(name)
        if not isinstance(value, bool):
            raise self.unreadable(name)
        return value

    def whole(self, name: str) -> int:
        """An integer; Shopify writes 64-bit ones as text."""
        value = self._raw(name)
        if isinstance(value, str) and len(value) <= 20 and value.isascii() and value.isdigit():
            return int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.unreadable(name)
        return value

    def moment(self, name: str) -> datetime:
        """A time, as aware UTC."""
        try:
            found = datetime.fromisoformat(self.text(name))
            if found.tzinfo is not None:
                return found.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise self.unreadable(name)

    def moment_or_none(self, name: str) -> datetime | None:
        return self.moment(name) if self.has(name) else None

    def part(self, name: str) -> Part:
        return Part(self._raw(name), self._below(name))

    def part_or_none(self, name: str) -> Part | None:
        return self.part(name) if self.has(name) else None

    def parts(self, name: str) -> list[Part]:
        """A list of objects."""
        return [Part(value, f"{self._below(name)}.{at}") for at, value in enumerate(self._list(name))]

    def parts_or_none(self, name: str) -> list[Part | None]:
        """A list of objects, some of which may be null."""
        path = self._below(name)
        return [None if value is None else Part(value, f"{path}.{at}") for at, value in enumerate(self._list(name))]

    def bag(self, name: str) -> MoneyBag:
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
        if name not in self._value:
            raise self.unreadable(name)
        return self._value[name]

    def _list(self, name: str) -> list[Any]:
        value = self._raw(name)
        if not isinstance(value, list):
            raise self.unreadable(name)
        return value

    def _below(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def unreadable(self, name: str) -> GarbageAnswer:
        """The error for a field that is missing, misshapen or senseless."""
        path = self._below(name) if name else self._path
        return GarbageAnswer(
            "garbage_answer",
            f"Shopify's answer holds nothing readable at “{path or 'its root'}”, so none of it was used. "
            "If this stays, this software needs an update.",
            facts={"path": path},
        )
