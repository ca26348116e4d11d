"""The state of a store's mirror in figures, for the store's page and the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from backoffice.core.clock import db_now
from stores import resources
from stores.choices import InboxState, SyncPhase
from stores.models import InboxMessage, Quarantined, ShopBudget, Store, SyncStream
from stores.shopify.scopes import missing

from .first_load_status import Pace, WindowStatus, pace, windows_of
from .truth import behind_after


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """One stream. `progress` from 0 to 1 during a first load, None where it is not known or over. `way` is how that
    load is done, `way_reason` why a large one is not done in bulk; `windows` are there while one is done in bulk."""

    resource: str
    phase: str
    loaded: int
    expected: int | None
    progress: float | None
    way: str
    way_reason: str
    pace: Pace
    windows: tuple[WindowStatus, ...]
    true_as_of: datetime | None
    error_code: str
    error_message: str
    next_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class MirrorStatus:
    """`as_of`: everything that the shop had then is in the mirror; None until the first load is complete. `is_stale`
    says that the mirror fell behind its promise of three minutes; `summaries` are live orders whose details are still
    to be read."""

    as_of: datetime | None
    lag: timedelta | None
    is_stale: bool
    loading: bool
    streams: tuple[StreamStatus, ...]
    waiting_webhooks: int
    failed_webhooks: int
    last_webhook_at: datetime | None
    quarantined: int
    summaries: int
    missing_scopes: tuple[str, ...]
    budget_available: float | None
    budget_maximum: float | None


def mirror_status(store: Store) -> MirrorStatus:
    """Eight small queries, whatever the size of the store."""
    now = db_now()
    streams = list(SyncStream.objects.filter(store=store).order_by("resource"))
    main = next((stream for stream in streams if stream.resource == "orders"), None)
    as_of = main.true_as_of if main else None
    lag = now - as_of if as_of else None
    budget = ShopBudget.objects.filter(store=store).first()
    windows = windows_of(store)
    inbox = InboxMessage.objects.filter(store=store)
    return MirrorStatus(
        as_of=as_of,
        lag=lag,
        is_stale=lag is not None and lag > behind_after(),
        loading=main is None or main.phase == SyncPhase.FIRST_LOAD,
        streams=tuple(_stream(stream, windows.get(stream.pk, ()), now) for stream in streams),
        waiting_webhooks=inbox.filter(state=InboxState.PENDING).count(),
        failed_webhooks=inbox.filter(state=InboxState.FAILED).count(),
        last_webhook_at=store.last_webhook_at,
        quarantined=Quarantined.objects.filter(store=store).count(),
        summaries=sum(resource.summaries(store) for resource in resources.all_resources()),
        missing_scopes=tuple(sorted(missing(store.scopes))),
        budget_available=available_now(budget, now) if budget else None,
        budget_maximum=budget.maximum if budget else None,
    )


def available_now(budget: ShopBudget, now: datetime) -> float:
    """The points that are there by now, reckoned from what the shop said last."""
    refilled = budget.available + max(0.0, now.timestamp() - budget.at) * budget.restore_rate
    return float(min(budget.maximum, refilled))


def _stream(stream: SyncStream, windows: Sequence[WindowStatus], now: datetime) -> StreamStatus:
    progress = None
    if stream.phase == SyncPhase.FIRST_LOAD and stream.expected:
        progress = min(stream.loaded / stream.expected, 1.0)
    return StreamStatus(
        resource=stream.resource,
        phase=stream.phase,
        loaded=stream.loaded,
        expected=stream.expected,
        progress=progress,
        way=stream.way,
        way_reason=stream.way_reason,
        pace=pace(stream, now=now),
        windows=tuple(windows),
        true_as_of=stream.true_as_of,
        error_code=stream.error_code,
        error_message=stream.error_message,
        next_attempt_at=stream.next_attempt_at,
    )
