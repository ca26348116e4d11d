"""Which orders a shop has deleted of late. No list shows it and no clock moves; the shop's events tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from stores.shopify.asking import ask
from stores.shopify.client import Client
from stores.shopify.search import both, window
from stores.shopify.shapes import Part
from stores.shopify.throttle import Lane

_LATEST = 250


@dataclass(frozen=True, slots=True)
class DeletedOrder:
    """BasicEvent of the action `destroy`: its subject is gone, or so the shop says."""

    gid: str
    deleted_at: datetime


def read_deletions(client: Client, *, since: datetime, lane: Lane) -> tuple[DeletedOrder, ...]:
    """The orders deleted at or after `since`; of more than 250 deletions of any kind the latest, and the proof finds
    the others. Needs read_orders."""
    query = both("action:destroy", window("created_at", since, None))
    answer = ask(client, "deleted_orders", {"first": _LATEST, "query": query}, lane=lane)
    events = Part(answer.data).part_or_none("events")
    nodes = events.parts("nodes") if events else []
    # Events of other types come as empty objects, and products are deleted, too.
    told = [node for node in nodes if node.holds("subjectId")]
    return tuple(
        DeletedOrder(node.text("subjectId"), node.moment("createdAt"))
        for node in told
        if node.text("subjectId").startswith("gid://shopify/Order/")
    )
