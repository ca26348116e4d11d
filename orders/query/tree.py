"""What a search text says, before anybody asks what its names mean. Every node knows where it stands, so that an error
can point at the character; where it stands is no part of what it says, and equal trees say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

_PLAIN = re.compile(r"[^\s\"'(),:<>=*-][^\s\"'(),:<>=*]*")
_OPERATORS = frozenset({"AND", "OR", "NOT"})


@dataclass(frozen=True, slots=True)
class Span:
    """From the character at `start` to the one before `end`, counted from 0."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Value:
    """One value. `is_prefix`: whatever begins like this (`10*`); a lone `*` is the empty prefix. `upper` is the other
    end of a range `a..b`, of which either end may be empty."""

    text: str
    is_prefix: bool = False
    upper: str | None = None
    span: Span = field(default=Span(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Term:
    """`name:value`, `name:a,b`, `name>value`. `comparison` is one of `:`, `>`, `>=`, `<`, `<=`."""

    name: str
    comparison: str
    values: tuple[Value, ...]
    span: Span = field(default=Span(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Words:
    """A text without a name, to be found in one piece and anywhere."""

    text: str
    span: Span = field(default=Span(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    item: Node


@dataclass(frozen=True, slots=True)
class All:
    """At least two items, none of them an `All`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least two items, none of them an `Any`."""

    items: tuple[Node, ...]


Node: TypeAlias = Term | Words | Not | All | Any


def terms(node: Node | None) -> Iterator[Term | Words]:
    """Every leaf, from left to right."""
    match node:
        case Not(item):
            yield from terms(item)
        case All(items) | Any(items):
            for item in items:
                yield from terms(item)
        case Term() | Words():
            yield node


def text_of(node: Node | None) -> str:
    """The text that reads as this tree, in one way of writing: what is kept of a search, and compared."""
    return "" if node is None else _text(node, inside="")


def _text(node: Node, *, inside: str) -> str:
    match node:
        case Words(text):
            return _one(text)
        case Term(name, comparison, values):
            return f"{name}{comparison}{','.join(_value(value) for value in values)}"
        case Not(item):
            return f"-{_text(item, inside='not')}"
        case All(items):
            text = " ".join(_text(item, inside="all") for item in items)
            return f"({text})" if inside == "not" else text
        case Any(items):
            text = " OR ".join(_text(item, inside="any") for item in items)
            return f"({text})" if inside else text


def _value(value: Value) -> str:
    if value.upper is not None:
        return f"{value.text and _one(value.text)}..{value.upper and _one(value.upper)}"
    if value.is_prefix:
        return f"{value.text and _one(value.text)}*"
    return _one(value.text)


def _one(text: str) -> str:
    return text if _is_plain(text) else _quoted(text)


def _is_plain(text: str) -> bool:
    return ".." not in text and not text.endswith(".") and text not in _OPERATORS and bool(_PLAIN.fullmatch(text))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
