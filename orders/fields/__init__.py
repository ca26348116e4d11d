"""The vocabulary: every name by which orders are selected, once. The filter sets of list and API are made of it, and
so is the search text; a name that one of them knows, the other knows, too."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from django.utils.translation import gettext_lazy, pgettext_lazy

from orders import conditions as where
from orders.query.meaning import Field, Vocabulary
from orders.query.tree import Term, Value
from orders.query.views import Views

from .measures import MEASURES
from .states import FLAGS, STATES
from .words import WORDS


def _short(name: str, value: str) -> Term:
    return Term(name, ":", (Value(value),))


_VIEW = Field(
    "view",
    Views(lambda: VOCABULARY),
    pgettext_lazy("filter", "view"),
    gettext_lazy("What a saved view selects, by its slug."),
)
VOCABULARY: Vocabulary = Vocabulary(
    fields=(*STATES, *WORDS, *FLAGS, *MEASURES, _VIEW),
    anywhere=where.found_by,
    shortcuts={
        "untagged": _short("no", "tag"),
        "no_comment": _short("no", "comment"),
        "never_mailed": _short("no", "mail"),
        "unassigned": _short("no", "assignee"),
        "on_hold": _short("is", "on_hold"),
        "overdue": _short("is", "overdue"),
    },
)
SAYS_WHICH_STAGES = frozenset({"is", "stage", "status", "test", "view"})
"""Fields by which a person says whether he means live orders; without one of them, he does."""
FIELDS: Mapping[str, Field] = MappingProxyType({field.name: field for field in VOCABULARY.fields})
