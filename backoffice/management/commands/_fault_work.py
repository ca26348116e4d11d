"""The work that goes on while `manage.py faults` kills: archiving 500 orders of two shops and mailing 200 customers.

Each round asks for both, tells how far they are, and proves from the shops' own logs and the caught mails that nothing
was done twice and nothing was lost."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backoffice.core.actor import SYSTEM
from backoffice.demo import SHOPS, Demo
from notifications.choices import MessageState
from notifications.models import Message
from notifications.services.batches import start_batch
from orders.choices import ChangeState, Source, Stage
from orders.models import Order, RemoteChange
from orders.services.archive import archive_orders, unarchive_orders

SUBJECT = "About your order {{ name }}"
BODY = "<p>Hello {{ customer.first_name | default: 'there' }}, your order {{ name }} takes a little longer.</p>"
_WAITING_CHANGES = frozenset({ChangeState.QUEUED.value, ChangeState.SENDING.value})
_WAITING_MAILS = frozenset({MessageState.QUEUED.value, MessageState.SENDING.value})


@dataclass(frozen=True)
class Selection:
    """The orders that every round acts on; fixed, so that rounds can be compared."""

    archived: tuple[int, ...]
    mailed: tuple[int, ...]


@dataclass(frozen=True)
class Progress:
    changes: Counter[str]
    mails: Counter[str]

    @property
    def waiting(self) -> int:
        """What has no outcome yet."""
        changes = sum(self.changes[state] for state in _WAITING_CHANGES)
        return changes + sum(self.mails[state] for state in _WAITING_MAILS)

    @property
    def settled(self) -> int:
        return self.changes.total() + self.mails.total() - self.waiting

    @property
    def undecided(self) -> int:
        """Uncertain changes are looked up in the shop and become something else; uncertain mails stay so."""
        return self.changes[ChangeState.UNCERTAIN.value]


def select(*, orders: int, mails: int) -> Selection:
    """Open orders, evenly from the shops: some to archive, others with an address of their own to mail about."""
    archived: list[int] = []
    mailed: list[int] = []
    for shop in SHOPS:
        theirs = Order.objects.filter(store__domain=shop.domain, closed=False, deleted_at=None).order_by("pk")
        ready = theirs.filter(cancelled_at=None, test=False)
        by_address: dict[str, int] = {}
        open_ones = ready.filter(stage=Stage.TO_FULFIL).exclude(email="")
        for pk, email in open_ones.values_list("pk", "email"):
            by_address.setdefault(email.casefold(), pk)
        chosen = list(by_address.values())[: mails // len(SHOPS)]
        mailed += chosen
        archived += ready.exclude(pk__in=chosen).values_list("pk", flat=True)[: orders // len(SHOPS)]
    return Selection(tuple(archived), tuple(mailed))


class Round:
    """One archive (or unarchive: the rounds take turns) and one batch, from request to last outcome."""

    def __init__(self, selection: Selection, demo: Demo, *, archive: bool) -> None:
        self._demo = demo
        self._seen = {shop.domain: mutation_log(demo, index, after=0)[1] for index, shop in enumerate(SHOPS)}
        act = archive_orders if archive else unarchive_orders
        self._mutation = "orderClose" if archive else "orderOpen"
        self._asked = act(Order.objects.filter(pk__in=selection.archived), actor=SYSTEM, source=Source.SYSTEM)
        self._batch = start_batch(
            Order.objects.filter(pk__in=selection.mailed),
            subject=SUBJECT,
            body=BODY,
            actor=SYSTEM,
            source=Source.SYSTEM,
        )

    @property
    def run_id(self) -> UUID:
        return self._asked.run_id

    def progress(self) -> Progress:
        changes = RemoteChange.objects.filter(run_id=self.run_id).values_list("state", flat=True)
        mails = Message.objects.filter(batch=self._batch).values_list("state", flat=True)
        return Progress(Counter(changes), Counter(mails))

    def broken(self) -> list[str]:
        """Promises that the finished round did not keep."""
        progress = self.progress()
        found = [*self._broken_changes(), *self._broken_mails()]
        if progress.changes.total() != self._asked.asked:
            found.append(f"{self._asked.asked} changes asked for, {progress.changes.total()} accounted for")
        if progress.waiting:
            found.append(f"{progress.waiting} rows without an outcome")
        return found

    def _broken_changes(self) -> list[str]:
        applied: Counter[str] = Counter()
        for index, shop in enumerate(SHOPS):
            for entry in mutation_log(self._demo, index, after=self._seen[shop.domain])[0]:
                if entry["name"] == self._mutation and entry["effect"]:
                    applied.update(entry["ids"])
        found = [f"{gid} was changed {times} times" for gid, times in applied.items() if times > 1]
        confirmed = RemoteChange.objects.filter(run_id=self.run_id, state=ChangeState.CONFIRMED)
        gids = confirmed.values_list("order__gid", flat=True)
        return found + [f"{gid} is confirmed, and the shop never did it" for gid in gids if not applied[gid]]

    def _broken_mails(self) -> list[str]:
        caught = Counter(mail["message_id"] for mail in read(f"{self._demo.mails_url}/api/messages"))
        found = []
        for message in Message.objects.filter(batch=self._batch).select_related("store"):
            copies = caught[message.message_id]
            if copies > 1:
                found.append(f"{message.message_id} was delivered {copies} times")
            if message.state == MessageState.SENT and copies == 0:
                found.append(f"{message.message_id} counts as sent and never arrived")
            if message.state not in {MessageState.SENT, MessageState.UNCERTAIN} and copies:
                found.append(f"{message.message_id} arrived and counts as {message.state}")
        return found


def mutation_log(demo: Demo, index: int, *, after: int) -> tuple[list[dict[str, Any]], int]:
    """The shop's accepted mutations after a sequence number, and the last number."""
    entries = read(f"{demo.shop_url(SHOPS[index])}/_rehearsal/mutations?after={after}")["mutations"]
    return entries, max((entry["sequence"] for entry in entries), default=after)


def read(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - our own address
        return json.load(answer)
