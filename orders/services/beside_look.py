"""Looking at what no webhook and no order's clock tells: Shopify's comments and events, the risk, disputes, returns.

Live orders are looked at in turn, fresh ones often and old ones rarely, within a share of the shop's budget; one that
somebody opens, or that the shop says changed, at once. Called by the stream of timelines and by the pages of orders."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, F, IntegerField, Q, When
from django.utils import timezone

from backoffice.core import queue
from backoffice.core.chunks import chunked
from backoffice.core.clock import db_now
from orders.choices import LIVE_STAGES
from orders.models import Beside, LookPace, Order
from stores import resources
from stores.choices import Purpose
from stores.gateway import client_for
from stores.models import ShopBudget, Store
from stores.scoping import for_all_stores, for_store
from stores.services import health, sync
from stores.shopify.aside_snapshots import AsideSnapshot
from stores.shopify.asides import EVENTS_AT_A_GLANCE, read_asides, read_older_events
from stores.shopify.client import Client
from stores.shopify.errors import NeedsPerson, ShopifyError
from stores.shopify.following import GaveUp
from stores.shopify.throttle import Lane

from .beside import write_besides

logger = logging.getLogger(__name__)

STREAM = "timelines"
JOB = "orders.services.beside_look.look_job"
SHARE = 0.1
"""Of the points that a shop restores: what looking in turn may spend of them."""
AT_ONCE = 50
_ADVANCE = timedelta(seconds=60)
"""So much of the share may be spent ahead, in one go."""
_AGAIN_AFTER = timedelta(seconds=60)
_OVERLAP = timedelta(minutes=10)
_EVENTS_OF_ONE = 100
_BACKLOG_A_NIGHT = 20_000
_UNREADABLE_AGAIN = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Look:
    """What was found beside one order, and when it was asked for."""

    looked_at: datetime
    found: AsideSnapshot


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found, when it was asked for (the database's time), and the points that it cost."""

    found: dict[str, AsideSnapshot]
    looked_at: datetime
    points: int


@dataclass(frozen=True, slots=True)
class Looks:
    """One step of the turn. `more`: others are due; `pause_seconds`: not before so long, because of the share."""

    items: tuple[Look, ...]
    more: bool
    pause_seconds: float = 0


def look_in_turn(client: Client, store: Store, *, due_before: datetime, lane: Lane) -> Looks:
    """Looks at the orders that have waited longest among those due, unless the share is spent."""
    pause = _wait(store)
    if pause > 0:
        return Looks((), more=True, pause_seconds=pause)
    gids = _due(store, due_before)
    if not gids:
        return Looks((), more=False)
    read = _read(client, store, gids, lane)
    _spend(store, read.points)
    # What is gone or cannot be read must not come up again at once: the streams of orders see to it.
    _put_off(store, [gid for gid in gids if gid not in read.found], read.looked_at)
    there = tuple(Look(read.looked_at, one) for one in read.found.values())
    return Looks(there, more=len(gids) == AT_ONCE)


@for_store
def look_job(store_id: int, order_id: int) -> None:
    """Looks at one order now, because somebody opened it. Whatever goes wrong is left to the turn."""
    queue.answered(JOB, store_id, order_id)
    store = Store.objects.connected().filter(pk=store_id).first()
    order = Order.objects.filter(pk=order_id, deleted_at__isnull=True).first()
    if store is None or order is None:
        return
    try:
        client = client_for(store, Purpose.DETAILS)
        read = _read(client, store, [order.gid], Lane.INTERACTIVE, events=_EVENTS_OF_ONE)
        reread = write_besides(store, read.found, looked_at=read.looked_at).reread
        if reread:
            resources.get("orders").refresh(client, store, reread, lane=Lane.BACKGROUND)
    except NeedsPerson as error:
        health.note_trouble(store, error)
    except ShopifyError as error:
        logger.info("An order could not be looked at", extra={"store": store_id, "order": order_id, "code": error.code})


def ask_for_a_look(order: Order) -> None:
    """Said by a page that shows the order: rings unless it was looked at within the last minute. Asks nothing of the
    shop itself."""
    if order.deleted_at is not None or not order.store.is_connected:
        return
    beside: Beside | None = getattr(order, "beside", None)
    if beside is None or beside.looked_at is None or beside.looked_at < timezone.now() - _AGAIN_AFTER:
        queue.ring(JOB, order.store_id, order.pk)


def hinted(store: Store, gids: Sequence[str]) -> None:
    """The shop said that these changed: the turn begins with them, now."""
    ids = Order._base_manager.filter(store=store, gid__in=gids).values_list("pk", flat=True)
    _make_due(store, list(ids))
    queue.ring(sync.JOB, store.pk, STREAM)


@for_all_stores
def look_at_the_rest_job() -> None:
    """Each night some of the orders that are not live and were never looked at join the turn, newest first, behind the
    live ones."""
    for store in Store.objects.connected():
        never = Order.objects.filter(store=store, beside__isnull=True, deleted_at__isnull=True)
        rest = never.exclude(stage__in=LIVE_STAGES).order_by("-created_at", "-pk")
        _make_due(store, list(rest.values_list("pk", flat=True)[:_BACKLOG_A_NIGHT]))


def _make_due(store: Store, order_ids: Sequence[int]) -> None:
    now = db_now()
    for ids in chunked(sorted(order_ids), 1000):
        Beside._base_manager.bulk_create(
            [Beside(order_id=pk, store=store, due_at=now) for pk in ids],
            update_conflicts=True,
            unique_fields=["order"],
            update_fields=["due_at"],
        )


def _due(store: Store, before: datetime) -> list[str]:
    """Live orders first; of these the ones never looked at, newest first, then those that have waited longest."""
    live = Q(stage__in=LIVE_STAGES)
    waiting = Order.objects.filter(
        Q(beside__due_at__lte=before) | Q(live, beside__isnull=True), store=store, deleted_at__isnull=True
    )
    rank = Case(When(live, then=0), default=1, output_field=IntegerField())
    ordered = waiting.order_by(rank, F("beside__due_at").asc(nulls_first=True), "-created_at", "-pk")
    return list(ordered.values_list("gid", flat=True)[:AT_ONCE])


def _read(client: Client, store: Store, gids: Sequence[str], lane: Lane, *, events: int = EVENTS_AT_A_GLANCE) -> _Found:
    """Events are read back to the last look, those of an order that was never looked at to their beginning."""
    looked_at, spent = db_now(), client.spent
    glanced = read_asides(client, gids, scopes=store.usable_scopes, lane=lane, events=events)
    seen = Beside._base_manager.filter(order__store=store, order__gid__in=gids)
    since = dict(seen.values_list("order__gid", "looked_at"))
    found = {gid: _back_to(client, store, one, since.get(gid), lane) for gid, one in glanced.items() if one is not None}
    return _Found(found, looked_at, client.spent - spent)


def _back_to(client: Client, store: Store, one: AsideSnapshot, seen_at: datetime | None, lane: Lane) -> AsideSnapshot:
    """The look with the events since the one before it; what it lacks of them is left to the next."""
    since = None if seen_at is None else seen_at - _OVERLAP
    oldest = min((event.created_at for event in one.events), default=None)
    if one.older is None or (since and oldest and oldest <= since):
        return one
    try:
        for page in read_older_events(client, one.order_gid, one.older, scopes=store.usable_scopes, lane=lane):
            one = replace(one, events=one.events + page)
            if since and any(event.created_at <= since for event in page):
                return one
    except GaveUp:
        return one
    return replace(one, older=None)


def _put_off(store: Store, gids: Sequence[str], looked_at: datetime) -> None:
    ids = Order._base_manager.filter(store=store, gid__in=gids).order_by("pk").values_list("pk", flat=True)
    Beside._base_manager.bulk_create(
        [Beside(order_id=pk, store=store, due_at=looked_at + _UNREADABLE_AGAIN) for pk in ids],
        update_conflicts=True,
        unique_fields=["order"],
        update_fields=["due_at"],
    )


def _wait(store: Store) -> float:
    """Seconds until the share allows another look."""
    paid_until = LookPace.objects.filter(store=store).values_list("paid_until", flat=True).first()
    return 0.0 if paid_until is None else (paid_until - db_now() - _ADVANCE).total_seconds()


def _spend(store: Store, points: int) -> None:
    """Notes what a look cost as the time in which the shop restores it within the share."""
    rate = ShopBudget.objects.filter(store=store).values_list("restore_rate", flat=True).first() or 100.0
    cost = timedelta(seconds=points / (rate * SHARE))
    with transaction.atomic():
        pace, _ = LookPace.objects.select_for_update().get_or_create(store=store, defaults={"paid_until": db_now()})
        pace.paid_until = max(pace.paid_until, db_now()) + cost
        pace.save(update_fields=["paid_until"])
