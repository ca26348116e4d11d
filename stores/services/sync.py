"""The sync engine: keeps each store's mirror true. First load newest first, then windows by time of change. A large
shop's first load is done in bulk beside it (first_load), while this follows what changes.

Called by the sweep (every store whose turn it is) and by the services that connect and resume stores. A stream is held
under a lease by one job at a time; its position is saved after every page, so a job that dies costs one page."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from backoffice.core import claims, queue
from backoffice.core.clock import db_now
from stores import resources
from stores.choices import LoadWay, Purpose, RunKind, StoreState, SyncPhase
from stores.gateway import client_for
from stores.models import Store, SyncStream
from stores.resources import Page, Resource
from stores.scoping import for_all_stores, for_store
from stores.shopify.client import Client
from stores.shopify.errors import Final, NeedsPerson, ShopifyError, TryAgain
from stores.shopify.throttle import Lane

from . import first_load, health, history, runs
from .runs import Book

logger = logging.getLogger(__name__)

JOB = "stores.services.sync.sync_job"
# Renewed with every page; what a killed job leaves is taken up within a minute.
_LEASE_SECONDS = 50
_JOB_SECONDS = 40
# Shopify serves at most 25,000 rows to one search: begin a new one at the position well before.
_ROWS_PER_SEARCH = 20_000
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_NOWHERE: dict[str, object] = {"position": None, "window": None, "cursor": ""}


@for_all_stores
def sweep() -> None:
    """Rings for every stream whose turn it is: first loads by pages at once, others each SYNC_EVERY_SECONDS."""
    for stream in due_streams():
        queue.ring(JOB, stream.store_id, stream.resource)


def ring_all(store: Store) -> None:
    """Rings for every stream of the store now, whoever's turn it is: something changed, and nobody said what."""
    for resource in resources.all_resources():
        queue.ring(JOB, store.pk, resource.name)


def due_streams() -> list[SyncStream]:
    every = timedelta(seconds=settings.SYNC_EVERY_SECONDS)
    idle = SyncStream.objects.filter(store__state=StoreState.CONNECTED).exclude(leased_until__gt=Now())
    waiting = idle.exclude(next_attempt_at__gt=Now())
    first = waiting.filter(phase=SyncPhase.FIRST_LOAD).exclude(way=LoadWay.BULK)
    beside = waiting.filter(phase=SyncPhase.FIRST_LOAD, way=LoadWay.BULK).exclude(finished_at__gt=Now() - every)
    later = waiting.filter(phase=SyncPhase.FOLLOWING).exclude(true_as_of__gt=Now() - every)
    return [*first, *beside, *later]


@for_store
def sync_job(store_id: int, resource_name: str) -> None:
    """Works on one stream for up to `_JOB_SECONDS`; rings again when there is more. Does nothing while another job
    holds the stream or the store is not connected."""
    queue.answered(JOB, store_id, resource_name)
    store = Store.objects.connected().filter(pk=store_id).first()
    if store is None:
        return
    mine = SyncStream.objects.filter(store_id=store_id, resource=resource_name).exclude(leased_until__gt=Now())
    held = claims.claim(mine, limit=1, lease_seconds=_LEASE_SECONDS)
    if not held:
        return
    stream, book = held[0], runs.Book()
    kind = runs.kind_of(stream)
    is_load = kind is RunKind.FIRST_LOAD
    try:
        more = _advance(store, stream, resources.get(resource_name), book)
    except ShopifyError as error:
        runs.keep(stream, book, kind=kind, finished=False, error=error)
        _note_failure(store, stream, error)
        return
    except Exception as error:
        runs.keep(stream, book, kind=kind, finished=False, error=error)
        claims.settle(
            stream,
            next_attempt_at=db_now() + timedelta(seconds=15),
            error_code="internal_error",
            error_message="A fault of this software; the log says more.",
        )
        raise
    again = db_now() + timedelta(seconds=book.pause_seconds) if book.pause_seconds else None
    claims.settle(stream, attempts=0, next_attempt_at=again, error_code="", error_message="")
    if book.pages:
        runs.keep(stream, book, kind=kind, finished=not more or (is_load and stream.phase == SyncPhase.FOLLOWING))
    if more and again is None:
        queue.ring(JOB, store_id, resource_name)


def _advance(store: Store, stream: SyncStream, resource: Resource, book: Book) -> bool:
    """Runs until the pass is complete (False) or the time is up (True)."""
    until = time.monotonic() + _JOB_SECONDS
    loads = stream.phase == SyncPhase.FIRST_LOAD
    client = client_for(store, Purpose.FIRST_LOAD if loads else Purpose.FOLLOW)
    try:
        if not loads:
            return _follow(store, stream, resource, client, book, until)
        # A stream that only follows begins when the first load of the others has said where.
        return resource.has_first_load and _first_load(store, stream, resource, client, book, until)
    finally:
        book.points = client.spent


def _first_load(store: Store, stream: SyncStream, resource: Resource, client: Client, book: Book, until: float) -> bool:
    if not stream.way:
        expected, now = resource.count(client, store), db_now()
        way = first_load.way_for(store, resource, expected)
        _save(
            stream, way=way, way_reason="", expected=expected, loaded=0, load_started_at=now, started_at=now, **_NOWHERE
        )
    if stream.way != LoadWay.BULK:
        return _load_by_pages(store, stream, resource, client, book, until)
    if first_load.is_planned(stream):
        return _follow(store, stream, resource, client, book, until)
    _begin_in_bulk(store, stream, resource, client, book)
    return True


def _begin_in_bulk(store: Store, stream: SyncStream, resource: Resource, client: Client, book: Book) -> None:
    """Brings the newest page at once, and has everything until then loaded in bulk. What comes later is followed."""
    page, latest = _newest(store, stream, resource, client, book)

    def count(created_from: datetime, created_to: datetime) -> int:
        _save(stream)
        return resource.count(client, store, created_from=created_from, created_to=created_to)

    # To the second, as the shop's times are; one that holds the latest change of the newest page.
    until = max(latest, *(resource.created_at(item) for item in page.items), _BEGINNING).replace(microsecond=0)
    first_load.begin(stream, count=count, created_to=until + timedelta(seconds=1), keep=lambda: _save(stream))


def _newest(store: Store, stream: SyncStream, resource: Resource, client: Client, book: Book) -> tuple[Page, datetime]:
    """Writes the page of the first load that the stream has come to; the latest change on it beside."""
    fetched_at = db_now()
    page = resource.newest_page(
        client, store, created_to=stream.window, after=stream.cursor or None, lane=Lane.BACKGROUND
    )
    latest = max((resource.updated_at(item) for item in page.items), default=_BEGINNING)
    if stream.watermark is None:
        # Whatever changes from now on changes after the latest change on the first page, by the shop's own clock.
        _begin_following_from(stream, latest)
    _write(store, stream, resource, client, page, fetched_at, book, backfilled=True)
    return page, latest


def _load_by_pages(
    store: Store, stream: SyncStream, resource: Resource, client: Client, book: Book, until: float
) -> bool:
    rows = 0
    while True:
        page, _ = _newest(store, stream, resource, client, book)
        if not page.has_next:
            now, is_first = db_now(), stream.first_loaded_at is None
            _save(stream, phase=SyncPhase.FOLLOWING, first_loaded_at=now, finished_at=now, **_NOWHERE)
            history.note_loaded(store, resource, at=now, for_the_first_time=is_first)
            return True
        rows += len(page.items)
        rows = _go_on(stream, page, [resource.created_at(item) for item in page.items], rows, downwards=True)
        if time.monotonic() > until:
            return True


def _follow(store: Store, stream: SyncStream, resource: Resource, client: Client, book: Book, until: float) -> bool:
    """One pass over what changed since the watermark less the overlap: Shopify's times have whole seconds and its
    search index lags by some. What was already known costs a comparison."""
    if stream.window is None:
        history.note_pause(store, since=stream.true_as_of, until=db_now())
        overlap = timedelta(seconds=settings.SYNC_OVERLAP_SECONDS)
        _save(stream, started_at=db_now(), window=(stream.watermark or _BEGINNING) - overlap)
    rows = 0
    while True:
        fetched_at = db_now()
        page = resource.changed_page(
            client,
            store,
            updated_from=stream.window or _BEGINNING,
            after=stream.cursor or None,
            lane=Lane.BACKGROUND,
        )
        _write(store, stream, resource, client, page, fetched_at, book, backfilled=False)
        changed = [resource.updated_at(item) for item in page.items]
        if not page.has_next:
            latest = max([*changed, *filter(None, [stream.watermark, stream.position])], default=_BEGINNING)
            # Beside a first load, not everything up to then is here.
            true = {"true_as_of": stream.started_at} if stream.phase == SyncPhase.FOLLOWING else {}
            _save(stream, watermark=latest, finished_at=db_now(), **true, **_NOWHERE)
            return False
        rows += len(page.items)
        rows = _go_on(stream, page, changed, rows, downwards=False)
        book.pause_seconds = page.pause_seconds
        if page.pause_seconds or time.monotonic() > until:
            return True


def _go_on(stream: SyncStream, page: Page, times: list[datetime], rows: int, *, downwards: bool) -> int:
    """Saves where the pass stands after a page; returns the rows of the search that goes on.

    A search is left before Shopify's limit, at the position, unless all its rows are of one second: a new search would
    then begin with the same rows again."""
    position = (min if downwards else max)([*times, *filter(None, [stream.position])])
    if rows >= _ROWS_PER_SEARCH and position != stream.window:
        _save(stream, position=position, window=position, cursor="")
        return 0
    _save(stream, position=position, cursor=page.end_cursor or "")
    return rows


def _write(
    store: Store,
    stream: SyncStream,
    resource: Resource,
    client: Client,
    page: Page,
    fetched_at: datetime,
    book: Book,
    *,
    backfilled: bool,
) -> None:
    resource.set_aside(store, page.rejected)
    done = resource.ingest(store, page.items, fetched_at=fetched_at, backfilled=backfilled)
    refetched = len(done.refetch)
    if refetched:
        done += resource.refresh(client, store, done.refetch, lane=Lane.BACKGROUND)
    missed = 0 if backfilled else runs.count_unannounced(store, resource, page.items, done)
    book.add(page, done, refetched=refetched, unannounced=missed)
    health.note_answer(store)
    if stream.way != LoadWay.BULK:
        SyncStream.objects.filter(pk=stream.pk).update(loaded=F("loaded") + done.created)


def _begin_following_from(stream: SyncStream, moment: datetime) -> None:
    """Where this stream, and those that only follow, will begin to follow."""
    _save(stream, watermark=moment)
    others = [resource.name for resource in resources.all_resources() if not resource.has_first_load]
    SyncStream.objects.filter(store_id=stream.store_id, resource__in=others, watermark__isnull=True).update(
        watermark=moment, phase=SyncPhase.FOLLOWING
    )


def _save(stream: SyncStream, **changes: object) -> None:
    """Writes the position and lengthens the lease, if the stream is still ours and its store connected; `TryAgain` when
    it is not."""
    held = SyncStream._base_manager.filter(
        pk=stream.pk, claim=stream.claim, leased_until__isnull=False, store__state=StoreState.CONNECTED
    )
    if not held.update(leased_until=Now() + timedelta(seconds=_LEASE_SECONDS), **changes):
        raise TryAgain("budget_busy", "Another worker has taken over, or the store was paused.")
    for name, value in changes.items():
        setattr(stream, name, value)


def _note_failure(store: Store, stream: SyncStream, error: ShopifyError) -> None:
    if isinstance(error, NeedsPerson):
        health.note_trouble(store, error)
    if isinstance(error, Final) and stream.cursor:
        # A search that Shopify does not go on with: the next try begins a new one where this one had come to.
        held = SyncStream._base_manager.filter(pk=stream.pk, claim=stream.claim)
        held.update(window=stream.position, cursor="")
    wait = error.after_seconds if isinstance(error, TryAgain) else 60.0
    # The pauses of a silent shop grow by themselves, and end with its first answer.
    growth = 1 if error.code == "shop_silent" else 2 ** min(stream.attempts, 6)
    pause = min(max(wait, 2.0) * growth, 600.0)
    claims.settle(
        stream,
        next_attempt_at=db_now() + timedelta(seconds=pause),
        error_code=error.code,
        error_message=str(error),
    )
    logger.warning(
        "Synchronisation failed",
        extra={"store": store.pk, "resource": stream.resource, "code": error.code, "again_in": pause, **error.facts},
    )


def load_again(store: Store) -> None:
    """Reads everything once more, because the token may now see more of it: orders that were hidden, customers, holds.
    What is already right costs a comparison. Called in the transaction that keeps the new scopes."""
    loading = [resource.name for resource in resources.all_resources() if resource.has_first_load]
    streams = SyncStream._base_manager.filter(store=store, resource__in=loading)
    first_load.forget([stream.pk for stream in streams])
    streams.update(phase=SyncPhase.FIRST_LOAD, way="", started_at=None, next_attempt_at=None, **_NOWHERE)
    for name in loading:
        queue.ring(JOB, store.pk, name)
