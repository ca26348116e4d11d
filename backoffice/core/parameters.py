"""What may be asked for by name: typed parameters, each with the sentence that says what would be right.

A filter is a table of these. Given text is either understood or refused; none is ever ignored."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from typing import Any, Protocol

from django.utils import timezone
from django.utils.translation import gettext as _

from .errors import FieldError, InvalidFields

MOST_VALUES = 100


class Wrong(ValueError):
    """A value that cannot be right; the message is the remedy."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Kind(Protocol):
    """How a parameter's text is read, and what an OpenAPI document says of it."""

    def read(self, given: Sequence[str]) -> Any:
        """The value. Raises `Wrong`."""

    def schema(self) -> dict[str, Any]: ...


class Named(Protocol):
    """A row of a table of parameters."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> Kind: ...


def read_all(table: Mapping[str, Named], given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The values of the parameters given, by name. Raises `InvalidFields` with a sentence for every one that is unknown
    or cannot be right."""
    values: dict[str, Any] = {}
    wrong: list[FieldError] = list(unknown(given, known=table))
    for name in table.keys() & given.keys():
        try:
            values[name] = table[name].kind.read(given[name])
        except Wrong as error:
            wrong.append(FieldError(name, error.code, error.message))
    if wrong:
        raise InvalidFields(sorted(wrong, key=lambda each: each.field))
    return values


def unknown(names: Iterable[str], *, known: Collection[str]) -> Iterable[FieldError]:
    """An error for each name that is not understood, with the nearest that is."""
    for name in names:
        if name not in known:
            yield FieldError(name[:100], "parameter_unknown", _unknown_sentence(name[:100], known))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """What was probably meant, if anything is near."""
    return next(iter(get_close_matches(word, sorted(known), n=1, cutoff=0.6)), None)


@dataclass(frozen=True, slots=True)
class Words:
    """One or more texts, repeated or separated by commas. `pattern` bounds what each may be, `like` shows one."""

    longest: int = 255
    pattern: str = r".+"
    like: str = ""
    upper: bool = False

    def read(self, given: Sequence[str]) -> list[str]:
        words = [part.strip() for text in given for part in text.split(",") if part.strip()]
        if self.upper:
            words = [word.upper() for word in words]
        if not words or len(words) > MOST_VALUES:
            raise Wrong("value_count", _("Give from 1 to %(most)d values.") % {"most": MOST_VALUES})
        for word in words:
            if len(word) > self.longest or "\x00" in word or not re.fullmatch(self.pattern, word):
                raise Wrong("value_invalid", _shape(word, self.like, self.longest))
        return list(dict.fromkeys(words))

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string", "maxLength": self.longest}, "maxItems": MOST_VALUES}


@dataclass(frozen=True, slots=True)
class Choices:
    """One or more of the values, in any case, repeated or separated by commas."""

    values: tuple[str, ...]

    def read(self, given: Sequence[str]) -> list[str]:
        by_folded = {value.casefold(): value for value in self.values}
        words = Words().read(given)
        for word in words:
            if word.casefold() not in by_folded:
                guess = nearest(word.casefold(), by_folded)
                raise Wrong("value_unknown", self._sentence(word, by_folded[guess] if guess else None))
        return [by_folded[word.casefold()] for word in words]

    def _sentence(self, word: str, guess: str | None) -> str:
        if guess:
            return _("“%(value)s” is no choice here; did you mean “%(guess)s”?") % {"value": word[:50], "guess": guess}
        return _("“%(value)s” is no choice here; there are: %(known)s.") % {
            "value": word[:50],
            "known": ", ".join(self.values),
        }

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string", "enum": list(self.values)}}


@dataclass(frozen=True, slots=True)
class Text:
    """One text as it stands."""

    longest: int = 200

    def read(self, given: Sequence[str]) -> str:
        text = _single(given).strip()
        if not text or len(text) > self.longest or "\x00" in text:
            raise Wrong("value_invalid", _("Give from 1 to %(most)d characters.") % {"most": self.longest})
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": self.longest}


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def read(self, given: Sequence[str]) -> bool:
        match _single(given).strip().casefold():
            case "true" | "1":
                return True
            case "false" | "0":
                return False
        raise Wrong("value_invalid", _("Write true or false."))

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within bounds."""

    least: int
    most: int

    def read(self, given: Sequence[str]) -> int:
        text = _single(given).strip()
        if re.fullmatch(r"[0-9]{1,18}", text) and self.least <= int(text) <= self.most:
            return int(text)
        raise Wrong(
            "value_invalid",
            _("Write a whole number from %(least)d to %(most)d.") % {"least": self.least, "most": self.most},
        )

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of RFC 3339, or a day, which stands for its first instant in the product's time zone."""

    def read(self, given: Sequence[str]) -> datetime:
        text = _single(given).strip()
        if not 1900 <= int(text[:4] if re.match(r"[0-9]{4}-", text) else 0) <= 9000:
            raise self._wrong(text)
        try:
            if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
                return timezone.make_aware(datetime.combine(date.fromisoformat(text), time.min))
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise self._wrong(text) from error
        return (timezone.make_aware(moment) if moment.tzinfo is None else moment).astimezone(UTC)

    @staticmethod
    def _wrong(text: str) -> Wrong:
        if re.search(r"\d \d\d:?\d\d$", text):
            return Wrong("value_invalid", _("The + of the zone arrived as a space; write it as %2B, or use Z."))
        return Wrong("value_invalid", _("Write a day (2026-11-02) or a time (2026-11-02T09:30:00Z)."))

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}


def _single(given: Sequence[str]) -> str:
    if len(given) != 1:
        raise Wrong("value_count", _("Give this once."))
    return given[0]


def _shape(word: str, like: str, longest: int) -> str:
    if like:
        return _("“%(value)s” cannot be right; it looks like %(like)s.") % {"value": word[:50], "like": like}
    return _("A value has at most %(most)d characters, none of them NUL.") % {"most": longest}


def _unknown_sentence(name: str, known: Collection[str]) -> str:
    if guess := nearest(name, known):
        return _("There is no parameter “%(name)s”; did you mean “%(guess)s”?") % {"name": name, "guess": guess}
    if not known:
        return _("There is no parameter “%(name)s”; this address takes none.") % {"name": name}
    return _("There is no parameter “%(name)s”; there are: %(known)s.") % {
        "name": name,
        "known": ", ".join(sorted(known)),
    }
