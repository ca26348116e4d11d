"""What the sync engine mirrors. Upper floors bring their resources; the engine knows no order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .models import Store
from .shopify.client import Client


@dataclass(frozen=True, slots=True)
class Page:
    """One page of snapshots, oldest change first."""

    items: Sequence[Any]
    end_cursor: str
    has_next: bool


@dataclass(frozen=True, slots=True)
class Ingested:
    """What an ingest did: rows made, rows changed, rows that were already so, and snapshots to fetch again by id."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refetch: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of thing that is mirrored.

    `fetch_page(client, store, after, updated_from, lane)` gives a Page in ascending order of change. `fetch_by_ids`
    gives each id's snapshot or None where the shop no longer has it. `ingest(store, snapshots, by_id, backfilled)`
    writes them: `by_id` says that they were fetched by id just now. `moved_by(snapshot)` is its time of change.
    `affected(topic, payload)` turns a webhook into the ids to fetch. `mark_deleted(store, gids)`.
    """

    name: str
    topics: frozenset[str]
    fetch_page: Callable[..., Page]
    fetch_by_ids: Callable[[Client, Store, Sequence[str]], Mapping[str, Any]]
    count: Callable[[Client, Store], int]
    ingest: Callable[..., Ingested]
    moved_at: Callable[[Any], datetime]
    gid_of: Callable[[Any], str]
    mark_deleted: Callable[[Store, Sequence[str]], int]


_resources: dict[str, Resource] = {}


def register(resource: Resource) -> None:
    """Called in `AppConfig.ready()`."""
    _resources[resource.name] = resource


def get(name: str) -> Resource:
    return _resources[name]


def all_resources() -> list[Resource]:
    return [_resources[name] for name in sorted(_resources)]


def for_topic(topic: str) -> Resource | None:
    return next((resource for resource in all_resources() if topic in resource.topics), None)
