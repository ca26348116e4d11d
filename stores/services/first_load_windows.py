"""The rows of a first load's windows: holding one, saving how far it has come, dividing it, giving up on bulk.

Called by the steps of the first load (first_load_bulk, first_load_pages), each under the window's claim."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest, Now

from backoffice.core import backoff, claims
from backoffice.core.clock import db_now
from stores.choices import LoadState, StoreState
from stores.models import LoadWindow, Store, SyncStream
from stores.models.load_window import OPEN
from stores.resources import Resource
from stores.shopify.client import Client
from stores.shopify.errors import NeedsPerson, ShopifyError, TryAgain

from . import first_load_files as files
from . import health
from .first_load_plan import Span, divide
from .runs import Book

logger = logging.getLogger(__name__)

LEASE_SECONDS = 90
"""Renewed with every step; what a killed job leaves is taken up when it has run out."""
_SMALLEST = 1000
"""Below this a window whose operation failed is read by pages: that is a minute's work."""
_MOST_FAILURES = 3
_PARTS = 4


@dataclass(frozen=True, slots=True)
class Load:
    """A first load under way, and what its steps need."""

    store: Store
    stream: SyncStream
    resource: Resource
    client: Client
    book: Book = field(default_factory=Book)

    @property
    def windows(self) -> QuerySet[LoadWindow]:
        found: QuerySet[LoadWindow] = LoadWindow.objects.filter(stream=self.stream)
        return found

    def count(self, created_from: datetime, created_to: datetime) -> int:
        return self.resource.count(self.client, self.store, created_from=created_from, created_to=created_to)

    def document(self, window: LoadWindow) -> str:
        found = self.resource.bulk_document(self.store, created_from=window.created_from, created_to=window.created_to)
        return found or ""


def free(windows: QuerySet[LoadWindow]) -> QuerySet[LoadWindow]:
    return windows.exclude(leased_until__gt=Now())


def held(load: Load, window: LoadWindow, step: Callable[[Load, LoadWindow], None]) -> None:
    """Runs a step of a window that was just claimed, and gives it back: with what went wrong, if something did."""
    try:
        step(load, window)
    except ShopifyError as error:
        _note_failure(load, window, error)
        return
    except Exception:
        claims.settle(window, next_attempt_at=db_now() + timedelta(seconds=30), error_code="internal_error")
        raise
    # Why a window was divided, or is read by pages, stays with it.
    explained = window.by_pages or window.state == LoadState.SPLIT
    claims.settle(window, attempts=0, **({} if explained else {"error_code": "", "error_message": ""}))


def save(window: LoadWindow, **changes: object) -> None:
    """Writes and lengthens the lease, if the window is still ours and its store connected; else raises `TryAgain`."""
    mine = LoadWindow._base_manager.filter(
        pk=window.pk, claim=window.claim, leased_until__isnull=False, store__state=StoreState.CONNECTED
    )
    if not mine.update(leased_until=Now() + timedelta(seconds=LEASE_SECONDS), **changes):
        raise TryAgain("budget_busy", "Another worker has taken over, or the store was paused.")
    for name, value in changes.items():
        setattr(window, name, value)


def note_loaded(window: LoadWindow, orders: int, **changes: object) -> None:
    """So many more orders of the window are here."""
    with transaction.atomic():
        save(window, loaded=window.loaded + orders, attempts=0, **changes)
        SyncStream.objects.filter(pk=window.stream_id).update(loaded=F("loaded") + orders)


def note_done(window: LoadWindow) -> None:
    save(window, state=LoadState.DONE, finished_at=db_now())
    files.discard(window)


def fail(load: Load, window: LoadWindow, code: str, message: str) -> None:
    """What the window's operation brought is not all. Smaller windows may do better, and what is small enough is read
    by pages; where bulk works nowhere in this shop, everything is."""
    failures = window.failures + 1
    logger.warning(
        "A bulk operation did not bring everything",
        extra={"store": load.store.pk, "window": window.pk, "code": code, "failures": failures},
    )
    if failures >= _MOST_FAILURES or window.expected <= _SMALLEST:
        with transaction.atomic():
            _take_back(window)
            save(window, by_pages=True, failures=failures, error_code=code, error_message=message)
    else:
        span = Span(window.created_from, window.created_to, window.expected)
        _replace(window, divide(span, count=_counting(load, window), parts=_PARTS), failures, code, message)
    files.discard(window)
    brought = load.windows.filter(state=LoadState.DONE, by_pages=False)
    if load.windows.filter(state=LoadState.SPLIT).count() >= _MOST_FAILURES and not brought.exists():
        give_up_on_bulk(load, code, message)


def give_up_on_bulk(load: Load, code: str, reason: str) -> None:
    """What is not loaded yet is read by pages, and why is kept. Windows in somebody's hands follow if they fail."""
    free(load.windows.filter(state__in=[LoadState.PLANNED, LoadState.ASKED])).update(
        by_pages=True,
        state=LoadState.PLANNED,
        operation_gid="",
        next_attempt_at=None,
        error_code=code,
        error_message=reason,
    )
    SyncStream.objects.filter(pk=load.stream.pk).update(way_reason=reason)
    logger.warning("A first load goes on by pages", extra={"store": load.store.pk, "resource": load.stream.resource})


def open_windows(stream: SyncStream) -> QuerySet[LoadWindow]:
    found: QuerySet[LoadWindow] = LoadWindow.objects.filter(stream=stream, state__in=OPEN)
    return found


def _counting(load: Load, window: LoadWindow) -> Callable[[datetime, datetime], int]:
    def count(created_from: datetime, created_to: datetime) -> int:
        save(window)
        return load.count(created_from, created_to)

    return count


def _replace(window: LoadWindow, spans: list[Span], failures: int, code: str, message: str) -> None:
    with transaction.atomic():
        _take_back(window)
        save(
            window,
            state=LoadState.SPLIT,
            failures=failures,
            finished_at=db_now(),
            error_code=code,
            error_message=message,
        )
        LoadWindow.objects.bulk_create(
            LoadWindow(
                store_id=window.store_id,
                stream_id=window.stream_id,
                created_from=span.created_from,
                created_to=span.created_to,
                expected=span.expected,
                failures=failures,
            )
            for span in spans
        )


def _take_back(window: LoadWindow) -> None:
    """What the window brought stays here, but is counted again with what replaces it."""
    SyncStream.objects.filter(pk=window.stream_id).update(loaded=Greatest(F("loaded") - window.loaded, 0))
    save(
        window,
        state=LoadState.PLANNED,
        operation_gid="",
        asked_at=None,
        is_partial=False,
        next_bucket=0,
        objects_here=0,
        loaded=0,
        lost=0,
    )


def _note_failure(load: Load, window: LoadWindow, error: ShopifyError) -> None:
    if isinstance(error, NeedsPerson):
        health.note_trouble(load.store, error)
    least = error.after_seconds if isinstance(error, TryAgain) else 60.0
    pause = backoff.delay(max(window.attempts, 1), first_seconds=max(least, 1.0), longest_seconds=600, jitter=0)
    claims.settle(window, next_attempt_at=db_now() + pause, error_code=error.code, error_message=str(error))
    logger.warning(
        "A window of a first load waits",
        extra={"store": load.store.pk, "window": window.pk, "code": error.code, **error.facts},
    )
