"""The inbox: webhooks in, kept once each, and worked off by fetching what they hint at.

The view stores and answers; the job gathers a store's ids and fetches them in as few requests as possible."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from backoffice.core import backoff, claims, queue
from backoffice.core.clock import db_now
from stores import resources
from stores.choices import InboxState
from stores.gateway import client_for
from stores.models import InboxMessage, Store
from stores.scoping import for_all_stores, for_store
from stores.shopify.client import Client
from stores.shopify.errors import NeedsPerson, ShopifyError, TryAgain
from stores.shopify.reading import read_shop
from stores.shopify.throttle import Lane
from stores.shopify.webhooks import Delivery

from . import health
from .admission import facts_of

logger = logging.getLogger(__name__)

JOB = "stores.services.inbox.work_inbox_job"
_BATCH = 250
_LEASE_SECONDS = 120
_JOB_SECONDS = 40
_MOST_ATTEMPTS = 8
_ABOUT_THE_SHOP = frozenset({"shop/update", "app/scopes_update"})


def receive(store: Store, delivery: Delivery, payload: Mapping[str, Any]) -> bool:
    """Keeps a verified delivery and rings; False when it was here before. 2xx may be answered once this has
    committed."""
    resource = resources.for_topic(delivery.topic)
    gid = resource.subject(delivery.topic, payload) if resource else None
    known = gid is not None or delivery.topic in _ABOUT_THE_SHOP or delivery.topic == "app/uninstalled"
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO stores_inboxmessage (store_id, webhook_id, event_id, topic, resource, subject_gid,
                    triggered_at, received_at, state, settled_at, reason, attempts, claim)
                VALUES (%s, %s, %s, %s, %s, %s, %s, clock_timestamp(), %s, NULL, %s, 0, 0)
                ON CONFLICT (store_id, webhook_id) DO NOTHING
                """,
                [
                    store.pk,
                    delivery.webhook_id,
                    delivery.event_id,
                    delivery.topic,
                    resource.name if resource and gid else "",
                    gid or "",
                    delivery.triggered_at,
                    InboxState.PENDING if known else InboxState.IGNORED,
                    "" if known else "about nothing that is mirrored",
                ],
            )
            new = bool(cursor.rowcount == 1)
        Store.objects.filter(pk=store.pk).exclude(last_webhook_at__gt=Now() - timedelta(seconds=5)).update(
            last_webhook_at=Now()
        )
        if new and known:
            queue.ring(JOB, store.pk)
    return new


@for_all_stores
def sweep() -> None:
    """Rings for stores with deliveries that wait or whose worker died."""
    pending = InboxMessage.objects.filter(state=InboxState.PENDING).exclude(leased_until__gt=Now())
    for store_id in pending.exclude(next_attempt_at__gt=Now()).values_list("store_id", flat=True).distinct():
        queue.ring(JOB, store_id)


@for_store
def work_inbox_job(store_id: int) -> None:
    """Works off a store's deliveries for up to `_JOB_SECONDS`. Deliveries of a store that is not connected wait."""
    queue.answered(JOB, store_id)
    until = time.monotonic() + _JOB_SECONDS
    while (store := Store.objects.connected().filter(pk=store_id).first()) is not None:
        waiting = InboxMessage.objects.filter(store_id=store_id, state=InboxState.PENDING)
        held = claims.claim(waiting.exclude(leased_until__gt=Now()), limit=_BATCH, lease_seconds=_LEASE_SECONDS)
        if not held:
            return
        _work(store, held)
        if time.monotonic() > until:
            queue.ring(JOB, store_id)
            return


def _work(store: Store, messages: list[InboxMessage]) -> None:
    by_resource: dict[str, list[InboxMessage]] = defaultdict(list)
    for message in messages:
        by_resource[message.resource].append(message)
    own = by_resource.pop("", [])
    if any(message.topic == "app/uninstalled" for message in own):
        health.note_uninstalled(store)
        _settle(messages, InboxState.DONE)
        return
    try:
        client = client_for(store)
        if own:
            _refresh_shop(store, client)
            _settle(own, InboxState.DONE)
        for name, group in by_resource.items():
            gids = list(dict.fromkeys(message.subject_gid for message in group))
            resources.get(name).refresh(client, store, gids, lane=Lane.INTERACTIVE)
            _settle(group, InboxState.DONE)
        health.note_answer(store)
    except ShopifyError as error:
        _put_back(store, messages, error)


def _refresh_shop(store: Store, client: Client) -> None:
    Store.objects.filter(pk=store.pk).update(**facts_of(read_shop(client, lane=Lane.BACKGROUND)))


def _settle(messages: list[InboxMessage], state: InboxState, reason: str = "") -> None:
    now = db_now()
    for message in messages:
        claims.settle(message, state=state, settled_at=now, reason=reason[:300], next_attempt_at=None)


def _put_back(store: Store, messages: list[InboxMessage], error: ShopifyError) -> None:
    """What is not settled yet waits for another try; after eight it is set aside, visibly. Trouble that only a
    person can end does not count against the deliveries."""
    if isinstance(error, NeedsPerson):
        health.note_trouble(store, error)
    now = db_now()
    for message in messages:
        if message.state != InboxState.PENDING:
            continue
        if message.attempts >= _MOST_ATTEMPTS and not isinstance(error, NeedsPerson):
            claims.settle(message, state=InboxState.FAILED, settled_at=now, reason=str(error)[:300])
            continue
        least = error.after_seconds if isinstance(error, TryAgain) else 5.0
        pause = backoff.delay(message.attempts, first_seconds=least, longest_seconds=600, jitter=0)
        claims.settle(message, next_attempt_at=now + pause, reason=str(error)[:300])
    logger.warning("Webhooks wait", extra={"store": store.pk, "count": len(messages), "code": error.code})
