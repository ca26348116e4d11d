"""Reads a search text. The grammar, loosest first:

    any    = all { "OR" all }
    all    = not { [ "AND" ] not }
    not    = ( "-" | "NOT" ) not | "(" any ")" | term | words
    term   = name ( ":" [ ">" | ">=" | "<" | "<=" | "=" ] | ">" | ">=" | "<" | "<=" | "=" ) value { "," value }
    value  = text [ "*" ] | text ".." [ text ] | ".." text | "*"
    words  = text
    text   = letters without space, quote, bracket, comma  |  "quoted"  |  'quoted'

It is the syntax of Shopify's own search (https://shopify.dev/docs/api/usage/search-syntax) with lists and ranges added.
Where Shopify ignores what it does not understand, everything here is understood or refused with the place."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from backoffice.core.errors import FieldError, InvalidFields

from .tree import All, Any, Node, Not, Span, Term, Value, Words

LONGEST = 4000
MOST_TERMS = 200
MOST_VALUES = 1000
DEEPEST = 20

_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*)\s?(:\s?(?:>=|<=|=|>|<)?|>=|<=|=|>|<)\s?")
# In a text that stands alone, an apostrophe or an asterisk is a letter like others.
_WORD = re.compile(r"""[^\s"()]+""")
_BARE_VALUE = re.compile(r"""(?:(?!\.\.)[^\s"'(),*])+""")
_JOINT = re.compile(r"(AND|OR|NOT)(?=[\s()]|$)")
_SPACE = re.compile(r"\s*")


class QueryError(InvalidFields):
    """A search text that cannot be read. `span` is the part that is wrong; the message is the remedy."""

    def __init__(self, code: str, message: str, span: Span, *, suggestion: str = "") -> None:
        super().__init__([FieldError("q", code, message, (span.start, span.end), suggestion)])
        self.span = span
        self.suggestion = suggestion


def parse(text: str) -> Node | None:
    """The tree of a search text; None for one without anything in it. Raises `QueryError`."""
    if len(text) > LONGEST:
        sentence = _("The search has %(length)d characters; at most %(most)d are read.")
        raise QueryError("query_too_long", sentence % {"length": len(text), "most": LONGEST}, Span(LONGEST, len(text)))
    if "\x00" in text:
        at = text.index("\x00")
        raise QueryError("query_character", _("A NUL character cannot be searched for."), Span(at, at + 1))
    reader = _Reader(text)
    if reader.at_end():
        return None
    found = reader.any(0)
    if not reader.at_end():
        raise reader.error("query_parenthesis", _("This parenthesis closes nothing."), reader.at, reader.at + 1)
    return found


@dataclass(slots=True)
class _Reader:
    text: str
    at: int = 0
    terms: int = 0

    def error(self, code: str, message: str, start: int, end: int) -> QueryError:
        return QueryError(code, message, Span(start, end))

    def at_end(self) -> bool:
        self._skip()
        return self.at >= len(self.text)

    def any(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise self.error("query_too_deep", _("Too many parentheses inside each other."), self.at, self.at + 1)
        items = [self._all(depth)]
        while self._joint("OR"):
            items.append(self._all(depth))
        return _joined(Any, items)

    def _all(self, depth: int) -> Node:
        items = [self._not(depth)]
        while True:
            said = self._joint("AND")
            if not said and (self.at_end() or self.text[self.at] == ")" or self._peek() == "OR"):
                return _joined(All, items)
            items.append(self._not(depth))

    def _not(self, depth: int) -> Node:
        if self.at_end():
            raise self.error("query_unfinished", _("Something must follow here."), len(self.text), len(self.text))
        if self._joint("NOT") or self._minus():
            if depth >= DEEPEST:
                raise self.error("query_too_deep", _("Too many negations inside each other."), self.at, self.at + 1)
            item = self._not(depth + 1)
            return item.item if isinstance(item, Not) else Not(item)
        if (joint := self._peek()) is not None:
            sentence = _("“%(word)s” joins two conditions; one is missing. Quote it to search for the word.")
            raise self.error("query_unfinished", sentence % {"word": joint}, self.at, self.at + len(joint))
        if self.text[self.at] == "(":
            return self._inside(depth)
        if self.text[self.at] == ")":
            raise self.error("query_unfinished", _("Something must stand before this."), self.at, self.at + 1)
        return self._term()

    def _inside(self, depth: int) -> Node:
        opened = self.at
        self.at += 1
        if self.at_end():
            raise self.error("query_parenthesis", _("This parenthesis is never closed."), opened, opened + 1)
        if self.text[self.at] == ")":
            raise self.error("query_unfinished", _("There is nothing between these."), opened, self.at + 1)
        found = self.any(depth + 1)
        if self.at_end() or self.text[self.at] != ")":
            raise self.error("query_parenthesis", _("This parenthesis is never closed."), opened, opened + 1)
        self.at += 1
        return found

    def _term(self) -> Node:
        self.terms += 1
        start = self.at
        if self.terms > MOST_TERMS:
            sentence = _("At most %(most)d conditions are read; use lists such as tag:a,b.")
            raise self.error("query_too_many", sentence % {"most": MOST_TERMS}, start, len(self.text))
        head = _NAME.match(self.text, self.at)
        # Addresses and Shopify's ids are things to look for: https://..., gid://...
        if head is None or self.text.startswith("//", head.end()):
            return self._words()
        self.at = head.end()
        comparison = re.sub(r"\s", "", head[2])
        comparison = {":=": ":", "=": ":"}.get(comparison, comparison.removeprefix(":") or ":")
        values = [self._value(head)]
        self._value_ends()
        while self.at < len(self.text) and self.text[self.at] == ",":
            self.at += 1
            self._skip()
            values.append(self._value(head))
            self._value_ends()
            if len(values) > MOST_VALUES:
                sentence = _("A list has at most %(most)d values.") % {"most": MOST_VALUES}
                raise self.error("query_too_many", sentence, start, self.at)
        if comparison != ":" and len(values) > 1:
            sentence = _("“%(sign)s” compares with one value; a list needs “:”.") % {"sign": comparison}
            raise self.error("query_comparison", sentence, start, self.at)
        if comparison != ":" and (values[0].is_prefix or values[0].upper is not None):
            sentence = _("“%(sign)s” compares with one value, not with a range.") % {"sign": comparison}
            raise self.error("query_comparison", sentence, start, self.at)
        return Term(head[1], comparison, tuple(values), Span(start, self.at))

    def _words(self) -> Words:
        start = self.at
        if self.text[start] in "\"'" and (quoted := self._quoted(strict=self.text[start] == '"')) is not None:
            if not quoted.strip():
                raise self.error("query_value", _("There is nothing between these."), start, self.at)
            return Words(quoted, span=Span(start, self.at))
        match = _WORD.match(self.text, start)
        assert match is not None  # neither space nor bracket nor quotation mark stands here
        self.at = match.end()
        return Words(match[0], span=Span(start, self.at))

    def _value(self, head: re.Match[str]) -> Value:
        start = self.at
        first = self._end_of_range()
        if self.text.startswith("..", self.at):
            self.at += 2
            last = self._end_of_range()
            if first is None and last is None:
                raise self.error("query_range", _("A range has at least one end, such as 5..10."), start, self.at)
            return Value(first or "", upper=last or "", span=Span(start, self.at))
        if self.at < len(self.text) and self.text[self.at] == "*":
            self.at += 1
            return Value(first or "", is_prefix=True, span=Span(start, self.at))
        if first is None:
            sentence = _("A value is missing after “%(name)s”; quotes stand for an empty one.") % {"name": head[1]}
            raise self.error("query_value", sentence, head.start(), max(self.at, head.end()))
        return Value(first, span=Span(start, self.at))

    def _value_ends(self) -> None:
        rest = self.text[self.at : self.at + 1]
        if rest and not rest.isspace() and rest not in ",)":
            sentence = _("A value ends before this; put quotes around the whole of it.")
            raise self.error("query_value", sentence, self.at, self.at + 1)

    def _end_of_range(self) -> str | None:
        if self.at < len(self.text) and self.text[self.at] in "\"'":
            return self._quoted(strict=True)
        match = _BARE_VALUE.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match[0]

    def _quoted(self, *, strict: bool) -> str | None:
        """The inside of the quotes that begin here, a backslash before a quote taken off. Without the other quote:
        None, or an error when `strict`."""
        mark, at, letters = self.text[self.at], self.at + 1, []
        while at < len(self.text) and self.text[at] != mark:
            if self.text[at] == "\\" and self.text[at + 1 : at + 2] in (mark, "\\"):
                at += 1
            letters.append(self.text[at])
            at += 1
        if at >= len(self.text):
            if strict:
                raise self.error("query_quote", _("This quotation mark is never closed."), self.at, self.at + 1)
            return None
        self.at = at + 1
        return "".join(letters)

    def _minus(self) -> bool:
        if self.text[self.at] != "-" or self.text[self.at + 1 : self.at + 2] in ("", " "):
            return False
        self.at += 1
        return True

    def _peek(self) -> str | None:
        self._skip()
        match = _JOINT.match(self.text, self.at)
        return match[1] if match else None

    def _joint(self, word: str) -> bool:
        if self._peek() != word:
            return False
        self.at += len(word)
        return True

    def _skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at


def _joined(kind: Callable[[tuple[Node, ...]], Node], items: list[Node]) -> Node:
    if len(items) == 1:
        return items[0]
    flat: list[Node] = []
    for item in items:
        flat += item.items if isinstance(item, All | Any) and type(item) is kind else [item]
    return kind(tuple(flat))
