"""Delivery over real SMTP: each mail once, every outcome accounted for, what is no longer true is not sent."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone
from django_scopes import scopes_disabled

from backoffice.core.actor import Actor
from notifications.choices import MessageState
from notifications.models import Batch, Message, MessageOrder
from notifications.rendering.sandbox import TooCostly, sandbox
from notifications.services import delivery, outcomes, preparation, suppression
from notifications.services.batches import batch_progress, cancel_batch, pause_batch, resume_batch
from notifications.services.delivery import send_batch_job, sweep
from notifications.services.loading import Loaded
from orders.choices import Stage
from orders.models import Comment, Order, TimelineEntry
from stores.models import Membership, Store
from tests.builders.orders import make_customer, make_order
from tests.notifications.conftest import begin, customers_orders, states
from tests.notifications.smtpx import Peer, running

pytestmark = pytest.mark.django_db


def run(batch: Batch) -> None:
    send_batch_job(str(batch.pk))
    batch.refresh_from_db()


def later(batch: Batch, **delta: int) -> None:
    """As if so much time had passed for what waits."""
    with scopes_disabled():
        for column in ("next_attempt_at", "leased_until"):
            Message.objects.filter(batch=batch).update(**{column: F(column) - timedelta(**delta)})
    Batch.objects.filter(pk=batch.pk).update(resume_at=F("resume_at") - timedelta(**delta))


@scopes_disabled()
def entries(kind: str) -> list[TimelineEntry]:
    return list(TimelineEntry.objects.filter(kind=kind).order_by("order_id"))


@scopes_disabled()
def only_message(batch: Batch) -> Message:
    return Message.objects.select_related("store").get(batch=batch)


@pytest.mark.row("FEAT-A23", "FEAT-A26")
def test_one_customer_with_three_orders_gets_one_mail(smtpx: Peer, store: Store, agent_actor: Actor):
    orders = customers_orders(store, 1, orders_each=3)
    batch = begin(orders, agent_actor)
    run(batch)
    (mail,) = smtpx.accepted
    names = [order.name for order in orders]
    assert mail.recipients == ("customer0@example.com",)
    assert mail.sender == store.email
    assert mail.message["Subject"] == f"About {names[0]}, {names[1]}, and {names[2]}"
    assert mail.text.startswith(f"Hello Customer0, this is about {names[0]}, {names[1]}, and {names[2]}.")
    assert mail.message_id == only_message(batch).message_id
    assert mail.message["Bcc"] is None
    assert (batch.state, states(batch)) == ("finished", {"sent": 1})
    with scopes_disabled():
        for order in Order.objects.all():
            assert order.last_mailed_at is not None
    assert [entry.order_id for entry in entries("mail.sent")] == [order.pk for order in orders]
    assert entries("mail.sent")[0].data["address"] == "c…@example.com"


def test_a_second_job_sends_nothing_twice(smtpx: Peer, store: Store, agent_actor: Actor):
    batch = begin(customers_orders(store, 3), agent_actor)
    run(batch)
    run(batch)
    sweep()
    assert len(smtpx.accepted) == 3
    assert smtpx.duplicates() == []
    assert smtpx.sessions == 1


def test_many_mails_use_one_connection(smtpx: Peer, store: Store, agent_actor: Actor):
    run(begin(customers_orders(store, 5), agent_actor))
    assert (len(smtpx.accepted), smtpx.sessions) == (5, 1)


@pytest.mark.row("REL-E08", "INV-C7")
def test_whoever_is_suppressed_after_queueing_gets_nothing(smtpx: Peer, store: Store, agent_actor: Actor):
    batch = begin(customers_orders(store, 2), agent_actor)
    with scopes_disabled():
        suppression.suppress(store.pk, "customer0@example.com", reason="unsubscribed")
    run(batch)
    assert smtpx.recipients() == ["customer1@example.com"]
    assert states(batch) == {"sent": 1, "suppressed": 1}
    assert len(entries("mail.skipped")) == 1


@pytest.mark.row("FEAT-D3")
@pytest.mark.parametrize("stage", [Stage.TO_ARCHIVE, Stage.CANCELLED, Stage.ARCHIVED, Stage.DELETED])
def test_what_happened_after_queueing_is_believed(smtpx: Peer, store: Store, agent_actor: Actor, stage: Stage):
    gone, kept, partly_gone, partly_kept = [
        *customers_orders(store, 2),
        *(make_order(store, email="both@example.com") for _ in range(2)),
    ]
    batch = begin([gone, kept, partly_gone, partly_kept], agent_actor, body="About {{ order_names }}")
    with scopes_disabled():
        Order.objects.filter(pk__in=[gone.pk, partly_gone.pk]).update(stage=stage)
    run(batch)
    assert smtpx.recipients() == ["both@example.com", "customer1@example.com"]
    both = next(mail for mail in smtpx.accepted if mail.recipients == ("both@example.com",))
    assert both.text.startswith(f"About {partly_kept.name}\n")
    assert states(batch) == {"sent": 2, "skipped": 1}
    with scopes_disabled():
        rows = dict(MessageOrder.objects.values_list("order_id", "left_out"))
        assert Order.objects.get(pk=gone.pk).last_mailed_at is None
        assert Order.objects.get(pk=partly_gone.pk).last_mailed_at is None
    code = f"order_{stage}"
    assert rows == {gone.pk: code, kept.pk: "", partly_gone.pk: code, partly_kept.pk: ""}
    assert [entry.order_id for entry in entries("mail.skipped")] == [gone.pk]


def test_a_corrected_address_is_not_written_to_in_its_old_form(smtpx: Peer, store: Store, agent_actor: Actor):
    (order,) = customers_orders(store, 1)
    batch = begin([order], agent_actor)
    with scopes_disabled():
        Order.objects.filter(pk=order.pk).update(email="corrected@example.com")
    run(batch)
    assert smtpx.accepted == []
    assert only_message(batch).code == "address_changed"


@pytest.mark.row("REL-A07")
@pytest.mark.parametrize("loss", ["membership", "account"])
def test_whoever_lost_his_rights_sends_no_more(smtpx: Peer, store: Store, agent, agent_actor: Actor, loss: str):
    batch = begin(customers_orders(store, 1), agent_actor)
    if loss == "membership":
        Membership.objects.all().delete()
    else:
        type(agent).objects.filter(pk=agent.pk).update(is_active=False)
    run(batch)
    assert smtpx.accepted == []
    assert (only_message(batch).state, only_message(batch).code) == ("skipped", "sender_not_allowed")


@pytest.mark.row("REL-E17")
def test_a_mail_with_a_hole_fails_before_connecting(smtpx: Peer, store: Store, agent_actor: Actor):
    named, nameless = customers_orders(store, 1)[0], make_order(store, email="nameless@example.com")
    batch = begin([named, nameless], agent_actor)
    run(batch)
    assert smtpx.recipients() == ["customer0@example.com"]
    with scopes_disabled():
        failed = Message.objects.get(batch=batch, state=MessageState.FAILED)
    assert (failed.address, failed.code) == ("nameless@example.com", "template_absent")
    assert "customer.first_name" in failed.reason
    assert len(entries("mail.failed")) == 1


@pytest.mark.row("FEAT-A7")
def test_what_staff_keep_to_themselves_is_in_no_mail(smtpx: Peer, store: Store, agent_actor: Actor):
    order = make_order(
        store, customer=make_customer(store), note="CANARY note", tags=["CANARY tag"], hold_reasons=["CANARY hold"]
    )
    with scopes_disabled():
        Comment.objects.create(store=store, order=order, author_label="x", body="CANARY comment")
    words = (
        "{% for line in line_items %}{{ line.title }}{% endfor %}{{ order_names }}{{ customer.name }}{{ shop.name }}"
    )
    run(begin([order], agent_actor, body=words))
    (mail,) = smtpx.accepted
    assert b"CANARY" not in mail.content


@pytest.mark.row("REL-E03")
@pytest.mark.parametrize(
    "fault", ["rcpt:451 4.7.1 later", "end:452 4.3.1 full", "data:432 later", "drop:data", "drop:rcpt"]
)
def test_a_temporary_refusal_is_tried_again(smtpx: Peer, store: Store, agent_actor: Actor, fault: str):
    smtpx.fault = lambda recipient, number: fault if number == 1 else ""
    batch = begin(customers_orders(store, 1), agent_actor)
    run(batch)
    message = only_message(batch)
    assert (batch.state, message.state, message.code, message.leased_until) == ("running", "queued", "try_again", None)
    wait = message.next_attempt_at - timezone.now()
    assert timedelta(seconds=50) < wait <= timedelta(minutes=1)
    run(batch)
    assert smtpx.accepted == []
    later(batch, minutes=1)
    run(batch)
    assert (states(batch), len(smtpx.accepted), batch.state) == ({"sent": 1}, 1, "finished")


def test_a_text_that_takes_too_long_is_tried_again_before_it_fails(
    smtpx: Peer, store: Store, agent_actor: Actor, monkeypatch: pytest.MonkeyPatch
):
    batches = [begin(customers_orders(store, 1), agent_actor) for _ in range(2)]

    def costly(*words: object) -> dict[str, object]:
        raise TooCostly

    with monkeypatch.context() as patch:
        patch.setattr(sandbox, "ask", costly)
        for batch in batches:
            run(batch)
            assert states(batch) == {"queued": 1}
            later(batch, minutes=5)
        for _ in range(2):
            run(batches[0])
            later(batches[0], minutes=5)
    run(batches[1])
    assert (states(batches[0]), only_message(batches[0]).code) == ({"failed": 1}, "template_too_costly")
    assert (states(batches[1]), len(smtpx.accepted)) == ({"sent": 1}, 1)


@pytest.mark.row("REL-E03")
def test_a_refusal_that_stays_temporary_fails_after_a_day(smtpx: Peer, store: Store, agent_actor: Actor):
    smtpx.fault = lambda recipient, number: "rcpt:451 4.7.1 later"
    batch = begin(customers_orders(store, 1), agent_actor)
    for _ in outcomes.RETRY_AFTER:
        run(batch)
        assert states(batch) == {"queued": 1}
        later(batch, hours=8)
    run(batch)
    assert sum(outcomes.RETRY_AFTER, timedelta()) == timedelta(hours=23, minutes=21)
    assert (states(batch), only_message(batch).code) == ({"failed": 1}, "gave_up")
    assert sum(smtpx.tries.values()) == 9


@pytest.mark.row("REL-E04")
@pytest.mark.parametrize(
    "fault", ["rcpt:550 5.1.1 no such user", "rcpt:553 no such user here", "end:550 5.1.1 no such user"]
)
def test_an_address_that_does_not_exist_is_suppressed(smtpx: Peer, store: Store, agent_actor: Actor, fault: str):
    smtpx.fault = lambda recipient, number: fault if recipient == "customer0@example.com" else ""
    batch = begin(customers_orders(store, 2), agent_actor)
    run(batch)
    assert states(batch) == {"failed": 1, "sent": 1}
    with scopes_disabled():
        assert suppression.is_suppressed(store.pk, "customer0@example.com")
        assert not suppression.is_suppressed(store.pk, "customer1@example.com")
    assert smtpx.sessions == 1


@pytest.mark.row("REL-E04")
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("rcpt:552 5.2.2 full", "mailbox_full"),
        ("end:554 5.7.1 policy", "refused"),
        ("rcpt:550 5.7.1 policy", "refused"),
    ],
)
def test_a_full_mailbox_or_a_policy_suppresses_nobody(
    smtpx: Peer, store: Store, agent_actor: Actor, fault: str, code: str
):
    smtpx.fault = lambda recipient, number: fault
    batch = begin(customers_orders(store, 1), agent_actor)
    run(batch)
    assert (only_message(batch).state, only_message(batch).code) == ("failed", code)
    with scopes_disabled():
        assert not suppression.is_suppressed(store.pk, "customer0@example.com")


@pytest.mark.row("REL-E04")
def test_ten_refusals_in_a_row_pause_the_batch(smtpx: Peer, store: Store, agent_actor: Actor):
    smtpx.fault = lambda recipient, number: "end:554 5.7.1 looks like spam"
    batch = begin(customers_orders(store, 12), agent_actor)
    run(batch)
    assert (batch.state, batch.state_code, batch.resume_at) == ("paused", "refused_too_often", None)
    assert states(batch) == {"failed": 10, "queued": 2}
    assert "looks like spam" in batch.state_reason


@pytest.mark.row("REL-E02")
def test_a_lost_reply_is_uncertain_and_never_sent_again(smtpx: Peer, store: Store, agent_actor: Actor):
    smtpx.fault = lambda recipient, number: "accept_then_drop" if recipient == "customer0@example.com" else ""
    batch = begin(customers_orders(store, 2), agent_actor)
    run(batch)
    assert states(batch) == {"sent": 1, "uncertain": 1}
    later(batch, days=3)
    sweep()
    run(batch)
    assert smtpx.duplicates() == []
    assert (len(smtpx.accepted), batch.state) == (2, "finished")
    assert len(entries("mail.uncertain")) == 1


def test_a_drop_before_acceptance_cannot_be_told_from_a_lost_reply(smtpx: Peer, store: Store, agent_actor: Actor):
    smtpx.fault = lambda recipient, number: "drop:end"
    batch = begin(customers_orders(store, 1), agent_actor)
    run(batch)
    assert (states(batch), smtpx.accepted) == ({"uncertain": 1}, [])


@pytest.mark.row("REL-E05")
def test_a_server_that_is_down_pauses_the_batch_and_loses_nothing(
    settings, store: Store, agent_actor: Actor, caplog: pytest.LogCaptureFixture
):
    settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = "127.0.0.1", 2
    with running() as gone:
        settings.EMAIL_PORT = gone.port
    batch = begin(customers_orders(store, 2), agent_actor)
    for _ in range(4):
        run(batch)
        assert (batch.state, batch.state_code, states(batch)) == ("paused", "server_down", {"queued": 2})
        with scopes_disabled():
            assert set(Message.objects.values_list("attempts", flat=True)) == {0}
        later(batch, minutes=1)
        sweep()
        batch.refresh_from_db()
        assert batch.state == "running"
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "A batch of mails was paused"
    ]
    with running(gone.port) as back:
        run(batch)
        assert (len(back.accepted), back.duplicates()) == (2, [])
    assert (batch.state, batch.state_code) == ("finished", "")


@pytest.mark.row("REL-E05")
def test_a_wrong_password_waits_for_a_person(settings, store: Store, agent_actor: Actor):
    def never(*ignored: object) -> bool:
        return False

    with running(auth_require_tls=False, auth_callback=never) as peer:
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", peer.port, 2
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "shop", "wrong"
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        batch = begin(customers_orders(store, 1), agent_actor)
        run(batch)
        assert (batch.state, batch.state_code, batch.resume_at) == ("paused", "login_refused", None)
        later(batch, days=1)
        sweep()
        batch.refresh_from_db()
        assert (batch.state, states(batch), peer.accepted) == ("paused", {"queued": 1}, [])


@pytest.mark.row("REL-E05")
def test_tls_is_never_left_out(smtpx: Peer, settings, store: Store, agent_actor: Actor):
    settings.EMAIL_USE_TLS = True
    batch = begin(customers_orders(store, 1), agent_actor)
    run(batch)
    assert (batch.state, batch.state_code, smtpx.accepted) == ("paused", "tls_failed", [])


def test_a_sender_that_the_server_refuses_pauses_the_batch(smtpx: Peer, store: Store, agent_actor: Actor):
    smtpx.fault = lambda recipient, number: "mail:550 5.7.1 not your address"
    batch = begin(customers_orders(store, 2), agent_actor)
    run(batch)
    assert (batch.state, batch.state_code, states(batch)) == ("paused", "sender_refused", {"queued": 2})


def test_a_connection_that_was_closed_while_idle_is_opened_again(
    smtpx: Peer, store: Store, agent_actor: Actor, monkeypatch: pytest.MonkeyPatch
):
    real = preparation.prepared

    def closing(known: Loaded, *, batch: Batch) -> object:
        for connection in opened:
            if connection._smtp is not None:
                connection._smtp.sock.shutdown(socket.SHUT_RDWR)
        return real(known, batch=batch)

    opened: list = []
    real_enter = delivery.SmtpConnection.__enter__
    monkeypatch.setattr(delivery.SmtpConnection, "__enter__", lambda self: opened.append(self) or real_enter(self))
    monkeypatch.setattr(delivery, "prepared", closing)
    batch = begin(customers_orders(store, 3), agent_actor)
    run(batch)
    assert (states(batch), smtpx.sessions) == ({"sent": 3}, 3)


@pytest.mark.row("REL-E07")
@pytest.mark.parametrize(
    ("switch", "state", "left"), [(pause_batch, "paused", {"queued": 3}), (cancel_batch, "cancelled", {"cancelled": 3})]
)
@pytest.mark.django_db(transaction=True)
def test_a_switch_during_sending_lets_no_further_mail_out(
    smtpx: Peer, store: Store, agent_actor: Actor, switch: Callable, state: str, left: dict[str, int]
):
    batch = begin(customers_orders(store, 5), agent_actor)

    def press(recipient: str) -> None:
        from django.db import connection

        if recipient == "customer1@example.com":
            switch(Batch.objects.get(pk=batch.pk), actor=agent_actor)
        connection.close()

    smtpx.on_data = press
    run(batch)
    assert smtpx.recipients() == ["customer0@example.com", "customer1@example.com"]
    assert (batch.state, states(batch)) == (state, {"sent": 2} | left)
    if state == "paused":
        smtpx.on_data = None
        with scopes_disabled():
            resume_batch(batch, actor=agent_actor)
        run(batch)
        assert (len(smtpx.accepted), smtpx.duplicates(), batch.state) == (5, [], "finished")


def test_a_job_ends_in_time_and_rings_for_the_next(
    smtpx: Peer, store: Store, agent_actor: Actor, monkeypatch: pytest.MonkeyPatch
):
    rung: list[tuple[object, ...]] = []
    batch = begin(customers_orders(store, 3), agent_actor)
    monkeypatch.setattr(delivery, "JOB_SECONDS", 0.0)
    monkeypatch.setattr(delivery, "ring", lambda *words: rung.append(words))
    run(batch)
    assert states(batch) == {"queued": 2, "sent": 1}
    assert rung == [("notifications.services.delivery.send_batch_job", str(batch.pk))]


def test_a_lost_doorbell_is_rung_again_by_the_sweep(store: Store, agent_actor: Actor, monkeypatch: pytest.MonkeyPatch):
    batch = begin(customers_orders(store, 1), agent_actor)
    rung: list[str] = []
    monkeypatch.setattr(delivery, "ring", lambda function, batch_id: rung.append(batch_id))
    sweep()
    assert rung == [str(batch.pk)]
    with scopes_disabled():
        Message.objects.update(leased_until=timezone.now() + timedelta(seconds=30))
    sweep()
    assert rung == [str(batch.pk)]


@pytest.mark.row("INV-C6")
def test_all_outcomes_together_are_the_audience(smtpx: Peer, store: Store, agent_actor: Actor):
    faults = {
        "customer1@example.com": "rcpt:550 5.1.1 no",
        "customer2@example.com": "rcpt:451 later",
        "customer3@example.com": "accept_then_drop",
    }
    smtpx.fault = lambda recipient, number: faults.get(recipient, "")
    orders = customers_orders(store, 7)
    batch = begin(orders, agent_actor)
    with scopes_disabled():
        Order.objects.filter(pk=orders[4].pk).update(stage=Stage.ARCHIVED)
        suppression.suppress(store.pk, "customer5@example.com", reason="unsubscribed")
        run(batch)
        assert sum(batch_progress(batch).values()) == batch.total == 7
        cancel_batch(batch, actor=agent_actor)
        counts = batch_progress(batch)
    assert counts == {
        "queued": 0,
        "sending": 0,
        "sent": 2,
        "failed": 1,
        "skipped": 1,
        "suppressed": 1,
        "cancelled": 1,
        "uncertain": 1,
    }
    assert sum(counts.values()) == batch.total
