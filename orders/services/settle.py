"""Settling: writes verdicts on changes, with the mirror, the timeline and the overlay, in one transaction.

Called by the push and by the look at uncertain changes. A verdict counts only under the claim with which its change was
taken: the late result of an old claim changes nothing, anywhere."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from backoffice.core import claims
from backoffice.core.clock import db_now
from backoffice.core.contention import repeated
from orders.choices import UNSETTLED, ChangeState, Source, Verb
from orders.models import Order, RemoteChange
from orders.timeline import NewEntry, closed_key, opened_key, tags_key, write
from stores.models import Store
from stores.shopify.mutations import MutatedOrder
from stores.shopify.snapshots import OrderSnapshot

from . import erased, outbox
from .ingest import apply_read_back, lock_store
from .verdicts import Seen, Verdict, caused, effect

logger = logging.getLogger(__name__)

_KINDS: Mapping[ChangeState, str] = {
    ChangeState.REFUSED: "change.refused",
    ChangeState.SKIPPED: "change.skipped",
    ChangeState.UNCERTAIN: "change.uncertain",
}


def record(store: Store, verdicts: Sequence[tuple[RemoteChange, Verdict]]) -> int:
    """Writes the verdicts that still count; returns how many did. All of one store.

    1. Locks: the store's ingest, then the orders, as everybody else does. 2. Settles each change under its claim.
    3. Our entries of the timeline, before the mirror learns of the change, so that ours stand and not the shop's.
    4. The mirror, from the mutations' own answers. 5. The overlay.
    """
    return repeated(lambda: _record(store, verdicts))


def _record(store: Store, verdicts: Sequence[tuple[RemoteChange, Verdict]]) -> int:
    with transaction.atomic():
        lock_store(store)
        order_ids = {change.order_id for change, _ in verdicts}
        list(Order.objects.filter(pk__in=order_ids).order_by("pk").select_for_update().values_list("pk"))
        verdicts = _without_the_erased(store, verdicts)
        now = db_now()
        held = [(change, verdict) for change, verdict in verdicts if _settle(change, verdict, now)]
        write(entry for change, verdict in held if (entry := _entry(change, verdict, now)) is not None)
        read_back = [verdict.seen for _, verdict in held if isinstance(verdict.seen, MutatedOrder)]
        if read_back:
            apply_read_back(store, read_back)
        outbox.show_pending({change.order_id for change, _ in held})
    if len(held) < len(verdicts):
        logger.info("Late results were dropped", extra={"store": store.pk, "count": len(verdicts) - len(held)})
    return len(held)


def _without_the_erased(
    store: Store, verdicts: Sequence[tuple[RemoteChange, Verdict]]
) -> list[tuple[RemoteChange, Verdict]]:
    """What an answer shows of an order whose buyer was erased is not kept again."""
    seen = [verdict.seen for _, verdict in verdicts if isinstance(verdict.seen, MutatedOrder | OrderSnapshot)]
    shown = dict(zip(map(id, seen), erased.blank_read_back(store, seen), strict=True))
    return [(change, replace(verdict, seen=shown.get(id(verdict.seen), verdict.seen))) for change, verdict in verdicts]


def _settle(change: RemoteChange, verdict: Verdict, now: datetime) -> bool:
    settled = verdict.state not in UNSETTLED
    changes: dict[str, Any] = {
        "state": verdict.state,
        "code": verdict.code[:60],
        "message": verdict.message,
        "settled_at": now if settled else None,
        "next_attempt_at": now + timedelta(seconds=verdict.after_seconds) if verdict.after_seconds else None,
    }
    if verdict.request_id:
        changes["shop_request_id"] = verdict.request_id[:100]
    if verdict.seen is not None:
        changes["result"] = _plain(verdict.seen)
    if not verdict.costs_attempt:
        changes["attempts"] = max(change.attempts - 1, 0)
    return claims.settle(change, **changes)


def _entry(change: RemoteChange, verdict: Verdict, now: datetime) -> NewEntry | None:
    """The entry of a verdict; none while the change waits, and none for what the shop had already: that is not ours to
    tell."""
    if verdict.state == ChangeState.CONFIRMED:
        assert verdict.seen is not None
        return _done(change, verdict.seen) if caused(change, verdict.seen) else None
    kind = _KINDS.get(verdict.state)
    if kind is None:
        return None
    data = {"verb": change.verb, "code": verdict.code, "message": verdict.message}
    if tags := change.payload.get("tags"):
        data["tags"] = tags
    return _new(change, kind, now, data, f"change:{change.pk}:{verdict.state}")


def _done(change: RemoteChange, seen: Seen) -> NewEntry:
    match change.verb:
        case Verb.ARCHIVE:
            assert seen.closed_at is not None
            return _new(change, "order.archived", seen.closed_at, {}, closed_key(seen.closed_at))
        case Verb.UNARCHIVE:
            return _new(change, "order.unarchived", seen.updated_at, {}, opened_key(seen.updated_at))
        case _:
            added = change.verb == Verb.ADD_TAGS
            key = f"{tags_key(seen.updated_at, seen.tags)}:{'+' if added else '-'}"
            kind = "tags.added" if added else "tags.removed"
            return _new(change, kind, seen.updated_at, {"tags": effect(change, seen)}, key)


def _new(change: RemoteChange, kind: str, at: datetime, data: Mapping[str, Any], dedupe: str) -> NewEntry:
    return NewEntry(
        store_id=change.store_id,
        order_id=change.order_id,
        kind=kind,
        source=Source(change.source),
        occurred_at=at,
        data=data,
        dedupe=dedupe,
        actor_label=change.actor_label,
        user_id=change.user_id,
        run_id=change.run_id,
    )


def _plain(seen: Seen) -> dict[str, Any]:
    return {
        "closed": seen.closed,
        "closed_at": seen.closed_at.isoformat() if seen.closed_at else None,
        "updated_at": seen.updated_at.isoformat(),
        "tags": list(seen.tags),
    }
