"""The outbox: what staff, API and rules want changed in a shop becomes rows, and the worker's bell rings.

Called by the services of the verbs. Rows, overlay and bell are one transaction, so that none exists without the others.
"""

from __future__ import annotations

import uuid
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import OuterRef

from backoffice.core import queue
from backoffice.core.actor import Actor
from orders.choices import UNSETTLED, Source, Verb
from orders.models import Order, RemoteChange
from stores import features

from . import selection
from .selection import Asked, Judged, Orders, Refusal

FEATURE_OF: Mapping[str, str] = MappingProxyType(dict.fromkeys(Verb.values, features.CHANGES))
"""What a store must be able to do for each verb (see stores.features)."""
PUSH_JOB = "orders.services.push.push_changes_job"
_UNSETTLED = [state.value for state in UNSETTLED]


class Wish(Protocol):
    """One verb with its parameters: how it judges an order and what it sends."""

    @property
    def verb(self) -> Verb: ...

    @abstractmethod
    def refuses(self, order: Order, pending: Sequence[RemoteChange]) -> Refusal | None:
        """Why this order cannot be changed so; `pending` are the changes on their way."""

    @abstractmethod
    def is_so(self, order: Order, pending: Sequence[RemoteChange]) -> bool:
        """Whether the order is as wished already, or on its way there."""

    @abstractmethod
    def payload(self, order: Order) -> dict[str, Any]:
        """What the shop is asked for."""

    @abstractmethod
    def before(self, order: Order) -> dict[str, Any]:
        """What was found, kept beside the change."""


def check(orders: Orders, wish: Wish, *, actor: Actor) -> Judged:
    """Judges each order without touching anything: two queries for 500 orders, and one where a store lacks a scope."""
    ready: list[Order] = []
    already: list[Order] = []
    refused: dict[int, Refusal] = {}
    for ids in selection.chunks_of(orders):
        judged = _judge(list(selection.visible(ids, actor=actor)), ids, wish, actor=actor)
        ready += judged.ready
        already += judged.already
        refused |= judged.refused
    return Judged(tuple(ready), tuple(already), refused)


def ask(orders: Orders, wish: Wish, *, actor: Actor, source: Source) -> Asked:
    """Judges each order under its lock and asks for the change of the ready ones.

    Asking twice, also at the same instant, asks once: the second finds the first under way and counts it as `already`.
    """
    run_id = uuid.uuid4()
    asked, already = 0, 0
    refused: list[Refusal] = []
    for ids in selection.chunks_of(orders):
        with transaction.atomic():
            locked = list(selection.visible(ids, actor=actor).select_for_update(of=("self",)))
            judged = _judge(locked, ids, wish, actor=actor)
            made = _insert(judged.ready, wish, run_id=run_id, actor=actor, source=source)
        asked += made
        already += len(judged.already) + len(judged.ready) - made
        refused += judged.refused.values()
    return Asked(run_id, asked, already, tuple(refused))


def show_pending(order_ids: Collection[int]) -> None:
    """Makes the overlay of these orders say which verbs are on their way. Called under the orders' locks."""
    verbs = RemoteChange.objects.filter(order_id=OuterRef("pk"), state__in=_UNSETTLED).order_by("verb")
    Order.objects.filter(pk__in=order_ids).update(pending_verbs=ArraySubquery(verbs.values("verb").distinct()))


def _judge(found: Sequence[Order], ids: Sequence[int], wish: Wish, *, actor: Actor) -> Judged:
    pending: Mapping[int, list[RemoteChange]] = selection.unsettled(ids)
    refused = selection.unseen(ids, found)
    closed = features.lacking({order.store_id: order.store for order in found}.values(), FEATURE_OF[wish.verb])
    ready: list[Order] = []
    already: list[Order] = []
    for order in found:
        under_way = pending.get(order.pk, [])
        reason = (
            selection.unwritable(order, actor=actor)
            or selection.closed_off(order, closed.get(order.store_id))
            or wish.refuses(order, under_way)
        )
        if reason is not None:
            refused[order.pk] = reason
        elif wish.is_so(order, under_way):
            already.append(order)
        else:
            ready.append(order)
    return Judged(tuple(ready), tuple(already), refused)


def _insert(orders: Sequence[Order], wish: Wish, *, run_id: uuid.UUID, actor: Actor, source: Source) -> int:
    if not orders:
        return 0
    ids = [order.pk for order in orders]
    # The judgement under the locks keeps a verb from being on its way twice; the constraint holds against writers that
    # take no lock.
    RemoteChange.objects.bulk_create(
        [
            RemoteChange(
                store_id=order.store_id,
                order=order,
                verb=wish.verb,
                payload=wish.payload(order),
                before=wish.before(order),
                source=source,
                actor_label=actor.label[:200],
                user_id=actor.user_id,
                run_id=run_id,
            )
            for order in orders
        ],
        ignore_conflicts=True,
    )
    made = RemoteChange.objects.filter(run_id=run_id, order_id__in=ids).count()
    show_pending(ids)
    for store_id in sorted({order.store_id for order in orders}):
        queue.ring(PUSH_JOB, store_id)
    return made
