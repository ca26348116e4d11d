"""Top-level errors in Shopify's shape. Nothing of a document with such an error ran, except where it says so."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError

LIMITS_PAGE = "https://shopify.dev/api/usage/rate-limits"
SCOPES_PAGE = "https://shopify.dev/api/usage/access-scopes"


def coded(message: str, code: str, **more: Any) -> GraphQLError:
    """An error with `extensions.code`, to be raised by a resolver."""
    return GraphQLError(message, extensions={"code": code, **more})


def bad_request(message: str) -> GraphQLError:
    return coded(message, "BAD_REQUEST")


def invalid_id() -> GraphQLError:
    return coded("invalid id", "RESOURCE_NOT_FOUND")


def access_denied(field: str, scopes: tuple[str, ...]) -> GraphQLError:
    names = " or ".join(f"`{scope}`" for scope in scopes)
    required = f"{names} access scope{'s' if len(scopes) > 1 else ''}."
    return coded(
        f"Access denied for {field} field. Required access: {required}",
        "ACCESS_DENIED",
        documentation=SCOPES_PAGE,
        requiredAccess=required,
    )


def not_approved(kind: str) -> GraphQLError:
    """For protected customer data that the app was not approved to see."""
    page = "https://shopify.dev/docs/apps/launch/protected-customer-data"
    message = f"This app is not approved to access the {kind} object. See {page} for more details."
    return coded(message, "ACCESS_DENIED", documentation=page)


def throttled() -> dict[str, Any]:
    return {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": LIMITS_PAGE}}


def too_costly(cost: int, limit: int) -> dict[str, Any]:
    return {
        "message": f"Query cost is {cost}, which exceeds the single query max cost limit ({limit}). "
        f"See {LIMITS_PAGE} for more information on how the cost of a query is calculated.",
        "extensions": {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": limit, "documentation": LIMITS_PAGE},
    }


def as_answer(error: GraphQLError) -> dict[str, Any]:
    """The JSON of an error that a resolver raised, in Shopify's order of keys."""
    answer: dict[str, Any] = {"message": error.message}
    if error.locations:
        answer["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    answer["extensions"] = dict(error.extensions or {"code": "INTERNAL_SERVER_ERROR"})
    if error.path:
        answer["path"] = list(error.path)
    return answer
