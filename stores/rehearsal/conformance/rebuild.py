"""Makes a document out of an answer, for recordings that kept only the variables and what came back."""

from __future__ import annotations

import uuid
from typing import Any

from graphql import GraphQLField, get_named_type, is_composite_type, is_leaf_type

from stores.rehearsal.schema import executable


def document_for(answer: dict[str, Any], variables: dict[str, Any]) -> str | None:
    """A document with one root field whose answer would have this shape; `None` when that cannot be told."""
    data = answer.get("data")
    if not isinstance(data, dict) or len(data) != 1 or answer.get("errors"):
        return None
    (name, value), schema = next(iter(data.items())), executable()
    mutation, query = schema.mutation_type, schema.query_type
    if mutation is None or query is None:
        return None
    root = mutation if name in mutation.fields else query
    field = root.fields.get(name)
    if field is None or not set(variables) <= set(field.args):
        return None
    kind = "mutation" if root is mutation else "query"
    heads = ", ".join(f"${key}: {field.args[key].type}" for key in variables)
    given = ", ".join(f"{key}: ${key}" for key in variables)
    body = _selection(field, value)
    key = f' @idempotent(key: "{uuid.uuid4()}")' if name == "refundCreate" else ""
    return f"{kind} Rebuilt{f'({heads})' if heads else ''} {{ {name}{f'({given})' if given else ''}{key}{body} }}"


def _selection(field: GraphQLField, value: Any) -> str:
    kind: Any = get_named_type(field.type)
    if is_leaf_type(kind):
        return ""
    while isinstance(value, list):
        value = value[0] if value else None
    fields = getattr(kind, "fields", {})
    names = [name for name in value if name in fields] if isinstance(value, dict) else []
    parts = []
    for name in names:
        inner: Any = fields[name]
        named: Any = get_named_type(inner.type)
        if is_composite_type(named) and not isinstance(value[name], dict | list):
            parts.append(f"{name} {{ __typename }}")
        else:
            size = "(first: 250)" if named.name.endswith("Connection") else ""
            parts.append(name + size + _selection(inner, value[name]))
    return " { " + " ".join(parts or ["__typename"]) + " }"
