"""What refusals say when they are seen together: about the mails, about the server, or really about the addresses."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from notifications.choices import MessageState
from notifications.models import Batch, Message

from . import suppression

IN_A_ROW = 10
_SHARE, _AT_LEAST = 0.05, 100
_AGAINST = ("refused", "bad_address")


class BadAddresses:
    """Those that the server of one connection called bad one after the other, and that nothing has shown to be so yet.

    A server that misjudges one recipient misjudges them all: an address is suppressed when the next answer is another
    one, or when it stays the only bad one. A row that is long enough to pause its batch suppresses nobody. What is
    forgotten because a job ends costs one more try in a later batch."""

    def __init__(self) -> None:
        self._row: list[Message] = []

    def add(self, message: Message) -> None:
        self._row.append(message)

    def forget(self) -> None:
        """The server refuses everybody: what it said of these means nothing."""
        self._row.clear()

    def proven(self) -> None:
        """The server has just told one mailbox from another."""
        row, self._row = self._row, []
        if len(row) < IN_A_ROW:
            for message in row:
                suppression.suppress(message.store_id, message.address_key, reason="bad_address")

    def close(self, batch: Batch) -> None:
        """No more is sent over this connection."""
        if len(self._row) == 1 and _in_a_row(batch) == 1:
            self.proven()


def too_often(batch: Batch) -> bool:
    """Whether a person must look: ten refusals in a row, or more than 5 % of at least 100 answers since the batch was
    last resumed. Own failures and skipped mails are no answers."""
    if _in_a_row(batch) >= IN_A_ROW:
        return True
    resumed_at = Batch.objects.values_list("resumed_at", flat=True).get(pk=batch.pk)
    answers = _answers(batch).filter(settled_at__gt=resumed_at) if resumed_at else _answers(batch)
    total = answers.count()
    return total >= _AT_LEAST and answers.filter(code__in=_AGAINST).count() > total * _SHARE


def _in_a_row(batch: Batch) -> int:
    latest = _answers(batch).order_by("-settled_at").values_list("code", flat=True)[:IN_A_ROW]
    codes = list(latest)
    return next((number for number, code in enumerate(codes) if code not in _AGAINST), len(codes))


def _answers(batch: Batch) -> QuerySet[Message]:
    answered = Q(state=MessageState.SENT) | Q(state=MessageState.FAILED, code__in=(*_AGAINST, "mailbox_full"))
    messages: QuerySet[Message] = Message._base_manager.filter(answered, batch=batch)
    return messages
