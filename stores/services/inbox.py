"""The inbox: webhooks in, kept once each, and worked off by reading what they hint at.

The view stores and answers; the job gathers a store's hints, drops those that need no question, finds the orders behind
the others and reads these together. One job at a time works on a store, so that what comes meanwhile waits for its next
round and is read with it."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from backoffice.core import backoff, claims, queue
from backoffice.core.clock import db_now
from stores import counts, resources
from stores.choices import Counted, InboxOutcome, InboxState, Purpose, StoreState
from stores.gateway import client_for
from stores.models import InboxMessage, Store, Subscription
from stores.resources import Announced, Resource
from stores.scoping import for_all_stores, for_store
from stores.shopify.client import Client
from stores.shopify.errors import Final, NeedsPerson, ShopifyError, TryAgain
from stores.shopify.hints import Hint
from stores.shopify.throttle import Lane
from stores.shopify.webhooks import Delivery

from . import health, shop_news, sync, uninstall

logger = logging.getLogger(__name__)

JOB = "stores.services.inbox.work_inbox_job"
_BATCH = 250
_LEASE_SECONDS = 50
_JOB_SECONDS = 40
_MOST_ATTEMPTS = 8
_HEARD_EVERY = timedelta(seconds=5)
_NOT_SENT = frozenset({"shop_silent", "budget_busy"})
_COUNTED: Mapping[str, Counted] = {
    InboxOutcome.COALESCED: Counted.COALESCED,
    InboxOutcome.KNOWN: Counted.NEEDLESS,
    InboxOutcome.ECHO: Counted.NEEDLESS,
}


def receive(store: Store, delivery: Delivery, payload: Mapping[str, Any]) -> bool:
    """Keeps a verified delivery and rings; False when it was here before. 2xx may be answered once this has
    committed."""
    resource = resources.for_topic(delivery.topic)
    hint = resource.hint(delivery.topic, payload) if resource else None
    known = hint is not None or delivery.topic in shop_news.TOPICS or delivery.topic == uninstall.TOPIC
    with transaction.atomic():
        with connection.cursor() as cursor:
            # A row that was here is only counted: `xmax` is 0 for one that this very statement has added.
            cursor.execute(
                """
                INSERT INTO stores_inboxmessage (store_id, webhook_id, event_id, topic, resource, subject_gid,
                    triggered_at, changed_at, received_at, state, settled_at, outcome, deliveries, reason, attempts,
                    claim)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp(), %s, NULL, '', 1, %s, 0, 0)
                ON CONFLICT (store_id, webhook_id) DO UPDATE SET deliveries = stores_inboxmessage.deliveries + 1
                RETURNING xmax = 0
                """,
                [
                    store.pk,
                    delivery.webhook_id,
                    delivery.event_id,
                    delivery.topic,
                    resource.name if resource and hint else "",
                    hint.gid if hint else "",
                    delivery.triggered_at,
                    hint.changed_at if hint else None,
                    InboxState.PENDING if known else InboxState.IGNORED,
                    "" if known else "about nothing that is mirrored",
                ],
            )
            (new,) = cursor.fetchone() or (False,)
        if store.last_webhook_at is None or timezone.now() - store.last_webhook_at > _HEARD_EVERY:
            Store.objects.filter(pk=store.pk).update(last_webhook_at=Now())
        if new and known:
            queue.ring(JOB, store.pk)
    counts.add(store.pk, {Counted.DUPLICATES: int(not new), Counted.IGNORED: int(new and not known)})
    return bool(new)


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
    the news that the app was removed. Whoever finds another job at work leaves it to that one, which looks again for
    what came meanwhile before it ends."""
    queue.answered(JOB, store_id)
    until = time.monotonic() + _JOB_SECONDS
    store = Store.objects.filter(pk=store_id).first()
    if store is not None:
        uninstall.work_off(store)
    while (store := Store.objects.connected().filter(pk=store_id).first()) is not None:
        waiting = _waiting(store_id)
        if waiting.filter(leased_until__gt=Now()).exists():
            return
        held = claims.claim(waiting.exclude(leased_until__gt=Now()), limit=_BATCH, lease_seconds=_LEASE_SECONDS)
        if not held:
            return
        _work(store, _worth_trying(held))
        if time.monotonic() > until:
            queue.ring(JOB, store_id)
            return


def _waiting(store_id: int) -> Any:
    return InboxMessage.objects.filter(store_id=store_id, state=InboxState.PENDING).exclude(topic=uninstall.TOPIC)


def _worth_trying(messages: list[InboxMessage]) -> list[InboxMessage]:
    """Without those that were tried too often. Counted before the work: one that kills its process is counted, too."""
    worn = [message for message in messages if message.attempts > _MOST_ATTEMPTS]
    _settle(worn, state=InboxState.FAILED, reason="Tried eight times; see the log.")
    return [message for message in messages if message.attempts <= _MOST_ATTEMPTS]


def _work(store: Store, messages: list[InboxMessage]) -> None:
    Subscription.objects.filter(store=store, topic__in={message.topic for message in messages}).update(
        last_delivery_at=Now()
    )
    try:
        by_resource: dict[str, list[InboxMessage]] = defaultdict(list)
        for message in messages:
            by_resource[message.resource].append(message)
        news = by_resource.pop("", [])
        if news:
            shop_news.act(store, {message.topic for message in news})
            _settle(news, outcome=InboxOutcome.SHOP)
        for name, group in by_resource.items():
            _work_group(store, resources.get(name), group)
    except ShopifyError as error:
        _put_back(store, messages, error)
    except Exception:
        _put_back(store, messages, Final("internal_error", "A fault of this software; the log says more."))
        raise


def _work_group(store: Store, resource: Resource, group: list[InboxMessage]) -> None:
    """1. What the mirror has already, or has caused itself, needs no question. 2. A hint without a name asks the
    streams what changed. 3. The rest is read."""
    announced = [Announced(Hint(one.subject_gid, one.changed_at), one.triggered_at) for one in group]
    questions: list[InboxMessage] = []
    settled: dict[InboxOutcome, list[InboxMessage]] = defaultdict(list)
    for message, outcome in zip(group, resource.needless(store, announced), strict=True):
        if outcome is not None:
            settled[outcome].append(message)
        elif message.subject_gid:
            questions.append(message)
        else:
            settled[InboxOutcome.PASS].append(message)
    if settled[InboxOutcome.PASS]:
        sync.ring_all(store)
    for outcome, messages in settled.items():
        _settle(messages, outcome=outcome)
    if questions:
        _read(store, client_for(store, Purpose.WEBHOOKS), resource, questions)
        health.note_answer(store)


def _read(store: Store, client: Client, resource: Resource, group: list[InboxMessage]) -> None:
    """All in as few requests as possible; when the shop finally refuses those, each alone, so that the one which it
    cannot answer does not keep the others."""
    asked_at = db_now()
    gids = list(dict.fromkeys(message.subject_gid for message in group))
    try:
        behind = resource.trace(client, store, gids, lane=Lane.INTERACTIVE)
        wanted = list(dict.fromkeys(order for orders in behind.values() for order in orders))
        done = resource.refresh(client, store, wanted, lane=Lane.INTERACTIVE)
    except Final:
        if len(gids) == 1:
            raise
        for gid in gids:
            alone = [message for message in group if message.subject_gid == gid]
            try:
                _read(store, client, resource, alone)
            except Final as error:
                _put_back(store, alone, error)
        return
    counts.add(
        store.pk,
        {
            Counted.FETCHED: len(wanted),
            Counted.UNCHANGED: done.unchanged,
            Counted.HEALED_BY_WEBHOOK: len(done.differed),
        },
    )
    if any(gid not in behind for gid in gids):
        sync.ring_all(store)  # it leads nowhere by itself: the streams find what became of it
    _settle_read(store, group, behind, differed=frozenset(done.differed), asked_at=asked_at)


def _settle_read(
    store: Store,
    group: list[InboxMessage],
    behind: Mapping[str, Sequence[str]],
    *,
    differed: frozenset[str],
    asked_at: datetime,
) -> None:
    """The first delivery about each thing has led to the reading, the others shared it; and so do those that came since
    this group was taken, but before the shop was asked."""
    by_outcome: dict[InboxOutcome, list[InboxMessage]] = defaultdict(list)
    seen: set[str] = set()
    for message in group:
        gid = message.subject_gid
        if gid in seen:
            by_outcome[InboxOutcome.COALESCED].append(message)
        elif gid not in behind:
            by_outcome[InboxOutcome.PASS].append(message)
        else:
            changed = not differed.isdisjoint(behind[gid])
            by_outcome[InboxOutcome.CHANGED if changed else InboxOutcome.UNCHANGED].append(message)
        seen.add(gid)
    for outcome, messages in by_outcome.items():
        _settle(messages, outcome=outcome)
    since = _waiting(store.pk).filter(subject_gid__in=seen, received_at__lt=asked_at).exclude(leased_until__gt=Now())
    shared = since.update(state=InboxState.DONE, outcome=InboxOutcome.COALESCED, settled_at=Now(), next_attempt_at=None)
    counts.add(store.pk, {Counted.DELIVERIES: shared, Counted.COALESCED: shared})


def _settle(
    messages: Sequence[InboxMessage],
    *,
    state: InboxState = InboxState.DONE,
    outcome: InboxOutcome | str = "",
    reason: str = "",
) -> None:
    done = claims.settle_many(
        messages, state=state, settled_at=db_now(), outcome=outcome, reason=reason[:300], next_attempt_at=None
    )
    if done:
        counted = _COUNTED.get(outcome)
        counts.add(messages[0].store_id, {Counted.DELIVERIES: done, **({counted: done} if counted else {})})


def _put_back(store: Store, messages: list[InboxMessage], error: ShopifyError) -> None:
    """What is not settled yet waits for another try; after eight it is set aside, visibly. Trouble that only a person
    can end, and tries that never reached the shop, do not count against the deliveries."""
    if isinstance(error, NeedsPerson):
        health.note_trouble(store, error)
    now = db_now()
    counts_as_try = not isinstance(error, NeedsPerson) and error.code not in _NOT_SENT
    for message in messages:
        if message.state != InboxState.PENDING or message.leased_until is None:
            continue  # settled, or put back already
        if message.attempts >= _MOST_ATTEMPTS and counts_as_try:
            claims.settle(message, state=InboxState.FAILED, settled_at=now, reason=str(error)[:300])
            continue
        least = error.after_seconds if isinstance(error, TryAgain) else 5.0
        tries = message.attempts if counts_as_try else 1
        pause = backoff.delay(tries, first_seconds=least, longest_seconds=600, jitter=0)
        attempts = message.attempts if counts_as_try else message.attempts - 1
        claims.settle(message, next_attempt_at=now + pause, reason=str(error)[:300], attempts=attempts)
    logger.warning("Webhooks wait", extra={"store": store.pk, "count": len(messages), "code": error.code})


@for_all_stores
def purge_job() -> None:
    """Settled deliveries are kept for thirty days: so long a late duplicate is recognised."""
    settled = InboxMessage.objects.exclude(state=InboxState.PENDING)
    settled.filter(received_at__lt=Now() - timedelta(days=30)).delete()
