"""The columns that the list can show, and the orders in which it can stand. What a cell looks like is the admin's
business; a view, an address and the API name columns by these keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from backoffice.core.errors import FieldError, InvalidFields
from backoffice.core.parameters import nearest

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Column:
    """`is_number` stands to the right; `sort` is the sort that its head offers, empty where there is none."""

    key: str
    title: StrOrPromise
    is_number: bool = False
    sort: str = ""


_COLUMNS = (
    Column("placed", pgettext_lazy("column", "Placed"), sort="placed"),
    Column("customer", pgettext_lazy("column", "Customer"), sort="customer"),
    Column("total", pgettext_lazy("column", "Total"), is_number=True, sort="total"),
    Column("stage", pgettext_lazy("status column", "Order")),
    Column("payment", pgettext_lazy("status column", "Payment")),
    Column("fulfilment", pgettext_lazy("status column", "Fulfilment")),
    Column("return", pgettext_lazy("status column", "Return")),
    Column("items", pgettext_lazy("column", "To fulfil"), is_number=True, sort="items"),
    Column("age", pgettext_lazy("column", "Age"), is_number=True, sort="placed"),
    Column("hold", pgettext_lazy("column", "Held because")),
    Column("scheduled", pgettext_lazy("column", "Scheduled for"), sort="scheduled"),
    Column("fulfil_by", pgettext_lazy("column", "Fulfil by"), sort="fulfil_by"),
    Column("outstanding", pgettext_lazy("column", "Outstanding"), is_number=True, sort="outstanding"),
    Column("refunded", pgettext_lazy("column", "Refunded"), is_number=True, sort="refunded"),
    Column("mailed", pgettext_lazy("column", "Last mailed"), sort="mailed"),
    Column("comments", pgettext_lazy("column", "Comments"), is_number=True, sort="comments"),
    Column("tags", pgettext_lazy("column", "Tags")),
    Column("assignee", pgettext_lazy("column", "Assigned to")),
    Column("store", pgettext_lazy("column", "Store")),
    Column("merchant", pgettext_lazy("column", "Merchant")),
    Column("email", pgettext_lazy("column", "E-mail")),
    Column("phone", pgettext_lazy("column", "Phone")),
    Column("country", pgettext_lazy("column", "Country")),
    Column("city", pgettext_lazy("column", "City")),
    Column("shipping", pgettext_lazy("column", "Shipping")),
    Column("lines", pgettext_lazy("column", "Lines"), is_number=True),
    Column("risk", pgettext_lazy("column", "Risk")),
    Column("dispute", pgettext_lazy("column", "Dispute")),
    Column("note", pgettext_lazy("column", "Note")),
    Column("discounts", pgettext_lazy("column", "Discounts")),
    Column("gateways", pgettext_lazy("column", "Paid through")),
    Column("source", pgettext_lazy("column", "Source")),
    Column("po_number", pgettext_lazy("column", "Purchase order")),
    Column("created", pgettext_lazy("column", "Created"), sort="created"),
    Column("updated", pgettext_lazy("column", "Changed in the shop"), sort="updated"),
    Column("archived", pgettext_lazy("column", "Archived"), sort="archived"),
)
COLUMNS: Mapping[str, Column] = MappingProxyType({column.key: column for column in _COLUMNS})
DEFAULT = ("placed", "customer", "total", "stage", "payment", "fulfilment", "return", "items")
"""The order itself always comes first and is no column to choose."""
MOST = 16
"""More cannot be read on any screen."""

_SORTED_BY: Mapping[str, str] = {
    "placed": "processed_at",
    "created": "created_at",
    "updated": "updated_at",
    "archived": "closed_at",
    "scheduled": "fulfill_at",
    "fulfil_by": "fulfill_by",
    "mailed": "last_mailed_at",
    "total": "current_total_shop",
    "outstanding": "outstanding_shop",
    "refunded": "refunded_shop",
    "items": "unfulfilled_quantity",
    "comments": "comment_count",
    "customer": "customer_name",
}
_OLD_NAMES = {"newest": "-placed", "oldest": "placed"}
SORTS = frozenset({*_SORTED_BY, *(f"-{name}" for name in _SORTED_BY), *_OLD_NAMES})
DEFAULT_SORT = "-placed"
NULLABLE = frozenset({"closed_at", "fulfill_at", "fulfill_by", "last_mailed_at"})


def sort_named(name: str) -> str:
    """The sort in its one way of writing. Raises `InvalidFields` for one that there is not."""
    if not name:
        return DEFAULT_SORT
    if name not in SORTS:
        guess = nearest(name, SORTS)
        sentence = _("There is no order “%(name)s”; did you mean “%(guess)s”?")
        if guess is None:
            sentence = _("There is no order “%(name)s”; there are: %(known)s.")
        told = sentence % {"name": name[:50], "guess": guess, "known": ", ".join(sorted(_SORTED_BY))}
        raise InvalidFields([FieldError("sort", "value_unknown", told)])
    return _OLD_NAMES.get(name, name)


def ordering_of(sort: str) -> tuple[str, bool]:
    """The column by which a sort orders, and whether downwards."""
    name = sort_named(sort)
    return _SORTED_BY[name.removeprefix("-")], name.startswith("-")


def columns_named(keys: Sequence[str]) -> tuple[Column, ...]:
    """The columns of these keys, each once; the default ones for none. Raises `InvalidFields` for unknown ones and for
    too many."""
    keys = list(dict.fromkeys(keys)) or list(DEFAULT)
    for key in keys:
        if key not in COLUMNS:
            guess = nearest(key, COLUMNS)
            sentence = _("There is no column “%(name)s”; did you mean “%(guess)s”?")
            if guess is None:
                sentence = _("There is no column “%(name)s”; there are: %(known)s.")
            told = sentence % {"name": key[:50], "guess": guess, "known": ", ".join(COLUMNS)}
            raise InvalidFields([FieldError("columns", "value_unknown", told)])
    if len(keys) > MOST:
        raise InvalidFields(
            [FieldError("columns", "value_count", _("Choose at most %(most)d columns.") % {"most": MOST})]
        )
    return tuple(COLUMNS[key] for key in keys)
