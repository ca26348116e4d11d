"""The words by which a person is recognised in texts, and taking them out of values. Pure.

An e-mail address, a telephone number and a customer's id are the person's wherever they stand. Names and addresses are
shared by many people: they count only in what is about the person's own orders, or written by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Self

ERASED = "…"
"""Stands where a word was taken out of a text."""
_MOST = 300
_SHORTEST_WORD = 3
_SHORTEST_NAME = 5
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Traces:
    """`identifiers` are one person's alone; `names` are whole names and lines of addresses; `words` parts of those,
    which count on his own orders only."""

    identifiers: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()

    def __or__(self, other: Traces) -> Traces:
        return Traces(
            _some(self.identifiers | other.identifiers),
            _some(self.names | other.names),
            _some(self.words | other.words),
        )

    def __bool__(self) -> bool:
        return bool(self.identifiers or self.names or self.words)

    @classmethod
    def of(cls, *, identifiers: Iterable[str] = (), names: Iterable[str] = ()) -> Self:
        """From what columns hold: empty and very short ones are left out, names are cut into words as well."""
        known = {_tidy(text) for text in names}
        return cls(
            frozenset(text for one in identifiers if len(text := _tidy(one)) >= _SHORTEST_NAME),
            frozenset(text for text in known if len(text) >= _SHORTEST_NAME),
            frozenset(word for text in known for word in re.split(r"[\s,;/]+", text) if len(word) >= _SHORTEST_WORD),
        )

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        return cls(**{name: frozenset(plain.get(name, ())) for name in ("identifiers", "names", "words")})

    def plain(self) -> dict[str, list[str]]:
        """As JSON holds it. Personal data: only ever kept encrypted."""
        return {name: sorted(texts) for name, texts in asdict(self).items()}

    def anywhere(self) -> re.Pattern[str] | None:
        """What finds the person in any text; None when nothing is known of him."""
        return _pattern(self.identifiers, frozenset())

    def by_hand(self) -> re.Pattern[str] | None:
        """For texts that people wrote: whole names as well."""
        return _pattern(self.identifiers | self.names, frozenset())

    def on_own(self) -> re.Pattern[str] | None:
        """For texts about the person's own orders: parts of names and addresses as well."""
        return _pattern(self.identifiers | self.names, self.words)


def without(value: Any, pattern: re.Pattern[str] | None) -> Any:
    """The value with every match taken out of its texts, however deep; the same object when there was none."""
    if pattern is None:
        return value
    if isinstance(value, str):
        return pattern.sub(ERASED, value) if pattern.search(value) else value
    if isinstance(value, Mapping):
        made = {without(key, pattern): without(inner, pattern) for key, inner in value.items()}
        return value if made == value else made
    if isinstance(value, list | tuple):
        listed = type(value)(without(inner, pattern) for inner in value)
        return value if listed == value else listed
    return value


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _some(texts: frozenset[str]) -> frozenset[str]:
    """Bounded: a customer with thousands of addresses must not make a pattern of megabytes."""
    return texts if len(texts) <= _MOST else frozenset(sorted(texts)[:_MOST])


@lru_cache(maxsize=64)
def _pattern(texts: frozenset[str], words: frozenset[str]) -> re.Pattern[str] | None:
    # The longest first: of "Anna" and "Anna de Vries" the whole name goes.
    found = [_alternative(text) for text in sorted(texts, key=lambda text: (-len(text), text))]
    found += [rf"\b{re.escape(word)}\b" for word in sorted(words, key=lambda word: (-len(word), word))]
    return re.compile("|".join(found), re.IGNORECASE) if found else None


def _alternative(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    if len(digits) >= _DIGITS and not re.search(r"[^\d\s()+./-]", text):
        # A telephone number, in whatever way somebody wrote it: its last digits, and what stands before them.
        return r"(?<!\d)(?:\+?\(?\d{1,3}\)?[\s./-]*){0,2}" + r"[\s()./-]*".join(digits[-_DIGITS:]) + r"(?!\d)"
    return r"\s+".join(re.escape(part) for part in text.split(" "))
