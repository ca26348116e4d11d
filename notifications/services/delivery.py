"""Sending: claim, check again, render, mark, hand over, settle. One job works on one batch; several may side by side.

At most once, and nothing lost in silence: a message is marked as `sending`, durably, right before its mail is handed
over. Killed before the mark, it is taken again; killed after it, it is uncertain and stays so until somebody knows."""

from __future__ import annotations

import time
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from backoffice.core.claims import claim, expired
from backoffice.core.queue import answered, ring
from notifications.choices import BatchState, MessageState
from notifications.models import Batch, Message
from notifications.transports.smtp import ServerTrouble, SmtpConnection
from stores.scoping import for_all_stores, within_stores

from . import outcomes
from .batches import SEND_JOB
from .preparation import Verdict, prepared, worn_out

# With the 30 s of the last mail it stays below the queue's limit of 90 s.
JOB_SECONDS = 50.0
# Longer than one mail takes (MESSAGE_SECONDS). With the sweep's 15 s, a killed worker's message goes on in a minute.
LEASE_SECONDS = 40
# A message that ended its worker so often is itself the reason.
_MOST_CLAIMS = 15
_OPEN = (MessageState.QUEUED, MessageState.SENDING)
_SWEPT_AT_A_TIME = 500


@for_all_stores
def send_batch_job(batch_id: str) -> None:
    """Sends what is due of one batch over one connection, for `JOB_SECONDS` at most, then rings for the next job. Ends
    by itself when the batch is paused or cancelled. Twice, late or side by side it sends nothing twice."""
    answered(SEND_JOB, batch_id)
    batch = Batch.objects.filter(pk=batch_id).first()
    if batch is None:
        return
    ends_at = time.monotonic() + JOB_SECONDS
    with SmtpConnection() as connection:
        while message := _claimed(batch):
            with within_stores([message.store_id]):
                goes_on = _sent(message, batch, connection)
            if not goes_on:
                break
            if time.monotonic() >= ends_at:
                ring(SEND_JOB, batch_id)
                return
    _finish(Batch.objects.filter(pk=batch_id))


@for_all_stores
def sweep() -> None:
    """Finds mails whose worker died, batches that may be tried again, work whose doorbell was lost, and batches that
    are over."""
    for message in expired(Message.objects.filter(state=MessageState.SENDING)).select_related("batch", "store")[
        :_SWEPT_AT_A_TIME
    ]:
        outcomes.lost(message)
    Batch.objects.filter(state=BatchState.PAUSED, resume_at__lte=Now()).update(state=BatchState.RUNNING, resume_at=None)
    messages = Message.objects.filter(batch=OuterRef("pk"), state__in=_OPEN)
    # While a worker holds a message of a batch its bell is left alone: one batch must not fill all workers.
    idle = Batch.objects.filter(Exists(_due(messages)), ~Exists(messages.filter(leased_until__gt=Now())))
    for batch_id in idle.filter(state=BatchState.RUNNING).values_list("pk", flat=True):
        ring(SEND_JOB, str(batch_id))
    _finish(Batch.objects.all())


def _claimed(batch: Batch) -> Message | None:
    """The next message, with a lease; it stays `queued` until the mark."""
    waiting = _due(Message.objects.filter(batch=batch, batch__state=BatchState.RUNNING))
    taken = claim(waiting, limit=1, lease_seconds=LEASE_SECONDS, order_by="created_at")
    return taken[0] if taken else None


def _due(messages: QuerySet[Message]) -> QuerySet[Message]:
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=Now())
    now = Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=Now())
    return messages.filter(free, now, state=MessageState.QUEUED)


def _sent(message: Message, batch: Batch, connection: SmtpConnection) -> bool:
    """One message to its outcome; False when the rest of the batch must wait."""
    if message.attempts > _MOST_CLAIMS:
        outcomes.conclude_verdict(message, worn_out(message), batch=batch)
        return True
    ready = prepared(message, batch=batch)
    if isinstance(ready, Verdict):
        outcomes.conclude_verdict(message, ready, batch=batch)
        return True
    try:
        connection.open()
        if not _marked(message):
            outcomes.give_back(message)
            return True
        outcome = connection.deliver(sender=ready.sender, recipient=ready.recipient, content=ready.content)
    except ServerTrouble as error:
        outcomes.trouble(message, error, batch=batch)
        return False
    outcomes.conclude_outcome(message, ready, outcome, batch=batch)
    return True


def _marked(message: Message) -> bool:
    """The last look before an effect that cannot be taken back, and its trace in one statement: still ours, and its
    batch neither paused nor cancelled."""
    running = Batch.objects.filter(pk=OuterRef("batch"), state=BatchState.RUNNING)
    held = Message._base_manager.filter(
        Exists(running), pk=message.pk, claim=message.claim, state=MessageState.QUEUED, leased_until__gt=Now()
    )
    return held.update(state=MessageState.SENDING, leased_until=Now() + timedelta(seconds=LEASE_SECONDS)) == 1


def _finish(batches: QuerySet[Batch]) -> None:
    left = Message._base_manager.filter(batch=OuterRef("pk"), state__in=_OPEN)
    batches.filter(~Exists(left), state__in=[BatchState.RUNNING, BatchState.PAUSED]).update(
        state=BatchState.FINISHED, finished_at=Now(), resume_at=None
    )
