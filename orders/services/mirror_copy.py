"""Rows on their way into COPY: what a mapping of a row becomes in PostgreSQL's text format. Pure, without database.

What PostgreSQL reads here is what Django would have given it: the columns, their order and their defaults come from the
models, so that a new column needs nothing here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import orjson
from django.contrib.postgres.fields import ArrayField
from django.db import models

Encode: TypeAlias = Callable[[Any], str]
NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


class RowFormat:
    """The lines of one model. `late` names columns that are known only when the rows are written, such as ids: they
    come first in each line, in this order, and whoever writes puts them there."""

    def __init__(self, model: type[models.Model], *, late: Sequence[str]) -> None:
        fields = {field.attname: field for field in model._meta.concrete_fields}
        given = [name for name, field in fields.items() if name not in late and not field.primary_key]
        self._defaults = {name: fields[name].get_default() for name in given}
        self._texts = [name for name in given if _is_plain_text(fields[name])]
        self._others = [(name, _encoder(fields[name])) for name in given if name not in self._texts]
        order = (*late, *(name for name, _ in self._others), *self._texts)
        columns = ", ".join(f'"{fields[name].column}"' for name in order)
        self.statement = f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN'

    def line(self, row: Mapping[str, Any]) -> bytes:
        """The row's text without its late columns, ending the line. A column that the row lacks has its default."""
        full = {**self._defaults, **row}
        texts = [full[name] for name in self._texts]
        # Asked once for all texts of a row: nearly never is there anything to escape.
        if not _is_plain("".join(texts)):
            texts = [_escaped(text) for text in texts]
        return ("\t".join([*[encode(full[name]) for name, encode in self._others], *texts]) + "\n").encode()

    def lines(self, rows: Iterable[Mapping[str, Any]]) -> list[bytes]:
        return [self.line(row) for row in rows]


def _is_plain_text(field: Any) -> bool:
    return isinstance(field, models.CharField | models.TextField) and not field.null


def _is_plain(text: str) -> bool:
    return text.isprintable() and "\\" not in text


def _escaped(text: str) -> str:
    return text if _is_plain(text) else text.translate(_ESCAPES)


def _encoder(field: Any) -> Encode:
    encode = next(_KINDS[kind] for kind in type(field).__mro__ if kind in _KINDS)
    return _or_null(encode) if field.null else encode


def _or_null(encode: Encode) -> Encode:
    return lambda value: NULL if value is None else encode(value)


def _json(value: Any) -> str:
    return _escaped(orjson.dumps(value).decode())


def _texts(values: Sequence[str]) -> str:
    if not values:
        return "{}"
    quoted = ['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values]
    return _escaped("{" + ",".join(quoted) + "}")


def _flag(value: bool) -> str:
    return "t" if value else "f"


def _moment(value: datetime) -> str:
    return value.isoformat()


_KINDS: Mapping[type, Encode] = {
    models.CharField: _escaped,
    models.TextField: _escaped,
    models.JSONField: _json,
    ArrayField: _texts,
    models.BooleanField: _flag,
    models.DateTimeField: _moment,
    models.DecimalField: str,
    models.IntegerField: str,
    models.ForeignKey: str,
    models.UUIDField: str,
}
