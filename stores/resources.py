"""What the sync engine mirrors. Upper floors bring their resources; the engine knows no order."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from .choices import InboxOutcome, ParkCause
from .models import Store
from .shopify.bulk_file import Group
from .shopify.client import Client
from .shopify.hints import Hint
from .shopify.throttle import Lane


@dataclass(frozen=True, slots=True)
class Rejected:
    """One item that cannot be mirrored as it came: why, in words without anybody's data, and what came (`raw`, with
    such data)."""

    gid: str
    reason: str
    cause: ParkCause = ParkCause.UNREADABLE
    raw: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of what the shop has."""

    items: Sequence[Any]
    end_cursor: str | None
    has_next: bool
    rejected: Sequence[Rejected] = ()
    """Those whose part of the answer could not be read."""
    pause_seconds: float = 0
    """The pass goes on after so long, because it has spent what it may."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What an ingest did. `refetch` names what must be read again by id, because what came may be older than the row.
    `differed` are the ids of those of which the mirror showed something else before, or nothing."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refetch: tuple[str, ...] = ()
    deleted: int = 0
    differed: tuple[str, ...] = ()

    def __add__(self, other: Ingested) -> Ingested:
        return Ingested(
            self.created + other.created,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.refetch + other.refetch,
            self.deleted + other.deleted,
            self.differed + other.differed,
        )


@dataclass(frozen=True, slots=True)
class Announced:
    """One webhook's hint, with the shop's time of sending it."""

    hint: Hint
    triggered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Here:
    """What the mirror has of one item that it does not hold for deleted."""

    is_live: bool
    fetched_at: datetime


class Evidence(Protocol):
    """What the proof needs to hold a mirror against its shop. Windows of creation include both ends, to the second."""

    def page(
        self,
        client: Client,
        store: Store,
        *,
        live_only: bool,
        created_from: datetime | None,
        created_to: datetime,
        after: str | None,
    ) -> Page:
        """What the shop has, newest creation first. With `live_only`, one that is not live may be among them."""

    def read(
        self, client: Client, store: Store, gids: Sequence[str], *, rejected: list[Rejected]
    ) -> Mapping[str, Any | None]:
        """These as the shop has them now, past any index; None for one that it no longer has. One that cannot be read
        is left out and goes to `rejected`."""

    def count_there(self, client: Client, *, created_from: datetime | None, created_to: datetime) -> int | None:
        """How many the shop has, live or not; None where it does not know exactly."""

    def gid(self, item: Any) -> str: ...

    def is_live(self, item: Any) -> bool: ...

    def created_at(self, item: Any) -> datetime: ...

    def changed_at(self, item: Any) -> datetime:
        """The latest change that the shop has dated, parts with a clock of their own included."""

    def shown(self, store: Store, items: Sequence[Any]) -> frozenset[str]:
        """The ids of those that the mirror shows exactly so: the hash of the state, and what lies in its rows."""

    def here(self, store: Store, gids: Sequence[str]) -> Mapping[str, Here]:
        """Those of the ids that the mirror has."""

    def ids_here(
        self, store: Store, *, live_only: bool, created_from: datetime | None, created_to: datetime
    ) -> frozenset[str]: ...

    def days_here(self, store: Store, *, created_from: datetime | None, created_to: datetime) -> Mapping[date, int]:
        """How many the mirror has by day of creation (UTC), live or not."""

    def distrust(self, store: Store, gids: Sequence[str]) -> None:
        """Makes the next `refresh` write these whole, whatever the mirror believes of them."""


class Resource(Protocol):
    """One kind of thing that is mirrored, in one stream per store."""

    name: str
    has_first_load: bool
    """False for a stream that only follows changes and begins where the first load of the others began."""
    evidence: Evidence | None
    """None for a stream that brings nothing of its own to prove."""

    def newest_page(
        self,
        client: Client,
        store: Store,
        *,
        created_from: datetime | None = None,
        created_to: datetime | None,
        after: str | None,
        lane: Lane,
    ) -> Page:
        """For the first load: newest creation first, from `created_from` to `created_to`, both included."""

    def changed_page(
        self, client: Client, store: Store, *, updated_from: datetime, after: str | None, lane: Lane
    ) -> Page:
        """For following: oldest change first, at or after `updated_from`."""

    def count(
        self,
        client: Client,
        store: Store,
        *,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
    ) -> int:
        """How many the shop has, or has of those created in the window."""

    def bulk_document(self, store: Store, *, created_from: datetime, created_to: datetime) -> str | None:
        """The query that brings those created in the window in bulk; None for what cannot be had so. Equal windows and
        scopes give equal texts."""

    def load_pieces(
        self, store: Store, pieces: Iterable[Sequence[Group]], *, fetched_at: datetime
    ) -> Generator[Ingested, None, None]:
        """Writes a bulk result piece by piece, each told when it is written; loading one again changes nothing. The
        next may be read ahead, in a thread: `pieces` must not touch the database. `fetched_at` is the database's time
        before the operation was asked for. What cannot be read or written is set aside and does not keep the others."""

    def summaries(self, store: Store) -> int:
        """How many of the live ones here still wait for details that a bulk file does not bring; one cheap query."""

    def created_at(self, item: Any) -> datetime: ...

    def updated_at(self, item: Any) -> datetime: ...

    def ingest(self, store: Store, items: Sequence[Any], *, fetched_at: datetime, backfilled: bool) -> Ingested:
        """Writes a page. `fetched_at` is the database's time before it was asked for. An item that cannot be written is
        set aside (`Quarantined`) and does not keep the others."""

    def set_aside(self, store: Store, rejected: Sequence[Rejected]) -> None:
        """Parks these with their cause, so that the rest goes on."""

    def refresh(self, client: Client, store: Store, gids: Sequence[str], *, lane: Lane) -> Ingested:
        """Reads these by id and writes what they are now; marks as deleted what the shop no longer has."""

    def announced_as(self, item: Any) -> tuple[str, ...]:
        """The ids under which webhooks may tell of its change; the first is what `Ingested.differed` would name."""

    def hears(self, topic: str) -> bool:
        """Whether webhooks of this topic hint at a change of it."""

    def hint(self, topic: str, payload: Mapping[str, Any]) -> Hint | None:
        """What this webhook is about; None when it is about nothing of ours."""

    def needless(self, store: Store, announced: Sequence[Announced]) -> Sequence[InboxOutcome | None]:
        """For each: why the shop need not be asked because of it, or None where it must be."""

    def trace(self, client: Client, store: Store, gids: Sequence[str], *, lane: Lane) -> Mapping[str, tuple[str, ...]]:
        """What `refresh` has to read for each of these ids of hints. Left out is one that leads nowhere any more, or
        that cannot be followed with the store's scopes; empty is one whose things need no reading."""


class FollowingOnly:
    """What streams have in common that bring nothing of their own: they find items of another (`of`) that must be read
    again, and name them."""

    of: str
    has_first_load = False
    evidence: Evidence | None = None

    def newest_page(
        self,
        client: Client,
        store: Store,
        *,
        created_from: datetime | None = None,
        created_to: datetime | None,
        after: str | None,
        lane: Lane,
    ) -> Page:
        return Page((), None, False)

    def count(
        self,
        client: Client,
        store: Store,
        *,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
    ) -> int:
        return 0

    def bulk_document(self, store: Store, *, created_from: datetime, created_to: datetime) -> str | None:
        return None

    def load_pieces(
        self, store: Store, pieces: Iterable[Sequence[Group]], *, fetched_at: datetime
    ) -> Generator[Ingested, None, None]:
        raise TypeError(f"{type(self).__name__} has no first load")

    def summaries(self, store: Store) -> int:
        return 0

    def created_at(self, item: Any) -> datetime:
        raise TypeError(f"{type(self).__name__} has no first load")

    def set_aside(self, store: Store, rejected: Sequence[Rejected]) -> None:
        get(self.of).set_aside(store, rejected)

    def refresh(self, client: Client, store: Store, gids: Sequence[str], *, lane: Lane) -> Ingested:
        return get(self.of).refresh(client, store, gids, lane=lane)

    def hears(self, topic: str) -> bool:
        return False

    def hint(self, topic: str, payload: Mapping[str, Any]) -> Hint | None:
        return None

    def needless(self, store: Store, announced: Sequence[Announced]) -> Sequence[InboxOutcome | None]:
        return [None] * len(announced)

    def trace(self, client: Client, store: Store, gids: Sequence[str], *, lane: Lane) -> Mapping[str, tuple[str, ...]]:
        return {}


_resources: dict[str, Resource] = {}


def register(resource: Resource) -> None:
    """Called in `AppConfig.ready()`."""
    _resources[resource.name] = resource


def get(name: str) -> Resource:
    return _resources[name]


def all_resources() -> list[Resource]:
    return [_resources[name] for name in sorted(_resources)]


def for_topic(topic: str) -> Resource | None:
    return next((resource for resource in all_resources() if resource.hears(topic)), None)
