"""A person's mails, handed over or erased. Suppressions stay: keyed hashes, whose wish outlives the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Case, Count, F, Func, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Concat, Now
from django.db.models.lookups import Exact

from backoffice.core.privacy import Person, PersonalData
from notifications.choices import MessageState
from notifications.models import Batch, Message, MessageOrder
from notifications.transports.addresses import address_key
from orders.models import Order

_ERASED = "erased"


def export(person: Person) -> Sequence[Mapping[str, Any]]:
    """One mapping a mail, oldest first: address, name, subject, text, HTML, state and times."""
    return [
        {
            "address": message.address,
            "name": message.recipient_name,
            "language": message.locale,
            "subject": message.subject,
            "text": message.text,
            "html": message.html,
            "state": message.state,
            "created_at": message.created_at.isoformat(),
            "settled_at": message.settled_at.isoformat() if message.settled_at else None,
        }
        for message in _messages(person).order_by("created_at", "pk")
    ]


def erase(person: Person) -> int:
    """Empties his mails and keeps their rows, so that a batch still adds up. What waits is cancelled. What is being
    sent at this moment may have been sent: it is uncertain, and what its worker still learns changes nothing."""
    with transaction.atomic():
        ids = list(
            _messages(person).exclude(code=_ERASED).order_by("pk").select_for_update().values_list("pk", flat=True)
        )
        return Message._base_manager.filter(pk__in=ids).update(
            address="",
            # One mail each per batch and store holds for the erased as well.
            address_key=Concat(Value("erased-"), F("pk"), output_field=Message._meta.get_field("address_key")),
            recipient_name="",
            subject="",
            html="",
            text="",
            code=_ERASED,
            reason="",
            state=Case(
                When(Exact(F("state"), MessageState.QUEUED), then=Value(MessageState.CANCELLED)),
                When(Exact(F("state"), MessageState.SENDING), then=Value(MessageState.UNCERTAIN)),
                default=F("state"),
            ),
            claim=F("claim") + 1,
            leased_until=None,
            next_attempt_at=None,
            settled_at=Coalesce("settled_at", Now()),
        )


def forget_store(store_id: int) -> int:
    """Takes a store that is erased out of the batches; one that has no other store left goes."""
    batches = Batch._base_manager.filter(store_ids__contains=[store_id])
    gone, _ = batches.filter(store_ids__len=1).delete()
    theirs = Message._base_manager.filter(batch=OuterRef("pk")).order_by().values("batch").annotate(n=Count("pk"))
    return gone + batches.update(
        store_ids=Func("store_ids", Value(store_id), function="array_remove"),
        total=Coalesce(Subquery(theirs.values("n")), 0),
    )


PART = PersonalData(
    "notifications.messages",
    export=export,
    erase=erase,
    covers=frozenset({Message._meta.db_table, MessageOrder._meta.db_table}),
    forget_store=forget_store,
)


def _messages(person: Person) -> QuerySet[Message]:
    """To his address, or about his orders: he may have had another address then."""
    orders = Order.objects.filter(store_id=person.store_id)
    named = orders.filter(gid__in=person.order_gids)
    if person.customer_gid:
        named = named | orders.filter(customer__gid=person.customer_gid)
    about = MessageOrder.objects.filter(store_id=person.store_id, order__in=named.values("pk"))
    his = Q(pk__in=about.values("message"))
    if person.email:
        his |= Q(address_key=address_key(person.email.strip()))
    messages: QuerySet[Message] = Message.objects.filter(his, store_id=person.store_id)
    return messages
