"""Messages are read many at a time and sent one at a time: what changes in between is still believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_scopes import scopes_disabled

from backoffice.core.actor import Actor
from notifications.models import Batch, Message
from notifications.services import delivery, suppression
from notifications.services.delivery import send_batch_job
from notifications.services.loading import Loaded
from orders.choices import Stage
from orders.models import Customer, LineItem, Order
from stores.choices import StoreState
from stores.models import Membership, Store
from tests.notifications.conftest import begin, customers_orders, states
from tests.notifications.smtpx import Peer

pytestmark = pytest.mark.django_db

PER_MAIL = 7
"""Claim, last look, mark; then in one transaction: settle, lock the orders, their time of the last mail, timeline."""


def statements(batch: Batch) -> int:
    with CaptureQueriesContext(connection) as captured:
        send_batch_job(str(batch.pk))
    ended = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
    return sum(not query["sql"].lstrip().startswith(ended) for query in captured)


@pytest.mark.parametrize("orders_each", [1, 3])
def test_twenty_mails_are_read_with_as_many_queries_as_five(
    smtpx: Peer, store: Store, agent_actor: Actor, orders_each: int
):
    few, many = (begin(customers_orders(store, number, orders_each=orders_each), agent_actor) for number in (5, 20))
    assert statements(many) - statements(few) == 15 * PER_MAIL
    assert (states(few), states(many)) == ({"sent": 5}, {"sent": 20})


def changed_before_the_mark(monkeypatch: pytest.MonkeyPatch, change: Callable[[Loaded], None]) -> list[int]:
    """Runs `change` once, after the first mail has been made and before the last look at it."""
    real = delivery.prepared
    made: list[int] = []

    def then_changed(known: Loaded, *, batch: Batch) -> Any:
        ready = real(known, batch=batch)
        made.append(len(known.orders))
        if len(made) == 1:
            with scopes_disabled():
                change(known)
        return ready

    monkeypatch.setattr(delivery, "prepared", then_changed)
    return made


CHANGES: dict[str, tuple[Callable[[Loaded], object], str]] = {
    "archived": (lambda known: Order.objects.update(stage=Stage.ARCHIVED), "order_archived"),
    "deleted": (lambda known: Order.objects.update(deleted_at=timezone.now()), "order_deleted"),
    "gone": (lambda known: Order.objects.all().delete(), "no_orders"),
    "address": (lambda known: Order.objects.update(email="corrected@example.com"), "address_changed"),
    "store": (lambda known: Store.objects.update(state=StoreState.DISCONNECTED), "store_disconnected"),
    "suppressed": (
        lambda known: suppression.suppress(known.message.store_id, known.message.address_key, reason="unsubscribed"),
        "suppressed",
    ),
}


@pytest.mark.row("REL-E08", "INV-C7")
@pytest.mark.parametrize("what", CHANGES)
def test_what_changes_while_a_mail_is_made_stops_it(
    smtpx: Peer, store: Store, agent_actor: Actor, monkeypatch: pytest.MonkeyPatch, what: str
):
    change, code = CHANGES[what]
    batch = begin(customers_orders(store, 1), agent_actor)
    changed_before_the_mark(monkeypatch, change)
    send_batch_job(str(batch.pk))
    with scopes_disabled():
        assert Message.objects.get(batch=batch).code == code
    assert smtpx.accepted == []


def test_a_customers_corrected_address_counts_where_the_order_has_none(
    smtpx: Peer, store: Store, agent_actor: Actor, monkeypatch: pytest.MonkeyPatch
):
    (order,) = customers_orders(store, 1)
    with scopes_disabled():
        Order.objects.update(email="")
    batch = begin([order], agent_actor)
    changed_before_the_mark(monkeypatch, lambda known: Customer.objects.update(email="corrected@example.com"))
    send_batch_job(str(batch.pk))
    with scopes_disabled():
        assert Message.objects.get(batch=batch).code == "address_changed"
    assert smtpx.accepted == []


def test_a_mail_is_made_again_of_what_the_shop_has_just_said(
    smtpx: Peer, store: Store, agent_actor: Actor, monkeypatch: pytest.MonkeyPatch
):
    def renamed(known: Loaded) -> None:
        LineItem.objects.update(title="New name")
        Order.objects.update(state_hash="changed")

    batch = begin(
        customers_orders(store, 1), agent_actor, body="{% for line in line_items %}{{ line.title }}{% endfor %}"
    )
    made = changed_before_the_mark(monkeypatch, renamed)
    send_batch_job(str(batch.pk))
    (mail,) = smtpx.accepted
    assert mail.text.startswith("New name\n")
    assert made == [1, 1]


def test_an_order_that_changes_faster_than_its_mail_is_made_waits(
    smtpx: Peer, store: Store, agent_actor: Actor, monkeypatch: pytest.MonkeyPatch
):
    real, looks = delivery.is_unchanged, []

    def restless(known: Loaded) -> bool:
        looks.append(known)
        return len(looks) > 3 and real(known)

    monkeypatch.setattr(delivery, "is_unchanged", restless)
    batch = begin(customers_orders(store, 1), agent_actor)
    send_batch_job(str(batch.pk))
    with scopes_disabled():
        assert Message.objects.get(batch=batch).attempts == 1
    assert (len(looks), states(batch), len(smtpx.accepted)) == (4, {"sent": 1}, 1)


@pytest.mark.row("REL-A07")
def test_rights_are_read_again_with_every_chunk(
    smtpx: Peer, store: Store, agent_actor: Actor, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(delivery, "CHUNK", 2)
    batch = begin(customers_orders(store, 4), agent_actor)
    changed_before_the_mark(monkeypatch, lambda known: Membership.objects.all().delete())
    send_batch_job(str(batch.pk))
    assert states(batch) == {"sent": 2, "skipped": 2}


def test_only_the_message_in_its_hands_is_held_by_a_worker(
    smtpx: Peer, store: Store, agent_actor: Actor, monkeypatch: pytest.MonkeyPatch
):
    """So that a worker's death counts against one message, and the others need not wait for a lease."""
    held: list[tuple[int, int]] = []

    @scopes_disabled()
    def look(known: Loaded) -> None:
        rows = Message.objects.filter(batch=known.message.batch_id)
        held.append((rows.filter(leased_until__isnull=False).count(), rows.filter(attempts__gt=0).count()))

    batch = begin(customers_orders(store, 5), agent_actor)
    changed_before_the_mark(monkeypatch, look)
    send_batch_job(str(batch.pk))
    assert held == [(1, 1)]
    assert states(batch) == {"sent": 5}
