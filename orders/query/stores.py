"""Stores as a kind of value: those that the person reaches and no others."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from backoffice.core.actor import Actor
from backoffice.core.filtersets import ConditionFilter
from backoffice.core.parameters import StrictField
from backoffice.core.strict_fields import Words
from stores.models import Store

from .given import Given
from .kinds import Condition, Kind, is_one_of, listed, read
from .tree import Term

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class StoreWords(Words):
    """Ids, domains or their first part, as ids. A foreign store is as missing as one that never was."""

    actor: Actor

    def __init__(self) -> None:
        super().__init__(like="3, shop.myshopify.com", longest=255, pattern=r"[0-9]{1,18}|[A-Za-z0-9.-]+")

    def read(self, given: Sequence[str]) -> Any:
        values = super().read(given)
        visible = list(Store.objects.visible_to(self.actor).values_list("pk", "domain"))
        by_word = {domain.removesuffix(".myshopify.com"): pk for pk, domain in visible}
        # A shop may be called 17: a number is an id first.
        by_word |= {domain: pk for pk, domain in visible} | {str(pk): pk for pk, _domain in visible}
        if missing := [value for value in values if value.casefold() not in by_word]:
            sentence = _("There is no store “%(value)s” that you reach; give its id or its .myshopify.com domain.")
            raise ValidationError(sentence % {"value": missing[0]}, code="store_unknown")
        return [by_word[value.casefold()] for value in values]


class ActorsFilter(ConditionFilter):
    """A filter whose field reads differently for each actor: it gets a copy of its own, shared with no request."""

    @property
    def field(self) -> StrictField:
        field = deepcopy(self.kind)
        field.actor = self.parent.actor  # type: ignore[attr-defined]  # only made with fields that have one
        return field


class Stores(Kind):
    def parameters(self, name: str, help: StrOrPromise) -> dict[str, ConditionFilter]:
        return {name: ActorsFilter(StoreWords(), lambda ids: Q(store_id__in=ids), label=name, help_text=help)}

    def condition(self, term: Term, given: Given) -> Condition:
        reader = StoreWords()
        reader.actor = given.actor
        return Q(store_id__in=[pk for value in listed(term) for pk in read(reader, value)])

    def words(self, term: Term, title: str) -> str:
        return is_one_of(title, [f"“{value.text}”" for value in term.values])

    def example(self, name: str) -> str:
        return f"{name}:1"
