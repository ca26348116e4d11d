"""What an address of the list asks for: a view, a search text, filters, columns and an order. What the address says
itself comes before what its view says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Value
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils.functional import cached_property

from backoffice.core.actor import Actor
from orders.choices import Stage, Verb
from orders.columns import NULLABLE, Column, columns_named, ordering_of, sort_named
from orders.filters import SEARCH, names_a_stage, select, text_of_given
from orders.querysets import OrderQuerySet
from orders.reading import list_orders
from orders.saved import View, view_named

OURS = frozenset({"cursor", "part", "sort", "view", "columns"})
_NEVER = {False: datetime(9000, 1, 1, tzinfo=UTC), True: datetime(1900, 1, 1, tzinfo=UTC)}
"""Orders without the time that a list is sorted by stand at its end, upwards and downwards."""


@dataclass(frozen=True)
class Question:
    """`asked`: the filters by name, the search text among them. Reading its parts raises what the vocabulary, the table
    of columns and the views refuse."""

    query: QueryDict
    view: View | None
    asked: Mapping[str, list[str]]

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        given = [key.strip() for text in self.query.getlist("columns") for key in text.split(",") if key.strip()]
        return columns_named(given or (self.view.columns if self.view else ()))

    @cached_property
    def sort(self) -> str:
        return sort_named(self.query.get("sort", "") or (self.view.sort if self.view else ""))

    @property
    def search(self) -> str:
        return ",".join(self.asked.get(SEARCH, ()))

    @property
    def says_stage(self) -> bool:
        """Whether it says by itself which stages it means; else the orders to fulfil are meant."""
        return names_a_stage(self.asked)

    @property
    def text(self) -> str:
        """All of it as one search text, with the stage that is meant when none is named."""
        meant = {} if self.says_stage else {"stage": [Stage.TO_FULFIL.value]}
        return text_of_given({**meant, **self.asked})

    def orders(self, *, actor: Actor) -> OrderQuerySet:
        """What it selects, in its order, with what its columns show."""
        orders, asked = list_orders(actor), self.asked
        if not self.says_stage:
            orders = without_archiving(orders.filter(stage=Stage.TO_FULFIL))
            asked = {**asked, "stage": [Stage.TO_FULFIL.value]}
        shown = {column.key for column in self.columns}
        if "merchant" in shown:
            orders = orders.select_related("store__merchant")
        if "assignee" in shown:
            orders = orders.select_related("assignee")
        return ordered(select(orders, asked, actor=actor), self.sort)


def question_of(query: QueryDict, *, actor: Actor) -> Question:
    """Raises `NotFound` for a view that the actor does not see."""
    slug = query.get("view", "")
    view = view_named(slug, actor) if slug else None
    found = {name: [text for text in query.getlist(name) if text.strip()] for name in query if name not in OURS}
    if view is not None and view.query and SEARCH not in query:
        found[SEARCH] = [view.query]
    return Question(query, view, {name: texts for name, texts in found.items() if texts})


def without_archiving(orders: OrderQuerySet) -> OrderQuerySet:
    """Leaves out what is on its way to the archive: for the person who sent it there it is done."""
    return orders.exclude(pending_verbs__contains=[Verb.ARCHIVE.value])


def ordered(orders: OrderQuerySet, sort: str) -> OrderQuerySet:
    """In a sort of the table; rows that tie stand by their id."""
    column, downwards = ordering_of(sort)
    if column in NULLABLE:
        orders, column = orders.annotate(sorted_at=Coalesce(column, Value(_NEVER[downwards]))), "sorted_at"
    sign = "-" if downwards else ""
    return orders.order_by(f"{sign}{column}", f"{sign}pk")
