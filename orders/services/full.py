"""From summary to full: reads by id what a bulk file could not bring. Live orders by themselves, newest first; an order
that somebody opens at once; the others at night, by the shop's own clock.

Called by the sweep and by the doors that show one order. The orders' level is the list of what is left, so that nothing
is lost with a doorbell or a worker."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Now

from backoffice.core import backoff, claims, queue
from backoffice.core.clock import db_now
from orders.choices import LIVE_STAGES, Level, Stage
from orders.models import DetailWork, Order
from orders.querysets import OrderQuerySet
from stores import resources
from stores.choices import Purpose, StoreState
from stores.gateway import client_for
from stores.models import Quarantined, Store
from stores.scoping import for_all_stores, for_store
from stores.services import health
from stores.shopify.client import Client
from stores.shopify.errors import Final, NeedsPerson, ShopifyError
from stores.shopify.reading import ORDERS_PER_CHUNK
from stores.shopify.throttle import Lane

from .aside import RESOURCE

logger = logging.getLogger(__name__)

JOB = "orders.services.full.complete_job"
OPENED_JOB = "orders.services.full.opened_job"
_LEASE_SECONDS, _JOB_SECONDS = 50, 40
_WITHOUT_PROGRESS = timedelta(minutes=5)
_FINISHED = (Stage.ARCHIVED, Stage.CANCELLED, Stage.TEST)
_NIGHT = range(1, 6)
"""Hours of the shop's own clock in which nobody waits for its budget."""


def live_summaries(store: Store) -> int:
    """How many live orders still wait for their details. Counted in an index that holds summaries alone."""
    return _summaries(store).live().count()


def are_coming(order: Order) -> bool:
    """Whether the order waits for details that its shop can give; needs `store` loaded."""
    return order.level == Level.SUMMARY and order.deleted_at is None and order.store.is_connected


def wait_for_details(order: Order) -> bool:
    """The same, and has them read soon: said when somebody looks at the order. The caller shows what is here, and that
    more is coming."""
    coming = are_coming(order)
    if coming:
        queue.ring(OPENED_JOB, order.store_id, order.pk)
    return coming


@for_all_stores
def sweep() -> None:
    """Rings for connected stores with live summaries; where it is night, also for those with any others."""
    now = db_now()
    waiting = Order.objects.filter(store=OuterRef("pk"), level=Level.SUMMARY)
    busy = DetailWork.objects.filter(store=OuterRef("pk"))
    stores = (
        Store.objects.filter(state=StoreState.CONNECTED)
        .exclude(Exists(busy.filter(leased_until__gt=Now())))
        .exclude(Exists(busy.filter(next_attempt_at__gt=Now())))
        .annotate(
            live=Exists(waiting.filter(stage__in=LIVE_STAGES)), finished=Exists(waiting.filter(stage__in=_FINISHED))
        )
    )
    for store in stores:
        if store.live or (store.finished and is_night(now, timezone=store.timezone)):
            queue.ring(JOB, store.pk)


def is_night(now: datetime, *, timezone: str) -> bool:
    """Pure. An unknown time zone counts as UTC."""
    try:
        return now.astimezone(ZoneInfo(timezone)).hour in _NIGHT
    except (KeyError, ValueError, OSError):
        return now.astimezone(UTC).hour in _NIGHT


@for_store
def complete_job(store_id: int) -> None:
    """Reads the details of a store's orders for up to `_JOB_SECONDS`, fifty a request, then rings for the rest."""
    queue.answered(JOB, store_id)
    store = Store.objects.connected().filter(pk=store_id).first()
    if store is None:
        return
    DetailWork.objects.get_or_create(store=store)
    mine = DetailWork.objects.filter(store=store).exclude(leased_until__gt=Now())
    held = claims.claim(mine, limit=1, lease_seconds=_LEASE_SECONDS)
    if not held:
        return
    work = held[0]
    try:
        done = _complete(store, work)
    except ShopifyError as error:
        _note_failure(store, work, error)
        return
    except Exception:
        claims.settle(work, next_attempt_at=db_now() + timedelta(seconds=60), error_code="internal_error")
        raise
    pause = db_now() + _WITHOUT_PROGRESS if done.tried and not done.made else None
    claims.settle(work, attempts=0, next_attempt_at=pause, error_code="", error_message="")
    if done.more:
        queue.ring(JOB, store_id)


@for_store
def opened_job(store_id: int, order_id: int) -> None:
    """Reads the details of an order that somebody has opened. Does nothing when they are here."""
    queue.answered(OPENED_JOB, store_id, order_id)
    store = Store.objects.connected().filter(pk=store_id).first()
    gid = Order.objects.filter(pk=order_id, level=Level.SUMMARY).values_list("gid", flat=True).first()
    if store is None or gid is None:
        return
    try:
        resources.get(RESOURCE).refresh(client_for(store, Purpose.DETAILS), store, [gid], lane=Lane.INTERACTIVE)
    except NeedsPerson as error:
        health.note_trouble(store, error)
    except ShopifyError as error:
        # The next look at the order rings again; a live one is read by the sweep's job in any case.
        logger.warning("An opened order could not be read", extra={"store": store_id, "code": error.code})


@dataclass(frozen=True, slots=True)
class _Done:
    """How many were tried and made full, and whether there is more to do now."""

    tried: int
    made: int
    more: bool


def _complete(store: Store, work: DetailWork) -> _Done:
    """Runs until nothing is left, the time is up, or somebody else holds the work. One that stays a summary is tried
    once a job: it may be parked by now, or the shop changes it faster than it can be read."""
    until = time.monotonic() + _JOB_SECONDS
    client = client_for(store, Purpose.DETAILS)
    tried: set[str] = set()
    made = 0
    while gids := _next(store, tried):
        _read(client, store, gids)
        tried |= set(gids)
        now_full = len(gids) - _summaries(store).filter(gid__in=gids).count()
        made += now_full
        held = DetailWork.objects.filter(pk=work.pk, claim=work.claim, leased_until__isnull=False)
        lease = Now() + timedelta(seconds=_LEASE_SECONDS)
        if not held.update(done=F("done") + now_full, last_at=Now(), leased_until=lease):
            return _Done(len(tried), made, more=False)
        if time.monotonic() > until:
            return _Done(len(tried), made, more=True)
    return _Done(len(tried), made, more=False)


def _next(store: Store, tried: Collection[str]) -> list[str]:
    """Up to fifty, live ones first; those that are parked have a pace of their own."""
    parked = Quarantined.objects.filter(store=store, resource=RESOURCE).values("gid")
    waiting = _summaries(store).exclude(gid__in=parked).exclude(gid__in=tried).order_by("-created_at", "-pk")
    gids = list(waiting.live().values_list("gid", flat=True)[:ORDERS_PER_CHUNK])
    if not gids and is_night(db_now(), timezone=store.timezone):
        gids = list(waiting.filter(stage__in=_FINISHED).values_list("gid", flat=True)[:ORDERS_PER_CHUNK])
    return gids


def _read(client: Client, store: Store, gids: list[str]) -> None:
    """All in one request; what the shop does not answer together is halved, so that one order does not keep others."""
    try:
        resources.get(RESOURCE).refresh(client, store, gids, lane=Lane.BACKGROUND)
    except Final as error:
        if len(gids) == 1:
            logger.warning("The details of an order could not be read", extra={"store": store.pk, "code": error.code})
            return
        middle = len(gids) // 2
        _read(client, store, gids[:middle])
        _read(client, store, gids[middle:])


def _note_failure(store: Store, work: DetailWork, error: ShopifyError) -> None:
    if isinstance(error, NeedsPerson):
        health.note_trouble(store, error)
    pause = backoff.delay(max(work.attempts, 1), first_seconds=30, longest_seconds=600, jitter=0)
    claims.settle(work, next_attempt_at=db_now() + pause, error_code=error.code, error_message=str(error))
    logger.warning("Details could not be read", extra={"store": store.pk, "code": error.code, **error.facts})


def _summaries(store: Store) -> OrderQuerySet:
    found: OrderQuerySet = Order.objects.filter(store=store, level=Level.SUMMARY)
    return found
