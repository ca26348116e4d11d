"""The fields of strict forms: words, choices, a text, a flag, a whole number, an amount, a moment.

Django's own fields read an odd boolean as no answer and an empty text as none given; these refuse both."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from .parameters import StrictField, nearest

MOST_VALUES = 100


class Words(StrictField):
    """One or more texts, repeated or separated by commas. `pattern` bounds what each may be, `like` shows one."""

    def __init__(
        self, *, longest: int = 255, pattern: str = r".+", like: str = "", upper: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)
        self.longest, self.pattern, self.like, self.upper = longest, pattern, like, upper

    def read(self, given: Sequence[str]) -> list[str]:
        words = [part.strip() for text in given for part in text.split(",") if part.strip()]
        if self.upper:
            words = [word.upper() for word in words]
        if not words or len(words) > MOST_VALUES:
            raise ValidationError(_("Give from 1 to %(most)d values.") % {"most": MOST_VALUES}, code="value_count")
        for word in words:
            if len(word) > self.longest or "\x00" in word or not re.fullmatch(self.pattern, word):
                raise _wrong(_shape(word, self.like, self.longest))
        return list(dict.fromkeys(words))

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string", "maxLength": self.longest}, "maxItems": MOST_VALUES}


class Choices(StrictField):
    """One or more of the values, in any case, repeated or separated by commas."""

    def __init__(self, values: tuple[str, ...], **options: Any) -> None:
        super().__init__(**options)
        self.values = values

    def read(self, given: Sequence[str]) -> list[str]:
        by_folded = {value.casefold(): value for value in self.values}
        words = Words().read(given)
        for word in words:
            if word.casefold() not in by_folded:
                guess = nearest(word.casefold(), by_folded)
                raise ValidationError(self._sentence(word, by_folded[guess] if guess else None), code="value_unknown")
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


class Text(StrictField):
    """One text as it stands."""

    def __init__(self, *, longest: int = 200, **options: Any) -> None:
        super().__init__(**options)
        self.longest = longest

    def read(self, given: Sequence[str]) -> str:
        text = _single(given).strip()
        if not text or len(text) > self.longest or "\x00" in text:
            raise ValidationError(
                _("Give from 1 to %(most)d characters.") % {"most": self.longest}, code="value_invalid"
            )
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": self.longest}


class Flag(StrictField):
    """True or false."""

    def read(self, given: Sequence[str]) -> bool:
        match _single(given).strip().casefold():
            case "true" | "1":
                return True
            case "false" | "0":
                return False
        raise _wrong(_("Write true or false."))

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Whole(StrictField):
    """A whole number within bounds."""

    def __init__(self, least: int, most: int, **options: Any) -> None:
        super().__init__(**options)
        self.least, self.most = least, most

    def read(self, given: Sequence[str]) -> int:
        text = _single(given).strip()
        if re.fullmatch(r"[0-9]{1,18}", text) and self.least <= int(text) <= self.most:
            return int(text)
        raise _wrong(_("Write a whole number from %(least)d to %(most)d.") % {"least": self.least, "most": self.most})

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


class Amount(StrictField):
    """An amount of money without its currency, with a point and up to four decimals."""

    def read(self, given: Sequence[str]) -> Decimal:
        text = _single(given).strip()
        if re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,4})?", text):
            return Decimal(text)
        raise _wrong(_("Write an amount such as 12.50."))

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "decimal", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$"}


class Moment(StrictField):
    """A time of RFC 3339, or a day, which stands for its first instant in the product's time zone."""

    def read(self, given: Sequence[str]) -> datetime:
        text = _single(given).strip()
        if not 1900 <= int(text[:4] if re.match(r"[0-9]{4}-", text) else 0) <= 9000:
            raise self._misread(text)
        try:
            if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
                return timezone.make_aware(datetime.combine(date.fromisoformat(text), time.min))
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise self._misread(text) from error
        return (timezone.make_aware(moment) if moment.tzinfo is None else moment).astimezone(UTC)

    @staticmethod
    def _misread(text: str) -> ValidationError:
        if re.search(r"\d \d\d:?\d\d$", text):
            return _wrong(_("The + of the zone arrived as a space; write it as %2B, or use Z."))
        return _wrong(_("Write a day (2026-11-02) or a time (2026-11-02T09:30:00Z)."))

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}


def _wrong(remedy: str) -> ValidationError:
    return ValidationError(remedy, code="value_invalid")


def _single(given: Sequence[str]) -> str:
    if len(given) != 1:
        raise ValidationError(_("Give this once."), code="value_count")
    return given[0]


def _shape(word: str, like: str, longest: int) -> str:
    if like:
        return _("“%(value)s” cannot be right; it looks like %(like)s.") % {"value": word[:50], "like": like}
    return _("A value has at most %(most)d characters, none of them NUL.") % {"most": longest}
