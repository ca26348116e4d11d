"""Mail and ingest lock orders in the same order, by primary key: neither waits for the other in a circle."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django_scopes import scopes_disabled

from backoffice.core.actor import Actor
from notifications.models import MessageOrder
from orders.models import Order
from orders.services.contact import MailOutcome, note_mailed
from stores.models import Store
from tests.builders.orders import PLACED, make_order
from tests.notifications.conftest import begin, customers_orders

pytestmark = pytest.mark.django_db(transaction=True)


def against_ingest(first: Order, second: Order, work: Callable[[], object]) -> list[BaseException]:
    """Runs `work` against a transaction that locks two orders as ingest does: the second when `work` already waits for
    the first. What either of them raised."""
    failures: list[BaseException] = []

    def other() -> None:
        try:
            with scopes_disabled():
                work()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=other)
    try:
        with scopes_disabled(), transaction.atomic():
            Order.objects.select_for_update().get(pk=first.pk)
            thread.start()
            _until_somebody_waits()
            Order.objects.select_for_update().get(pk=second.pk)
    except BaseException as error:
        failures.append(error)
    thread.join()
    return failures


def _until_somebody_waits() -> None:
    ends_at = time.monotonic() + 10
    while time.monotonic() < ends_at:
        with connection.cursor() as cursor:
            # Within a transaction the view stays as it was first read.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits for the first order")


def test_a_batch_that_starts_while_its_orders_come_in_waits_its_turn(store: Store, agent_actor: Actor):
    """The customer of the later row ordered first, so that he is the first of the audience."""
    later = make_order(store, email="later@example.com", processed_at=PLACED + timedelta(days=1))
    earlier = make_order(store, email="earlier@example.com", processed_at=PLACED - timedelta(days=1))
    assert later.pk < earlier.pk
    failures = against_ingest(later, earlier, lambda: begin([later, earlier], agent_actor))
    assert failures == []
    with scopes_disabled():
        rows = MessageOrder.objects.order_by("pk").values_list("order_id", flat=True)
        assert list(rows) == [later.pk, earlier.pk]


def test_the_orders_of_a_whole_batch_are_locked_in_one_order(
    store: Store, agent_actor: Actor, monkeypatch: pytest.MonkeyPatch
):
    from notifications.services import batches

    monkeypatch.setattr(batches, "_ROWS_PER_INSERT", 2)
    orders = customers_orders(store, 3, orders_each=2)
    with scopes_disabled():
        for days, order in enumerate(reversed(orders)):
            Order.objects.filter(pk=order.pk).update(processed_at=PLACED + timedelta(days=days))
    begin(orders, agent_actor)
    with scopes_disabled():
        rows = MessageOrder.objects.order_by("pk").values_list("order_id", flat=True)
        assert list(rows) == sorted(order.pk for order in orders)


@pytest.mark.parametrize("outcome", MailOutcome)
def test_noting_any_outcome_waits_its_turn(store: Store, outcome: MailOutcome):
    first, second = make_order(store), make_order(store)
    note = {"message_id": uuid.uuid4(), "subject": "x", "address": "anna@example.com", "actor_label": "agent"}
    failures = against_ingest(first, second, lambda: note_in_transaction([second, first], outcome=outcome, **note))
    assert failures == []


def note_in_transaction(orders: list[Order], **words: object) -> None:
    with transaction.atomic():
        note_mailed(orders, **words)
