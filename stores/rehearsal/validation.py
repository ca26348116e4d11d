"""Document errors in Shopify's words: camelCase codes, and a path through the document instead of the data."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from graphql import (
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    Node,
    ObjectFieldNode,
    OperationDefinitionNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    print_ast,
    visit,
)

from stores.rehearsal.schema import executable

_Q = r"['\"“]([^'\"”]+)['\"”]"
Fill = Callable[[re.Match[str]], tuple[str, dict[str, Any]]]


def _unknown_field(m: re.Match[str]) -> tuple[str, dict[str, Any]]:
    return f"Field '{m[1]}' doesn't exist on type '{m[2]}'", {
        "code": "undefinedField",
        "typeName": m[2],
        "fieldName": m[1],
    }


def _unknown_argument(m: re.Match[str]) -> tuple[str, dict[str, Any]]:
    field = m[2].split(".")[-1]
    extensions = {"code": "argumentNotAccepted", "name": field, "typeName": "Field", "argumentName": m[1]}
    return f"Field '{field}' doesn't accept argument '{m[1]}'", extensions


def _missing_argument(m: re.Match[str]) -> tuple[str, dict[str, Any]]:
    name, argument = m[1], m[2]
    extensions = {"code": "missingRequiredArguments", "className": "Field", "name": name, "arguments": argument}
    return f"Field '{name}' is missing required arguments: {argument}", extensions


def _missing_input(m: re.Match[str]) -> tuple[str, dict[str, Any]]:
    kind, name = m[1], m[2]
    fields: Any = getattr(executable().type_map[kind], "fields", {})
    wanted = str(fields[name].type)
    code = "missingRequiredInputObjectAttribute"
    extensions = {"code": code, "argumentName": name, "argumentType": wanted, "inputObjectType": kind}
    return f"Argument '{name}' on InputObject '{kind}' is required. Expected type {wanted}", extensions


def _unknown_input(m: re.Match[str]) -> tuple[str, dict[str, Any]]:
    extensions = {"code": "argumentNotAccepted", "name": m[2], "typeName": "InputObject", "argumentName": m[1]}
    return f"InputObject '{m[2]}' doesn't accept argument '{m[1]}'", extensions


def _unused_variable(m: re.Match[str]) -> tuple[str, dict[str, Any]]:
    where = f" by {m[2]}" if m[2] else ""
    return f"Variable ${m[1]} is declared{where} but not used", {"code": "variableNotUsed", "variableName": m[1]}


def _unknown_variable(m: re.Match[str]) -> tuple[str, dict[str, Any]]:
    where = f" by {m[2]}" if m[2] else ""
    return f"Variable ${m[1]} is used{where} but not declared", {"code": "variableNotDefined", "variableName": m[1]}


def _variable_mismatch(m: re.Match[str]) -> tuple[str, dict[str, Any]]:
    extensions = {"code": "variableMismatch", "variableName": m[1], "typeName": m[2]}
    return f"Type mismatch on variable ${m[1]} ({m[2]} / {m[3]})", extensions


def _no_selection(m: re.Match[str]) -> tuple[str, dict[str, Any]]:
    hint = f"field '{m[1]}' returns {m[2]} but has no selections. Did you mean '{m[1]} {{ ... }}'?"
    message = f"Field must have selections ({hint})"
    return message, {"code": "selectionMismatch", "nodeName": f"field '{m[1]}'", "typeName": m[2]}


_RULES: tuple[tuple[re.Pattern[str], Fill], ...] = tuple(
    (re.compile(pattern), fill)
    for pattern, fill in (
        (rf"Cannot query field {_Q} on type {_Q}", _unknown_field),
        (rf"Unknown argument {_Q} on field {_Q}", _unknown_argument),
        (r"Argument ['\"“]\w+\.(\w+)\((\w+):\)['\"”] of type .* is required", _missing_argument),
        (
            r"Field ['\"“]?(\w+)\.(\w+)['\"”]? of required type ['\"“]?([^'\"”]+?)['\"”]? was not provided",
            _missing_input,
        ),
        (r"Expected value of type '(\w+)' to include required field '(\w+)'", _missing_input),
        (rf"Field {_Q} is not defined by type {_Q}", _unknown_input),
        (rf"Variable ['\"“]\$(\w+)['\"”] is never used(?: in operation {_Q})?", _unused_variable),
        (rf"Variable ['\"“]\$(\w+)['\"”] is not defined(?: by operation {_Q})?", _unknown_variable),
        (rf"Variable ['\"“]\$(\w+)['\"”] of type {_Q} used in position expecting type {_Q}", _variable_mismatch),
        (rf"Field {_Q} of type {_Q} must have a selection of subfields", _no_selection),
    )
)


def document_error(error: GraphQLError, document: DocumentNode) -> dict[str, Any]:
    """One error of validation as Shopify words it; an unfamiliar one keeps its text."""
    node = error.nodes[0] if error.nodes else None
    path = node_path(document, node) if node is not None else []
    message, extensions = error.message, {"code": "invalidDocument"}
    for pattern, fill in _RULES:
        match = pattern.search(error.message)
        if match:
            message, extensions = fill(match)
            break
    else:
        literal = _bad_literal(error.message, node, document)
        if literal is not None:
            message, extensions, path = literal
    if extensions["code"] in ("missingRequiredInputObjectAttribute",):
        path = [*path, extensions["argumentName"]]
    answer: dict[str, Any] = {"message": message}
    if error.locations:
        places = error.locations[-1:] if extensions["code"] == "variableNotUsed" else error.locations[:1]
        answer["locations"] = [{"line": place.line, "column": place.column} for place in places]
    if path:
        answer["path"] = path
    answer["extensions"] = extensions
    return answer


def bad_ids(document: DocumentNode) -> list[dict[str, Any]]:
    """Ids that are written into a document and are none."""
    found: list[StringValueNode] = []
    info = TypeInfo(executable())

    class Look(Visitor):
        def enter_string_value(self, node: StringValueNode, *_: Any) -> None:
            kind = info.get_input_type()
            if kind is not None and get_named_type(kind).name == "ID" and not node.value.startswith("gid://shopify/"):
                found.append(node)

    visit(document, TypeInfoVisitor(info, Look()))
    errors = []
    for node in found:
        trail = _trail(document, node)
        place = next(item for item in reversed(trail) if isinstance(item, FieldNode)).loc
        where = [{"line": place.start_token.line, "column": place.start_token.column}] if place else []
        extensions = {"code": "argumentLiteralsIncompatible", "typeName": "CoercionError"}
        message = f"Invalid global id '{node.value}'"
        errors.append({"message": message, "locations": where, "path": _names(trail), "extensions": extensions})
    return errors


def _bad_literal(words: str, node: Node | None, document: DocumentNode) -> tuple[str, dict[str, Any], list[str]] | None:
    """A literal that does not fit its argument or input field."""
    trail = _trail(document, node) if node is not None else []
    holders = [item for item in trail if isinstance(item, ArgumentNode | ObjectFieldNode)]
    if not holders:
        return None
    holder = holders[-1]
    name, value = holder.name.value, print_ast(holder.value)
    owner = "InputObject" if isinstance(holder, ObjectFieldNode) else "Field"
    fields = [item for item in trail if isinstance(item, FieldNode)]
    on = fields[-1].name.value if owner == "Field" and fields else _input_type(trail) or owner
    message = f"Argument '{name}' on {owner} '{on}' has an invalid value ({value})."
    wanted = re.search(r"(?:non-null type|in|of type|type) ['\"“](\[?\w+[!\]]*)['\"”]", words)
    if wanted:
        message += f" Expected type '{wanted[1]}'."
    return message, {"code": "argumentLiteralsIncompatible", "typeName": owner, "argumentName": name}, _names(trail)


def _input_type(trail: list[Node]) -> str:
    """The input object that the last field of the trail belongs to."""
    kind: Any = None
    for item in trail:
        if isinstance(item, OperationDefinitionNode):
            kind = executable().get_root_type(item.operation)
        elif isinstance(item, FieldNode) and kind is not None:
            field = kind.fields.get(item.name.value)
            kind = field if field is not None else None
        elif isinstance(item, ArgumentNode) and kind is not None:
            kind = get_named_type(kind.args[item.name.value].type)
        elif isinstance(item, ObjectFieldNode) and item is not trail[-1] and item is not _last_holder(trail):
            kind = get_named_type(kind.fields[item.name.value].type)
    return getattr(kind, "name", "")


def _last_holder(trail: list[Node]) -> Node:
    return [item for item in trail if isinstance(item, ObjectFieldNode)][-1]


def node_path(document: DocumentNode, node: Node) -> list[str]:
    """`["mutation Close", "orderClose", "userErrors", "code"]`."""
    return _names(_trail(document, node))


def _names(trail: list[Node]) -> list[str]:
    names = []
    for item in trail:
        if isinstance(item, OperationDefinitionNode):
            names.append(f"{item.operation.value} {item.name.value}" if item.name else item.operation.value)
        elif isinstance(item, FragmentDefinitionNode):
            names.append(f"fragment {item.name.value}")
        elif isinstance(item, InlineFragmentNode):
            names.append(f"... on {item.type_condition.name.value}" if item.type_condition else "...")
        elif isinstance(item, FragmentSpreadNode):
            names.append(f"... {item.name.value}")
        elif isinstance(item, FieldNode):
            names.append(item.alias.value if item.alias else item.name.value)
        elif isinstance(item, ArgumentNode | ObjectFieldNode | DirectiveNode):
            names.append(item.name.value)
    return names


def _trail(document: DocumentNode, wanted: Node) -> list[Node]:
    """The nodes from the definition down to `wanted`."""
    stack: list[tuple[Node, list[Node]]] = [(document, [])]
    while stack:
        node, above = stack.pop()
        here = [*above, node]
        if node is wanted:
            return here
        for key in node.keys:
            child = getattr(node, key, None)
            children = child if isinstance(child, tuple | list) else (child,)
            stack.extend((item, here) for item in children if isinstance(item, Node))
    return []
