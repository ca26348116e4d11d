"""The push: brings the changes of the outbox to their shops, group by group, and settles each by the shop's answer.

`push_changes_job(store_id)` is rung by the outbox, by itself when time is up, and by the sweep. It may run twice, late,
side by side or die half-way: claims keep rows apart, and what a dead worker left is looked at before it is repeated."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence

from django.contrib.auth.models import User
from django.db.models import Min, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from backoffice.core import claims, queue
from backoffice.core.actor import Actor, Right
from orders.choices import ChangeState, Source, Verb
from orders.models import Order, RemoteChange
from stores import features, resources
from stores.choices import Purpose, StoreState
from stores.gateway import client_for
from stores.models import Store
from stores.scoping import for_all_stores, for_store
from stores.services import health
from stores.services.access import actor_of
from stores.shopify import mutations
from stores.shopify.client import Client
from stores.shopify.errors import NeedsPerson, ShopifyError
from stores.shopify.mutations import Outcome, OutcomeKind
from stores.shopify.throttle import Lane

from . import look, settle, verdicts
from .aside import RESOURCE
from .outbox import FEATURE_OF, PUSH_JOB
from .verdicts import Verdict

logger = logging.getLogger(__name__)

LEASE_SECONDS = 40
"""Shorter than the longest conceivable call, so that the work of a killed worker is taken up within a minute. A change
that is taken for lost while its call still waits is looked at and at worst sent again: every verb may be repeated."""
_JOB_SECONDS = 45
_GROUP = mutations.ORDERS_PER_DOCUMENT
_READ_AT_ONCE = 50
# So few that somebody is waiting for them on a page.
_FEW = 25

_SEND: Mapping[str, Callable[[Client, Sequence[tuple[str, Sequence[str]]], Lane], list[Outcome]]] = {
    Verb.ARCHIVE: lambda client, changes, lane: mutations.close_orders(client, [gid for gid, _ in changes], lane=lane),
    Verb.UNARCHIVE: lambda client, changes, lane: mutations.open_orders(client, [gid for gid, _ in changes], lane=lane),
    Verb.ADD_TAGS: lambda client, changes, lane: mutations.add_tags(client, changes, lane=lane),
    Verb.REMOVE_TAGS: lambda client, changes, lane: mutations.remove_tags(client, changes, lane=lane),
}


@for_all_stores
def sweep() -> None:
    """Rings for stores with changes that are due, and for those whose worker died."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=Now())
    due = Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=Now())
    waiting = Q(state__in=[ChangeState.QUEUED, ChangeState.UNCERTAIN], store__state=StoreState.CONNECTED) & free & due
    lost = Q(state=ChangeState.SENDING, leased_until__lte=Now())
    gone = Q(state=ChangeState.QUEUED, store__state=StoreState.DISCONNECTED) & free
    for store_id in RemoteChange.objects.filter(waiting | lost | gone).values_list("store_id", flat=True).distinct():
        queue.ring(PUSH_JOB, store_id)


@for_store
def push_changes_job(store_id: int) -> None:
    """Works off a store's changes for up to `_JOB_SECONDS`, then rings for the rest. Changes of a store that is not
    connected wait."""
    queue.answered(PUSH_JOB, store_id)
    until = time.monotonic() + _JOB_SECONDS
    unread: list[str] = []
    while (store := Store.objects.filter(pk=store_id).first()) is not None:
        look.expire_lost(store)
        if store.state == StoreState.DISCONNECTED:
            _give_up(store)
        if not store.is_connected:
            return
        if time.monotonic() > until:
            queue.ring(PUSH_JOB, store_id)
            return
        try:
            client = client_for(store, Purpose.PUSH)
            more = look.look_at_uncertain(store, client, lease_seconds=LEASE_SECONDS)
            more = more or _push_group(store, client, unread)
            if len(unread) >= _READ_AT_ONCE or not more:
                _read_whole(store, client, unread)
                unread.clear()
        except NeedsPerson as error:
            health.note_trouble(store, error)
            return
        except ShopifyError as error:
            logger.warning("A shop could not be asked", extra={"store": store_id, "code": error.code, **error.facts})
            return
        if not more:
            return


def _give_up(store: Store) -> None:
    """What was asked for before a store was disconnected must not reach it when it comes back months later. What may
    have been sent stays uncertain: it can be looked at again when the store is connected again."""
    queued = RemoteChange.objects.filter(store_id=store.pk, state=ChangeState.QUEUED).order_by()
    why = _("The store was disconnected before this was sent.")
    while changes := claims.claim(queued, limit=200, lease_seconds=LEASE_SECONDS, state=ChangeState.SENDING):
        settle.record(store, [(change, Verdict(ChangeState.SKIPPED, "store_disconnected", why)) for change in changes])


def _read_whole(store: Store, client: Client, gids: Sequence[str]) -> None:
    """Reads orders that we have just changed, many at once, unless their webhook was faster: the answer to a change
    shows only a part of them. From then on the webhooks about our own change find nothing new."""
    rows = Order.objects.filter(store=store, gid__in=gids, state_hash="", deleted_at=None)
    if waiting := list(rows.values_list("gid", flat=True)):
        lane = Lane.INTERACTIVE if len(waiting) <= _FEW else Lane.BACKGROUND
        resources.get(RESOURCE).refresh(client, store, waiting, lane=lane)


def _push_group(store: Store, client: Client, unread: list[str]) -> bool:
    """Sends one group of alike changes; adds to `unread` the orders that were changed. False when none was due, or the
    shop does not take any now."""
    waiting = RemoteChange.objects.filter(
        store_id=store.pk, state__in=[ChangeState.QUEUED, ChangeState.SENDING]
    ).order_by()
    lane = Lane.INTERACTIVE if len(waiting.values_list("pk")[: _FEW + 1]) <= _FEW else Lane.BACKGROUND
    changes = _claim(store)
    if not changes:
        return False
    orders = Order.objects.in_bulk({change.order_id for change in changes})
    stopped = _no_longer(store, changes, orders)
    if stopped:
        settle.record(store, [(change, stopped[change.pk]) for change in changes if change.pk in stopped])
    sent = _still_held([change for change in changes if change.pk not in stopped])
    if not sent:
        return True
    told = [(orders[change.order_id].gid, change.payload.get("tags", ())) for change in sent]
    outcomes = _SEND[sent[0].verb](client, told, lane)
    settle.record(
        store,
        [
            (change, verdicts.of_outcome(change, outcome, jitter=random.random()))  # noqa: S311 - spreads tries
            for change, outcome in zip(sent, outcomes, strict=True)
        ],
    )
    unread += [gid for (gid, _tags), one in zip(told, outcomes, strict=True) if one.kind is OutcomeKind.DONE]
    _log(store, sent[0].verb, outcomes)
    _note(store, outcomes)
    return any(outcome.kind not in (OutcomeKind.TRY_AGAIN, OutcomeKind.NEEDS_PERSON) for outcome in outcomes)


def _claim(store: Store) -> list[RemoteChange]:
    """Up to twenty due changes of one verb, the oldest first. Empty when others hold them all."""
    queued = RemoteChange.objects.filter(store_id=store.pk, state=ChangeState.QUEUED)
    due = queued.filter(Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=Now()))
    for verb, _oldest in due.order_by().values_list("verb").annotate(oldest=Min("pk")).order_by("oldest"):
        changes = claims.claim(
            queued.filter(verb=verb), limit=_GROUP, lease_seconds=LEASE_SECONDS, state=ChangeState.SENDING
        )
        if changes:
            return changes
    return []


def _still_held(changes: Sequence[RemoteChange]) -> list[RemoteChange]:
    """`claims.still_held` for a group: asked right before the call."""
    rows = RemoteChange.objects.filter(pk__in=[change.pk for change in changes], leased_until__gt=Now())
    held = set(rows.values_list("pk", "claim"))
    return [change for change in changes if (change.pk, change.claim) in held]


def _no_longer(store: Store, changes: Sequence[RemoteChange], orders: Mapping[int, Order]) -> dict[int, Verdict]:
    """What must not be sent any more, judged at the moment of writing: the app may have lost its scope, who asked his
    right, and the order may have changed since. All changes are of one verb."""
    closed = features.lacking([store], FEATURE_OF[changes[0].verb]).get(store.pk)
    if closed is not None:
        return {change.pk: Verdict(ChangeState.REFUSED, closed.code, closed.sentence) for change in changes}
    people = User.objects.in_bulk({change.user_id for change in changes if change.user_id is not None})
    actors = {pk: actor_of(user) for pk, user in people.items()}
    stopped: dict[int, Verdict] = {}
    for change in changes:
        order = orders[change.order_id]
        if change.source != Source.SYSTEM and not _may_still(change, actors):
            message = _("%(name)s may not change orders of this store any more.") % {"name": change.actor_label}
            stopped[change.pk] = Verdict(ChangeState.REFUSED, "access_lost", message)
        elif order.deleted_at is not None:
            stopped[change.pk] = Verdict(ChangeState.SKIPPED, "order_deleted", _("The order was deleted in the shop."))
        elif change.verb == Verb.UNARCHIVE and order.cancelled_at is not None:
            stopped[change.pk] = Verdict(
                ChangeState.SKIPPED, "order_cancelled", _("The order was cancelled meanwhile.")
            )
        elif change.verb == Verb.ARCHIVE and verdicts.opened_up(change.before, order):
            message = _("The order changed meanwhile and has more left to do. Look at it, then archive it again.")
            stopped[change.pk] = Verdict(ChangeState.SKIPPED, "order_changed", message)
    return stopped


def _may_still(change: RemoteChange, actors: Mapping[int, Actor]) -> bool:
    actor = actors.get(change.user_id) if change.user_id is not None else None
    return actor is not None and actor.may(Right.CHANGE_ORDERS, change.store_id)


def _note(store: Store, outcomes: Sequence[Outcome]) -> None:
    """What the answers say of the store itself."""
    trouble = next(
        (one for one in outcomes if one.kind is OutcomeKind.NEEDS_PERSON and one.code != "missing_scope"), None
    )
    if trouble is not None:
        health.note_trouble(store, NeedsPerson(trouble.code, " ".join(trouble.messages), request_id=trouble.request_id))
    elif any(one.kind in (OutcomeKind.DONE, OutcomeKind.REFUSED) for one in outcomes):
        health.note_answer(store)


def _log(store: Store, verb: str, outcomes: Sequence[Outcome]) -> None:
    counts = {kind.value: sum(one.kind is kind for one in outcomes) for kind in OutcomeKind}
    logger.info("Changes were sent", extra={"store": store.pk, "verb": verb, **{k: n for k, n in counts.items() if n}})
