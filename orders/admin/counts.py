"""The numbers beside tabs and in the sidebar, kept for a quarter of a minute because they stand on every page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache

from backoffice.core.actor import Actor
from orders.reading import stage_counts

SECONDS = 15


@dataclass(frozen=True, slots=True)
class LiveCounts:
    """Orders within the actor's stores. `shown_to_fulfil` is what the default list has: without those on their way to
    the archive. `as_of` and `sentence` say how true the numbers are."""

    shown_to_fulfil: int
    to_settle: int
    to_archive: int
    live: int
    as_of: datetime | None
    sentence: str


def live_counts(actor: Actor) -> LiveCounts:
    """At most `SECONDS` old. The key holds the reach: who loses a store at once loses its numbers."""
    key = _key(actor)
    kept: LiveCounts | None = cache.get(key)
    if kept is None:
        counts = stage_counts(actor)
        total, truth = counts.total, counts.truth
        shown = total.to_fulfil - total.to_fulfil_archiving
        kept = LiveCounts(shown, total.to_settle, total.to_archive, total.live, truth.as_of, truth.sentence)
        cache.set(key, kept, SECONDS)
    return kept


def forget(actor: Actor) -> None:
    """After one's own act one's numbers are counted anew."""
    cache.delete(_key(actor))


def _key(actor: Actor) -> str:
    reach = "every" if actor.sees_every_store else ",".join(map(str, sorted(actor.store_ids)))
    return f"orders.counts:{actor.user_id}:{hash(reach)}"
