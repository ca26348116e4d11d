"""The privacy desk's work: a person found, erased or handed over in small steps, each safe to be the last.

1. Whoever is erased gets tombstones first, and the words that name him are kept, encrypted, for as long as it takes.
2. His orders are worked through a few hundred at a time, by every application, in one transaction with the position.
3. The person himself: his row, his mails by address. 4. For an erasure, a look over every other table.
What is done stays done: killed anywhere, the next worker goes on at the position."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models.functions import Now

from backoffice.core import audit, backoff, claims, privacy, queue
from backoffice.core.actor import SYSTEM
from backoffice.core.clock import db_now
from backoffice.core.contention import repeated
from backoffice.core.errors import Busy
from backoffice.core.privacy import Person
from backoffice.core.scrub import scrub
from backoffice.core.traces import Traces
from stores.choices import ComplianceKind, ComplianceStage, ComplianceState
from stores.models import ComplianceRequest, ExportPiece
from stores.scoping import for_store
from stores.shopify.errors import ShopifyError, TryAgain

from . import shop_erasure
from .compliance import EXPORT_KEPT, JOB, OPEN

logger = logging.getLogger(__name__)

CHUNK = 200
LEASE_SECONDS = 180
_JOB_SECONDS = 40
_PROGRESS = ("payload", "state", "stage", "position", "receipt")
# Settings and secrets of ours, and this desk's own rows, hold nobody's data or hold it on purpose.
_NOT_LOOKED_AT = frozenset(
    {
        "core_doorbell", "core_heartbeat", "notifications_template", "stores_apitoken", "stores_apitoken_stores",
        "stores_compliancerequest", "stores_credential", "stores_exportpiece", "stores_membership", "stores_merchant",
        "stores_pendingauthorization", "stores_retiredsigner", "stores_store",
    }
)  # fmt: skip


@for_store
def work_compliance_job(store_id: int) -> None:
    """Works on the store's oldest request for up to `_JOB_SECONDS` and rings again while there is more. What fails is
    tried again, within the hour, for as long as it takes: this is owed."""
    queue.answered(JOB, store_id)
    until = time.monotonic() + _JOB_SECONDS
    waiting = ComplianceRequest.objects.filter(store_id=store_id, state__in=OPEN).exclude(leased_until__gt=Now())
    while held := claims.claim(waiting, limit=1, lease_seconds=LEASE_SECONDS, state=ComplianceState.RUNNING):
        request = held[0]
        try:
            done = _advance(request, until)
        except ShopifyError as error:
            pause = error.after_seconds if isinstance(error, TryAgain) else 60.0
            _wait(request, max(pause, 30.0), error.code, str(error))
            return
        except Busy:
            return
        except Exception as error:
            # Neither the message nor the traceback: a database quotes the row that it refuses.
            _wait(request, 30.0, "internal_error", type(error).__name__)
            logger.error("A privacy request failed", extra={"request": request.pk, "error": type(error).__name__})
            return
        if not done:
            claims.settle(request, next_attempt_at=None)
            queue.ring(JOB, store_id)
            return
        if time.monotonic() > until:
            queue.ring(JOB, store_id)
            return


def _advance(request: ComplianceRequest, until: float) -> bool:
    """Runs until the request is finished (True) or the time is up (False)."""
    if request.kind == ComplianceKind.ERASE_SHOP:
        return shop_erasure.advance(request, until, lease_seconds=LEASE_SECONDS)
    while request.is_open and time.monotonic() < until:
        repeated(lambda: _step(request))
        request.refresh_from_db(fields=_PROGRESS)
    return not request.is_open


def _step(request: ComplianceRequest) -> None:
    # Read anew: a step that the database refused is undone, and begins again from here.
    request.refresh_from_db(fields=_PROGRESS)
    match request.stage:
        case ComplianceStage.BEGIN:
            _begin(request)
        case ComplianceStage.ORDERS:
            _orders(request)
        case ComplianceStage.PERSON:
            _person(request)
        case _:
            _rest(request)


def _begin(request: ComplianceRequest) -> None:
    asked = _asked(request)
    with transaction.atomic():
        traces = Traces()
        for part in privacy.all_parts():
            traces |= part.find(asked) if part.find else Traces()
        counts: dict[str, int] = {}
        if request.kind == ComplianceKind.ERASE_PERSON:
            counts = {"tombstones": sum(part.forbid(asked) for part in privacy.all_parts() if part.forbid)}
        kept = json.loads(request.payload) | {"traces": traces.plain()}
        _save(request, counts, payload=json.dumps(kept), stage=ComplianceStage.ORDERS)


def _orders(request: ComplianceRequest) -> None:
    asked = _asked(request)
    with transaction.atomic():
        listing = [part.orders for part in privacy.all_parts() if part.orders]
        page = sorted(one for orders in listing for one in orders(asked, request.position, CHUNK))[:CHUNK]
        if not page:
            _save(request, {}, stage=ComplianceStage.PERSON)
            return
        some = replace(asked, customer_gid="", email="", phone="", order_gids=tuple(gid for _, gid in page))
        counts = _treat(request, some)
        _save(request, {"orders": len(page), **counts}, position=page[-1][0])


def _person(request: ComplianceRequest) -> None:
    with transaction.atomic():
        counts = _treat(request, replace(_asked(request), order_gids=()))
        if request.kind == ComplianceKind.ERASE_PERSON:
            _save(request, counts, stage=ComplianceStage.REST)
        else:
            _finish(request, counts, expires_at=db_now() + EXPORT_KEPT)


def _rest(request: ComplianceRequest) -> None:
    asked = _asked(request)
    covered = frozenset().union(*(part.covers for part in privacy.all_parts()))
    counts = dict(scrub(asked.traces, store_id=asked.store_id, skip=_NOT_LOOKED_AT | covered))
    counts["exports"] = _forget_exports(request, asked)
    with transaction.atomic():
        _finish(request, counts)


def _treat(request: ComplianceRequest, person: Person) -> dict[str, int]:
    """Every application's part of the person, erased or handed over; counts by application."""
    if request.kind == ComplianceKind.ERASE_PERSON:
        return {part.name: part.erase(person) for part in privacy.all_parts()}
    held = {part.name: [dict(one) for one in part.export(person)] for part in privacy.all_parts()}
    content = [{"part": name, **one} for name, ones in held.items() for one in ones]
    if content:
        number = ExportPiece.objects.filter(request=request).count() + 1
        text = json.dumps(content, cls=DjangoJSONEncoder, ensure_ascii=False)
        ExportPiece.objects.create(store_id=person.store_id, request=request, number=number, content=text)
    return {name: len(ones) for name, ones in held.items()}


def _forget_exports(request: ComplianceRequest, person: Person) -> int:
    """What was handed over about him and can still be downloaded."""
    pattern = person.traces.anywhere()
    pieces = ExportPiece.objects.filter(store_id=person.store_id).select_related("request")
    theirs = {
        piece.request_id
        for piece in pieces.iterator(chunk_size=20)
        if piece.request.person_hash == request.person_hash or (pattern and pattern.search(piece.content))
    }
    ComplianceRequest.objects.filter(pk__in=theirs).update(expires_at=Now())
    return int(ExportPiece.objects.filter(request_id__in=theirs).delete()[0])


def _asked(request: ComplianceRequest) -> Person:
    about: Mapping[str, Any] = json.loads(request.payload)
    assert request.store_id is not None
    return Person(
        store_id=request.store_id,
        customer_gid=about["customer_gid"],
        email=about["email"],
        phone=about["phone"],
        order_gids=tuple(about["order_gids"]),
        traces=Traces.from_plain(about.get("traces", {})),
    )


def _finish(request: ComplianceRequest, counts: Mapping[str, int], **changes: Any) -> None:
    ended = {"state": ComplianceState.DONE, "finished_at": db_now(), "payload": ""}
    _save(request, counts, **ended, error_code="", error_message="", **changes)
    audit.record("privacy.done", actor=SYSTEM, store_id=request.store_id, kind=request.kind, request=request.pk)
    logger.info("A privacy request is done", extra={"request": request.pk, "kind": request.kind})


def _save(request: ComplianceRequest, counts: Mapping[str, int], **changes: Any) -> None:
    """The step's end, in its transaction: the counts, and the lease lengthened. Raises `Busy` when another worker has
    taken over: then the whole step is undone."""
    receipt = dict(request.receipt)
    for name, count in counts.items():
        if count:
            receipt[name] = receipt.get(name, 0) + count
    open_still = changes.get("state", request.state) in OPEN
    changes |= {"receipt": receipt, "attempts": 0}
    held = ComplianceRequest._base_manager.filter(pk=request.pk, claim=request.claim, leased_until__isnull=False)
    lease = Now() + timedelta(seconds=LEASE_SECONDS) if open_still else None
    if not held.update(leased_until=lease, **changes):
        raise Busy("taken_over", "Another worker has taken over this request.")


def _wait(request: ComplianceRequest, first_seconds: float, code: str, message: str) -> None:
    jitter = random.random()  # noqa: S311 - spreads tries
    pause = backoff.delay(max(request.attempts, 1), first_seconds=first_seconds, longest_seconds=3600, jitter=jitter)
    claims.settle(request, next_attempt_at=db_now() + pause, error_code=code, error_message=message[:2000])
