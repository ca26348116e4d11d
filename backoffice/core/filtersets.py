"""Filter sets that refuse what they do not understand: django-filter over the fields of strict_fields.py.

As it comes, django-filter passes over names that it does not know, and its `qs` over values that it could not read: a
misspelt filter would give everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

from django.db.models import Exists, Q, QuerySet
from django.utils.datastructures import MultiValueDict
from django_filters import Filter, FilterSet

from .actor import Actor
from .parameters import StrictField, StrictForm

Condition = Callable[[Any], Q | Exists]


class ConditionFilter(Filter):  # type: ignore[misc]  # django-filter has no types
    """A filter whose value is read by `kind`, and which narrows by the condition that `where` makes of it. A value that
    is not given (None) narrows nothing; any other does, also one that is false."""

    def __init__(self, kind: StrictField, where: Condition, *, label: str, help_text: Any = "") -> None:
        super().__init__(label=label, help_text=help_text)
        self.kind, self.where = kind, where

    @property
    def field(self) -> StrictField:
        return self.kind

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return qs if value is None else qs.filter(self.where(value))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # A filter set copies all its filters for each request and gives them itself as parent. What they are made of
        # never changes, and the form copies the fields: thirty deep copies would cost more than reading the values.
        copied = self.__class__.__new__(self.__class__)
        copied.__dict__.update(self.__dict__)
        return copied


class StrictFilterSet(FilterSet):  # type: ignore[misc]  # as above
    """Selects rows of `queryset` by the texts `given` under each name, on behalf of `actor`. `defaults` stand where
    nothing is given under their name."""

    defaults: ClassVar[Mapping[str, Sequence[str]]] = {}

    class Meta:
        form = StrictForm

    def __init__(self, given: Mapping[str, Sequence[str]], queryset: QuerySet[Any], *, actor: Actor) -> None:
        self.actor = actor
        texts = {name: list(each) for name, each in {**self.defaults, **given}.items()}
        super().__init__(MultiValueDict(texts), queryset)

    def is_valid(self) -> bool:
        return not self.form.wrong()

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Raises `InvalidFields`, so that `qs` never is a selection by half of what was asked."""
        for name, value in self.form.understood().items():
            queryset = self.filters[name].filter(queryset, value)
        return queryset
