"""Reading bodies: JSON as RFC 8259 has it, and nothing that two readers could read differently."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser


class StrictJSONParser(BaseParser):
    """Refused: a name given twice in one object, NaN and Infinity, text that is not UTF-8, numbers and nesting beyond
    what Python's reader holds, and a body that is no object."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        try:
            value = json.loads(stream.read().decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
        except ParseError:
            raise
        except UnicodeDecodeError as error:
            raise ParseError(_("The body is not UTF-8 text.")) from error
        except json.JSONDecodeError as error:
            raise ParseError(
                _("The body is no JSON: line %(line)d, column %(column)d.")
                % {"line": error.lineno, "column": error.colno}
            ) from error
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The body is nested too deep or holds a number that is too long.")) from error
        if not isinstance(value, dict):
            raise ParseError(_("The body must be a JSON object, such as {}."))
        return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ParseError(_("The name “%(name)s” stands twice in one object.") % {"name": name[:100]})
        found[name] = value
    return found


def _no_constant(name: str) -> float:
    raise ParseError(_("%(name)s is no JSON number.") % {"name": name})
