"""How an endpoint describes itself in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema


class ApiSchema(AutoSchema):
    """The docstring of a view is for those who read its code; readers of the document get the description that was
    written for them, and the scope that a token needs."""

    def get_description(self) -> str:  # type: ignore[override]  # the stubs know DRF's own schema only
        return ""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        scope = getattr(self.view, "scopes", {}).get(self.method.lower())
        if operation is not None and scope:
            needed = "Only for signed-in people, not for tokens." if scope == "people" else f"Token scope: `{scope}`."
            operation["description"] = f"{operation.get('description', '')}\n\n{needed}".strip()
        return operation
