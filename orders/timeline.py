"""The timeline: what happened to an order, from the shop and from us. Written in lists, in the transaction of the
change.

Called by ingest and by every service that changes an order; whoever must react subscribes to `core.events`. Kinds and
what their `data` holds are listed in timeline_words.py."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from backoffice.core import events

from .choices import Source
from .timeline_words import describe, happened_by

__all__ = ["NewEntry", "closed_key", "describe", "happened_by", "opened_key", "tags_key", "write"]


@dataclass(frozen=True, slots=True)
class NewEntry:
    """One entry to be. `data` is plain JSON, amounts and times as text. An order keeps one entry per `dedupe` key: give
    one to whatever may be seen twice."""

    store_id: int
    order_id: int
    kind: str
    source: Source
    occurred_at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    dedupe: str = ""
    actor_label: str = ""
    user_id: int | None = None
    run_id: uuid.UUID | None = None
    backfilled: bool = False


# The one case in which an entry changes: what a shop's webhook or page reported first, as done by nobody we know, turns
# out to be our own act. The shop's copy of the news can overtake the answer to the call that made it.
_INSERT = """
INSERT INTO orders_timelineentry
    (store_id, order_id, kind, source, occurred_at, recorded_at, actor_label, user_id, data, dedupe, run_id, backfilled)
SELECT store_id, order_id, kind, source, occurred_at, clock_timestamp(), actor_label, user_id, data, dedupe, run_id,
    backfilled
FROM jsonb_to_recordset(%s::jsonb) AS new (
    store_id bigint, order_id bigint, kind text, source text, occurred_at timestamptz, actor_label text, user_id bigint,
    data jsonb, dedupe text, run_id uuid, backfilled boolean)
ON CONFLICT (order_id, dedupe) WHERE NOT (dedupe = '') DO UPDATE SET
    source = EXCLUDED.source, actor_label = EXCLUDED.actor_label, user_id = EXCLUDED.user_id, data = EXCLUDED.data,
    run_id = EXCLUDED.run_id
WHERE orders_timelineentry.source = 'shopify' AND EXCLUDED.source <> 'shopify'
RETURNING order_id, kind, dedupe, xmax = 0
"""


def write(entries: Iterable[NewEntry]) -> int:
    """Writes what is not there yet and tells the listeners of it, within the caller's transaction; returns how many are
    new. Entries of a first load (`backfilled`) are told to nobody."""
    once = _without_repeats(entries)
    if not once:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [json.dumps([_plain(entry) for entry in once])])
        keyed = {(order_id, kind, dedupe) for order_id, kind, dedupe, new in cursor.fetchall() if new}
    new = [entry for entry in once if (entry.order_id, entry.kind, entry.dedupe) in keyed]
    events.publish([_event(entry) for entry in new if not entry.backfilled])
    return len(new)


def closed_key(closed_at: datetime) -> str:
    """The key of `order.archived`: an order is archived once at a time, whoever reports it."""
    return f"closed:{_utc(closed_at)}"


def opened_key(updated_at: datetime) -> str:
    """The key of `order.unarchived`: Shopify keeps no time of reopening, but it moves the order's time of change."""
    return f"opened:{_utc(updated_at)}"


def tags_key(updated_at: datetime, tags: Sequence[str]) -> str:
    """What the keys of `tags.added` (with `:+` behind it) and `tags.removed` (`:-`) begin with. `tags` are all tags of
    the order afterwards."""
    digest = hashlib.sha256("\n".join(sorted(tags)).encode()).hexdigest()[:16]
    return f"tags:{_utc(updated_at)}:{digest}"


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _without_repeats(entries: Iterable[NewEntry]) -> list[NewEntry]:
    seen: set[tuple[int, str]] = set()
    once = []
    for entry in entries:
        if entry.dedupe:
            if (entry.order_id, entry.dedupe) in seen:
                continue
            seen.add((entry.order_id, entry.dedupe))
        once.append(entry)
    return once


def _plain(entry: NewEntry) -> dict[str, Any]:
    return {
        "store_id": entry.store_id,
        "order_id": entry.order_id,
        "kind": entry.kind,
        "source": str(entry.source),
        "occurred_at": entry.occurred_at.isoformat(),
        "actor_label": entry.actor_label,
        "user_id": entry.user_id,
        "data": dict(entry.data),
        "dedupe": entry.dedupe,
        "run_id": str(entry.run_id) if entry.run_id else None,
        "backfilled": entry.backfilled,
    }


def _event(entry: NewEntry) -> events.Event:
    data = {**entry.data, "source": str(entry.source)}
    return events.Event(kind=entry.kind, store_id=entry.store_id, subject_id=entry.order_id, data=data)
