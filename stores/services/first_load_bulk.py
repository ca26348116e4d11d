"""The steps of a window in bulk: asked for, looked after while Shopify prepares it, and its file loaded.

Each step may end anywhere. Before an operation is asked for, the row says so: a start whose answer never came is looked
for at Shopify before it is asked for again. A file is loaded bucket by bucket, and the row knows the next one."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from urllib.parse import urlsplit

from backoffice.core.clock import db_now
from stores.choices import LoadState
from stores.gateway import base_url_of
from stores.models import LoadWindow, Store
from stores.resources import Ingested
from stores.shopify.bulk import (
    BulkOperation,
    cancel_bulk_operation,
    latest_bulk_queries,
    read_bulk_operation,
    start_bulk_query,
)
from stores.shopify.bulk_download import HOSTS, download
from stores.shopify.bulk_file import Bucket, Group, SortedFile, sort_lines
from stores.shopify.errors import SENTENCES, Final, NeedsPerson, TryAgain, Uncertain
from stores.shopify.throttle import Lane

from . import first_load_files as files
from . import health
from .first_load_windows import Load, fail, give_up_on_bulk, note_done, note_loaded, save

_REFRESHED_AT_ONCE = 250
_DOWNLOAD_SECONDS = 30.0
_SKEW = timedelta(minutes=15)
_LOOK_AGAIN = timedelta(seconds=10)
_GIVEN_UP_AFTER = timedelta(seconds=30)
_STALLED_AFTER = timedelta(hours=1)
_FASTEST, _SLOWEST = timedelta(seconds=2), timedelta(seconds=60)
_MOST_DEATHS = 8
_MOST_ORPHANS = 1000
"""Orders whose parts came without them are read by id, up to so many; beyond, the file is not worth mending."""

_FAILED = {
    "ACCESS_DENIED": "Shopify refuses this app a part of what a first load in bulk reads, so it is read by pages.",
    "TIMEOUT": "Shopify did not finish a bulk operation in time.",
    "INTERNAL_SERVER_ERROR": "Shopify failed at a bulk operation.",
}
_ENDED = "A bulk operation ended before it had brought everything."
_CUT = "The file of a bulk operation does not hold everything that Shopify counted."


def ask(load: Load, window: LoadWindow) -> None:
    """Has Shopify begin to prepare the window's file."""
    document = load.document(window)
    now = db_now()
    save(
        window, state=LoadState.ASKED, operation_gid="", asked_at=now, moved_at=now, started_at=window.started_at or now
    )
    try:
        operation = start_bulk_query(load.client, document, lane=Lane.BACKGROUND)
    except Uncertain:
        save(window, next_attempt_at=db_now() + _LOOK_AGAIN)
        return
    except TryAgain:
        save(window, state=LoadState.PLANNED, asked_at=None)
        raise
    except (Final, NeedsPerson) as error:
        save(window, state=LoadState.PLANNED, asked_at=None)
        if isinstance(error, NeedsPerson) and error.code != "missing_scope":
            raise
        _refused(load, window, error.code, str(error.facts.get("shopify_says") or error))
        return
    save(window, operation_gid=operation.gid, objects_there=0, next_attempt_at=db_now() + _FASTEST)


def look(load: Load, window: LoadWindow) -> None:
    """Sees how the window's operation is doing."""
    operation = _find(load, window)
    if operation is None:
        return
    if operation.is_open:
        _wait(load, window, operation)
        return
    there = operation.object_count
    found: dict[str, object] = {"objects_there": there, "file_bytes": operation.file_size, "next_attempt_at": None}
    if operation.is_completed and operation.url:
        save(window, state=LoadState.READY, is_partial=False, **found)
    elif operation.is_completed and not there and not window.expected:
        save(window, **found)
        note_done(window)
    elif operation.error_code == "ACCESS_DENIED":
        _refused(load, window, "access_denied", _FAILED["ACCESS_DENIED"])
    elif operation.partial_url:
        code = (operation.error_code or operation.status).lower()
        save(window, state=LoadState.READY, is_partial=True, error_code=code, **found)
    else:
        _fail(load, window, operation)


def load_file(load: Load, window: LoadWindow, *, until: float) -> None:
    """Brings the window's file here and loads it, until `until` by the monotonic clock, but a step at least; the next
    call goes on."""
    if window.attempts > _MOST_DEATHS and not window.error_code:
        fail(load, window, "gave_up", "Loading the file ended in the middle eight times.")
        return
    operation = read_bulk_operation(load.client, window.operation_gid, lane=Lane.BACKGROUND)
    url = (operation.partial_url if window.is_partial else operation.url) if operation else None
    if operation is None or not url:
        fail(load, window, "file_gone", SENTENCES["file_gone"])
        return
    expected = None if window.is_partial else window.file_bytes
    folder = files.folder_of(window)
    try:
        file = folder / "result.jsonl"
        done = download(url, file, hosts=_hosts(load.store), expected_bytes=expected, seconds=_DOWNLOAD_SECONDS)
    except Final as error:
        fail(load, window, error.code, str(error))
        return
    except TryAgain as error:
        if error.code != "file_unfinished":
            raise
        return  # what has come is kept for the next turn
    is_new = window.state != LoadState.LOADING
    save(window, state=LoadState.LOADING)
    health.note_answer(load.store)
    if is_new and time.monotonic() > until:
        return  # a long download and the sorting of what it brought need not fit in one turn
    sorted_file = sort_lines(file, into=folder / "buckets")
    if _load_buckets(load, window, sorted_file, until=until):
        _finish(load, window, sorted_file, is_whole=done.is_whole)


def _load_buckets(load: Load, window: LoadWindow, sorted_file: SortedFile, *, until: float) -> bool:
    """Loads one bucket after the other, beginning where the row says; False when the time was up before the last. The
    row is brought up to date between two of them, so that whoever takes over repeats one at most."""
    if window.asked_at is None:
        raise TypeError("a file that nobody asked for")
    read: deque[Bucket] = deque()

    def pieces() -> Iterator[Sequence[Group]]:
        for number in range(window.next_bucket, sorted_file.buckets):
            read.append(sorted_file.read(number))
            yield read[-1].groups

    with closing(load.resource.load_pieces(load.store, pieces(), fetched_at=window.asked_at)) as loading:
        for wanted in loading:
            _note_bucket(load, window, read.popleft(), wanted)
            if time.monotonic() > until:
                break
    return window.next_bucket >= sorted_file.buckets


def _note_bucket(load: Load, window: LoadWindow, bucket: Bucket, wanted: Ingested) -> None:
    """What the file may know better is read by id, and so are orders of which the file holds parts alone: they are
    known by name, and nothing of them is missing then."""
    done, report = wanted, bucket.report
    for at in range(0, len(wanted.refetch), _REFRESHED_AT_ONCE):
        save(window)
        again = wanted.refetch[at : at + _REFRESHED_AT_ONCE]
        done += load.resource.refresh(load.client, load.store, again, lane=Lane.BACKGROUND)
    if report.orphans and window.lost + report.orphans <= _MOST_ORPHANS:
        _read_owners(load, report.missing_parents)
    load.book.enter(len(bucket.groups), done, refetched=len(wanted.refetch))
    note_loaded(
        window,
        report.groups,
        next_bucket=window.next_bucket + 1,
        objects_here=window.objects_here + report.objects,
        lost=window.lost + report.orphans,
    )


def _read_owners(load: Load, parents: Sequence[str]) -> None:
    """Reads the orders of these by id, which may be orders or the fulfilment orders of some."""
    traced = load.resource.trace(load.client, load.store, parents, lane=Lane.BACKGROUND)
    wanted = list(dict.fromkeys(gid for gids in traced.values() for gid in gids))
    load.resource.refresh(load.client, load.store, wanted, lane=Lane.BACKGROUND)


def _finish(load: Load, window: LoadWindow, sorted_file: SortedFile, *, is_whole: bool) -> None:
    report = sorted_file.report
    in_parts = report.orphans
    if in_parts and window.lost + in_parts <= _MOST_ORPHANS:
        _read_owners(load, report.missing_parents)
    lost = window.lost + in_parts
    save(window, lost=lost + report.unreadable)
    complete = report.ends_whole and not report.unreadable and lost <= _MOST_ORPHANS
    if window.is_partial:
        fail(load, window, window.error_code or "partial", _FAILED.get(window.error_code.upper(), _ENDED))
    elif is_whole and complete and window.objects_here + lost == window.objects_there:
        note_done(window)
    else:
        fail(load, window, "file_cut", _CUT)


def _find(load: Load, window: LoadWindow) -> BulkOperation | None:
    """The window's operation; None when there is none, or none to be seen yet: then the row says what next."""
    if window.operation_gid:
        operation = read_bulk_operation(load.client, window.operation_gid, lane=Lane.BACKGROUND)
        if operation is None:
            fail(load, window, "bulk_lost", _ENDED)
        return operation
    asked_at = window.asked_at or db_now()
    for operation in latest_bulk_queries(load.client, load.document(window), lane=Lane.BACKGROUND):
        if operation.created_at >= asked_at - _SKEW and (operation.is_open or operation.is_completed):
            save(window, operation_gid=operation.gid)
            return operation
    if db_now() - asked_at > _GIVEN_UP_AFTER:
        save(window, state=LoadState.PLANNED, asked_at=None, next_attempt_at=None)
    else:
        save(window, next_attempt_at=db_now() + _LOOK_AGAIN)
    return None


def _wait(load: Load, window: LoadWindow, operation: BulkOperation) -> None:
    """Looks again the later, the longer it runs. One that stands still is ended, and its window tried otherwise."""
    now = db_now()
    if operation.object_count > window.objects_there:
        save(window, objects_there=operation.object_count, moved_at=now)
    elif now - (window.moved_at or now) > _STALLED_AFTER:
        cancel_bulk_operation(load.client, operation.gid, lane=Lane.BACKGROUND)
        fail(load, window, "bulk_stalled", _ENDED)
        return
    running = now - (window.asked_at or now)
    save(window, next_attempt_at=now + min(max(running / 10, _FASTEST), _SLOWEST))


def _fail(load: Load, window: LoadWindow, operation: BulkOperation) -> None:
    code = operation.error_code or ("bulk_empty" if operation.is_completed else operation.status)
    fail(load, window, code.lower(), _FAILED.get(operation.error_code, _ENDED))


def _refused(load: Load, window: LoadWindow, code: str, message: str) -> None:
    """What Shopify refuses here it refuses for every window."""
    save(
        window,
        state=LoadState.PLANNED,
        by_pages=True,
        operation_gid="",
        asked_at=None,
        next_attempt_at=None,
        error_code=code,
        error_message=message,
    )
    give_up_on_bulk(load, code, message)


def _hosts(store: Store) -> Collection[str]:
    """Google's, where Shopify keeps results; a rehearsal shop keeps them itself."""
    base_url = base_url_of(store.domain)
    return {urlsplit(base_url).netloc} if base_url else HOSTS
