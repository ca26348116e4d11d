"""Damages a result on purpose: lines twice, lost, out of order or unreadable. Where it strikes is seeded."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from stores.rehearsal.bulk.projection import Line

_NO_ORDER = 4_999_999_999_999


def encoded(data: Any) -> bytes:
    """One line. Slashes are escaped as Shopify's are: the sizes of recorded results tell (49 bytes for
    `{"id":"gid:\\/\\/shopify\\/Product\\/..."}` with a number of 13 digits)."""
    return orjson.dumps(data).replace(b"/", b"\\/") + b"\n"


class Spoiler:
    """Applies the line faults that struck an operation, each to `count` pages, one line a page."""

    def __init__(self, faults: Mapping[str, Mapping[str, Any]], rng: random.Random) -> None:
        self._rng = rng
        self._left = {kind: int(faults[kind]["count"]) for kind in _KINDS if kind in faults}

    def page(self, lines: Sequence[Line]) -> list[bytes]:
        """The bytes of a page's lines, damaged or not."""
        raw = [encoded(line.data) for line in lines]
        for kind in [kind for kind, left in self._left.items() if left > 0]:
            children = [index for index, line in enumerate(lines) if line.parent is not None]
            if not children:
                continue
            self._left[kind] -= 1
            lines, raw = _KINDS[kind](list(lines), raw, self._rng.choice(children))
        return raw


def truncate(size: int, last_line: int, wish: int, rng: random.Random) -> int:
    """How many bytes of a file are left: `wish` fewer, or cut within the last line when nothing is wished."""
    return max(0, size - (wish or rng.randrange(2, max(3, last_line))))


def _twice(lines: list[Line], raw: list[bytes], at: int) -> tuple[list[Line], list[bytes]]:
    return [*lines[: at + 1], lines[at], *lines[at + 1 :]], [*raw[: at + 1], raw[at], *raw[at + 1 :]]


def _child_first(lines: list[Line], raw: list[bytes], at: int) -> tuple[list[Line], list[bytes]]:
    above = next(i for i, line in enumerate(lines) if line.gid == lines[at].parent)
    lines.insert(above, lines.pop(at))
    raw.insert(above, raw.pop(at))
    return lines, raw


def _orphan(lines: list[Line], raw: list[bytes], at: int) -> tuple[list[Line], list[bytes]]:
    """The parent's line is lost."""
    above = next((i for i, line in enumerate(lines) if line.gid == lines[at].parent), at)
    del lines[above], raw[above]
    return lines, raw


def _blank(lines: list[Line], raw: list[bytes], at: int) -> tuple[list[Line], list[bytes]]:
    raw[at] = b"\n" + raw[at]
    return lines, raw


def _garbage(lines: list[Line], raw: list[bytes], at: int) -> tuple[list[Line], list[bytes]]:
    """Half a line with an end."""
    raw[at] = raw[at][: len(raw[at]) // 2] + b"\n"
    return lines, raw


def _unknown_type(lines: list[Line], raw: list[bytes], at: int) -> tuple[list[Line], list[bytes]]:
    """One more object, of a type nobody asked for."""
    extra = {"id": f"gid://shopify/Unheard/{_NO_ORDER}", "__typename": "Unheard", "__parentId": lines[at].parent}
    raw[at] += encoded(extra)
    return lines, raw


_KINDS = {
    "bulk_duplicate_line": _twice,
    "bulk_child_first": _child_first,
    "bulk_orphan": _orphan,
    "bulk_blank_line": _blank,
    "bulk_garbage_line": _garbage,
    "bulk_unknown_type": _unknown_type,
}
