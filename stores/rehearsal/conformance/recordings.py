"""Finds the recorded requests in a JSON file: objects anywhere in it that hold a document and its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stores.rehearsal.conformance.rebuild import document_for

EARLIER = "upstreamCalls"
"""What a recorder fetched for itself, mostly before the scenario began: it implies the start state."""
LATER = "cleanup"
"""Done after everything else, wherever it stands in the file."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request with the answer that Shopify gave. `rebuilt`: its document was lost and is made from the answer."""

    where: str
    query: str
    variables: dict[str, Any]
    answer: dict[str, Any]
    rebuilt: bool = False

    @property
    def changes(self) -> bool:
        """Whether it is a mutation, fragments before it left out of account."""
        return re.search(r"(?m)^\s*mutation\b", self.query) is not None

    def asks(self, gid: str) -> bool:
        """Whether an id is among what it was given."""
        return f'"{gid}"' in json.dumps(self.variables)

    def shows(self, gid: str) -> bool:
        return f'"{gid}"' in json.dumps(self.answer)


def read_file(path: Path) -> list[Recorded]:
    """The requests of one scenario, earlier calls first, else in the order of the file."""
    found = list(_walk(json.loads(path.read_text()), ""))
    early = [recorded for recorded in found if EARLIER in recorded.where.split("/")]
    rest = [recorded for recorded in found if recorded not in early]
    rest.sort(key=lambda recorded: LATER in recorded.where.split("/"))
    before = []
    for look in early:
        place = _place(look, rest)
        if place is None:
            before.append(look)
        else:
            rest.insert(place, look)
    return before + rest


def _place(look: Recorded, rest: list[Recorded]) -> int | None:
    """Where in the scenario a recorder looked: beside the same look of the scenario's own, or after the object that it
    asks for was made, before the first change of it. `None`: before everything."""
    data, gid = look.answer.get("data"), look.variables.get("id")
    for index, recorded in enumerate(rest):
        if not recorded.changes and recorded.variables == look.variables and recorded.answer.get("data") == data:
            return index
    made = next((i for i, r in enumerate(rest) if gid and r.changes and r.shows(gid) and not r.asks(gid)), None)
    if made is None:
        return None
    return next((i for i, r in enumerate(rest) if i > made and r.changes and r.asks(str(gid))), made + 1)


def _walk(value: Any, where: str) -> Iterator[Recorded]:
    if isinstance(value, dict):
        recorded = _recorded(value, where)
        if recorded is not None:
            yield recorded
        for key, inner in value.items():
            if key in ("response", "variables", "query") or (recorded and key == "mutation" and "query" in value):
                continue
            if key == "mutation" and isinstance(inner, dict) and "variables" not in inner:
                inner = {"variables": value.get("variables"), **inner}
            yield from _walk(inner, f"{where}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(inner, f"{where}/{index}")


def _recorded(value: dict[str, Any], where: str) -> Recorded | None:
    response = value.get("response")
    if response is None and isinstance(value.get("query"), str) and isinstance(value.get("mutation"), dict):
        response = value["mutation"].get("response")
    answer = _answer(response)
    if answer is None:
        return None
    variables = value.get("variables")
    if variables is None and isinstance(value.get("request"), dict):
        variables = value["request"].get("variables")
    variables = variables if isinstance(variables, dict) else {}
    query = value.get("query")
    if isinstance(query, str):
        return Recorded(where, query, variables, answer)
    rebuilt = document_for(answer, variables)
    return Recorded(where, rebuilt, variables, answer, rebuilt=True) if rebuilt else None


def _answer(response: Any) -> dict[str, Any] | None:
    """The GraphQL answer: bare, or wrapped as `payload` or `body`."""
    for candidate in (response, *(response.get(k) for k in ("payload", "body") if isinstance(response, dict))):
        if isinstance(candidate, dict) and ("data" in candidate or "errors" in candidate):
            return candidate
    return None
