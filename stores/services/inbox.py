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
from django.db.models import Q
from django.db.models.functions import Now

from backoffice.core import backoff, claims, queue
from backoffice.core.clock import db_now
from stores import resources
from stores.choices import InboxState, Purpose, StoreState
from stores.gateway import client_for
from stores.models import InboxMessage, Store
from stores.resources import Resource
from stores.scoping import for_all_stores, for_store
from stores.shopify.client import Client
from stores.shopify.errors import Final, NeedsPerson, ShopifyError, TryAgain
from stores.shopify.throttle import Lane
from stores.shopify.webhooks import Delivery

from . import facts, health, uninstall

logger = logging.getLogger(__name__)

JOB = "stores.services.inbox.work_inbox_job"
_BATCH = 250
_LEASE_SECONDS = 50
_JOB_SECONDS = 40
_MOST_ATTEMPTS = 8
_ABOUT_THE_SHOP = frozenset({"shop/update", "app/scopes_update"})


def receive(store: Store, delivery: Delivery, payload: Mapping[str, Any]) -> bool:
    """Keeps a verified delivery and rings; False when it was here before. 2xx may be answered once this has
    committed."""
    resource = resources.for_topic(delivery.topic)
    gid = resource.subject(delivery.topic, payload) if resource else None
    known = gid is not None or delivery.topic in _ABOUT_THE_SHOP or delivery.topic == uninstall.TOPIC
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
    free = InboxMessage.objects.filter(state=InboxState.PENDING).exclude(leased_until__gt=Now())
    due = free.exclude(next_attempt_at__gt=Now()).filter(
        Q(store__state=StoreState.CONNECTED) | Q(topic=uninstall.TOPIC)
    )
    for store_id in due.values_list("store_id", flat=True).distinct():
        queue.ring(JOB, store_id)


@for_store
def work_inbox_job(store_id: int) -> None:
    """Works off a store's deliveries for up to `_JOB_SECONDS`. Deliveries of a store that is not connected wait, except
    the news that the app was removed."""
    queue.answered(JOB, store_id)
    until = time.monotonic() + _JOB_SECONDS
    store = Store.objects.filter(pk=store_id).first()
    if store is not None:
        uninstall.work_off(store)
    while (store := Store.objects.connected().filter(pk=store_id).first()) is not None:
        waiting = InboxMessage.objects.filter(store_id=store_id, state=InboxState.PENDING).exclude(
            topic=uninstall.TOPIC
        )
        held = claims.claim(waiting.exclude(leased_until__gt=Now()), limit=_BATCH, lease_seconds=_LEASE_SECONDS)
        if not held:
            return
        _work(store, _worth_trying(held))
        if time.monotonic() > until:
            queue.ring(JOB, store_id)
            return


def _worth_trying(messages: list[InboxMessage]) -> list[InboxMessage]:
    """Without those that were tried too often. Counted before the work: one that kills its process is counted, too."""
    worn = [message for message in messages if message.attempts > _MOST_ATTEMPTS]
    _settle(worn, InboxState.FAILED, "Tried eight times; see the log.")
    return [message for message in messages if message.attempts <= _MOST_ATTEMPTS]


def _work(store: Store, messages: list[InboxMessage]) -> None:
    try:
        client = client_for(store, Purpose.WEBHOOKS)
        own = [message for message in messages if not message.resource]
        if own:
            facts.refresh(store, client)
            _settle(own, InboxState.DONE)
        by_resource: dict[str, list[InboxMessage]] = defaultdict(list)
        for message in messages:
            if message.resource:
                by_resource[message.resource].append(message)
        for name, group in by_resource.items():
            _work_group(store, client, resources.get(name), group)
        health.note_answer(store)
    except ShopifyError as error:
        _put_back(store, messages, error)
    except Exception:
        _put_back(store, messages, Final("internal_error", "A fault of this software; the log says more."))
        raise


def _work_group(store: Store, client: Client, resource: Resource, group: list[InboxMessage]) -> None:
    """All in as few requests as possible; when the shop finally refuses those, each alone, so that the one which it
    cannot answer does not keep the others."""
    gids = list(dict.fromkeys(message.subject_gid for message in group))
    try:
        resource.refresh(client, store, gids, lane=Lane.INTERACTIVE)
    except Final:
        if len(gids) == 1:
            raise
        for gid in gids:
            alone = [message for message in group if message.subject_gid == gid]
            try:
                _work_group(store, client, resource, alone)
            except Final as error:
                _put_back(store, alone, error)
        return
    _settle(group, InboxState.DONE)


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
        if message.state != InboxState.PENDING or message.leased_until is None:
            continue  # settled, or put back already
        if message.attempts >= _MOST_ATTEMPTS and not isinstance(error, NeedsPerson):
            claims.settle(message, state=InboxState.FAILED, settled_at=now, reason=str(error)[:300])
            continue
        least = error.after_seconds if isinstance(error, TryAgain) else 5.0
        pause = backoff.delay(message.attempts, first_seconds=least, longest_seconds=600, jitter=0)
        claims.settle(message, next_attempt_at=now + pause, reason=str(error)[:300])
    logger.warning("Webhooks wait", extra={"store": store.pk, "count": len(messages), "code": error.code})


@for_all_stores
def purge_job() -> None:
    """Settled deliveries are kept for thirty days: so long a late duplicate is recognised."""
    settled = InboxMessage.objects.exclude(state=InboxState.PENDING)
    settled.filter(received_at__lt=Now() - timedelta(days=30)).delete()
