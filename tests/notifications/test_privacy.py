"""A person's mails are handed over whole and erased for good; whoever wants no mail still gets none."""

from __future__ import annotations

import pytest
from django_scopes import scopes_disabled

from backoffice.core import privacy
from backoffice.core.actor import Actor
from backoffice.core.privacy import Person
from notifications.models import Batch, Message
from notifications.services import suppression
from notifications.services.delivery import send_batch_job
from notifications.services.privacy import PART
from notifications.transports.smtp import SmtpConnection
from stores.models import Store
from stores.scoping import within_stores
from tests.builders.orders import make_customer, make_order
from tests.notifications.conftest import begin, customers_orders, states
from tests.notifications.smtpx import Peer

pytestmark = pytest.mark.django_db


def anna(store: Store, email: str = "anna@example.com") -> Person:
    return Person(store.pk, "", email)


def anna_and_others(store: Store, actor: Actor) -> Batch:
    made = make_order(store, customer=make_customer(store, email="Anna@example.com"))
    return begin([made, *customers_orders(store, 2)], actor)


def erased(person: Person) -> int:
    with within_stores([person.store_id]):
        return PART.erase(person)


def test_it_is_among_the_parts_that_are_asked() -> None:
    assert PART in privacy.all_parts()


def test_a_person_gets_the_mails_that_he_was_sent(smtpx: Peer, store: Store, agent_actor: Actor) -> None:
    send_batch_job(str(anna_and_others(store, agent_actor).pk))
    with within_stores([store.pk]):
        (mail,) = PART.export(anna(store))
    assert (mail["address"], mail["name"], mail["state"]) == ("Anna@example.com", "Anna de Vries", "sent")
    assert mail["subject"].startswith("About #")
    assert "Hello Anna" in mail["text"]
    assert "Hello Anna" in mail["html"]


@pytest.mark.parametrize("known_by", ["email", "customer", "order"])
def test_erased_is_all_that_says_who_it_was(smtpx: Peer, store: Store, agent_actor: Actor, known_by: str) -> None:
    batch = anna_and_others(store, agent_actor)
    send_batch_job(str(batch.pk))
    with scopes_disabled():
        suppression.suppress(store.pk, "anna@example.com", reason="unsubscribed")
        order = Message.objects.get(address_key="anna@example.com").order_rows.get().order
    person = {
        "email": anna(store),
        "customer": Person(store.pk, order.customer.gid, ""),
        "order": Person(store.pk, "", "", (order.gid,)),
    }[known_by]
    assert (erased(person), erased(person)) == (1, 0)
    with scopes_disabled():
        row = Message.objects.get(batch=batch, code="erased")
        assert (row.address, row.recipient_name, row.subject, row.html, row.text) == ("", "", "", "", "")
        assert row.address_key == f"erased-{row.pk}"
        assert Message.objects.filter(batch=batch, text__contains="Hello Customer").count() == 2
        assert suppression.is_suppressed(store.pk, "anna@example.com")
    assert states(batch) == {"sent": 3}


@pytest.mark.row("REL-E08", "INV-C7")
def test_whoever_is_erased_while_his_mail_waits_gets_none(smtpx: Peer, store: Store, agent_actor: Actor) -> None:
    batch = anna_and_others(store, agent_actor)
    assert erased(anna(store)) == 1
    send_batch_job(str(batch.pk))
    assert smtpx.recipients() == ["customer0@example.com", "customer1@example.com"]
    assert states(batch) == {"cancelled": 1, "sent": 2}


def test_what_is_on_its_way_writes_nothing_back(
    smtpx: Peer, store: Store, agent_actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SmtpConnection.deliver

    def overtaken(self: SmtpConnection, **words: object) -> object:
        outcome = real(self, **words)
        erased(anna(store))
        return outcome

    monkeypatch.setattr(SmtpConnection, "deliver", overtaken)
    batch = begin([make_order(store, customer=make_customer(store, email="anna@example.com"))], agent_actor)
    send_batch_job(str(batch.pk))
    with scopes_disabled():
        row = Message.objects.get(batch=batch)
    assert (row.state, row.address, row.subject, row.text) == ("uncertain", "", "", "")


def test_another_stores_mails_are_left_alone(smtpx: Peer, store: Store, other_store: Store, agent_actor: Actor) -> None:
    batch = anna_and_others(store, agent_actor)
    assert erased(anna(other_store)) == 0
    assert states(batch) == {"queued": 3}
    with scopes_disabled():
        assert PART.erase(anna(other_store)) == 0
