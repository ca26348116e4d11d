"""Refusals seen together: a server in trouble costs nobody his mails for good, and one bad address no batch."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django_scopes import scopes_disabled

from backoffice.core.actor import Actor
from notifications.choices import MessageState
from notifications.models import Batch, Message, Suppression
from notifications.services import delivery
from notifications.services.batches import resume_batch
from notifications.services.delivery import send_batch_job, sweep
from stores.models import Store
from tests.notifications.conftest import begin, customers_orders, states
from tests.notifications.smtpx import Peer

pytestmark = pytest.mark.django_db

UNKNOWN = "rcpt:550 5.1.1 no such user"


def run(batch: Batch) -> None:
    send_batch_job(str(batch.pk))
    batch.refresh_from_db()


@scopes_disabled()
def resume(batch: Batch, actor: Actor) -> None:
    resume_batch(batch, actor=actor)


@scopes_disabled()
def suppressed() -> int:
    return Suppression.objects.count()


@scopes_disabled()
def a_minute_later(batch: Batch) -> None:
    Message.objects.filter(batch=batch).update(next_attempt_at=F("next_attempt_at") - timedelta(minutes=1))


def number(recipient: str) -> int:
    return int(recipient.removeprefix("customer").partition("@")[0] or -1) if recipient else -1


@pytest.mark.row("REL-E04", "REL-E05")
@pytest.mark.parametrize(
    "answer",
    [
        "550 relay not permitted",
        "501 syntax error",
        "503 AUTH first",
        "530 5.7.0 Authentication required",
        "535 5.7.8 Authentication failed",
    ],
)
def test_a_server_that_refuses_everybody_pauses_the_batch_at_once(
    smtpx: Peer, store: Store, agent_actor: Actor, answer: str
):
    smtpx.fault = lambda recipient, tries: f"rcpt:{answer}"
    batch = begin(customers_orders(store, 3), agent_actor)
    run(batch)
    assert (batch.state, batch.state_code, batch.resume_at) == ("paused", "server_refuses", None)
    assert (states(batch), sum(smtpx.tries.values()), suppressed()) == ({"queued": 3}, 1, 0)
    assert answer in batch.state_reason
    for _ in range(2):
        a_minute_later(batch)
        resume(batch, agent_actor)
        run(batch)
        assert (batch.state, states(batch)) == ("paused", {"queued": 3})
    smtpx.fault = lambda recipient, tries: ""
    a_minute_later(batch)
    resume(batch, agent_actor)
    run(batch)
    assert (batch.state, states(batch), smtpx.duplicates()) == ("finished", {"sent": 3}, [])


def test_one_recipient_whom_the_server_does_not_follow_holds_nobody_up(smtpx: Peer, store: Store, agent_actor: Actor):
    smtpx.fault = lambda recipient, tries: "rcpt:501 syntax error" if number(recipient) == 0 else ""
    batch = begin(customers_orders(store, 3), agent_actor)
    run(batch)
    assert (batch.state_code, states(batch)) == ("server_refuses", {"queued": 3})
    resume(batch, agent_actor)
    run(batch)
    assert (batch.state, states(batch)) == ("running", {"queued": 1, "sent": 2})
    a_minute_later(batch)
    run(batch)
    assert (batch.state, states(batch), suppressed()) == ("finished", {"failed": 1, "sent": 2}, 0)
    with scopes_disabled():
        assert Message.objects.get(batch=batch, state=MessageState.FAILED).code == "refused"


def test_ten_refusals_without_a_reason_suppress_nobody(smtpx: Peer, store: Store, agent_actor: Actor):
    smtpx.fault = lambda recipient, tries: "rcpt:550 rejected"
    batch = begin(customers_orders(store, 12), agent_actor)
    run(batch)
    assert (batch.state, batch.state_code) == ("paused", "refused_too_often")
    assert (states(batch), suppressed()) == ({"failed": 10, "queued": 2}, 0)


def test_ten_bad_addresses_in_a_row_are_not_believed(smtpx: Peer, store: Store, agent_actor: Actor):
    smtpx.fault = lambda recipient, tries: UNKNOWN if number(recipient) < 10 else ""
    batch = begin(customers_orders(store, 12), agent_actor)
    run(batch)
    assert (batch.state, batch.state_code, states(batch)) == (
        "paused",
        "refused_too_often",
        {"failed": 10, "queued": 2},
    )
    resume(batch, agent_actor)
    run(batch)
    assert (batch.state, states(batch), suppressed()) == ("finished", {"failed": 10, "sent": 2}, 0)


def test_refusals_of_both_kinds_make_one_row(smtpx: Peer, store: Store, agent_actor: Actor):
    smtpx.fault = lambda recipient, tries: UNKNOWN if number(recipient) % 2 else "end:554 5.7.1 no"
    batch = begin(customers_orders(store, 12), agent_actor)
    run(batch)
    assert (batch.state_code, states(batch), suppressed()) == ("refused_too_often", {"failed": 10, "queued": 2}, 0)


@pytest.mark.parametrize("proof", ["", "rcpt:552 5.2.2 full"])
def test_a_row_of_bad_addresses_is_believed_when_the_next_answer_is_another(
    smtpx: Peer, store: Store, agent_actor: Actor, proof: str
):
    smtpx.fault = lambda recipient, tries: UNKNOWN if number(recipient) < 9 else proof
    run(begin(customers_orders(store, 10), agent_actor))
    assert suppressed() == 9


@pytest.mark.parametrize(("recipients", "believed"), [(1, 1), (2, 0)])
def test_at_the_end_of_a_batch_one_bad_address_is_believed_and_two_are_not(
    smtpx: Peer, store: Store, agent_actor: Actor, recipients: int, believed: int
):
    smtpx.fault = lambda recipient, tries: UNKNOWN
    batch = begin(customers_orders(store, recipients), agent_actor)
    run(batch)
    assert (batch.state, states(batch), suppressed()) == ("finished", {"failed": recipients}, believed)


def test_what_a_server_said_before_it_refused_everybody_is_not_believed(smtpx: Peer, store: Store, agent_actor: Actor):
    smtpx.fault = lambda recipient, tries: UNKNOWN if number(recipient) == 0 else "rcpt:550 relay not permitted"
    batch = begin(customers_orders(store, 2), agent_actor)
    run(batch)
    assert (batch.state_code, suppressed()) == ("server_refuses", 0)


@pytest.mark.row("REL-E04")
@pytest.mark.parametrize("answer", ["end:554 5.7.1 looks like spam", UNKNOWN])
def test_more_than_a_twentieth_of_a_hundred_pauses_the_batch(
    smtpx: Peer, store: Store, agent_actor: Actor, answer: str
):
    """Every sixteenth is refused: the seventh is the 97th answer, too early to judge; the eighth is the 113th."""
    smtpx.fault = lambda recipient, tries: answer if number(recipient) % 16 == 0 else ""
    batch = begin(customers_orders(store, 130), agent_actor)
    run(batch)
    assert (batch.state, batch.state_code) == ("paused", "refused_too_often")
    assert states(batch) == {"failed": 8, "sent": 105, "queued": 17}
    resume(batch, agent_actor)
    run(batch)
    assert (batch.state, states(batch)) == ("finished", {"failed": 9, "sent": 121})


@pytest.mark.parametrize(("refused", "paused"), [(5, False), (6, True)])
def test_own_failures_and_skipped_mails_are_no_answers(
    smtpx: Peer, store: Store, agent_actor: Actor, refused: int, paused: bool
):
    """Of 100 answers 5 may be refusals and 6 may not, whatever else there is in the batch."""
    batch = begin(customers_orders(store, 140), agent_actor)
    with scopes_disabled():
        ids = list(Message.objects.filter(batch=batch).order_by("created_at").values_list("pk", flat=True))
        rows = Message.objects.filter(batch=batch)
        past = {"settled_at": F("created_at"), "leased_until": None}
        rows.filter(pk__in=ids[: refused - 1]).update(state="failed", code="refused", **past)
        rows.filter(pk__in=ids[refused - 1 : 99]).update(state="sent", **past)
        rows.filter(pk__in=ids[99:119]).update(state="skipped", code="order_archived", **past)
        rows.filter(pk__in=ids[119:138]).update(state="failed", code="template_absent", **past)
    smtpx.fault = lambda recipient, tries: "end:554 5.7.1 spam" if number(recipient) == 138 else ""
    run(batch)
    assert batch.state == ("paused" if paused else "finished")
    assert len(smtpx.accepted) == (0 if paused else 1)


@pytest.mark.row("REL-E02")
def test_a_server_that_is_too_slow_with_its_answer_leaves_the_mail_uncertain(
    settings, smtpx: Peer, store: Store, agent_actor: Actor
):
    settings.EMAIL_TIMEOUT = 0.4
    smtpx.fault = lambda recipient, tries: "slow:0.8" if number(recipient) == 0 else ""
    batch = begin(customers_orders(store, 2), agent_actor)
    run(batch)
    assert states(batch) == {"sent": 1, "uncertain": 1}
    sweep()
    run(batch)
    assert (batch.state, smtpx.duplicates()) == ("finished", [])


@pytest.mark.row("REL-E03")
def test_a_server_that_is_too_slow_before_the_mail_is_asked_again(
    settings, smtpx: Peer, store: Store, agent_actor: Actor
):
    settings.EMAIL_TIMEOUT = 0.4
    smtpx.fault = lambda recipient, tries: "slow_rcpt:0.8" if tries == 1 else ""
    batch = begin(customers_orders(store, 1), agent_actor)
    run(batch)
    assert (states(batch), smtpx.accepted) == ({"queued": 1}, [])
    a_minute_later(batch)
    run(batch)
    assert (batch.state, states(batch), len(smtpx.accepted)) == ("finished", {"sent": 1}, 1)


def test_a_slow_server_gets_each_mail_once_and_the_job_still_ends_in_time(
    smtpx: Peer, store: Store, agent_actor: Actor, monkeypatch: pytest.MonkeyPatch
):
    """What was read together grows too old on the way and is read again."""
    rung: list[object] = []
    monkeypatch.setattr(delivery, "ring", lambda *words: rung.append(words))
    monkeypatch.setattr(delivery, "CHUNK_SECONDS", 0.3)
    monkeypatch.setattr(delivery, "JOB_SECONDS", 1.0)
    smtpx.fault = lambda recipient, tries: "slow:0.2"
    batch = begin(customers_orders(store, 8), agent_actor)
    run(batch)
    assert len(rung) == 1
    assert 2 <= states(batch)["sent"] <= 5
    monkeypatch.setattr(delivery, "JOB_SECONDS", 50.0)
    run(batch)
    assert (batch.state, states(batch), smtpx.duplicates()) == ("finished", {"sent": 8}, [])
