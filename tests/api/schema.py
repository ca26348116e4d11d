"""Holds answers against the OpenAPI document: types, nothing missing, nothing that the document does not name."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator, FormatChecker

_WORDS = {"title", "description", "nullable"}
_checker = FormatChecker(formats=["uuid"])


@_checker.checks("date-time", raises=ValueError)
def _is_time_in_utc(value: object) -> bool:
    return not isinstance(value, str) or (value.endswith("Z") and bool(datetime.fromisoformat(value)))


@_checker.checks("uri")
def _is_address(value: object) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme and urlsplit(value).netloc)


def document() -> dict[str, Any]:
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found


def faults(api: dict[str, Any], *, path: str, method: str, status: int, content_type: str, body: Any) -> list[str]:
    """What in an answer is not as the document says."""
    operation = api["paths"][path][method]
    content = operation["responses"].get(str(status), {}).get("content", {})
    if content_type not in content:
        return [f"{method} {path}: {status} {content_type} is not described"]
    plain = _plain(content[content_type]["schema"], api)
    validator = Draft202012Validator(plain, format_checker=_checker)
    return [
        f"{method} {path}: {'/'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(body)
    ]


def _plain(schema: Any, api: dict[str, Any]) -> Any:
    """OpenAPI 3.0 as JSON Schema: references resolved, `nullable` spelled out, objects closed."""
    if isinstance(schema, list):
        return [_plain(each, api) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _plain(_resolved(schema, api), api)
    if len(schema.get("allOf", ())) == 1:
        rest = {key: value for key, value in schema.items() if key != "allOf"}
        return _plain({**_resolved(schema["allOf"][0], api), **rest}, api)
    plain = {key: _plain(value, api) for key, value in schema.items() if key not in {*_WORDS, "properties"}}
    if "properties" in schema:
        plain["properties"] = {name: _plain(each, api) for name, each in schema["properties"].items()}
        plain.setdefault("additionalProperties", False)
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") else plain


def _resolved(schema: dict[str, Any], api: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = api["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found
