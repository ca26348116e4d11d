"""Selecting orders by the vocabulary: the filter set that the API's lists, its acts on all orders that match and the
admin's list select by, with the search text `q` as one of its names.

All that is given is understood or the request is refused: an unknown name never widens a selection in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from backoffice.core.actor import Actor
from backoffice.core.filtersets import ConditionFilter, StrictFilterSet
from backoffice.core.strict_fields import Text

from .fields import FIELDS, SAYS_WHICH_STAGES, VOCABULARY
from .models import Order
from .query.given import Given
from .query.stores import ActorsFilter
from .query.syntax import LONGEST, QueryError, parse
from .query.tree import All, Node, Term, terms, text_of
from .querysets import OrderQuerySet

SEARCH = "q"


def select(orders: OrderQuerySet, given: Mapping[str, Sequence[str]], *, actor: Actor) -> OrderQuerySet:
    """The orders that match all of what is given, each name with its texts; live ones unless `stage` or the search text
    says otherwise.

    Raises `InvalidFields` that names each wrong field with its remedy, also for a store that the actor does not reach.
    """
    chosen: OrderQuerySet = OrderFilterSet(given, orders, actor=actor).qs
    return chosen


def explain(text: str, *, actor: Actor) -> str:
    """What a search text selects, as a sentence in the reader's language. Raises `QueryError`."""
    tree = parse(text)
    if tree is not None:
        VOCABULARY.condition(tree, Given(actor))
    return VOCABULARY.explain(tree)


def text_in_short(text: str) -> str:
    """The same search in one way of writing: what is kept of it and compared. Raises `QueryError`."""
    return text_of(parse(text))


def text_of_given(given: Mapping[str, Sequence[str]]) -> str:
    """What parameters and search text say together, as one search text. Raises `QueryError`."""
    parts: list[Node] = []
    for name, texts in given.items():
        if name == SEARCH:
            parts += [tree for text in texts if (tree := parse(text)) is not None]
        elif name in _FIELD_OF:
            field = _FIELD_OF[name]
            parts.append(field.kind.term(field.name, name, texts))
    return text_of(parse(" ".join(f"({text_of(part)})" for part in parts)))


def stores_named(given: Mapping[str, Sequence[str]]) -> list[frozenset[str]]:
    """What `store` and the search text say of stores, as words (ids, domains or their first part, in lower case): one
    set for each condition, all of which hold. Conditions among alternatives are left out: they narrow nothing by
    themselves."""
    found = []
    if "store" in given:
        found.append(frozenset(word.strip().casefold() for text in given["store"] for word in text.split(",")))
    for text in given.get(SEARCH, ()):
        try:
            tree = parse(text)
        except QueryError:
            continue
        found += [
            frozenset(value.text.casefold() for value in item.values)
            for item in (tree.items if isinstance(tree, All) else (tree,))
            if isinstance(item, Term) and item.name == "store"
        ]
    return found


class SearchText(Text):
    """A search text, as the condition that it stands for."""

    actor: Actor

    def __init__(self) -> None:
        super().__init__(longest=LONGEST)

    def read(self, given: Sequence[str]) -> Any:
        try:
            tree = parse(super().read(given))
            return VOCABULARY.condition(tree, Given(self.actor)) if tree else None
        except QueryError as error:
            place = {"start": error.span.start, "end": error.span.end, "suggestion": error.suggestion}
            raise ValidationError(error.message.replace("%", "%%"), code=error.code, params=place) from error


def _filters() -> dict[str, ConditionFilter]:
    found: dict[str, ConditionFilter] = {}
    for field in FIELDS.values():
        found |= field.kind.parameters(field.name, field.help)
    found[SEARCH] = ActorsFilter(
        SearchText(),
        lambda condition: condition,
        label=SEARCH,
        help_text=gettext_lazy("A search text: words to find, and conditions such as tag:vip -is:on_hold age>3d."),
    )
    return found


class OrderFilterSet(StrictFilterSet):
    """The vocabulary as a filter set, made of the table: what the two know can never differ."""

    class Meta(StrictFilterSet.Meta):
        model = Order
        fields = ()

    defaults: ClassVar[Mapping[str, Sequence[str]]] = {"stage": ["live"]}

    def __init__(self, given: Mapping[str, Sequence[str]], queryset: OrderQuerySet, *, actor: Actor) -> None:
        if names_a_stage(given):
            given = {"stage": ["all"], **given}
        super().__init__(given, queryset, actor=actor)

    @classmethod
    def get_filters(cls) -> dict[str, ConditionFilter]:
        return _filters()


def names_a_stage(given: Mapping[str, Sequence[str]]) -> bool:
    """Whether what is given, its search text included, says by itself if it means live orders."""
    if any(name in given for name in SAYS_WHICH_STAGES):
        return True
    for text in given.get(SEARCH, ()):
        try:
            tree = parse(text)
        except QueryError:
            return False
        for leaf in terms(tree):
            if isinstance(leaf, Term) and leaf.name.casefold() in SAYS_WHICH_STAGES:
                return True
    return False


_FIELD_OF = {name: field for field in FIELDS.values() for name in field.kind.parameters(field.name, field.help)}
NAMES = frozenset({*_FIELD_OF, SEARCH})
"""Every name that a request may use."""
