"""An order as a document: GraphQL-shaped, lists where Shopify has connections, gids where it has references.

Derivable fields (totals, statuses) are not stored; see `derived.py`. Keys with an underscore are ours: `_base` the
order's id as a number, `_k` the last part number given out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from stores.rehearsal.clock import iso

Doc: TypeAlias = dict[str, Any]


class Impossible(Exception):
    """A change that Shopify refuses; `field` and `code` as in its userErrors."""

    def __init__(self, message: str, *, field: list[str] | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.code = code


def mint(doc: Doc, type_name: str) -> str:
    """A new id for a part of this order."""
    doc["_k"] += 1
    suffix = "?model_name=Address" if type_name == "MailingAddress" else ""
    return f"gid://shopify/{type_name}/{doc['_base'] + doc['_k']}{suffix}"


def touch(doc: Doc, at: int) -> None:
    doc["updatedAt"] = iso(at)


def event(doc: Doc, action: str, message: str, at: int) -> Doc:
    """Add an entry to the order's timeline."""
    entry = {
        "__typename": "BasicEvent",
        "id": mint(doc, "BasicEvent"),
        "action": action,
        "message": message,
        "createdAt": iso(at),
        "appTitle": None,
        "attributeToApp": False,
        "attributeToUser": True,
        "criticalAlert": False,
        "subjectId": doc["id"],
        "subjectType": "ORDER",
        "hasAdditionalContent": False,
    }
    doc.setdefault("events", []).append(entry)
    return entry


def number(thing: str | Doc) -> int:
    """The digits of a gid, or of an object's id."""
    gid = thing if isinstance(thing, str) else thing["id"]
    return int(gid.rsplit("/", 1)[1].split("?")[0])


def line_of(doc: Doc, gid: str) -> Doc | None:
    return next((line for line in doc.get("lineItems", ()) if line["id"] == gid), None)


def fulfillment_order_of(doc: Doc, gid: str) -> Doc | None:
    return next((fo for fo in doc.get("fulfillmentOrders", ()) if fo["id"] == gid), None)


def parts(doc: Doc) -> Iterator[Doc]:
    """The document and everything in it that has an id."""
    stack: list[Any] = [doc]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if "id" in item:
                yield item
            stack.extend(value for value in item.values() if isinstance(value, dict | list))
        else:
            stack.extend(value for value in item if isinstance(value, dict | list))


def forget(doc: Doc, *names: str) -> None:
    """Drop values that were loaded as they stood, so that they are derived from the parts from now on."""
    for name in names:
        doc.pop(name, None)
