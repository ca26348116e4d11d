"""Looking: what became of changes whose answer was lost. The order is read by id before anything is repeated.

Called by the push, which works for the same store."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q
from django.db.models.functions import Now

from backoffice.core import backoff, claims
from backoffice.core.clock import db_now
from orders.choices import ChangeState
from orders.models import Order, RemoteChange
from stores.models import Store
from stores.shopify.client import Client
from stores.shopify.errors import NeedsPerson, ShopifyError, TryAgain
from stores.shopify.reading import read_orders
from stores.shopify.throttle import Lane

from . import settle, verdicts
from .ingest import HIDDEN_AFTER, ingest_orders, mark_deleted

logger = logging.getLogger(__name__)

_ORDERS_PER_LOOK = 20


def expire_lost(store: Store) -> int:
    """Changes whose worker died or hangs become uncertain: it may have sent them. Returns how many."""
    sending = RemoteChange.objects.filter(store_id=store.pk, state=ChangeState.SENDING)
    lost = claims.expired(sending).update(
        state=ChangeState.UNCERTAIN, code="worker_lost", leased_until=None, next_attempt_at=None
    )
    if lost:
        logger.warning("Changes were left by their worker", extra={"store": store.pk, "count": lost})
    return lost


def look_at_uncertain(store: Store, client: Client, *, lease_seconds: int) -> bool:
    """Reads the orders of up to twenty uncertain changes and settles them or gives them back to the queue. True when
    there may be more to look at. Raises `ShopifyError` when the shop cannot be read; the changes then stay uncertain
    and are looked at again later."""
    uncertain = RemoteChange.objects.filter(store_id=store.pk, state=ChangeState.UNCERTAIN)
    free = uncertain.filter(Q(leased_until__isnull=True) | Q(leased_until__lte=Now()))
    changes = claims.claim(free, limit=_ORDERS_PER_LOOK, lease_seconds=lease_seconds)
    if not changes:
        return False
    gids = dict(Order.objects.filter(pk__in=[change.order_id for change in changes]).values_list("pk", "gid"))
    fetched_at = db_now()
    try:
        found = read_orders(client, sorted(gids.values()), scopes=store.usable_scopes, lane=Lane.INTERACTIVE)
    except ShopifyError as error:
        _look_later(changes, error)
        raise
    hidden = _hidden(store, [gid for gid, order in found.items() if order is None], fetched_at)
    for change in [one for one in changes if gids[one.order_id] in hidden]:
        claims.settle(change, next_attempt_at=fetched_at + timedelta(days=1), code="out_of_reach")
    seen = [(change, found[gids[change.order_id]]) for change in changes if gids[change.order_id] not in hidden]
    settle.record(
        store,
        [(change, verdicts.of_look(change, order, jitter=random.random())) for change, order in seen],  # noqa: S311
    )
    mark_deleted(store, [gid for gid, order in found.items() if order is None], fetched_at=fetched_at)
    ingest_orders(store, [order for order in found.values() if order is not None], fetched_at=fetched_at, by_id=True)
    return True


def _hidden(store: Store, missing: Sequence[str], now: datetime) -> set[str]:
    """Which of the orders that the shop did not show may be there all the same, too old for the token. Whether a change
    of one took effect stays uncertain until the store is given read_all_orders."""
    if not missing or store.has_scope("read_all_orders"):
        return set()
    old = Order.objects.filter(store_id=store.pk, gid__in=missing, created_at__lte=now - HIDDEN_AFTER)
    return set(old.values_list("gid", flat=True))


def _look_later(changes: Sequence[RemoteChange], error: ShopifyError) -> None:
    """Uncertain they stay, however long the shop cannot be read: nobody knows better."""
    now = db_now()
    for change in changes:
        least = error.after_seconds if isinstance(error, TryAgain) else 5.0
        pause = backoff.delay(change.attempts, first_seconds=least, longest_seconds=300, jitter=0)
        # The look was no try of the change: it must not use one up.
        attempts = max(change.attempts - 1, 0)
        wait = timedelta(0) if isinstance(error, NeedsPerson) else pause
        claims.settle(change, next_attempt_at=now + wait, attempts=attempts)
