"""Tags with Shopify's habits, captured on orders: adding ignores case and keeps the spelling that is there, a comma
splits, the list is sorted without regard to case, removing is exact."""

from __future__ import annotations

from collections.abc import Iterable

MAX_LENGTH = 40


def split(tags: Iterable[str]) -> list[str]:
    """Single trimmed tags, empty ones dropped."""
    return [part for tag in tags for part in (piece.strip() for piece in tag.split(",")) if part]


def tidy(tags: Iterable[str]) -> list[str]:
    """Sorted without regard to case, the first spelling of each kept."""
    seen: dict[str, str] = {}
    for tag in split(tags):
        seen.setdefault(tag.casefold(), tag)
    return sorted(seen.values(), key=lambda tag: (tag.casefold(), tag))


def add(current: list[str], tags: Iterable[str]) -> list[str]:
    return tidy([*current, *tags])


def remove(current: list[str], tags: Iterable[str]) -> list[str]:
    gone = set(split(tags))
    return [tag for tag in current if tag not in gone]
