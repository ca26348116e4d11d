"""Batches: the plan of a mailing, its start, and the switches of a running one. Called by admin, API and rules."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, F
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.core.actor import Actor, Right
from backoffice.core.errors import Invalid, NotAllowed, Refused
from backoffice.core.queue import ring
from notifications.choices import BatchState, MessageState
from notifications.models import Batch, Message, MessageOrder, Template
from notifications.rendering.mail import speaks_of_all_orders
from orders.choices import Source
from orders.services.selection import Orders, Refusal

from .compose import Audience, Recipient, composed
from .preview import written_for
from .wording import Wording, worded

SEND_JOB = "notifications.services.delivery.send_batch_job"
PAUSED_BY_STAFF = "by_staff"
_ROWS_PER_INSERT = 1000


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """What a start would do now: so many mails about so many orders, and why the others are left out. `warnings` are
    sentences that a person reads before he starts."""

    recipients: int
    orders: int
    left_out: tuple[Refusal, ...]
    warnings: tuple[str, ...] = ()


def plan_batch(
    orders: Orders,
    *,
    template: Template | None = None,
    subject: str = "",
    body: str = "",
    only_to_fulfil: bool | None = None,
    actor: Actor,
) -> BatchPlan:
    """The dry run. Raises `Invalid` for a text that cannot be read, `NotAllowed` for an actor who may send no mail."""
    wording = worded(template=template, subject=subject, body=body, only_to_fulfil=only_to_fulfil)
    audience = _audience(orders, wording, actor)
    return BatchPlan(
        recipients=len(audience.recipients),
        orders=sum(len(recipient.order_ids) for recipient in audience.recipients),
        left_out=audience.left_out,
        warnings=tuple(_warnings(audience, wording)),
    )


def start_batch(
    orders: Orders,
    *,
    template: Template | None = None,
    subject: str = "",
    body: str = "",
    only_to_fulfil: bool | None = None,
    actor: Actor,
    source: Source = Source.STAFF,
    batch_id: uuid.UUID | None = None,
) -> Batch:
    """Freezes text and audience and begins to send. `batch_id`, chosen when the plan was shown, makes a second click
    harmless: it gives the batch that the first one made.

    Raises as `plan_batch` does, and `Refused("no_recipients")` when everybody is left out."""
    if batch_id is not None and (made := Batch.objects.filter(pk=batch_id).first()):
        return _own(made, actor)
    wording = worded(template=template, subject=subject, body=body, only_to_fulfil=only_to_fulfil)
    audience = _audience(orders, wording, actor)
    if not audience.recipients:
        raise Refused("no_recipients", _("None of these orders can be written about."), left_out=len(audience.left_out))
    _read_through(audience.recipients[0], wording)
    with transaction.atomic():
        # Two clicks at once: the second waits in this insert for the first, then finds its batch.
        batch, is_new = Batch.objects.get_or_create(
            pk=batch_id or uuid.uuid4(), defaults=_frozen(wording, audience, actor=actor, source=source)
        )
        if is_new:
            _insert(batch, audience.recipients, wording)
            ring(SEND_JOB, str(batch.pk))
    return batch if is_new else _own(batch, actor)


def _read_through(recipient: Recipient, wording: Wording) -> None:
    """One real mail is written before a thousand are promised: a word that nobody has is refused here. What only this
    recipient lacks is left to his own mail."""
    try:
        written_for(recipient, wording)
    except Invalid as error:
        if error.code == "template_unknown":
            raise


def pause_batch(batch: Batch, *, actor: Actor) -> None:
    """Holds what is not sent yet; at most one mail per worker is under way. Pausing twice changes nothing."""
    _may_switch(batch, actor)
    changed = Batch.objects.filter(pk=batch.pk, state__in=[BatchState.RUNNING, BatchState.PAUSED]).update(
        state=BatchState.PAUSED,
        state_code=PAUSED_BY_STAFF,
        state_reason=_("Paused by %(person)s.") % {"person": actor.label},
        resume_at=None,
    )
    _settled(batch, changed)


def resume_batch(batch: Batch, *, actor: Actor) -> None:
    """Goes on where it stopped; nobody who got his mail gets it again."""
    _may_switch(batch, actor)
    with transaction.atomic():
        changed = Batch.objects.filter(pk=batch.pk, state__in=[BatchState.RUNNING, BatchState.PAUSED]).update(
            state=BatchState.RUNNING, state_code="", state_reason="", resume_at=None, resumed_at=Now()
        )
        _settled(batch, changed)
        ring(SEND_JOB, str(batch.pk))


def cancel_batch(batch: Batch, *, actor: Actor) -> int:
    """Ends a batch; returns how many mails are not going to be sent. What is being sent at this moment still is."""
    _may_switch(batch, actor)
    with transaction.atomic():
        changed = Batch.objects.filter(pk=batch.pk, state__in=[BatchState.RUNNING, BatchState.PAUSED]).update(
            state=BatchState.CANCELLED,
            state_code=PAUSED_BY_STAFF,
            state_reason=_("Cancelled by %(person)s.") % {"person": actor.label},
            resume_at=None,
            finished_at=Now(),
        )
        _settled(batch, changed)
        return Message._base_manager.filter(batch=batch, state=MessageState.QUEUED).update(
            state=MessageState.CANCELLED,
            leased_until=None,
            next_attempt_at=None,
            settled_at=Now(),
            claim=F("claim") + 1,
        )


def batch_progress(batch: Batch) -> dict[str, int]:
    """Messages by state, every state named. Inside a store scope, those of its stores; their sum is `batch.total` for
    whoever sees all of the batch's stores."""
    counts = dict.fromkeys(MessageState.values, 0)
    for state, number in Message.objects.filter(batch=batch).values_list("state").annotate(number=Count("pk")):
        counts[state] = number
    return counts


def _audience(orders: Orders, wording: Wording, actor: Actor) -> Audience:
    return composed(orders, only_to_fulfil=wording.only_to_fulfil, only_store_id=wording.only_store_id, actor=actor)


def _warnings(audience: Audience, wording: Wording) -> Iterable[str]:
    several = sum(len(recipient.order_ids) > 1 for recipient in audience.recipients)
    if several and not speaks_of_all_orders(wording.subject + wording.body):
        yield ngettext(
            "%(number)d customer has several of these orders, but the text speaks of one. Use orders or order_names.",
            "%(number)d customers have several of these orders, but the text speaks of one. Use orders or order_names.",
            several,
        ) % {"number": several}


def _frozen(wording: Wording, audience: Audience, *, actor: Actor, source: Source) -> dict[str, Any]:
    return {
        "template": wording.template,
        "template_version": wording.template.version if wording.template else 1,
        "name": wording.name[:100],
        "subject": wording.subject,
        "body": wording.body,
        "only_to_fulfil": wording.only_to_fulfil,
        "store_ids": sorted({recipient.store_id for recipient in audience.recipients}),
        "total": len(audience.recipients),
        "source": source,
        "actor_kind": actor.kind.value,
        "actor_label": actor.label[:200],
        "user_id": actor.user_id,
    }


def _insert(batch: Batch, recipients: Sequence[Recipient], wording: Wording) -> None:
    messages = [
        Message(
            batch=batch,
            store_id=recipient.store_id,
            address=recipient.address,
            address_key=recipient.key,
            recipient_name=recipient.name[:255],
            locale=wording.language_for(recipient.locale),
        )
        for recipient in recipients
    ]
    Message.objects.bulk_create(messages, batch_size=_ROWS_PER_INSERT)
    rows = [
        MessageOrder(store_id=recipient.store_id, message=message, order_id=order_id)
        for message, recipient in zip(messages, recipients, strict=True)
        for order_id in recipient.order_ids
    ]
    # The commit locks the orders in the order of these rows, and ingest locks them by primary key: any other order here
    # would have each wait for the other.
    rows.sort(key=lambda row: row.order_id)
    MessageOrder.objects.bulk_create(rows, batch_size=_ROWS_PER_INSERT)


def _own(batch: Batch, actor: Actor) -> Batch:
    if batch.user_id != actor.user_id:
        raise Refused("batch_of_another", _("Somebody else has used this batch's id. Start again from the preview."))
    return batch


def _may_switch(batch: Batch, actor: Actor) -> None:
    if not all(actor.may(Right.SEND_MAIL, store_id) for store_id in batch.store_ids):
        raise NotAllowed(
            "mail_not_allowed", _("This batch writes for stores in which you may not send mail. Ask an administrator.")
        )


def _settled(batch: Batch, changed: int) -> None:
    batch.refresh_from_db()
    if not changed:
        raise Refused("batch_over", _("This batch is over: nothing is left to be sent."), state=batch.state)
