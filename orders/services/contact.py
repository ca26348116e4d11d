"""What the order floor remembers of mails to customers. Called by the mail floor alone, which knows everything else."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from django.db.models.functions import Greatest
from django.utils import timezone

from orders.choices import Source
from orders.models import Order
from orders.timeline import NewEntry, write


class MailOutcome(StrEnum):
    """What became of a mail; the timeline's kind is `mail.` and this."""

    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNCERTAIN = "uncertain"


def note_mailed(
    orders: Sequence[Order],
    *,
    outcome: MailOutcome,
    message_id: uuid.UUID,
    subject: str,
    address: str,
    actor_label: str,
    user_id: int | None = None,
    source: Source = Source.STAFF,
    batch_id: uuid.UUID | None = None,
    reason: str = "",
    at: datetime | None = None,
) -> None:
    """Puts one mail on the timeline of every order that it is about and, when it was sent, moves their `last_mailed_at`
    forward. Runs in the caller's transaction, which settles the message; noting the same outcome of a message twice
    changes nothing. The address is kept in part (`masked`): the whole one stays in the message alone."""
    at = at or timezone.now()
    ids = [order.pk for order in orders]
    # By primary key, as ingest does, and before the entries, whose foreign keys lock their orders one by one at commit:
    # two transactions about the same orders would otherwise wait for each other.
    list(Order.objects.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk"))
    if outcome is MailOutcome.SENT:
        # GREATEST ignores NULL in PostgreSQL: the first mail counts like any later one.
        Order.objects.filter(pk__in=ids).update(last_mailed_at=Greatest("last_mailed_at", at))
    write(
        NewEntry(
            store_id=order.store_id,
            order_id=order.pk,
            kind=f"mail.{outcome.value}",
            source=source,
            occurred_at=at,
            data={"message": str(message_id), "subject": subject, "address": masked(address), "reason": reason},
            dedupe=f"mail:{message_id}:{outcome.value}",
            actor_label=actor_label[:200],
            user_id=user_id,
            run_id=batch_id,
        )
        for order in orders
    )


def masked(address: str) -> str:
    """Enough to recognise an address by, too little to write to it: `anna@example.com` is `a…@example.com`."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}…{at}{domain}" if at else f"{address[:1]}…"
