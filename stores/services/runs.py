"""The books of the streams: what each pass came to, as rows that people read. Kept by the sync engine.

A pass may take several jobs; its row is found again by the time at which it began. A pass that found nothing adds to
the row of its hour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Now

from backoffice.core.clock import db_now
from stores import counts
from stores.choices import Counted, LoadWay, RunKind, SyncPhase
from stores.models import InboxMessage, Store, SyncRun, SyncStream
from stores.resources import Ingested, Page, Resource
from stores.scoping import for_all_stores
from stores.shopify.errors import ShopifyError

KEPT_DAYS = 30
# The shop's times have whole seconds, and its webhooks a clock of their own.
_SKEW = timedelta(seconds=3)


@dataclass(slots=True)
class Book:
    """What one job did for a pass."""

    pages: int = 0
    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refetched: int = 0
    deleted: int = 0
    rejected: int = 0
    unannounced: int = 0
    points: int = 0
    pause_seconds: float = 0
    """The pass goes on, but not before so long."""

    def add(self, page: Page, done: Ingested, *, refetched: int, unannounced: int = 0) -> None:
        self.pages += 1
        self.rejected += len(page.rejected)
        self.unannounced += unannounced
        self.enter(len(page.items), done, refetched=refetched)

    def enter(self, rows: int, done: Ingested, *, refetched: int) -> None:
        self.rows += rows
        self.created += done.created
        self.changed += done.changed
        self.unchanged += done.unchanged
        self.refetched += refetched
        self.deleted += done.deleted

    @property
    def is_quiet(self) -> bool:
        return not (self.created or self.changed or self.deleted or self.rejected)


def keep(
    stream: SyncStream, book: Book, *, kind: RunKind, finished: bool, error: ShopifyError | Exception | None = None
) -> None:
    """Writes a job's figures to the row of its pass. `stream` stands where the job left it."""
    now = db_now()
    began = stream.started_at
    if began is None or (error is not None and kind is RunKind.FOLLOW and stream.window is None):
        # It failed before it began: such tries are one row an hour.
        began, finished = _hour(now), True
    elif finished and error is None and book.is_quiet and not _rows(stream, kind, began).exists():
        kind, began = RunKind.QUIET, _hour(now)
    about: dict[str, Any] = {"finished_at": now if finished else None}
    if error is not None:
        about |= {
            "error_code": getattr(error, "code", "internal_error"),
            "error_message": str(error) if isinstance(error, ShopifyError) else _OUR_FAULT,
        }
    added = {field.name: getattr(book, field.name) for field in fields(book) if field.name != "pause_seconds"}
    added |= {"passes": int(finished), "errors": int(error is not None)}
    with transaction.atomic():
        new = SyncRun(store_id=stream.store_id, resource=stream.resource, kind=kind, started_at=began)
        SyncRun._base_manager.bulk_create([new], ignore_conflicts=True)
        sums = {name: F(name) + amount for name, amount in added.items() if amount}
        _rows(stream, kind, began).update(**about, **sums)


def _rows(stream: SyncStream, kind: RunKind, began: datetime) -> QuerySet[SyncRun]:
    return SyncRun._base_manager.filter(store_id=stream.store_id, resource=stream.resource, kind=kind, started_at=began)


def kind_of(stream: SyncStream) -> RunKind:
    """A stream that is loaded in bulk follows meanwhile; the load keeps a book of its own."""
    by_itself = stream.phase == SyncPhase.FIRST_LOAD and stream.way != LoadWay.BULK
    return RunKind.FIRST_LOAD if by_itself else RunKind.FOLLOW


def count_unannounced(store: Store, resource: Resource, items: Iterable[Any], done: Ingested) -> int:
    """How many differences polling ended that no webhook had told of: none that was triggered at or after the change
    had come by now. They are counted as healed by polling."""
    differed = set(done.differed)
    told: dict[str, tuple[str, datetime]] = {}
    for item in items:
        own, *others = resource.announced_as(item)
        if own in differed:
            told |= {name: (own, resource.updated_at(item)) for name in (own, *others)}
    if not told:
        return 0
    announced = {told[name][0] for name, at in _webhooks(store, list(told), told) if at >= told[name][1] - _SKEW}
    missed = len({own for own, _ in told.values()} - announced)
    counts.add(store.pk, {Counted.HEALED_BY_POLLING: missed})
    return missed


def _webhooks(
    store: Store, names: Sequence[str], told: dict[str, tuple[str, datetime]]
) -> Iterable[tuple[str, datetime]]:
    """The webhooks about these that came since the first of their changes, and when the shop triggered each."""
    since = min(at for _, at in told.values()) - timedelta(minutes=5)
    rows = InboxMessage.objects.filter(store_id=store.pk, subject_gid__in=names, received_at__gte=since)
    for name, triggered_at, received_at in rows.values_list("subject_gid", "triggered_at", "received_at"):
        yield name, triggered_at or received_at


@for_all_stores
def purge_job() -> None:
    """Ends rows and counters after thirty days."""
    SyncRun.objects.filter(started_at__lt=Now() - Value(timedelta(days=KEPT_DAYS))).delete()
    counts.purge()


_OUR_FAULT = "A fault of this software; the log says more."


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)
