"""Views as a kind of value: their search stands where they are named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from backoffice.core.actor import Actor
from backoffice.core.errors import InvalidFields, NotFound
from backoffice.core.filtersets import ConditionFilter
from backoffice.core.strict_fields import Words
from orders.saved import view_named

from .given import Given
from .kinds import Condition, Kind, any_of, is_one_of, listed
from .meaning import Vocabulary
from .stores import ActorsFilter
from .syntax import QueryError, parse
from .tree import Term, Value

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_DEEPEST = 5
_SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"


class Views(Kind):
    """By slug. `vocabulary` is asked for when a view is read, because it has this kind among its own."""

    def __init__(self, vocabulary: Callable[[], Vocabulary]) -> None:
        self._vocabulary = vocabulary

    def parameters(self, name: str, help: StrOrPromise) -> dict[str, ConditionFilter]:
        return {name: ActorsFilter(ViewWords(self), lambda condition: condition, label=name, help_text=help)}

    def condition(self, term: Term, given: Given) -> Condition:
        return any_of([self._read(value, given) for value in listed(term)])

    def words(self, term: Term, title: str) -> str:
        return is_one_of(title, [f"“{value.text}”" for value in term.values])

    def example(self, name: str) -> str:
        return f"{name}:slipping"

    def _read(self, value: Value, given: Given) -> Q:
        slug = value.text.casefold()
        try:
            view = view_named(slug, given.actor)
        except NotFound as error:
            raise QueryError("view_not_found", str(error), value.span) from error
        if slug in given.views or len(given.views) >= _DEEPEST:
            sentence = _("The view “%(slug)s” names itself, or views are too deep inside each other.")
            raise QueryError("view_in_itself", sentence % {"slug": slug}, value.span)
        inner = copy(given)
        inner.views = given.views | {slug}
        try:
            tree = parse(view.query)
            return self._vocabulary().condition(tree, inner) if tree else Q()
        except QueryError as error:
            if error.code == "view_in_itself":
                raise
            sentence = _("The view “%(slug)s” cannot be used any more: %(why)s")
            raise QueryError("view_broken", sentence % {"slug": slug, "why": error}, value.span) from error


class ViewWords(Words):
    """Slugs, as the condition that their views make."""

    actor: Actor

    def __init__(self, kind: Views) -> None:
        super().__init__(longest=60, pattern=_SLUG, like="late-orders")
        self._kind = kind

    def read(self, given: Sequence[str]) -> Any:
        term = Term("view", ":", tuple(Value(slug) for slug in super().read(given)))
        try:
            return self._kind.condition(term, Given(self.actor))
        except InvalidFields as error:
            raise ValidationError(error.message.replace("%", "%%"), code=error.code, params={"view": ""}) from error
