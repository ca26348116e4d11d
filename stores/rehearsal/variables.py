"""Variables that do not fit, in Shopify's words: every problem with its path, and lists that are too long."""

from __future__ import annotations

import re
from typing import Any

from graphql import (
    GraphQLEnumType,
    OperationDefinitionNode,
    VariableDefinitionNode,
    get_named_type,
    print_ast,
    type_from_ast,
)
from graphql.execution import get_variable_values

from stores.rehearsal.schema import executable

MAX_LIST = 250
_PROBLEM = re.compile(r"has invalid value(?: at (?P<path>\S+))?: (?P<rest>.*)$", re.DOTALL)
_REQUIRED = re.compile(r"to include required field '(\w+)'")
_UNKNOWN = re.compile(r"value of type '(\w+)' not to include unknown field '(\w+)'")
_ENUM = re.compile(r"Value '(.*?)' does not exist in '(\w+)' enum")


def variable_errors(operation: OperationDefinitionNode, given: dict[str, Any]) -> list[dict[str, Any]]:
    """The errors to answer with before anything runs; none when all variables fit."""
    errors = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        value = given.get(name)
        place = definition.loc.start_token if definition.loc else None
        location = [{"line": place.line, "column": place.column}] if place else []
        if long := _too_long(value):
            message = f"The input array size of {long} is greater than the maximum allowed of {MAX_LIST}."
            extensions: dict[str, Any] = {"code": "MAX_INPUT_SIZE_EXCEEDED"}
        elif problems := _problems(definition, given):
            where = ", ".join(f"{'.'.join(map(str, p['path']))} ({p['explanation']})" for p in problems if p["path"])
            kind = print_ast(definition.type)
            message = f"Variable ${name} of type {kind} was provided invalid value{f' for {where}' if where else ''}"
            extensions = {"code": "INVALID_VARIABLE", "value": value, "problems": problems}
        else:
            continue
        errors.append({"message": message, "locations": location, "extensions": extensions})
    return errors


def _problems(definition: VariableDefinitionNode, given: dict[str, Any]) -> list[dict[str, Any]]:
    outcome = get_variable_values(executable(), (definition,), given)
    if isinstance(outcome, list):
        return [_problem(error.message) for error in outcome]
    value, kind = given.get(definition.variable.name.value), type_from_ast(executable(), definition.type)
    is_id = kind is not None and get_named_type(kind).name == "ID" and isinstance(value, str)
    if is_id and not str(value).startswith("gid://shopify/"):
        words = f"Invalid global id '{value}'"
        return [{"path": [], "explanation": words, "message": words}]
    return []


def _problem(message: str) -> dict[str, Any]:
    match = _PROBLEM.search(message)
    if match is None:
        return {"path": [], "explanation": message}
    steps = [step for step in re.split(r"[.\[\]]+", match["path"] or "") if step]
    path: list[Any] = [int(step) if step.isdigit() else step for step in steps]
    rest = match["rest"]
    if required := _REQUIRED.search(rest):
        return {"path": [*path, required[1]], "explanation": "Expected value to not be null"}
    if unknown := _UNKNOWN.search(rest):
        return {"path": [*path, unknown[2]], "explanation": f"Field is not defined on {unknown[1]}"}
    if bad := _ENUM.search(rest):
        kind = executable().type_map[bad[2]]
        known = ", ".join(kind.values) if isinstance(kind, GraphQLEnumType) else ""
        return {"path": path, "explanation": f'Expected "{bad[1]}" to be one of: {known}'}
    if "non-null type" in rest:
        return {"path": path, "explanation": "Expected value to not be null"}
    return {"path": path, "explanation": rest}


def _too_long(value: Any) -> int:
    if isinstance(value, list):
        return len(value) if len(value) > MAX_LIST else max((_too_long(item) for item in value), default=0)
    if isinstance(value, dict):
        return max((_too_long(item) for item in value.values()), default=0)
    return 0
