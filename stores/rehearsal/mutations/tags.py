"""`tagsAdd`, `tagsRemove` on orders and customers."""

from __future__ import annotations

import json
from typing import Any

from stores.rehearsal.clock import iso
from stores.rehearsal.mutations.base import WRITE_ORDERS, Mutation, Outcome, keep
from stores.rehearsal.ops import tags
from stores.rehearsal.ops.document import Doc, Impossible, touch
from stores.rehearsal.request import Info, Request

TAGGABLE = ("Order", "Customer", "DraftOrder", "Product", "Article")


def change(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    """Add or remove; the payload's node has the whole new list."""
    gid = context.gid(arguments["id"], *TAGGABLE)
    node = _node(context, gid.type, arguments["id"])
    if node is None:
        raise Impossible(f"{gid.type} does not exist", field=["id"])
    adding = info.field_name == "tagsAdd"
    current = list(node.get("tags", ()))
    if adding:
        _check_length(arguments["tags"])
        new = tags.add(current, arguments["tags"])
    else:
        new = tags.remove(current, arguments["tags"])
    effect = new != current
    if effect:
        node["tags"] = new
        if gid.type == "Order":
            touch(node, context.at)
            keep(context, node, "ORDERS_UPDATED")
        else:
            node["updatedAt"] = iso(context.at)
            context.shop.store.execute(
                "INSERT INTO customers VALUES (?, ?) ON CONFLICT (gid) DO UPDATE SET doc = excluded.doc",
                (node["id"], json.dumps(node, ensure_ascii=False)),
            )
    return Outcome({"node": node}, [arguments["id"]], effect)


def _node(context: Request, kind: str, text: str) -> Doc | None:
    if kind in ("Order", "Customer"):
        return context.find(text)
    return None


def _check_length(wanted: list[str]) -> None:
    for tag in tags.split(wanted):
        if len(tag) > tags.MAX_LENGTH:
            raise Impossible(f"Tag exceeds the maximum length of {tags.MAX_LENGTH} characters", field=["tags"])


MUTATIONS = {
    "tagsAdd": Mutation(change, (*WRITE_ORDERS, "write_customers")),
    "tagsRemove": Mutation(change, (*WRITE_ORDERS, "write_customers")),
}
