"""INV-C5, C6, C7: under any sequence of deaths, refusals, lost replies, pauses and passing time, each address is
accepted at most once, nobody suppressed is written to, and every message is accounted for."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from secrets import token_hex
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F
from django_scopes import scopes_disabled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.core.actor import SYSTEM
from notifications.models import Batch, Message
from notifications.rendering.mail import Rendered
from notifications.services import delivery, outcomes, preparation, suppression
from notifications.services.batches import batch_progress, cancel_batch, pause_batch, resume_batch
from notifications.transports.smtp import Outcome, OutcomeKind, ServerTrouble
from stores.models import Store
from tests.builders.orders import make_store
from tests.notifications.conftest import begin, customers_orders

CUSTOMERS = 4


class Crash(BaseException):
    pass


class World:
    """A server that remembers what it accepted and fails as the script says, one word a mail."""

    def __init__(self, script: list[str]) -> None:
        self.script = list(script)
        self.accepted: list[str] = []
        self.suppressed: set[str] = set()
        self.batch: Batch = None  # type: ignore[assignment]

    def __call__(self, *words: Any) -> World:
        return self

    def __enter__(self) -> World:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def open(self) -> None:
        if self.script and self.script[0] == "down":
            self.script.pop(0)
            raise ServerTrouble("server_down", "down", may_pass=True)

    def deliver(self, *, sender: str, recipient: str, content: bytes) -> Outcome:
        assert recipient not in self.suppressed
        word = self.script.pop(0) if self.script else "ok"
        if word == "die before":
            raise Crash
        if word in ("ok", "lost", "die after", "slow", "pause"):
            self.accepted.append(recipient)
        if word == "die after":
            raise Crash
        if word == "slow":
            pass_time(self.batch, 60)
            delivery.sweep()
        if word == "pause":
            pause_batch(self.batch, actor=SYSTEM)
        kinds = {"later": OutcomeKind.TRY_AGAIN, "no": OutcomeKind.BAD_ADDRESS, "lost": OutcomeKind.UNCERTAIN}
        return Outcome(kinds.get(word, OutcomeKind.SENT), 250, word)


def pass_time(batch: Batch, seconds: int) -> None:
    Message.objects.filter(batch=batch).update(
        leased_until=F("leased_until") - timedelta(seconds=seconds),
        next_attempt_at=F("next_attempt_at") - timedelta(seconds=seconds),
    )
    Batch.objects.filter(pk=batch.pk).update(resume_at=F("resume_at") - timedelta(seconds=seconds))


_scripts = st.lists(
    st.sampled_from(["ok", "later", "no", "lost", "die before", "die after", "slow", "pause", "down"]), max_size=14
)
_steps = st.lists(
    st.one_of(
        st.sampled_from(["work", "sweep", "wait", "long wait", "pause", "resume"]),
        st.tuples(st.just("suppress"), st.integers(0, CUSTOMERS - 1)),
        st.just("cancel"),
    ),
    min_size=3,
    max_size=18,
)


@pytest.mark.row("INV-C5", "INV-C6", "INV-C7")
@pytest.mark.django_db
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=_scripts, steps=_steps)
def test_at_most_once_and_all_accounted_for(monkeypatch: pytest.MonkeyPatch, script: list[str], steps: list[Any]):
    play(monkeypatch, script, steps)


def resending(message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(state="queued", leased_until=None)


def losing(message: Message) -> None:
    Message.objects.filter(pk=message.pk).delete()


@pytest.mark.row("INV-C5", "INV-C6", "INV-C7")
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("place", "name", "broken", "steps"),
    [
        (outcomes, "lost", resending, ["work", "wait", "sweep"]),
        (outcomes, "lost", losing, ["work", "wait", "sweep"]),
        (suppression, "address_hash", lambda key: token_hex(), [("suppress", 0), ("suppress", 1)]),
    ],
)
def test_the_model_notices_a_broken_product(
    monkeypatch: pytest.MonkeyPatch, place: Any, name: str, broken: Any, steps: list[Any]
):
    monkeypatch.setattr(place, name, broken)
    with pytest.raises(AssertionError):
        play(monkeypatch, ["die after"], steps)


def play(monkeypatch: pytest.MonkeyPatch, script: list[str], steps: list[Any]) -> None:
    world = World(script)
    monkeypatch.setattr(delivery, "SmtpConnection", world)
    monkeypatch.setattr(preparation, "render_mail", lambda **words: Rendered("s", "<p>h</p>", "t"))
    with transaction.atomic(), scopes_disabled():
        store = make_store()
        batch = world.batch = begin(customers_orders(store, CUSTOMERS), SYSTEM, body="x")
        for step in [*steps, "resume", "work", "wait", "sweep", "work"]:
            act(step, world, batch, store)
            counts = batch_progress(batch)
            assert sum(counts.values()) == batch.total == CUSTOMERS
            assert len(world.accepted) == len(set(world.accepted))
            told = Message.objects.filter(batch=batch, state__in=["sent", "uncertain", "sending"])
            assert set(world.accepted) <= set(told.values_list("address", flat=True))
            sent = Message.objects.filter(batch=batch, state="sent").values_list("address", flat=True)
            assert set(sent) <= set(world.accepted)
        transaction.set_rollback(True)


def act(step: Any, world: World, batch: Batch, store: Store) -> None:
    batch.refresh_from_db()
    over = batch.state in ("cancelled", "finished")
    if step == "work":
        with contextlib.suppress(Crash):
            delivery.send_batch_job(str(batch.pk))
    elif step == "sweep":
        delivery.sweep()
    elif step in ("wait", "long wait"):
        pass_time(batch, 60 if step == "wait" else 9 * 3600)
    elif isinstance(step, tuple):
        address = f"customer{step[1]}@example.com"
        suppression.suppress(store.pk, address, reason="unsubscribed")
        world.suppressed.add(address)
    elif not over:
        {"pause": pause_batch, "resume": resume_batch, "cancel": cancel_batch}[step](batch, actor=SYSTEM)
