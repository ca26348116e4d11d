"""What the messages of a batch need, read for many at once; and the last look at one of them, right before its mark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from backoffice.core.actor import SYSTEM, Actor, ActorKind
from notifications.choices import BatchState, MessageState
from notifications.models import Batch, Message, MessageOrder, Suppression
from orders.models import Order
from stores.scoping import within_stores
from stores.services.access import NOBODY, actor_of

from . import suppression

# What the text or the right to send it may hang on; `state_hash` stands for all that the shop says of the order.
_LOOKED_AT = (
    "pk", "stage", "deleted_at", "email", "state_hash", "customer_id", "customer__email", "store__state",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Loaded:
    """A message with all that decides whether and what is sent. `orders` are oldest first, with `store`, `customer`,
    `lines` and `fulfillments`; `sender` is whoever started the batch, with the rights of now."""

    message: Message
    orders: tuple[Order, ...]
    sender: Actor
    is_suppressed: bool


def due(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Those that wait, are free, and whose time has come."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=Now())
    now = Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=Now())
    return messages.filter(free, now, state=MessageState.QUEUED)


def next_due(batch: Batch, *, limit: int) -> list[Loaded]:
    """The next messages of a batch that is being sent, none of them claimed yet. The number of queries does not depend
    on that of the messages."""
    waiting = due(Message.objects.filter(batch=batch, batch__state=BatchState.RUNNING))
    return loaded(list(waiting.select_related("store").order_by("created_at", "pk")[:limit]), batch=batch)


def loaded(messages: Sequence[Message], *, batch: Batch) -> list[Loaded]:
    """In the order given; messages need `store`. Reads no store but theirs."""
    if not messages:
        return []
    with within_stores({message.store_id for message in messages}):
        pairs = MessageOrder.objects.filter(message__in=messages).values_list("message_id", "order_id")
        wanted: dict[object, set[int]] = {}
        for message_id, order_id in pairs:
            wanted.setdefault(message_id, set()).add(order_id)
        orders = _orders(pk for ids in wanted.values() for pk in ids)
        unwanted = suppression.suppressed_pairs((message.store_id, message.address_key) for message in messages)
    sender = _sender_now(batch)
    return [
        Loaded(
            message=message,
            orders=tuple(order for order in orders if order.pk in wanted.get(message.pk, ())),
            sender=sender,
            is_suppressed=(message.store_id, message.address_key) in unwanted,
        )
        for message in messages
    ]


def is_unchanged(known: Loaded) -> bool:
    """Whether orders and suppression are still as they were loaded: one query."""
    message = known.message
    suppressed = Suppression.objects.filter(
        store=OuterRef("store"), address_hash=suppression.address_hash(message.address_key)
    )
    rows = Order.objects.filter(pk__in=[order.pk for order in known.orders])
    now = set(rows.annotate(is_suppressed=Exists(suppressed)).values_list(*_LOOKED_AT, "is_suppressed"))
    return now == {(*_seen(order), known.is_suppressed) for order in known.orders}


def _seen(order: Order) -> tuple[object, ...]:
    email = order.customer.email if order.customer else None
    return (
        order.pk, order.stage, order.deleted_at, order.email, order.state_hash, order.customer_id, email,
        order.store.state,
    )  # fmt: skip


def _orders(ids: Iterable[int]) -> list[Order]:
    orders = (
        Order.objects.filter(pk__in=set(ids))
        .select_related("store", "customer")
        .prefetch_related("lines", "fulfillments")
        .order_by("processed_at", "pk")
    )
    return list(orders)


def _sender_now(batch: Batch) -> Actor:
    if batch.actor_kind == ActorKind.SYSTEM.value:
        return SYSTEM
    user = User.objects.filter(pk=batch.user_id).first() if batch.user_id else None
    return actor_of(user) if user else NOBODY
