"""What a document costs, by the model that fits Shopify's recorded answers (exact on 422 of 452 query documents).

Leaves, money and page info are free, an object is 1, a plain list costs like one object, an abstract type like its
dearest branch, a connection `2 + max(1, floor(2 ln N)) x node`, a root count 10, a mutation 10 (two of them 20) plus
what hangs below the objects of its payload. The requested cost takes N from `first`/`last`; the actual one takes what
came back, null being free, and is near rather than exact (equal in 182 of 253 recorded answers).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)

FREE = frozenset({"MoneyBag", "MoneyV2", "PageInfo"})
MUTATION = 10
DEAR_MUTATIONS = {"orderCapture": 20, "refundCreate": 20}
COUNT = 10
LIMIT = 1_000
_UNSIZED = 1
_NOTHING = 1
"""What an empty connection adds to its two points."""


class Estimate:
    """The cost of one operation of a document."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._variables = dict(variables)
        for definition in operation.variable_definitions or ():
            if isinstance(definition.default_value, IntValueNode):
                self._variables.setdefault(definition.variable.name.value, int(definition.default_value.value))
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}

    def requested(self) -> int:
        return self._total(None, measured=False)

    def actual(self, data: Mapping[str, Any] | None) -> int:
        return self._total(data, measured=True) if data is not None else 0

    def _total(self, data: Mapping[str, Any] | None, *, measured: bool) -> int:
        if self._operation.operation is not OperationType.MUTATION:
            root = self._schema.query_type
            return round(self._block(self._operation.selection_set, root, data, measured=measured))
        cost = 0.0
        for owner, node in self._fields(self._operation.selection_set, self._schema.mutation_type):
            name = node.name.value
            payload: Any = get_named_type(owner.fields[name].type)
            below = _get(data, node)
            cost += DEAR_MUTATIONS.get(name, MUTATION)
            for _, child in self._fields(node.selection_set, payload):
                if child.name.value.startswith("__"):
                    continue
                kind = get_named_type(payload.fields[child.name.value].type)
                if is_composite_type(kind) and "rror" not in child.name.value:
                    cost += self._block(child.selection_set, kind, _get(below, child), measured=measured)
        return round(cost)

    def _fields(self, selection: SelectionSetNode | None, kind: Any) -> Iterator[tuple[Any, FieldNode]]:
        for node in selection.selections if selection else ():
            if isinstance(node, FieldNode):
                if self._included(node):
                    yield kind, node
            elif isinstance(node, InlineFragmentNode):
                if self._included(node):
                    inner = self._schema.type_map[node.type_condition.name.value] if node.type_condition else kind
                    yield from self._fields(node.selection_set, inner)
            elif isinstance(node, FragmentSpreadNode) and self._included(node):
                fragment = self._fragments[node.name.value]
                yield from self._fields(
                    fragment.selection_set, self._schema.type_map[fragment.type_condition.name.value]
                )

    def _included(self, node: Any) -> bool:
        """Whether `@include`/`@skip` leave the node in."""
        for directive in node.directives or ():
            if directive.name.value in ("include", "skip"):
                argument = directive.arguments[0].value
                value = (
                    self._variables.get(argument.name.value, False)
                    if isinstance(argument, VariableNode)
                    else argument.value
                )
                if bool(value) == (directive.name.value == "skip"):
                    return False
        return True

    def _block(self, selection: SelectionSetNode | None, kind: Any, data: Any, *, measured: bool) -> float:
        shared, branches = 0.0, dict[str, float]()
        for owner, node in self._fields(selection, kind):
            if node.name.value.startswith("__"):
                continue
            cost = self._field(node, owner, data, measured=measured)
            if is_abstract_type(kind) and owner is not kind:
                branches[owner.name] = branches.get(owner.name, 0.0) + cost
            else:
                shared += cost
        return shared + max(branches.values(), default=0.0)

    def _field(self, node: FieldNode, owner: Any, data: Any, *, measured: bool) -> float:
        kind: Any = get_named_type(owner.fields[node.name.value].type)
        if not is_composite_type(kind):
            return 0.0
        value = _get(data, node)
        if kind.name.endswith("Connection"):
            return self._connection(node, kind, value, measured=measured)
        if kind.name == "Count" and owner is self._schema.query_type:
            return COUNT
        return self._object(node.selection_set, kind, value, measured=measured)

    def _object(self, selection: SelectionSetNode | None, kind: Any, value: Any, *, measured: bool) -> float:
        if not is_composite_type(kind) or kind.name in FREE:
            return 0.0
        if measured and value is None:
            return 0.0
        if measured and isinstance(value, list):
            present = [item for item in value if item is not None]
            costs = [self._block(selection, kind, item, measured=True) for item in present]
            return 1 + (max(costs) if costs else 0.0)
        return 1 + self._block(selection, kind, value, measured=measured)

    def _connection(self, node: FieldNode, kind: Any, value: Any, *, measured: bool) -> float:
        if measured and value is None:
            return 0.0
        size = self._size(node)
        dearest = 0.0
        for _, child in self._fields(node.selection_set, kind):
            name = child.name.value
            if name == "nodes":
                found = _get(value, child) or [] if measured else []
                dearest = max(
                    dearest, self._node(child.selection_set, kind.fields["nodes"].type, found, measured=measured)
                )
                size = len(found) if measured else size
            elif name == "edges":
                edge: Any = get_named_type(kind.fields["edges"].type)
                found = _get(value, child) or [] if measured else []
                size = len(found) if measured else size
                for _, inner in self._fields(child.selection_set, edge):
                    if inner.name.value == "node":
                        nodes = [_get(item, inner) for item in found]
                        dearest = max(
                            dearest, self._node(inner.selection_set, edge.fields["node"].type, nodes, measured=measured)
                        )
        return 2 + (max(1, math.floor(2 * math.log(size))) * dearest if size else _NOTHING)

    def _node(self, selection: SelectionSetNode | None, kind: Any, found: list[Any], *, measured: bool) -> float:
        named = get_named_type(kind)
        if not measured:
            return self._object(selection, named, None, measured=False)
        costs = [self._object(selection, named, item, measured=True) for item in found if item is not None]
        return sum(costs) / len(costs) if costs else 0.0

    def _size(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value in ("first", "last"):
                if isinstance(argument.value, IntValueNode):
                    return int(argument.value.value)
                if isinstance(argument.value, VariableNode):
                    value = self._variables.get(argument.value.name.value)
                    if value is not None:
                        return int(value)
        return _UNSIZED


def _get(data: Any, node: FieldNode) -> Any:
    if not isinstance(data, Mapping):
        return None
    return data.get(node.alias.value if node.alias else node.name.value)
