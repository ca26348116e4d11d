"""What kinds of values the vocabulary has. Each kind has two faces: the typed parameters that it gives to filter sets,
and the meaning of a term of the search text. Both make their condition of the same values, so that they cannot differ.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from django.core.exceptions import ValidationError
from django.db.models import Exists, Q
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from backoffice.core.filtersets import ConditionFilter
from backoffice.core.parameters import StrictField, nearest
from backoffice.core.strict_fields import Choices, Flag, Words

from .given import Given
from .syntax import QueryError
from .tree import Span, Term, Value

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Condition: TypeAlias = Q | Exists


class Kind(ABC):
    """One kind of value. `examples` are terms as a person types them, shown as help and tested to be understood."""

    @abstractmethod
    def parameters(self, name: str, help: StrOrPromise) -> dict[str, ConditionFilter]:
        """The typed parameters, by name."""

    @abstractmethod
    def condition(self, term: Term, given: Given) -> Condition:
        """What a term selects. Raises `QueryError` that points at the value."""

    def term(self, name: str, parameter: str, texts: Sequence[str]) -> Term:
        """What a typed parameter says, as a term."""
        parts = [part.strip() for text in texts for part in text.split(",")]
        return Term(name, ":", tuple(Value(part) for part in parts if part))

    @abstractmethod
    def words(self, term: Term, title: str) -> str:
        """What a term of which `condition` was made says, in the reader's language."""

    @abstractmethod
    def example(self, name: str) -> str:
        """A term that is understood."""


@dataclass(frozen=True, slots=True)
class OneOf(Kind):
    """One or more of a few values, in any case. `labels` says them in words; `synonyms` are other names, such as those
    of Shopify's own search, each for one or more of the values. `sentences`: the labels say all by themselves."""

    values: tuple[str, ...]
    where: Callable[[Sequence[str]], Condition]
    labels: Callable[[str], StrOrPromise] = str
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sentences: bool = False

    def parameters(self, name: str, help: StrOrPromise) -> dict[str, ConditionFilter]:
        return {name: ConditionFilter(Choices(self.values), self.where, label=name, help_text=help)}

    def condition(self, term: Term, given: Given) -> Condition:
        return self.where(self._read(term))

    def words(self, term: Term, title: str) -> str:
        labels = [str(self.labels(value)) for value in self._read(term)]
        return _(" and ").join(labels) if self.sentences else is_one_of(title, labels)

    def example(self, name: str) -> str:
        return f"{name}:{self.values[0].lower()}"

    def _read(self, term: Term) -> list[str]:
        known = {name.casefold(): values for name, values in self.synonyms.items()}
        known |= {value.casefold(): (value,) for value in self.values}
        found: list[str] = []
        for value in listed(term):
            folded = value.text.casefold().replace(" ", "_")
            if folded not in known:
                raise unknown_value(value, known)
            found += known[folded]
        return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Texts(Kind):
    """One or more texts, compared whole. With `begins`, a value may end in `*`; `like` shows what one looks like."""

    where: Callable[[Sequence[str]], Condition]
    begins: Callable[[str], Condition] | None = None
    longest: int = 255
    pattern: str = r".+"
    like: str = ""
    upper: bool = False
    like_term: str = "vip"

    def parameters(self, name: str, help: StrOrPromise) -> dict[str, ConditionFilter]:
        return {name: ConditionFilter(self._field(), self.where, label=name, help_text=help)}

    def condition(self, term: Term, given: Given) -> Condition:
        whole = [value for value in listed(term, prefixes=self.begins is not None) if not value.is_prefix]
        parts: list[Condition] = []
        if whole:
            parts.append(self.where(self._read(whole)))
        if self.begins is not None:
            parts += [self.begins(value.text) for value in term.values if value.is_prefix]
        return any_of(parts)

    def words(self, term: Term, title: str) -> str:
        return is_one_of(title, [f"“{value.text}{'…' if value.is_prefix else ''}”" for value in term.values])

    def example(self, name: str) -> str:
        return f"{name}:{self.like_term}"

    def _field(self) -> StrictField:
        return Words(longest=self.longest, pattern=self.pattern, like=self.like, upper=self.upper)

    def _read(self, values: Sequence[Value]) -> list[str]:
        reader = self._field()
        found: list[str] = []
        for value in values:
            # A comma inside of quotes belongs to the value; as a parameter it would part two.
            found += [value.text] if "," in value.text and self.pattern == ".+" else read(reader, value)
        return found


@dataclass(frozen=True, slots=True)
class YesNo(Kind):
    """True or false. `says` is what true means, in words; `denies` what false means."""

    where: Callable[[bool], Condition]
    says: StrOrPromise
    denies: StrOrPromise

    def parameters(self, name: str, help: StrOrPromise) -> dict[str, ConditionFilter]:
        return {name: ConditionFilter(Flag(), self.where, label=name, help_text=help)}

    def condition(self, term: Term, given: Given) -> Condition:
        return self.where(self._read(term))

    def words(self, term: Term, title: str) -> str:
        return str(self.says if self._read(term) else self.denies)

    def example(self, name: str) -> str:
        return f"{name}:true"

    def _read(self, term: Term) -> bool:
        value = single(term)
        folded = {"yes": "true", "no": "false"}.get(value.text.casefold(), value.text)
        answer: bool = read(Flag(), Value(folded, span=value.span))
        return answer


def read(reader: StrictField, value: Value) -> Any:
    """The value as a parameter's field reads it, its refusal pointing at the place."""
    try:
        return reader.clean([value.text])
    except ValidationError as error:
        raise QueryError(error.code or "value_invalid", error.messages[0], value.span) from error


def listed(term: Term, *, prefixes: bool = False) -> tuple[Value, ...]:
    """The values of a term that only compares for equality. Raises `QueryError` for `<`, `>` and ranges."""
    if term.comparison != ":":
        sentence = _("“%(name)s” has no more and less; write %(name)s:value.")
        raise QueryError("query_comparison", sentence % {"name": term.name}, term.span)
    for value in term.values:
        if value.upper is not None:
            sentence = _("“%(name)s” has no ranges; write single values, separated by commas.")
            raise QueryError("query_range", sentence % {"name": term.name}, value.span)
        if value.is_prefix and not prefixes:
            sentence = _("“%(name)s” needs whole values; “*” is not understood here.")
            raise QueryError("query_prefix", sentence % {"name": term.name}, value.span)
    return term.values


def single(term: Term) -> Value:
    values = listed(term)
    if len(values) != 1:
        raise QueryError("query_list", _("“%(name)s” takes one value.") % {"name": term.name}, values[1].span)
    return values[0]


def unknown_value(value: Value, known: Mapping[str, Any]) -> QueryError:
    """That a value is none of the known, with the nearest one."""
    guess = nearest(value.text.casefold(), known) or ""
    if guess:
        sentence = _("“%(value)s” is no choice here; did you mean “%(guess)s”?")
        message = sentence % {"value": value.text[:50], "guess": guess}
    else:
        sentence = _("“%(value)s” is no choice here; there are: %(known)s.")
        message = sentence % {"value": value.text[:50], "known": ", ".join(sorted(known))}
    return QueryError("value_unknown", message, value.span, suggestion=guess)


def misread(message: str, span: Span) -> QueryError:
    return QueryError("value_invalid", message, span)


def any_of(parts: Sequence[Condition]) -> Condition:
    """Either of at least one."""
    found = Q(parts[0])
    for part in parts[1:]:
        found |= Q(part)
    return found


def is_one_of(title: str, values: Sequence[str]) -> str:
    """“payment is Paid or Voided”."""
    *first, last = values
    listed_values = last if not first else f"{', '.join(first)} {pgettext('between choices', 'or')} {last}"
    return str(format_lazy(_("{title} is {values}"), title=title, values=listed_values))
