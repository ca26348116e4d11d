"""What is known of the health of stores, read for many of them at once. No secret is opened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Min

from backoffice.core.clock import db_now
from stores.choices import InboxState, SubscriptionState
from stores.features import FeatureState, features_of_all
from stores.models import (
    ComplianceRequest,
    Credential,
    InboxMessage,
    Quarantined,
    Store,
    Subscription,
    SubscriptionCheck,
    SyncStream,
)

from .compliance import OPEN
from .truth import StoreTruth, truths_of


@dataclass(frozen=True, slots=True)
class Token:
    """How we speak to a shop: never with what. `expires_at` and `minted_at` of tokens that are minted; the error is
    that of the last try to mint, and goes with the next that succeeds."""

    kind: str
    expires_at: datetime | None
    minted_at: datetime | None
    error_at: datetime | None
    error_code: str
    error_message: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one store, at `now`. `oldest_waiting`: since when the webhook that waits longest is here; `first_due`: when
    the first of its open privacy requests must be done."""

    store: Store
    now: datetime
    truth: StoreTruth
    token: Token | None
    features: tuple[FeatureState, ...]
    streams: tuple[SyncStream, ...] = ()
    check: SubscriptionCheck | None = None
    topics: tuple[Subscription, ...] = ()
    waiting: int = 0
    oldest_waiting: datetime | None = None
    failed: int = 0
    parked: int = 0
    first_due: datetime | None = None
    due_trouble: str = ""

    @property
    def refused_topics(self) -> tuple[Subscription, ...]:
        return tuple(one for one in self.topics if one.state == SubscriptionState.REFUSED)


@dataclass(slots=True)
class _Inbox:
    waiting: int = 0
    oldest: datetime | None = None
    failed: int = 0


@dataclass(slots=True)
class _ByStore:
    streams: dict[int, list[SyncStream]] = field(default_factory=lambda: defaultdict(list))
    topics: dict[int, list[Subscription]] = field(default_factory=lambda: defaultdict(list))
    inbox: dict[int, _Inbox] = field(default_factory=lambda: defaultdict(_Inbox))


def facts_of(stores: Iterable[Store]) -> Mapping[int, Facts]:
    """By the stores' ids, in their order. As many queries for thirty as for one."""
    stores = list(stores)
    if not stores:
        return {}
    now, found = db_now(), _ByStore()
    for stream in SyncStream.objects.filter(store__in=stores).order_by("resource"):
        found.streams[stream.store_id].append(stream)
    for topic in Subscription.objects.filter(store__in=stores).order_by("topic"):
        found.topics[topic.store_id].append(topic)
    _read_inbox(stores, found.inbox)
    checks = {check.store_id: check for check in SubscriptionCheck.objects.filter(store__in=stores)}
    parked, due = _parked(stores), _due(stores)
    truths, features, tokens = truths_of(stores), features_of_all(stores), _tokens(stores)
    return {
        store.pk: Facts(
            store,
            now,
            truths[store.pk],
            tokens.get(store.pk),
            features[store.pk],
            streams=tuple(found.streams[store.pk]),
            check=checks.get(store.pk),
            topics=tuple(found.topics[store.pk]),
            waiting=found.inbox[store.pk].waiting,
            oldest_waiting=found.inbox[store.pk].oldest,
            failed=found.inbox[store.pk].failed,
            parked=parked.get(store.pk, 0),
            first_due=due[store.pk].due_at if store.pk in due else None,
            due_trouble=due[store.pk].error_message if store.pk in due else "",
        )
        for store in stores
    }


def _read_inbox(stores: list[Store], inbox: dict[int, _Inbox]) -> None:
    """Both counts come from indexes that hold no settled delivery."""
    mine = InboxMessage.objects.filter(store__in=stores).order_by()
    waiting = mine.filter(state=InboxState.PENDING).values("store_id")
    for row in waiting.annotate(number=Count("pk"), oldest=Min("received_at")):
        inbox[row["store_id"]] = _Inbox(row["number"], row["oldest"])
    for row in mine.filter(state=InboxState.FAILED).values("store_id").annotate(number=Count("pk")):
        inbox[row["store_id"]].failed = row["number"]


def _parked(stores: list[Store]) -> dict[int, int]:
    rows = Quarantined.objects.filter(store__in=stores).order_by().values("store_id").annotate(number=Count("pk"))
    return {row["store_id"]: row["number"] for row in rows}


def _due(stores: list[Store]) -> dict[int, ComplianceRequest]:
    """The first privacy request of each store that is not done."""
    rows = ComplianceRequest.objects.filter(store__in=stores, state__in=OPEN).defer("payload").order_by("-due_at")
    return {row.store_id: row for row in rows if row.store_id is not None}


def _tokens(stores: list[Store]) -> dict[int, Token]:
    columns = ("kind", "expires_at", "minted_at", "error_at", "error_code", "error_message")
    rows = Credential.objects.filter(store__in=stores).values_list("store_id", *columns)
    return {store_id: Token(*values) for store_id, *values in rows}
