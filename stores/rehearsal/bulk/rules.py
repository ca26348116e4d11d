"""What Shopify refuses as a bulk query, in its words (recorded as userErrors of `bulkOperationRunQuery`).

A field that our schema does not have is judged by its look: `edges` or `nodes` below it make it a connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    is_list_type,
    parse,
    validate,
)

from stores.rehearsal.ops.document import Impossible

MAX_BYTES = 65_535
MAX_CONNECTIONS = 5
MAX_DEPTH = 2


def parsed(text: str, schema: GraphQLSchema) -> tuple[DocumentNode | None, list[Impossible]]:
    """The document, or why it cannot be run as a bulk query: every reason that Shopify would give."""
    size = len(text.encode())
    if size > MAX_BYTES:
        return None, [_refused(f"Query is too large ({size} bytes; maximum is {MAX_BYTES} bytes)")]
    try:
        document = parse(text)
    except GraphQLSyntaxError as error:
        what = "unexpected end of file" if "<EOF>" in error.message else error.message.removeprefix("Syntax Error: ")
        return None, [_refused(f"Invalid bulk query: syntax error, {what}")]
    operation = next((d for d in document.definitions if isinstance(d, OperationDefinitionNode)), None)
    if operation is None or operation.operation is not OperationType.QUERY:
        return None, [_refused("Invalid operation type. Only `query` operations are supported.")]
    found = list(_shape_problems(document, operation, schema))
    if not found:
        found = [_refused(f"Invalid bulk query: {error.message}") for error in validate(schema, document)[:1]]
    return (None, found) if found else (document, [])


def _refused(message: str) -> Impossible:
    return Impossible(message, field=["query"], code="INVALID")


@dataclass
class _Seen:
    """What a walk through the document came across."""

    connections: int = 0
    too_deep: bool = False
    within_list: bool = False
    by_nodes: list[str] = field(default_factory=list)
    without_id: list[str] = field(default_factory=list)


def _shape_problems(
    document: DocumentNode, operation: OperationDefinitionNode, schema: GraphQLSchema
) -> Iterator[Impossible]:
    seen = _Seen()
    walk = _Walk(document, seen)
    root = schema.query_type
    for node in walk.fields(operation.selection_set):
        if node.name.value in ("node", "nodes"):
            yield _refused(f"Bulk queries cannot contain a top level `{node.name.value}` field.")
            continue
        walk.field(node, root, depth=0, within_list=False)
    if not seen.connections:
        yield _refused("Bulk queries must contain at least one connection.")
    if seen.connections > MAX_CONNECTIONS:
        yield _refused(f"Bulk queries cannot contain more than {MAX_CONNECTIONS} connections.")
    if seen.by_nodes:
        first, names = seen.by_nodes[0], ", ".join(f"'{name}'" for name in seen.by_nodes)
        yield _refused(
            "All connection fields in a bulk query must select their contents using 'edges' > 'node', e.g: "
            f"'{first} {{ edges {{ node {{'. Selecting via 'nodes' is not supported. "
            f"Invalid connection fields: {names}."
        )
    if seen.too_deep:
        yield _refused(f"Bulk queries cannot contain connections with a nesting depth greater than {MAX_DEPTH}.")
    if seen.without_id:
        yield _refused(
            "The parent 'node' field for a nested connection must select the 'id' field without an alias and must be "
            f"of 'ID' return type. Connection fields without 'id': {', '.join(seen.without_id)}."
        )
    if seen.within_list:
        yield _refused("Queries that contain a connection field within a list field are not currently supported.")


class _Walk:
    def __init__(self, document: DocumentNode, seen: _Seen) -> None:
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self._seen = seen

    def fields(self, selection: Any) -> Iterator[FieldNode]:
        """The fields of a selection, those of its fragments among them."""
        for node in selection.selections if selection else ():
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                yield from self.fields(node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value in self._fragments:
                yield from self.fields(self._fragments[node.name.value].selection_set)

    def field(self, node: FieldNode, owner: Any, *, depth: int, within_list: bool) -> bool:
        """Look at a field and all below it; true when there is a connection."""
        known = getattr(owner, "fields", {}).get(node.name.value)
        kind: Any = get_named_type(known.type) if known else None
        below = list(self.fields(node.selection_set))
        names = {child.name.value for child in below}
        connection = kind.name.endswith("Connection") if kind is not None else bool(names & {"edges", "nodes"})
        if not connection:
            plain = known.type.of_type if known and isinstance(known.type, GraphQLNonNull) else known and known.type
            inside = within_list or (plain is not None and is_list_type(plain))
            nested = [self.field(child, kind, depth=depth, within_list=inside) for child in below]
            return any(nested)
        seen = self._seen
        seen.connections += 1
        seen.within_list |= within_list
        seen.too_deep |= depth > MAX_DEPTH
        if "nodes" in names:
            seen.by_nodes.append(node.name.value)
        for edge in below:
            edge_kind = _type_below(kind, edge.name.value)
            inner = [edge] if edge.name.value == "nodes" else self.fields(edge.selection_set)
            for item in inner:
                if edge.name.value == "nodes" or item.name.value == "node":
                    node_kind = edge_kind if edge.name.value == "nodes" else _type_below(edge_kind, "node")
                    self._node(node.name.value, item, node_kind, depth=depth)
        return True

    def _node(self, name: str, item: FieldNode, kind: Any, *, depth: int) -> None:
        chosen = list(self.fields(item.selection_set))
        nested = [self.field(child, kind, depth=depth + 1, within_list=False) for child in chosen]
        if any(nested) and not any(c.name.value == "id" and c.alias is None for c in chosen):
            self._seen.without_id.append(name)


def _type_below(owner: Any, name: str) -> Any:
    known = getattr(owner, "fields", {}).get(name)
    return get_named_type(known.type) if known else None
