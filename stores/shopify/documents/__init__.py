"""The GraphQL documents that we send, one a file, checked as they are against Shopify's schema.

`fragments/` holds the shared fragments, one a file; `load` adds those that a document needs.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_SPREAD = re.compile(r"\.\.\.(?!\s*on\b)\s*(\w+)")
_FRAGMENT = re.compile(r"^fragment (\w+) on", re.MULTILINE)
_MUTATION = re.compile(r"^mutation (?P<name>\w+)\((?P<variables>.*?)\) \{\n(?P<field>.*)\n\}\s*\Z", re.DOTALL)
_COMMENT = re.compile(r"#[^\n]*")
_VARIABLE = re.compile(r"\$(\w+)")


@cache
def load(name: str) -> str:
    """The document of that file name, with every fragment that it needs, ready to send."""
    return _with_fragments(_read(name))


@cache
def aliased(name: str, count: int) -> str:
    """A mutation of one field, `count` times in one document.

    The copies are called `m0`, `m1`, ... and have variables of their own: `$id` becomes `$id_0`, `$id_1`, ...
    Shopify runs them in order, and one that fails does not undo the others.
    """
    parts = _MUTATION.search(_read(name))
    if parts is None:
        raise ValueError(f"{name} is no mutation of one field")
    variables = ", ".join(_numbered(parts["variables"], at) for at in range(count))
    fields = "\n".join(f"  m{at}: {_numbered(parts['field'].strip(), at)}" for at in range(count))
    return _with_fragments(f"mutation {parts['name']}({variables}) {{\n{fields}\n}}\n")


@cache
def inlined(name: str) -> str:
    """The document with its fragments written out where they are spread, for where Shopify takes a query as a text."""
    text = _COMMENT.sub("", _read(name))
    while (spread := _SPREAD.search(text)) is not None:
        body = _COMMENT.sub("", _fragments()[spread.group(1)])
        inside = body[body.index("{") + 1 : body.rindex("}")]
        text = f"{text[: spread.start()]}{inside}{text[spread.end() :]}"
    return text


@cache
def names() -> tuple[str, ...]:
    """All documents, fragments left out."""
    return tuple(sorted(path.stem for path in _HERE.glob("*.graphql")))


@cache
def is_mutation(document: str) -> bool:
    """Whether the document's operation writes."""
    return re.search(r"^mutation\b", document, re.MULTILINE) is not None


@cache
def operation_name(document: str) -> str:
    """The operation's name, for logs."""
    found = re.search(r"^(?:query|mutation) (\w+)", document, re.MULTILINE)
    return found.group(1) if found else ""


def _read(name: str) -> str:
    return (_HERE / f"{name}.graphql").read_text(encoding="utf-8")


@cache
def _fragments() -> dict[str, str]:
    texts = [path.read_text(encoding="utf-8") for path in sorted((_HERE / "fragments").glob("*.graphql"))]
    return {found: text for text in texts for found in _FRAGMENT.findall(text)}


def _with_fragments(text: str) -> str:
    needed: dict[str, str] = {}
    waiting = _SPREAD.findall(text)
    while waiting:
        name = waiting.pop(0)
        if name not in needed:
            needed[name] = _fragments()[name]
            waiting += _SPREAD.findall(needed[name])
    return "\n".join([text, *needed.values()])


def _numbered(text: str, at: int) -> str:
    return _VARIABLE.sub(rf"$\g<1>_{at}", text)
