"""What the OpenAPI document says of bearer tokens. Imported with the API's addresses, when Django is complete."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class BearerToken(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself when defined
    target_class = "stores.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token made under “API tokens”. It reaches no further than its person does at the time.",
        }
