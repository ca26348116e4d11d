"""What the access log says of mails: who was shown which, and the orders that they are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet

from backoffice.core import access
from backoffice.core.access import Kind, subject
from backoffice.core.actor import Actor
from backoffice.core.choices import Door, Seen

from .models import Message, MessageOrder


def note_mails(actor: Actor, what: Seen, shown: Mapping[Message, Iterable[int]], *, door: Door) -> None:
    """One entry about these mails, each with the ids of its orders; none when there are none. Whoever asks for a
    customer finds them by his orders."""
    access.note(
        actor,
        what,
        door=door,
        store_ids={mail.store_id for mail in shown},
        subjects=[
            *(subject(Kind.MAIL, mail.pk) for mail in shown),
            *(subject(Kind.ORDER, pk) for orders in shown.values() for pk in orders),
        ],
    )


def with_order_ids(mails: QuerySet[Message]) -> QuerySet[Message]:
    """Each with the ids of its orders as `order_ids`, in the same query."""
    rows = MessageOrder.objects.filter(message=OuterRef("pk")).order_by("pk")
    return mails.annotate(order_ids=ArraySubquery(rows.values("order_id")))
