"""The verbs: everything that can be done to a selection of orders, as one table.

Admin actions and API endpoints are made from it, so that a new verb gets all its doors at once. Other applications add
theirs (`register`) when they are ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backoffice.core.actor import Right

from .choices import Verb
from .services import archive, comments, outbox, tags
from .services.selection import Asked, Refusal

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class ParameterKind(StrEnum):
    """How a parameter is typed in: a list of short words, or a longer text."""

    WORDS = "words"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something that a verb must be told. `longest` is per word for WORDS; the service checks all of it again."""

    name: str
    label: StrOrPromise
    kind: ParameterKind
    longest: int


@dataclass(frozen=True, slots=True)
class VerbDefinition:
    """One verb. Both callables take the orders and `actor`, and the parameters by name; `ask` takes `source` as well.

    `check(orders, *, actor, **parameters)` gives the refusals by order id, `ask(orders, *, actor, source,
    **parameters)` an `Asked`, `warnings(orders, *, actor)` sentences by order id. `in_the_shop`: the outcome comes
    later, see `push.run_outcome`; otherwise all is done when `ask` returns.
    """

    name: str
    label: StrOrPromise
    right: Right
    check: Callable[..., dict[int, Refusal]]
    ask: Callable[..., Asked]
    parameters: tuple[Parameter, ...] = ()
    in_the_shop: bool = True
    warnings: Callable[..., dict[int, list[str]]] | None = None

    @property
    def feature(self) -> str:
        """What a store must be able to do for it (see stores.features); empty where nothing is asked of the shop."""
        return outbox.FEATURE_OF.get(self.name, "")


_TAGS = Parameter("tags", _("tags"), ParameterKind.WORDS, tags.LONGEST_TAG)
_verbs: dict[str, VerbDefinition] = {}

VERBS: Mapping[str, VerbDefinition] = MappingProxyType(_verbs)
"""The table, by name, in the order in which people see it."""


def register(definition: VerbDefinition) -> None:
    """Adds a verb; a second registration of the name replaces the first."""
    _verbs[definition.name] = definition


for _definition in (
    VerbDefinition(
        name=Verb.ARCHIVE.value,
        label=Verb.ARCHIVE.label,
        right=Right.CHANGE_ORDERS,
        check=archive.check_archive,
        ask=archive.archive_orders,
        warnings=archive.archive_warnings,
    ),
    VerbDefinition(
        name=Verb.UNARCHIVE.value,
        label=Verb.UNARCHIVE.label,
        right=Right.CHANGE_ORDERS,
        check=archive.check_unarchive,
        ask=archive.unarchive_orders,
    ),
    VerbDefinition(
        name=Verb.ADD_TAGS.value,
        label=Verb.ADD_TAGS.label,
        right=Right.CHANGE_ORDERS,
        check=tags.check_add_tags,
        ask=tags.add_tags,
        parameters=(_TAGS,),
    ),
    VerbDefinition(
        name=Verb.REMOVE_TAGS.value,
        label=Verb.REMOVE_TAGS.label,
        right=Right.CHANGE_ORDERS,
        check=tags.check_remove_tags,
        ask=tags.remove_tags,
        parameters=(_TAGS,),
    ),
    VerbDefinition(
        name="comment",
        label=pgettext_lazy("verb", "Comment"),
        right=Right.COMMENT,
        check=comments.check_comment,
        ask=comments.comment_on,
        parameters=(Parameter("body", _("comment"), ParameterKind.TEXT, comments.LONGEST_COMMENT),),
        in_the_shop=False,
    ),
):
    register(_definition)
