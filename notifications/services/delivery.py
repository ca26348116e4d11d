"""Sending: claim, check again, render, mark, hand over, settle. One job works on one batch; several may side by side.

At most once, and nothing lost in silence: a message is marked as `sending`, durably, right before its mail is handed
over. Killed before the mark, it is taken again; killed after it, it is uncertain and stays so until somebody knows."""

from __future__ import annotations

import time
from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from backoffice.core.claims import expired, take
from backoffice.core.queue import answered, ring
from notifications.choices import BatchState, MessageState
from notifications.models import Batch, Message
from notifications.transports.smtp import ServerTrouble, SmtpConnection
from stores.scoping import for_all_stores, within_stores

from . import outcomes
from .batches import SEND_JOB
from .loading import Loaded, due, is_unchanged, loaded, next_due
from .preparation import Ready, Verdict, prepared, worn_out
from .refusals import BadAddresses

# With the 30 s of the last mail it stays below the queue's limit of 90 s.
JOB_SECONDS = 50.0
# Longer than one mail takes (MESSAGE_SECONDS). With the sweep's 15 s, a killed worker's message goes on in a minute.
LEASE_SECONDS = 40
# How many messages are read together, and after how long what was read is too old.
CHUNK, CHUNK_SECONDS = 20, 5.0
_LOOKS = 3
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
    doubts = BadAddresses()
    is_over = _worked_on(batch, doubts)
    doubts.close(batch)
    if is_over:
        _finish(Batch.objects.filter(pk=batch_id))
    else:
        ring(SEND_JOB, batch_id)


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
    idle = Batch.objects.filter(Exists(due(messages)), ~Exists(messages.filter(leased_until__gt=Now())))
    for batch_id in idle.filter(state=BatchState.RUNNING).values_list("pk", flat=True):
        ring(SEND_JOB, str(batch_id))
    _finish(Batch.objects.all())


def _worked_on(batch: Batch, doubts: BadAddresses) -> bool:
    """Sends what is due; False when the job's time was over before the work."""
    ends_at = time.monotonic() + JOB_SECONDS
    with SmtpConnection() as connection:
        while chunk := next_due(batch, limit=CHUNK):
            read_again_at = min(time.monotonic() + CHUNK_SECONDS, ends_at)
            for known in chunk:
                if not take(known.message, _to_send(batch), lease_seconds=LEASE_SECONDS):
                    continue
                with within_stores([known.message.store_id]):
                    goes_on = _sent(known, batch, connection, doubts)
                if not goes_on:
                    return True
                if time.monotonic() >= read_again_at:
                    break
            if time.monotonic() >= ends_at:
                return False
    return True


def _to_send(batch: Batch) -> QuerySet[Message]:
    running = Batch.objects.filter(pk=OuterRef("batch"), state=BatchState.RUNNING)
    return due(Message.objects.filter(Exists(running), batch=batch))


def _sent(known: Loaded, batch: Batch, connection: SmtpConnection, doubts: BadAddresses) -> bool:
    """One message to its outcome; False when the rest of the batch must wait."""
    message = known.message
    if message.attempts > _MOST_CLAIMS:
        outcomes.conclude_verdict(message, worn_out(known), batch=batch)
        return True
    try:
        ready = _ready(known, batch, connection)
        if isinstance(ready, Verdict):
            outcomes.conclude_verdict(message, ready, batch=batch)
            return True
        if ready is None or not _marked(message):
            outcomes.give_back(message)
            return True
        outcome = connection.deliver(sender=ready.sender, recipient=ready.recipient, content=ready.content)
    except ServerTrouble as error:
        outcomes.trouble(message, error, batch=batch)
        return False
    outcomes.conclude_outcome(message, ready, outcome, batch=batch, doubts=doubts)
    return True


def _ready(known: Loaded, batch: Batch, connection: SmtpConnection) -> Ready | Verdict | None:
    """The mail of what is known at this very moment; None when that changes faster than a mail is made."""
    for _ in range(_LOOKS):
        ready = prepared(known, batch=batch)
        if isinstance(ready, Ready):
            connection.open()
        if is_unchanged(known):
            return ready
        (known,) = loaded([known.message], batch=batch)
    return None


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
