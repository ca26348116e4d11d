"""Reads the shape of our own GraphQL documents: fields, sizes, switches. Used by the cost model.

Knows what the files under `documents/` use, not the whole language: fields with aliases and arguments, `@include`,
named fragments (taken in where they are spread) and inline fragments (kept as branches).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(r"#[^\n]*|\"(?:\\.|[^\"\\])*\"|\.\.\.|[\w-]+|\$\w+|[{}()\[\]:!=@,]|[\s,]+")
_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(slots=True)
class Selection:
    """The inside of one pair of braces, named fragments taken in."""

    fields: list[Field] = field(default_factory=list)
    branches: list[Selection] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.fields or self.branches)


@dataclass(slots=True)
class Field:
    """One field. `size` is the text of `first` or `last`, `include` the variable of `@include(if:)`."""

    name: str
    size: str | None = None
    include: str | None = None
    selection: Selection = field(default_factory=Selection)

    @property
    def is_connection(self) -> bool:
        return any(child.name in ("nodes", "edges") for child in self.selection.fields)

    @property
    def nodes(self) -> list[Field]:
        """The node fields below `nodes` or `edges`, for a child of a connection."""
        if self.name == "nodes":
            return [self]
        return [child for child in self.selection.fields if child.name == "node"] if self.name == "edges" else []


@dataclass(frozen=True, slots=True)
class Operation:
    """A document's one operation."""

    is_mutation: bool
    selection: Selection


def read_document(document: str) -> Operation:
    """The operation of `document`. Raises `ValueError` on what this reader does not know."""
    return _Reader(document).document()


class _Reader:
    def __init__(self, document: str) -> None:
        self._tokens = list(_tokens(document))
        self._at = 0
        self._fragments: dict[str, int] = {}

    def document(self) -> Operation:
        kind, body = "", -1
        while self._at < len(self._tokens):
            word = self._next()
            if word == "fragment":
                name = self._next()
                self._until("{")
                self._fragments[name] = self._at
            else:
                kind = word
                self._until("{")
                body = self._at
            self._skip("{")
        if kind not in ("query", "mutation"):
            raise ValueError("no named operation")
        self._at = body
        return Operation(kind == "mutation", self._selection())

    def _selection(self) -> Selection:
        """Reads from behind an opening brace to behind its closing one."""
        found = Selection()
        while (word := self._next()) != "}":
            if word != "...":
                found.fields.append(self._field(word))
            elif self._peek() == "on":
                self._until("{")
                found.branches.append(self._selection())
            else:
                self._take_in(self._next(), found)
        return found

    def _take_in(self, fragment: str, found: Selection) -> None:
        back, self._at = self._at, self._fragments[fragment]
        inside = self._selection()
        self._at = back
        found.fields += inside.fields
        found.branches += inside.branches

    def _field(self, word: str) -> Field:
        if self._peek() == ":":
            self._next()
            word = self._next()
        read = Field(word)
        if self._peek() == "(":
            arguments = self._skip_from("(")
            read.size = _argument(arguments, "first") or _argument(arguments, "last")
        if self._peek() == "@":
            self._next()
            if self._next() != "include":
                raise ValueError("only @include is known")
            read.include = (_argument(self._skip_from("("), "if") or "").removeprefix("$")
        if self._peek() == "{":
            self._next()
            read.selection = self._selection()
        return read

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise ValueError("the document ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _peek(self) -> str:
        return self._tokens[self._at]

    def _until(self, wanted: str) -> None:
        """Moves behind the next `wanted`, over variables and conditions."""
        while (word := self._next()) != wanted:
            if word == "(":
                self._skip("(")

    def _skip(self, opening: str) -> None:
        """Moves behind the partner of an opening that was just read."""
        depth = 1
        while depth:
            word = self._next()
            depth += (word == opening) - (word == _CLOSING[opening])

    def _skip_from(self, opening: str) -> list[str]:
        self._next()
        start = self._at
        self._skip(opening)
        return self._tokens[start : self._at - 1]


def _argument(words: list[str], name: str) -> str | None:
    """The value of a top-level argument, as it stands in the document."""
    depth = 0
    for at, word in enumerate(words):
        depth += (word in _CLOSING) - (word in _CLOSING.values())
        if depth == 0 and word == name and words[at + 1 : at + 2] == [":"]:
            return words[at + 2]
    return None


def _tokens(document: str) -> Iterator[str]:
    at = 0
    while at < len(document):
        match = _TOKEN.match(document, at)
        if match is None:
            raise ValueError(f"unknown character at {at}")
        at = match.end()
        if not match.group().isspace() and match.group()[0] not in "#,":
            yield match.group()
