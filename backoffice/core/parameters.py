"""What may be asked for by name: forms that understand a given text or refuse it with the sentence that says what would
be right. Nothing is ever ignored. The fields are in strict_fields.py."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .errors import FieldError, InvalidFields


class StrictForm(forms.Form):
    """Fields of which each is given or not, and no other name. Takes what has `getlist`: an address's parameters."""

    def understood(self) -> dict[str, Any]:
        """The values of what is given, by name. Raises `InvalidFields` with a sentence for every name that is unknown
        and every value that cannot be right."""
        if wrong := self.wrong():
            raise InvalidFields(wrong)
        return {name: value for name, value in self.cleaned_data.items() if name in self.data}

    def wrong(self) -> list[FieldError]:
        """What of the given is not understood, by field."""
        found = list(unknown(self.data, known=self.fields))
        for name, errors in self.errors.as_data().items():
            found += [_of(name, error) for error in errors]
        return sorted(found, key=lambda each: each.field)


def _of(name: str, error: ValidationError) -> FieldError:
    place = error.params or {}
    at = (place["start"], place["end"]) if "start" in place else None
    return FieldError(name, error.code or "value_invalid", error.messages[0], at, place.get("suggestion", ""))


def unknown(names: Iterable[str], *, known: Collection[str]) -> Iterable[FieldError]:
    """An error for each name that is not understood, with the nearest that is."""
    for name in names:
        if name not in known:
            yield FieldError(name[:100], "parameter_unknown", _unknown_sentence(name[:100], known))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """What was probably meant, if anything is near."""
    return next(iter(get_close_matches(word, sorted(known), n=1, cutoff=0.6)), None)


class Given(forms.TextInput):
    """Every text under the name, in the order given; None when the name is not there."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str] | None:
        return data.getlist(name) if name in data else None

    def format_value(self, value: Any) -> str | None:
        return ",".join(value) if isinstance(value, list) else None


class StrictField(forms.Field, ABC):
    """The base: reads the texts under one name, and says in OpenAPI's words what they may be."""

    widget = Given

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, **options})

    def to_python(self, value: Sequence[str] | None) -> Any:
        return None if value is None else self.read(value)

    @abstractmethod
    def read(self, given: Sequence[str]) -> Any:
        """The value. Raises `ValidationError`, whose message is the remedy."""

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """The parameter in an OpenAPI document."""


def _unknown_sentence(name: str, known: Collection[str]) -> str:
    if guess := nearest(name, known):
        return _("There is no parameter “%(name)s”; did you mean “%(guess)s”?") % {"name": name, "guess": guess}
    if not known:
        return _("There is no parameter “%(name)s”; this address takes none.") % {"name": name}
    return _("There is no parameter “%(name)s”; there are: %(known)s.") % {
        "name": name,
        "known": ", ".join(sorted(known)),
    }
