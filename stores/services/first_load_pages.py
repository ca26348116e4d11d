"""A window read by pages, newest first: where bulk failed too often, or where the shop refuses it."""

from __future__ import annotations

import time

from backoffice.core.clock import db_now
from stores.choices import LoadState
from stores.models import LoadWindow
from stores.shopify.throttle import Lane

from . import health
from .first_load_windows import Load, note_done, note_loaded, save

# Shopify serves at most 25,000 rows to one search: begin a new one at the position well before.
_ROWS_PER_SEARCH = 20_000


def load_pages(load: Load, window: LoadWindow, *, until: float) -> None:
    """Reads pages of the window until `until` by the monotonic clock. A cursor is not kept from one call to the next:
    each begins at the position, which the row has."""
    save(window, state=LoadState.LOADING, started_at=window.started_at or db_now(), next_attempt_at=None)
    search_to, after, rows = window.position or window.created_to, None, 0
    while True:
        fetched_at = db_now()
        page = load.resource.newest_page(
            load.client,
            load.store,
            created_from=window.created_from,
            created_to=search_to,
            after=after,
            lane=Lane.BACKGROUND,
        )
        load.resource.set_aside(load.store, page.rejected)
        done = load.resource.ingest(load.store, page.items, fetched_at=fetched_at, backfilled=True)
        refetched = len(done.refetch)
        if refetched:
            done += load.resource.refresh(load.client, load.store, done.refetch, lane=Lane.BACKGROUND)
        load.book.add(page, done, refetched=refetched)
        health.note_answer(load.store)
        position = min([load.resource.created_at(item) for item in page.items], default=search_to)
        note_loaded(window, len(page.items), position=position)
        if not page.has_next:
            note_done(window)
            return
        rows, after = rows + len(page.items), page.end_cursor
        if position == search_to:
            continue  # more rows than a page are of this one second: only the cursor leads on
        if rows >= _ROWS_PER_SEARCH:
            search_to, after, rows = position, None, 0
        if time.monotonic() > until:
            return
