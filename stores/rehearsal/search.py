"""Shopify's search syntax: terms, comparators, quotes, `AND OR NOT -`, parentheses, `*` at the end of a word.

It fails open, as Shopify's does: a field that does not exist or a value that makes no sense is left out of the
condition with a warning in `extensions.search`, and every row comes back. A value with an unquoted colon (a time) is
cut at it without any warning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Condition: TypeAlias = tuple[str, list[Any]]
Handler: TypeAlias = Callable[["Term"], Condition]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<open>\() | (?P<close>\)) |
        (?P<minus>-)(?=[\w("']) |
        (?P<term>(?:(?P<field>[A-Za-z_][\w.]*):)?\s*(?P<op>>=|<=|>|<|=)?
            (?: "(?P<double>(?:\\.|[^"\\])*)" | '(?P<single>(?:\\.|[^'\\])*)' | (?P<bare>[^\s()]+) ))
    )""",
    re.VERBOSE,
)


class BadValue(ValueError):
    """A field exists but the value makes no sense for it: it is left out, or finds nothing."""

    def __init__(self, *, matches_nothing: bool = False) -> None:
        super().__init__()
        self.matches_nothing = matches_nothing


@dataclass(frozen=True, slots=True)
class Term:
    """`field` is empty for plain text."""

    field: str
    op: str
    value: str
    quoted: bool

    @property
    def prefix(self) -> str | None:
        """The word before a trailing star."""
        return self.value[:-1] if not self.quoted and self.value.endswith("*") and len(self.value) > 1 else None


@dataclass(slots=True)
class Found:
    """An SQL condition, and what was wrong with the text."""

    sql: str = "1"
    values: list[Any] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)


def compile_query(text: str | None, handlers: Mapping[str, Handler]) -> Found:
    """The condition for a search text. The handler named `""` takes words without a field."""
    found = Found()
    if not text or not text.strip():
        return found
    condition = _Parser(text, handlers, found).alternatives()
    if condition is not None:
        found.sql, found.values = condition
    return found


class _Parser:
    def __init__(self, text: str, handlers: Mapping[str, Handler], found: Found) -> None:
        self._tokens = [m for m in _TOKEN.finditer(text) if m.lastgroup]
        self._at = 0
        self._handlers = handlers
        self._found = found

    def _peek(self) -> re.Match[str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _word(self) -> str:
        token = self._peek()
        return token["bare"] if token and token["bare"] and not token["field"] and not token["op"] else ""

    def alternatives(self) -> Condition | None:
        parts = [self._all()]
        while self._word() == "OR":
            self._at += 1
            parts.append(self._all())
        return _join([part for part in parts if part], " OR ")

    def _all(self) -> Condition | None:
        parts = []
        while (token := self._peek()) is not None and not token["close"] and self._word() != "OR":
            if self._word() == "AND":
                self._at += 1
                continue
            parts.append(self._one())
        return _join([part for part in parts if part], " AND ")

    def _one(self) -> Condition | None:
        token = self._peek()
        if token is None:
            return None
        self._at += 1
        if token["minus"] or (token["bare"] == "NOT" and not token["field"]):
            inner = self._one()
            return (f"NOT COALESCE({inner[0]}, 0)", inner[1]) if inner else None
        if token["open"]:
            inner = self.alternatives()
            closing = self._peek()
            if closing is not None and closing["close"]:
                self._at += 1
            return inner
        return self._term(token)

    def _term(self, token: re.Match[str]) -> Condition | None:
        name, op = token["field"] or "", token["op"] or "="
        quoted = token["bare"] is None
        value = (
            token["bare"]
            if token["bare"] is not None
            else re.sub(r"\\(.)", r"\1", token["double"] or token["single"] or "")
        )
        if name and not quoted:
            value = value.split(":")[0]
        handler = self._handlers.get(name)
        if handler is None:
            self._warn(name, "Invalid search field for this query.", "invalid_field")
            return None
        try:
            return handler(Term(name, op, value, quoted))
        except BadValue as problem:
            self._warn(name, f"Input `{value}` is not an accepted value.", "invalid_value")
            return ("0", []) if problem.matches_nothing else None

    def _warn(self, name: str, message: str, code: str) -> None:
        self._found.warnings.append({"field": name, "message": message, "code": code})


def _join(parts: list[Condition], word: str) -> Condition | None:
    if not parts:
        return None
    values = [value for part in parts for value in part[1]]
    return "(" + word.join(part[0] for part in parts) + ")", values
