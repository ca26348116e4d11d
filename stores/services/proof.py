"""The proof that a mirror equals its shop: each night and on demand, compared, repaired, and kept as a row.

Called by the schedule, the store's page and the API. The live orders are read in windows of creation, newest first,
because a creation never changes: a window is compared as soon as it has been read, and nothing but its own orders is
held in memory. Then the counts of the days are compared."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from backoffice.core import audit, backoff, claims, queue
from backoffice.core.actor import SYSTEM, Actor, Right
from backoffice.core.clock import db_now
from backoffice.core.errors import NotAllowed, Refused
from stores import counts, resources
from stores.choices import Counted, ProofState, Purpose, StoreState, SyncPhase
from stores.gateway import client_for
from stores.models import Proof, Store, SyncStream
from stores.resources import Evidence, Rejected
from stores.scoping import for_all_stores, for_store
from stores.shopify.errors import NeedsPerson, ShopifyError, TryAgain

from . import health
from .comparison import Comparison, Kind, Outcome
from .proof_days import compare_days, windows

logger = logging.getLogger(__name__)

JOB = "stores.services.proof.prove_store_job"
RESOURCE = "orders"
OPEN = (ProofState.WAITING, ProofState.RUNNING)
_LEASE_SECONDS = 180
_JOB_SECONDS = 40
_MOST_ATTEMPTS = 8
_MOST_DETAILS = 300
_KEPT_DAYS = 90
# Shopify serves at most 25,000 rows to one search: begin a new one at the position well before.
_ROWS_PER_SEARCH = 20_000
# Without read_all_orders a shop shows 60 days.
_SHOWN_DAYS = 59
_SECOND = timedelta(seconds=1)


def request_proof(store: Store, *, actor: Actor) -> Proof:
    """Asks for a proof of the store now; the one that is under way when there is one.

    Raises `NotAllowed` for anybody below a manager of the store, and `Refused` (`store_not_connected`,
    `first_load_under_way`) where nothing could be proven.
    """
    if not actor.may(Right.MANAGE_STORE, store.pk):
        raise NotAllowed("not_allowed", _("Only managers of a store ask for a proof."))
    if not store.is_connected:
        raise Refused("store_not_connected", _("The store is not connected; connect or resume it first."))
    if not _followed().filter(store=store).exists():
        raise Refused("first_load_under_way", _("The first load is not complete yet; the proof can begin after it."))
    with transaction.atomic():
        proof, made = Proof.objects.get_or_create(
            store=store, state__in=OPEN, defaults={"requested_by": actor.label[:200]}
        )
        if made:
            audit.record("store.proof_requested", actor=actor, store_id=store.pk)
        queue.ring(JOB, store.pk)
    return proof


@for_all_stores
def prove_all_job() -> None:
    """The nightly proof of every store, and the end of rows older than `_KEPT_DAYS`."""
    for stream in _followed().filter(store__in=Store.objects.connected()).select_related("store"):
        request_proof(stream.store, actor=SYSTEM)
    Proof.objects.filter(finished_at__lt=Now() - timedelta(days=_KEPT_DAYS)).delete()


@for_all_stores
def sweep() -> None:
    """Rings for proofs that wait, or whose worker died. A mirror that is complete and was never proven is proven now,
    so that a new store need not wait for the night."""
    new = _followed().filter(first_loaded_at__isnull=False, store__state=StoreState.CONNECTED)
    for stream in new.exclude(Exists(Proof.objects.filter(store_id=OuterRef("store_id")))).select_related("store"):
        request_proof(stream.store, actor=SYSTEM)
    waiting = Proof.objects.filter(state__in=OPEN, store__in=Store.objects.connected())
    idle = waiting.exclude(leased_until__gt=Now()).exclude(next_attempt_at__gt=Now())
    for store_id in idle.values_list("store_id", flat=True):
        queue.ring(JOB, store_id)


@for_store
def prove_store_job(store_id: int) -> None:
    """Works on the store's open proof for up to `_JOB_SECONDS` and rings again when there is more. Does nothing while
    another worker holds it; the proof of a store that is not connected waits."""
    queue.answered(JOB, store_id)
    store = Store.objects.connected().filter(pk=store_id).first()
    evidence = resources.get(RESOURCE).evidence
    if store is None or evidence is None:
        return
    mine = Proof.objects.filter(store_id=store_id, state__in=OPEN).exclude(leased_until__gt=Now())
    held = claims.claim(mine, limit=1, lease_seconds=_LEASE_SECONDS, state=ProofState.RUNNING)
    if not held:
        return
    proof = held[0]
    if proof.attempts > _MOST_ATTEMPTS:
        _fail(proof, "gave_up", proof.error_message or _("The proof ended in the middle eight times."))
        return
    try:
        more = _advance(store, proof, evidence)
    except ShopifyError as error:
        _note_failure(store, proof, error)
        return
    if more:
        claims.settle(proof, next_attempt_at=None)
        queue.ring(JOB, store_id)


def _advance(store: Store, proof: Proof, evidence: Evidence) -> bool:
    """Runs until the proof is complete (False) or the time is up (True)."""
    until = time.monotonic() + _JOB_SECONDS
    if proof.started_at is None:
        # To the second, because the shop's times are: the window ends there on both sides.
        _save(proof, started_at=db_now().replace(microsecond=0))
    started_at = proof.started_at
    if started_at is None:
        raise TypeError("a proof that began has no beginning")
    comparison = Comparison(store, client_for(store, Purpose.PROOF), resources.get(RESOURCE), evidence, started_at)
    since = _since(store, started_at)
    if not proof.live_compared and _compare_live(proof, comparison, since, until):
        return True
    if _compare_days(proof, comparison, since, until):
        return True
    _finish(store, proof)
    return False


def _compare_live(proof: Proof, comparison: Comparison, since: datetime | None, until: float) -> bool:
    """From the newest live order to the oldest. A window ends between two seconds of creation: the last second of a
    page may go on on the next one and is kept for it."""
    evidence = comparison.evidence
    search_to = top = proof.position or comparison.started_at
    after, rows, carried, rejected = None, 0, list[Any](), list[Rejected]()
    while True:
        page = evidence.page(
            comparison.client, comparison.store, live_only=True, created_from=since, created_to=search_to, after=after
        )
        rows += len(page.items) + len(page.rejected)
        # A search that begins anew at a second meets what is in it again.
        named = {one["gid"] for one in proof.details}
        rejected += [one for one in page.rejected if one.gid not in named]
        batch = [*carried, *page.items]
        if not page.has_next:
            outcome = comparison.window(batch, live_only=True, created_from=since, created_to=top, rejected=rejected)
            _add(proof, outcome, live=True, live_compared=True, position=None)
            return False
        last = min((evidence.created_at(item) for item in batch), default=top)
        carried = [item for item in batch if evidence.created_at(item) == last]
        ready = [item for item in batch if evidence.created_at(item) != last]
        if ready:
            outcome = comparison.window(
                ready, live_only=True, created_from=last + _SECOND, created_to=top, rejected=rejected
            )
            _add(proof, outcome, live=True, position=last)
            health.note_answer(comparison.store)
            top, rejected = last, []
        after = page.end_cursor
        if ready and rows >= _ROWS_PER_SEARCH:
            search_to, after, rows, carried = last, None, 0, []
        if ready and time.monotonic() > until:
            return True


def _compare_days(proof: Proof, comparison: Comparison, since: datetime | None, until: float) -> bool:
    """Every whole day before the proof began."""
    yesterday = comparison.started_at.astimezone(UTC).date() - timedelta(days=1)
    end = datetime.combine(yesterday, datetime.max.time(), UTC)
    here = comparison.evidence.days_here(comparison.store, created_from=since, created_to=end)
    for days in windows(until=yesterday, since=since.date() if since else None):
        if proof.position is not None and days.created_to >= proof.position:
            continue
        done = compare_days(comparison, days, here)
        for outcome in done.outcomes:
            _add(proof, outcome, live=False)
        _save(
            proof,
            position=days.created_to,
            days_compared=proof.days_compared + 1,
            days_differing=[*proof.days_differing, *done.differing][:_MOST_DETAILS],
        )
        if time.monotonic() > until:
            return True
    return False


def _add(proof: Proof, outcome: Outcome, *, live: bool, **changes: Any) -> None:
    _save(proof, **_with(proof, outcome, live=live), **changes)
    counts.add(proof.store_id, {Counted.HEALED_BY_PROOF: sum(one.repaired for one in outcome.differences)})


def _with(proof: Proof, outcome: Outcome, *, live: bool) -> dict[str, Any]:
    """The row's figures with those of the outcome added. The days' orders are not the live ones: they add no counts."""
    found = outcome.differences
    repaired = sum(one.repaired for one in found)
    named = [{"gid": one.gid, "kind": one.kind.value, "repaired": one.repaired} for one in found]
    return {
        "live_there": proof.live_there + (len(outcome.there) if live else 0),
        "live_here": proof.live_here + (len(outcome.here) if live else 0),
        **{kind.value: getattr(proof, kind.value) + sum(one.kind is kind for one in found) for kind in Kind},
        "moved": proof.moved + outcome.moved,
        "repaired": proof.repaired + repaired,
        "remaining": proof.remaining + len(found) - repaired,
        "details": [*proof.details, *named][:_MOST_DETAILS],
    }


def _finish(store: Store, proof: Proof) -> None:
    state = ProofState.EQUAL
    if proof.remaining or proof.days_differing:
        state = ProofState.DIFFERS
    elif proof.repaired:
        state = ProofState.REPAIRED
    done = claims.settle(
        proof, state=state, finished_at=db_now(), attempts=0, next_attempt_at=None, error_code="", error_message=""
    )
    log = logger.warning if state == ProofState.DIFFERS else logger.info
    if done:
        log(
            "Mirror proven",
            extra={
                "store": store.pk,
                "state": state.value,
                "live": proof.live_there,
                "repaired": proof.repaired,
                "remaining": proof.remaining,
            },
        )


def _save(proof: Proof, **changes: Any) -> None:
    """Writes how far it has come and lengthens the lease, if the proof is still ours; `TryAgain` when it is not. The
    attempts begin anew with every step that was made."""
    held = Proof._base_manager.filter(pk=proof.pk, claim=proof.claim, leased_until__isnull=False)
    changes["attempts"] = 0
    if not held.update(leased_until=Now() + timedelta(seconds=_LEASE_SECONDS), **changes):
        raise TryAgain("budget_busy", "Another worker has taken over this store's proof.")
    for name, value in changes.items():
        setattr(proof, name, value)


def _note_failure(store: Store, proof: Proof, error: ShopifyError) -> None:
    """What may pass is tried again; what will not ends the proof with the sentence that says why."""
    if isinstance(error, NeedsPerson):
        health.note_trouble(store, error)
    if not isinstance(error, TryAgain):
        _fail(proof, error.code, str(error))
        return
    attempt = max(proof.attempts, 1)
    pause = backoff.delay(attempt, first_seconds=max(error.after_seconds, 5.0), longest_seconds=600, jitter=0)
    claims.settle(
        proof, next_attempt_at=db_now() + pause, attempts=attempt, error_code=error.code, error_message=str(error)
    )


def _fail(proof: Proof, code: str, message: str) -> None:
    claims.settle(
        proof,
        state=ProofState.FAILED,
        finished_at=db_now(),
        next_attempt_at=None,
        error_code=code,
        error_message=message,
    )
    logger.warning("A proof failed", extra={"store": proof.store_id, "code": code})


def _followed() -> Any:
    return SyncStream.objects.filter(resource=RESOURCE, phase=SyncPhase.FOLLOWING)


def _since(store: Store, started_at: datetime) -> datetime | None:
    """The first moment of creation that can be compared; None where the shop shows everything."""
    if store.has_scope("read_all_orders"):
        return None
    return (started_at - timedelta(days=_SHOWN_DAYS)).replace(hour=0, minute=0, second=0)
