"""What orders remember of mails."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django_scopes import scopes_disabled

from orders.models import TimelineEntry
from orders.services.contact import MailOutcome, masked, note_mailed
from stores.models import Store
from tests.builders.orders import PLACED, make_order


def _note(orders, outcome=MailOutcome.SENT, *, message_id=None, at=PLACED):
    with scopes_disabled():
        note_mailed(
            orders,
            outcome=outcome,
            message_id=message_id or uuid.uuid4(),
            subject="Delayed",
            address="anna@example.com",
            actor_label="agent",
            at=at,
        )
        for order in orders:
            order.refresh_from_db()


def test_a_sent_mail_is_on_every_orders_timeline_once(store: Store) -> None:
    orders, message_id = [make_order(store), make_order(store)], uuid.uuid4()
    for _ in range(2):
        _note(orders, message_id=message_id)
    with scopes_disabled():
        entries = list(TimelineEntry.objects.order_by("order_id").values_list("order_id", "kind", "data"))
    data = {"message": str(message_id), "subject": "Delayed", "address": "a…@example.com", "reason": ""}
    assert entries == [(order.pk, "mail.sent", data) for order in orders]
    assert [order.last_mailed_at for order in orders] == [PLACED, PLACED]


def test_the_last_mail_is_the_latest_one(store: Store) -> None:
    order = make_order(store)
    for hours in (2, 1):
        _note([order], at=PLACED + timedelta(hours=hours))
    assert order.last_mailed_at == PLACED + timedelta(hours=2)


@pytest.mark.parametrize("outcome", [MailOutcome.FAILED, MailOutcome.SKIPPED, MailOutcome.UNCERTAIN])
def test_what_was_not_surely_sent_moves_no_time(store: Store, outcome: MailOutcome) -> None:
    order = make_order(store)
    _note([order], outcome)
    assert order.last_mailed_at is None
    with scopes_disabled():
        assert order.timeline.get().kind == f"mail.{outcome.value}"


@pytest.mark.parametrize(
    ("address", "shown"), [("anna@example.com", "a…@example.com"), ("@example.com", "…@example.com"), ("anna", "a…")]
)
def test_an_address_is_recognisable_and_useless(address: str, shown: str) -> None:
    assert masked(address) == shown
