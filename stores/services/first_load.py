"""The first load of a shop with many orders: in bulk, window by window, while the store is followed and worked with.

The stream's own job (sync) decides the way, brings the newest page at once, has the windows planned here, and follows
changes from then on. This job does the rest: it asks Shopify for the windows' files, two at a time and newest first,
and loads what is ready, one window of a store at a time and in short turns, so that other work gets its own. A window
that bulk does not bring is divided, and in the end read by pages. When none is open the stream is complete."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from backoffice.core import claims, queue
from backoffice.core.clock import db_now
from stores import resources
from stores.choices import LoadState, LoadWay, Purpose, RunKind, StoreState, SyncPhase
from stores.gateway import client_for
from stores.models import LoadWindow, Store, SyncStream
from stores.models.load_window import OPEN
from stores.resources import Resource
from stores.scoping import for_all_stores, for_store

from . import first_load_files as files
from . import history, runs
from .first_load_bulk import ask, load_file, look
from .first_load_pages import load_pages
from .first_load_plan import BEGINNING, Span, plan
from .first_load_windows import LEASE_SECONDS, Load, free, held, open_windows

JOB = "stores.services.first_load.load_job"
_FOLLOWING_JOB = "stores.services.sync.sync_job"
_TURN_SECONDS = 10.0
_ASKED_AT_ONCE = 2
_READY_AT_ONCE = 2
"""A file that waits grows old: what changed meanwhile is read again one by one."""
_NEWEST_ORDERS = 5_000
MOST_ORDERS = 50_000
"""Of one window: some 400 MB, and what a failed operation costs."""


def way_for(store: Store, resource: Resource, expected: int) -> LoadWay:
    """In bulk above BULK_LOAD_ABOVE orders: starting an operation and waiting for it takes longer than a few pages."""
    now = db_now().replace(microsecond=0)
    can = resource.bulk_document(store, created_from=now, created_to=now) is not None
    return LoadWay.BULK if can and expected > settings.BULK_LOAD_ABOVE else LoadWay.PAGES


def begin(
    stream: SyncStream,
    *,
    count: Callable[[datetime, datetime], int],
    created_to: datetime,
    keep: Callable[[], None],
) -> None:
    """Plans the windows of everything created until `created_to` and rings. `keep` is called in the transaction that
    keeps them and raises when the stream is no longer the caller's."""
    spans = plan(
        Span(BEGINNING, created_to, count(BEGINNING, created_to)),
        count=count,
        newest=_NEWEST_ORDERS,
        most=MOST_ORDERS,
    )
    with transaction.atomic():
        keep()
        LoadWindow.objects.filter(stream=stream).delete()
        LoadWindow.objects.bulk_create(
            LoadWindow(
                store_id=stream.store_id,
                stream_id=stream.pk,
                created_from=span.created_from,
                created_to=span.created_to,
                expected=span.expected,
            )
            for span in spans
        )
        queue.ring(JOB, stream.store_id, stream.resource)


def is_planned(stream: SyncStream) -> bool:
    return LoadWindow.objects.filter(stream=stream).exists()


def forget(streams: list[int]) -> None:
    """The loads of these streams begin anew: what is under way ends at its next step."""
    LoadWindow._base_manager.filter(stream_id__in=streams).delete()


def wake(store: Store) -> None:
    """An operation has ended, or the store may be spoken to again: nothing waits for its time any more."""
    waiting = LoadWindow.objects.filter(store=store, state__in=OPEN).select_related("stream")
    names = sorted({window.stream.resource for window in waiting})
    waiting.filter(next_attempt_at__isnull=False).update(next_attempt_at=None)
    for name in names:
        queue.ring(JOB, store.pk, name)


@for_all_stores
def sweep() -> None:
    """Rings for loads of connected stores in which something is due, and removes files that nobody needs."""
    files.tidy()
    loading = SyncStream.objects.filter(phase=SyncPhase.FIRST_LOAD, way=LoadWay.BULK, store__state=StoreState.CONNECTED)
    for stream in loading:
        due = free(open_windows(stream)).exclude(next_attempt_at__gt=Now())
        # Planned and none open: whoever loaded the last one died before he could say so.
        if due.exists() or (is_planned(stream) and not open_windows(stream).exists()):
            queue.ring(JOB, stream.store_id, stream.resource)


@for_store
def load_job(store_id: int, resource_name: str) -> None:
    """One turn of a store's load; rings again when there is more to do at once."""
    queue.answered(JOB, store_id, resource_name)
    store = Store.objects.connected().filter(pk=store_id).first()
    stream = SyncStream.objects.filter(
        store_id=store_id, resource=resource_name, phase=SyncPhase.FIRST_LOAD, way=LoadWay.BULK
    ).first()
    if store is None or stream is None or not is_planned(stream):
        return
    load = Load(store, stream, resources.get(resource_name), client_for(store, Purpose.FIRST_LOAD))
    until = time.monotonic() + _TURN_SECONDS
    finished = False
    try:
        _look_after_operations(load)
        _ask_for_more(load)
        more = _load_what_is_ready(load, until)
        finished = _finished(load)
    finally:
        _keep_book(load, finished=finished)
    if more and not finished:
        queue.ring(JOB, store_id, resource_name)


def _keep_book(load: Load, *, finished: bool) -> None:
    """All turns of a load are one entry, that of the job which planned it."""
    load.book.points = load.client.spent
    load.stream.started_at = load.stream.load_started_at
    if finished or load.book.rows or load.book.points:
        runs.keep(load.stream, load.book, kind=RunKind.FIRST_LOAD, finished=finished)


def _look_after_operations(load: Load) -> None:
    asked = free(load.windows.filter(state=LoadState.ASKED))
    for window in claims.claim(asked, limit=_ASKED_AT_ONCE, lease_seconds=LEASE_SECONDS, order_by="-created_to"):
        held(load, window, look)


def _ask_for_more(load: Load) -> None:
    states = list(load.windows.filter(state__in=OPEN).values_list("state", flat=True))
    ready = states.count(LoadState.READY) + states.count(LoadState.LOADING)
    room = _ASKED_AT_ONCE - states.count(LoadState.ASKED) if ready < _READY_AT_ONCE else 0
    planned = free(load.windows.filter(state=LoadState.PLANNED, by_pages=False))
    if room > 0:
        for window in claims.claim(planned, limit=room, lease_seconds=LEASE_SECONDS, order_by="-created_to"):
            held(load, window, ask)


def _load_what_is_ready(load: Load, until: float) -> bool:
    """Whether there is more to load now. Nothing is done while another worker loads a window of this store."""
    if load.windows.filter(state=LoadState.LOADING, leased_until__gt=Now()).exists():
        return False
    while True:
        loadable = load.windows.filter(state__in=[LoadState.READY, LoadState.LOADING])
        pages = load.windows.filter(state=LoadState.PLANNED, by_pages=True)
        taken = claims.claim(free(loadable | pages), limit=1, lease_seconds=LEASE_SECONDS, order_by="-created_to")
        if not taken:
            return False
        step = load_pages if taken[0].by_pages else load_file
        held(load, taken[0], partial(step, until=until))
        if time.monotonic() > until:
            return True
        _look_after_operations(load)
        _ask_for_more(load)


def _finished(load: Load) -> bool:
    """Ends the first load when no window is open: from now on the store is followed alone."""
    with transaction.atomic():
        stream = SyncStream.objects.select_for_update().get(pk=load.stream.pk)
        if stream.phase != SyncPhase.FIRST_LOAD or not is_planned(stream) or open_windows(stream).exists():
            return False
        now = db_now()
        SyncStream.objects.filter(pk=stream.pk).update(
            phase=SyncPhase.FOLLOWING, first_loaded_at=now, next_attempt_at=None
        )
        is_first = stream.first_loaded_at is None
        history.note_loaded(load.store, load.resource, at=now, for_the_first_time=is_first)
        queue.ring(_FOLLOWING_JOB, stream.store_id, stream.resource)
    files.tidy()
    return True
