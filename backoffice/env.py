"""Reads the process environment, once, for `settings.py` alone. A value that cannot be right stops the start and is
named, together with what would be right."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured

_TRUE = frozenset({"1", "true", "yes", "on"})
# Addresses of servers, which hold a password.
_WITH_PASSWORD = frozenset({"DATABASE_URL", "EMAIL_URL"})
_FALSE = frozenset({"0", "false", "no", "off", ""})


class Environment:
    """Typed access to environment variables. Errors: `ImproperlyConfigured("NAME=...: what is wrong; remedy")`."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = os.environ if values is None else values

    def text(self, name: str, default: str = "") -> str:
        return self._values.get(name, default).strip()

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._values.get(name)
        if value is None:
            return default
        lowered = value.strip().lower()
        if lowered in _TRUE:
            return True
        if lowered in _FALSE:
            return False
        raise self.odd(name, "is neither true nor false; use 1 or 0")

    def number(self, name: str, *, default: int, at_least: int, at_most: int) -> int:
        value = self.text(name)
        if not value:
            return default
        if not re.fullmatch(r"\d{1,9}", value) or not at_least <= int(value) <= at_most:
            raise self.odd(name, f"is not a whole number from {at_least} to {at_most}")
        return int(value)

    def words(self, name: str, default: str = "") -> list[str]:
        """A comma-separated list without empty entries."""
        return [part.strip() for part in self.text(name, default).split(",") if part.strip()]

    def choice(self, name: str, *choices: str) -> str:
        """The first choice is the default."""
        value = self.text(name) or choices[0]
        if value not in choices:
            raise self.odd(name, f"is none of {', '.join(choices)}")
        return value

    def zone(self, name: str, default: str) -> str:
        value = self.text(name) or default
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise self.odd(name, "is no time zone name such as Europe/Amsterdam") from error
        return value

    def url(self, name: str, default: str) -> str:
        """An absolute http(s) address without a trailing slash."""
        value = (self.text(name) or default).rstrip("/")
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise self.odd(name, "is no address such as https://backoffice.example.com")
        return value

    def pairs(self, name: str) -> dict[str, str]:
        """`key=value,key=value`."""
        found: dict[str, str] = {}
        for word in self.words(name):
            key, equals, value = word.partition("=")
            if not equals or not key or not value:
                raise self.odd(name, f"has the entry {word!r}, which is not key=value")
            found[key.strip()] = value.strip()
        return found

    def odd(self, name: str, why: str) -> ImproperlyConfigured:
        shown = "(hidden)" if "KEY" in name or "PASSWORD" in name or name in _WITH_PASSWORD else self.text(name)
        return ImproperlyConfigured(f"{name}={shown}: {why}.")
