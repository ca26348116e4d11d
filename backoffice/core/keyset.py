"""Keyset paging: a page begins right after the last row of the one before, by the row's own values.

Right on equal times, because the ordering ends in a unique column and rows are compared as wholes; as fast on the last
page as on the first; nothing is counted. A row that does not change while somebody pages is seen exactly once. Called
by the API's pagination and by the lists of the admin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import BooleanField, F, Func, QuerySet, Value
from django.http import QueryDict
from django.utils.translation import gettext as _

from .errors import Invalid

_SALT = "api.cursor"


@dataclass(frozen=True, slots=True)
class KeysetPage:
    """Rows in the list's order, and the cursors of the pages around it; None where the list ends."""

    rows: list[Any]
    next: str | None
    previous: str | None


NOT_THE_QUESTION = frozenset({"cursor", "limit"})


def question_of(path: str, given: QueryDict) -> str:
    """What was asked, apart from where and how much of it: what a cursor belongs to."""
    asked = sorted((name, *sorted(values)) for name, values in given.lists() if name not in NOT_THE_QUESTION)
    return repr((path, asked))


def read_page(queryset: QuerySet[Any], *, limit: int, question: str, cursor: str | None = None) -> KeysetPage:
    """One page of a queryset that is ordered by columns or annotations that are never null, all upwards or all
    downwards, the last one unique. Rows may be objects or `values()` mappings that hold those columns.

    `question` says what was asked (list, filter): a cursor goes on in the same question only. Raises `Invalid` for a
    cursor of another one, and for one that was tampered with.
    """
    columns = _Columns.of(queryset)
    bound = f"{question}|{columns.names}|{columns.downwards}"
    position = columns.position(cursor, bound) if cursor is not None else None
    backwards = position is not None and position.backwards
    rows = queryset if position is None else queryset.filter(columns.beyond(position))
    page = list((rows.reverse() if backwards else rows)[: limit + 1])
    more, page = len(page) > limit, page[:limit]
    if backwards:
        page.reverse()
    if not page:
        return KeysetPage(rows=[], next=None, previous=None)
    has_next = backwards or more
    has_previous = more if backwards else position is not None
    return KeysetPage(
        rows=page,
        next=columns.cursor(page[-1], bound, backwards=False) if has_next else None,
        previous=columns.cursor(page[0], bound, backwards=True) if has_previous else None,
    )


@dataclass(frozen=True, slots=True)
class _Position:
    values: tuple[Any, ...]
    backwards: bool


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of an ordering, and cursors made of their values."""

    names: tuple[str, ...]
    fields: tuple[Any, ...]
    downwards: bool

    @classmethod
    def of(cls, queryset: QuerySet[Any]) -> _Columns:
        meta = queryset.model._meta
        given: Sequence[Any] = queryset.query.order_by or meta.ordering
        if not given or not all(isinstance(name, str) for name in given):
            raise TypeError(f"{meta.label}: keyset pages need an ordering by plain columns, not {given}")
        directions = {name.startswith("-") for name in given}
        if len(directions) != 1:
            raise TypeError(f"{meta.label}: keyset pages need one direction, not {given}")
        names, fields = [], []
        for name in (each.lstrip("-") for each in given):
            made = queryset.query.annotations.get(name)
            field = made.output_field if made else meta.pk if name == "pk" else meta.get_field(name)
            names.append(name if made else field.attname)
            fields.append(field)
        return cls(tuple(names), tuple(fields), directions.pop())

    def beyond(self, position: _Position) -> Func:
        # One comparison of whole rows: an index over the ordering begins right there, also among equal times.
        given = [Value(value, output_field=field) for value, field in zip(position.values, self.fields, strict=True)]
        return Func(
            Func(*map(F, self.names), function="ROW"),
            Func(*given, function="ROW"),
            template="%(expressions)s",
            arg_joiner=" < " if self.downwards != position.backwards else " > ",
            output_field=BooleanField(),
        )

    def cursor(self, row: Any, bound: str, *, backwards: bool) -> str:
        values = [_text(row[name] if isinstance(row, Mapping) else getattr(row, name)) for name in self.names]
        return signing.dumps([values, backwards], salt=f"{_SALT}|{bound}")

    def position(self, cursor: str, bound: str) -> _Position:
        try:
            values, backwards = signing.loads(cursor, salt=f"{_SALT}|{bound}")
            plain = [field.to_python(value) for field, value in zip(self.fields, values, strict=True)]
        except (signing.BadSignature, TypeError, ValueError, ValidationError) as error:
            raise Invalid(
                "cursor_invalid",
                _("This cursor belongs to another list, filter or ordering; begin again without it."),
                field="cursor",
            ) from error
        return _Position(tuple(plain), bool(backwards))


def _text(value: Any) -> str | int:
    if isinstance(value, int):
        return value
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)
