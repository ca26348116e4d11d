"""A mail server for every test that wants one, and a batch of as many customers as a test asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django_scopes import scopes_disabled

from backoffice.core.actor import Actor
from notifications.models import Batch, Message
from notifications.services.batches import start_batch
from orders.models import Order
from stores.models import Store
from tests.builders.orders import make_customer, make_order
from tests.notifications.smtpx import Peer, running

BODY = "<p>Hello {{ customer.first_name }}, this is about {{ order_names }}.</p>"


@pytest.fixture
def smtpx(settings: Any) -> Iterator[Peer]:
    with running() as peer:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", peer.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_TIMEOUT = 5
        yield peer


def customers_orders(store: Store, number: int, *, orders_each: int = 1) -> list[Order]:
    """Orders of so many customers of one store."""
    made = []
    for index in range(number):
        customer = make_customer(store, name=f"Customer{index} Test", email=f"customer{index}@example.com")
        made += [make_order(store, customer=customer) for _ in range(orders_each)]
    return made


def begin(orders: list[Order], actor: Actor, **changes: object) -> Batch:
    values = {"subject": "About {{ order_names }}", "body": BODY, "actor": actor}
    with scopes_disabled():
        return start_batch(orders, **(values | changes))


@scopes_disabled()
def states(batch: Batch) -> dict[str, int]:
    """How many messages are in which state, the empty states left out."""
    found: dict[str, int] = {}
    for message in Message.objects.filter(batch=batch):
        found[message.state] = found.get(message.state, 0) + 1
    return found
