"""What becomes of a message: every outcome is written once, with the timeline of its orders, in one transaction.

A late outcome of a claim that somebody else has taken over changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from backoffice.core.claims import settle
from notifications.choices import BatchState, MessageState
from notifications.models import Batch, Message, MessageOrder
from notifications.rendering.mail import TOO_COSTLY
from notifications.transports.replies import OutcomeKind
from notifications.transports.smtp import Outcome, ServerTrouble
from orders.choices import Source
from orders.models import Order
from orders.services.contact import MailOutcome, note_mailed

from . import refusals
from .preparation import Ready, Verdict
from .refusals import BadAddresses

logger = logging.getLogger(__name__)

RETRY_AFTER = (
    *(timedelta(minutes=minutes) for minutes in (1, 5, 15)),
    *(timedelta(hours=hours) for hours in (1, 2, 4, 8, 8)),
)
"""How long a temporary refusal is waited out, almost 24 hours in all; then the message has failed."""
_RESUME_AFTER = timedelta(minutes=1)
SERVER_REFUSES = "server_refuses"
_OTHERS_FIRST = timedelta(minutes=1)
_RENDERED_AT_MOST = 3

_NOTED = {
    MessageState.SENT: MailOutcome.SENT,
    MessageState.FAILED: MailOutcome.FAILED,
    MessageState.SKIPPED: MailOutcome.SKIPPED,
    MessageState.SUPPRESSED: MailOutcome.SKIPPED,
    MessageState.UNCERTAIN: MailOutcome.UNCERTAIN,
}


@dataclass(frozen=True, slots=True)
class _About:
    """What a message belongs to and is about; `left_out`: codes by id of the orders that are no longer in it."""

    batch: Batch
    orders: tuple[Order, ...]
    left_out: Mapping[int, str]


def conclude_verdict(message: Message, verdict: Verdict, *, batch: Batch) -> None:
    """A message that is not going to be sent. One that took too long to render is tried again before it counts as
    failed: the machine may have been busy."""
    if verdict.code == TOO_COSTLY and message.attempts < _RENDERED_AT_MOST and _later(message, verdict.reason):
        return
    about = _About(batch, verdict.orders, verdict.left_out)
    _end(message, verdict.state, about=about, code=verdict.code, reason=verdict.reason)


def conclude_outcome(message: Message, ready: Ready, outcome: Outcome, *, batch: Batch, doubts: BadAddresses) -> None:
    """What the server said of a mail that was handed over. `doubts`: those of the connection."""
    said = f"{outcome.code} {outcome.reply}".strip() if outcome.code else outcome.reply
    rendered = ready.rendered
    content = {"subject": rendered.subject, "html": rendered.html, "text": rendered.text}

    about = _About(batch, ready.orders, ready.left_out)

    def end(state: MessageState, code: str, reason: str) -> bool:
        return _end(message, state, about=about, code=code, reason=reason, **content)

    match outcome.kind:
        case OutcomeKind.SENT:
            done = end(MessageState.SENT, "", "")
            doubts.proven()
            if done and batch.state_code:
                Batch.objects.filter(pk=batch.pk, state=BatchState.RUNNING).update(state_code="", state_reason="")
                batch.state_code = ""
        case OutcomeKind.UNCERTAIN:
            end(MessageState.UNCERTAIN, "reply_lost", _("The server's answer was lost: the mail may have been sent."))
        case OutcomeKind.TRY_AGAIN:
            _later(message, said) or end(MessageState.FAILED, "gave_up", said)
        case OutcomeKind.SENDER_REFUSED:
            give_back(message)
            reason = _("The mail server refuses the sender %(sender)s: %(why)s")
            pause(batch, "sender_refused", reason % {"sender": ready.sender, "why": said})
        case OutcomeKind.SERVER_REFUSES if not _others_got_through(message):
            doubts.forget()
            wait = {"code": SERVER_REFUSES, "next_attempt_at": Now() + _OTHERS_FIRST}
            give_back(message, **wait)
            reason = _("The mail server refuses us, whoever the recipient is: %(why)s")
            pause(batch, SERVER_REFUSES, reason % {"why": said})
        case OutcomeKind.MAILBOX_FULL:
            end(MessageState.FAILED, "mailbox_full", said)
            doubts.proven()
        case OutcomeKind.BAD_ADDRESS:
            if end(MessageState.FAILED, "bad_address", said):
                doubts.add(message)
            _pause_when_too_often(batch, said)
        case OutcomeKind.REFUSED | OutcomeKind.SERVER_REFUSES:
            end(MessageState.FAILED, "refused", said)
            _pause_when_too_often(batch, said)


def give_back(message: Message, **changes: Any) -> None:
    """Back to the queue as if it had not been taken: nothing was sent, and it was not the message's fault."""
    freed = {"state": MessageState.QUEUED, "attempts": max(message.attempts - 1, 0), "next_attempt_at": None}
    settle(message, **(freed | changes))


def trouble(message: Message, error: ServerTrouble, *, batch: Batch) -> None:
    """The server as a whole is in trouble: the message waits, and so does its batch."""
    give_back(message)
    pause(batch, error.code, error.message, resume_after=_RESUME_AFTER if error.may_pass else None)


def pause(batch: Batch, code: str, reason: str, *, resume_after: timedelta | None = None) -> None:
    """Once per trouble an error is logged; a batch that is tried again and finds the same trouble says nothing new."""
    running = Batch.objects.filter(pk=batch.pk, state=BatchState.RUNNING)
    is_new = running.exclude(state_code=code).exists()
    paused = running.update(
        state=BatchState.PAUSED,
        state_code=code,
        state_reason=reason[:300],
        resume_at=Now() + resume_after if resume_after else None,
    )
    if paused and is_new:
        logger.error("A batch of mails was paused", extra={"batch": str(batch.pk), "code": code})


def _pause_when_too_often(batch: Batch, said: str) -> None:
    if refusals.too_often(batch):
        reason = _("The mail server refuses too many of these mails: %(why)s")
        pause(batch, "refused_too_often", reason % {"why": said})


def _others_got_through(message: Message) -> bool:
    """Whether a refusal that seemed to be for everybody turned out to be for this message alone. Otherwise one odd
    address would hold its batch for ever."""
    if message.code != SERVER_REFUSES or message.next_attempt_at is None:
        return False
    since = message.next_attempt_at - _OTHERS_FIRST
    sent = Message._base_manager.filter(batch=message.batch_id, state=MessageState.SENT, settled_at__gt=since)
    return sent.exists()


def lost(message: Message) -> None:
    """Found being sent, without a living worker: it may have been sent. Never sent again by itself."""
    held = Message._base_manager.filter(
        pk=message.pk, claim=message.claim, state=MessageState.SENDING, leased_until__lte=Now()
    )
    reason = _("The process that sent it ended in the middle: the mail may have been sent.")
    with transaction.atomic():
        if held.update(
            state=MessageState.UNCERTAIN, leased_until=None, settled_at=Now(), code="worker_lost", reason=reason
        ):
            orders = tuple(Order.objects.filter(message_rows__message=message, message_rows__left_out=""))
            _note(message, MessageState.UNCERTAIN, batch=message.batch, orders=orders, reason=reason)
            logger.warning("A mail is uncertain", extra={"message_id": str(message.pk), "code": "worker_lost"})


def _end(
    message: Message,
    state: MessageState,
    *,
    about: _About,
    code: str,
    reason: str,
    **content: str,
) -> bool:
    changes: dict[str, Any] = {"state": state, "code": code, "reason": reason[:500], "settled_at": Now(), **content}
    with transaction.atomic():
        done = settle(message, next_attempt_at=None, **changes) or _late(message, changes)
        if done:
            for order_id, why in about.left_out.items():
                MessageOrder.objects.filter(message=message, order_id=order_id).update(left_out=why)
            _note(message, state, batch=about.batch, orders=about.orders, reason=reason)
    if done:
        logger.info("A mail was settled", extra={"message_id": str(message.pk), "state": state.value, "code": code})
    return done


def _late(message: Message, changes: dict[str, Any]) -> bool:
    """A worker that was too slow, not dead, comes back and knows what became of its mail."""
    waiting = Message._base_manager.filter(pk=message.pk, claim=message.claim, state=MessageState.UNCERTAIN)
    return changes["state"] in (MessageState.SENT, MessageState.FAILED) and waiting.update(**changes) == 1


def _note(message: Message, state: MessageState, *, batch: Batch, orders: tuple[Order, ...], reason: str) -> None:
    note_mailed(
        orders,
        outcome=_NOTED[state],
        message_id=message.pk,
        subject=message.subject or batch.name,
        address=message.address,
        actor_label=batch.actor_label,
        user_id=batch.user_id,
        source=Source(batch.source),
        batch_id=batch.pk,
        reason=reason,
    )


def _later(message: Message, said: str) -> bool:
    if message.attempts > len(RETRY_AFTER):
        return False
    wait = RETRY_AFTER[message.attempts - 1]
    settle(message, state=MessageState.QUEUED, next_attempt_at=Now() + wait, code="try_again", reason=said[:500])
    return True
