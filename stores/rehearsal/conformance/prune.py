"""Cuts a recorded document down to what our schema has: recordings also ask for deprecated fields and other areas."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graphql import (
    REMOVE,
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    parse,
    visit,
)

from stores.rehearsal.conformance.beyond import recorded_schema


@dataclass
class Pruned:
    """The document that remains, and what was cut. `unsupported` says why nothing can be replayed at all."""

    document: DocumentNode
    is_mutation: bool
    cut: list[str] = field(default_factory=list)
    unsupported: str = ""


class _Cut(Visitor):
    def __init__(self, info: TypeInfo, cut: list[str]) -> None:
        super().__init__()
        self._info, self._cut = info, cut

    def enter_field(self, node: FieldNode, *_: Any) -> Any:
        parent = self._info.get_parent_type()
        if parent is None or node.name.value.startswith("__"):
            return None
        if self._info.get_field_def() is None:
            self._cut.append(f"{parent.name}.{node.name.value}")
            return REMOVE
        return None

    def enter_argument(self, node: ArgumentNode, *_: Any) -> Any:
        field, parent = self._info.get_field_def(), self._info.get_parent_type()
        if field is None or parent is None or self._info.get_argument() is not None:
            return None
        self._cut.append(f"{parent.name}.({node.name.value}:)")
        return REMOVE

    def leave_field(self, node: FieldNode, *_: Any) -> Any:
        return REMOVE if node.selection_set is not None and not node.selection_set.selections else None

    def enter_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> Any:
        if node.type_condition is None or node.type_condition.name.value in recorded_schema().type_map:
            return None
        self._cut.append(f"... on {node.type_condition.name.value}")
        return REMOVE

    def leave_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> Any:
        return None if node.selection_set.selections else REMOVE


class _Used(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.variables: set[str] = set()
        self.fragments: set[str] = set()

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> Any:
        return False

    def enter_variable(self, node: VariableNode, *_: Any) -> Any:
        self.variables.add(node.name.value)

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> Any:
        self.fragments.add(node.name.value)


class _Drop(Visitor):
    def __init__(self, used: _Used) -> None:
        super().__init__()
        self._used = used

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> Any:
        return None if node.variable.name.value in self._used.variables else REMOVE

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: Any) -> Any:
        return None if node.name.value in self._used.fragments else REMOVE


def prune(text: str) -> Pruned:
    """Remove fields that our schema does not have. A root field that goes takes the whole request with it."""
    document = parse(text)
    operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    mutation = operation.operation is OperationType.MUTATION
    cut: list[str] = []
    info = TypeInfo(recorded_schema())
    smaller = visit(document, TypeInfoVisitor(info, _Cut(info, cut)))
    used = _Used()
    visit(smaller, used)
    smaller = visit(smaller, _Drop(used))
    gone = [name for name in cut if name.startswith(("QueryRoot.", "Mutation."))]
    pruned = Pruned(smaller, mutation, cut)
    if gone:
        pruned.unsupported = f"the schema has no {', '.join(gone)}"
    return pruned
