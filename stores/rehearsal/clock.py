"""The shop's clock: the one thing that a rehearsal may speed up.

Times travel as whole seconds since 1970 in UTC; Shopify's own resolution is one second.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

_ISO = re.compile(r"^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$")


class Clock:
    """Shop time. `scale` shop seconds pass in one real second; `origin` is the shop's time at the start."""

    def __init__(
        self, *, scale: float = 1.0, origin: float | None = None, source: Callable[[], float] = time.time
    ) -> None:
        self.scale = scale
        self._source = source
        self._real_origin = source()
        self._origin = self._real_origin if origin is None else max(origin, self._real_origin)

    def now(self) -> float:
        return self._origin + (self._source() - self._real_origin) * self.scale

    def seconds(self) -> int:
        return int(self.now())

    def real_delay(self, shop_seconds: float) -> float:
        """How long to wait in real seconds for `shop_seconds` to pass."""
        return max(0.0, shop_seconds / self.scale)


_DAY = 86_400


# An order has dozens of times; making and reading them was a third of the time that a seeded shop took to start.
@lru_cache(maxsize=4096)
def _day_text(day: int) -> str:
    return datetime.fromtimestamp(day * _DAY, UTC).strftime("%Y-%m-%d")


@lru_cache(maxsize=4096)
def _day_seconds(text: str) -> int | None:
    return _parse(text)


def iso(seconds: float) -> str:
    """`2026-11-22T09:30:00Z`."""
    day, second = divmod(int(seconds), _DAY)
    minute, second = divmod(second, 60)
    return f"{_day_text(day)}T{minute // 60:02d}:{minute % 60:02d}:{second:02d}Z"


def parse(text: str) -> int | None:
    """Seconds for an ISO 8601 time or day (UTC without an offset), `None` when it is neither."""
    if len(text) == 20 and text[10] == "T" and text[19] == "Z":
        day = _day_seconds(text[:10])
        hour, minute, second = text[11:13], text[14:16], text[17:19]
        if day is not None and (hour + minute + second).isdigit() and hour < "24" and minute < "60" and second < "60":
            return day + int(hour) * 3600 + int(minute) * 60 + int(second)
    return _parse(text)


def _parse(text: str) -> int | None:
    match = _ISO.match(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, offset = match.groups()
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        ).timestamp()
    except ValueError:
        return None
    if offset and offset != "Z":
        digits = offset[1:].replace(":", "")
        shift = int(digits[:2]) * 3600 + int(digits[2:]) * 60
        moment -= shift if offset[0] == "+" else -shift
    return int(moment)
