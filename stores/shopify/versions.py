"""API versions: which one is asked for, how long Shopify answers it, and what happens afterwards.

A stable version is named after the month of its release, appears each quarter at 17:00 UTC and is supported for twelve
months. Asking for one that is not supported any more does not fail: Shopify "falls forward" to the oldest one that is,
and only the answer's header says so. Source: shopify.dev, API versioning.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_STABLE = re.compile(r"(20[0-9]{2})-(01|04|07|10)")
_HOUR = 17


def is_stable(version: str) -> bool:
    """Whether it is a dated version; release candidates are dated as well, `unstable` is not."""
    return _STABLE.fullmatch(version) is not None


def ends_at(version: str) -> datetime | None:
    """When Shopify stops answering a stable version; None for `unstable`."""
    found = _STABLE.fullmatch(version)
    return datetime(int(found[1]) + 1, int(found[2]), 1, _HOUR, tzinfo=UTC) if found else None
