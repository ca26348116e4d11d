"""Compares an answer with the recorded one: ids by a one-to-one mapping, times by being there, cursors not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from stores.rehearsal.clock import parse

_CURSORS = frozenset({"cursor", "startCursor", "endCursor"})
_GID = "gid://shopify/"
_GIDS = re.compile(r"gid://shopify/\w+/[\w-]+")
_NUMBER = re.compile(r"\b\d{10,}\b")
_OF_THEIR_SHOP = frozenset({"objectCount", "rootObjectCount", "fileSize", "url", "partialDataUrl"})
"""What a bulk operation says of the recorded shop's contents: only whether it says something is compared."""


class Matching:
    """The ids that we gave out for those that Shopify gave out."""

    def __init__(self) -> None:
        self.ours: dict[str, str] = {}
        """For each recorded id or cursor the one that our shop gave."""

    def translate(self, value: Any) -> Any:
        """Recorded variables with our ids in them."""
        if isinstance(value, str):
            return self.ours.get(value, value)
        if isinstance(value, list):
            return [self.translate(item) for item in value]
        if isinstance(value, dict):
            return {key: self.translate(item) for key, item in value.items()}
        return value

    def differences(self, theirs: Any, ours: Any, where: str = "") -> Iterator[str]:
        """Each difference as one line. Keys that only one side has were cut: from the document by
        `prune.py`, or from the recording by whoever made it."""
        if isinstance(ours, dict) and isinstance(theirs, dict):
            counts = _OF_THEIR_SHOP if str(theirs.get("id", "")).startswith(f"{_GID}BulkOperation/") else ()
            for key, value in ours.items():
                if key in counts and key in theirs:
                    if (value is None) is not (theirs[key] is None):
                        yield f"{where}/{key}: {theirs[key]!r} recorded, {value!r} here"
                    continue
                if key in _CURSORS and isinstance(value, str) and isinstance(theirs.get(key), str):
                    self.ours[theirs[key]] = value
                elif key in theirs and key not in _CURSORS:
                    yield from self.differences(theirs[key], value, f"{where}/{key}")
        elif isinstance(ours, list) and isinstance(theirs, list):
            if len(ours) != len(theirs):
                yield f"{where}: {len(theirs)} recorded, {len(ours)} here"
            for index, (their, our) in enumerate(zip(theirs, ours, strict=False)):
                yield from self.differences(their, our, f"{where}/{index}")
        elif not self._same(theirs, ours):
            yield f"{where}: {theirs!r} recorded, {ours!r} here"

    def _same(self, theirs: Any, ours: Any) -> bool:
        if theirs == ours:
            return True
        if not isinstance(theirs, str) or not isinstance(ours, str):
            return False
        if theirs.startswith(_GID) and ours.startswith(_GID):
            kind = theirs.rsplit("/", 1)[0]
            if kind != ours.rsplit("/", 1)[0]:
                return False
            if kind.endswith("/Job"):  # recordings carry one job id for several jobs
                return True
            return self.ours.setdefault(theirs, ours) == ours
        if _GID in theirs:
            return _GIDS.sub(lambda m: self.ours.get(m[0], m[0]), theirs) == ours
        if _NUMBER.search(theirs) and theirs != ours:
            numbers = {their.rsplit("/", 1)[1]: our.rsplit("/", 1)[1] for their, our in self.ours.items() if "/" in our}
            if _NUMBER.sub(lambda m: numbers.get(m[0], m[0]), theirs) == ours:
                return True
        return parse(theirs) is not None and parse(ours) is not None


def error_shape(errors: Any) -> list[dict[str, Any]]:
    """What matters of top-level errors: the text, the code, where."""
    return [
        {"message": e.get("message"), "code": (e.get("extensions") or {}).get("code"), "path": e.get("path")}
        for e in errors or ()
    ]
