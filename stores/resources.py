"""What the sync engine mirrors. Upper floors bring their resources; the engine knows no order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from .models import Store
from .shopify.client import Client
from .shopify.throttle import Lane


@dataclass(frozen=True, slots=True)
class Page:
    """One page of what the shop has."""

    items: Sequence[Any]
    end_cursor: str | None
    has_next: bool


@dataclass(frozen=True, slots=True)
class Ingested:
    """What an ingest did. `refetch` names what must be read again by id, because what came may be older than the
    row."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refetch: tuple[str, ...] = ()

    def __add__(self, other: Ingested) -> Ingested:
        return Ingested(
            self.created + other.created,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.refetch + other.refetch,
        )


class Resource(Protocol):
    """One kind of thing that is mirrored, in one stream per store."""

    name: str
    topics: frozenset[str]
    """Webhooks that hint at a change of it."""
    has_first_load: bool
    """False for a stream that only follows changes and begins where the first load of the others began."""

    def newest_page(
        self, client: Client, store: Store, *, created_to: datetime | None, after: str | None, lane: Lane
    ) -> Page:
        """For the first load: newest creation first, at or before `created_to`."""

    def changed_page(
        self, client: Client, store: Store, *, updated_from: datetime, after: str | None, lane: Lane
    ) -> Page:
        """For following: oldest change first, at or after `updated_from`."""

    def count(self, client: Client, store: Store) -> int:
        """How many the shop has."""

    def created_at(self, item: Any) -> datetime: ...

    def updated_at(self, item: Any) -> datetime: ...

    def ingest(self, store: Store, items: Sequence[Any], *, fetched_at: datetime, backfilled: bool) -> Ingested:
        """Writes a page. `fetched_at` is the database's time before it was asked for. An item that cannot be written is
        set aside (`Quarantined`) and does not keep the others."""

    def refresh(self, client: Client, store: Store, gids: Sequence[str], *, lane: Lane) -> Ingested:
        """Reads these by id and writes what they are now; marks as deleted what the shop no longer has."""

    def subject(self, topic: str, payload: Mapping[str, Any]) -> str | None:
        """What `refresh` must be given after this webhook; None when it is about nothing of ours."""


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
