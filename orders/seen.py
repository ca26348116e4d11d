"""What the access log says of orders: who was shown which, and whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from backoffice.core import access
from backoffice.core.access import Kind, subject
from backoffice.core.actor import Actor
from backoffice.core.choices import Door, Seen
from backoffice.core.models import AccessEntry

from .models import Customer, Order


def note_orders(actor: Actor, what: Seen, orders: Iterable[Order], *, door: Door) -> None:
    """One entry about these orders and whose they are; none when there are none."""
    shown = list(orders)
    access.note(
        actor,
        what,
        door=door,
        store_ids={order.store_id for order in shown},
        subjects=subjects_of(shown),
    )


def note_rows(actor: Actor, what: Seen, rows: Iterable[Mapping[str, Any]], *, door: Door) -> None:
    """As `note_orders`, for rows with `id`, `store_id` and `customer_id`."""
    shown = list(rows)
    access.note(
        actor,
        what,
        door=door,
        store_ids={row["store_id"] for row in shown},
        subjects=_about((row["id"], row["customer_id"]) for row in shown),
    )


def subjects_of(orders: Iterable[Order]) -> list[str]:
    """As the access log names them and their customers. Asks the database nothing."""
    return _about((order.pk, order.customer_id) for order in orders)


def who_saw_order(order: Order, *, since: datetime) -> QuerySet[AccessEntry]:
    """Who was shown the order since then, newest first; what the shop answered about it is among it."""
    about = [subject(Kind.ORDER, order.pk), subject(Kind.GID, order.gid)]
    return access.who_saw(about, store_id=order.store_id, since=since)


def who_saw_customer(customer: Customer, *, since: datetime) -> QuerySet[AccessEntry]:
    """Who was shown the customer since then, or an order that is his now: it may have become his after it was seen."""
    about = [subject(Kind.CUSTOMER, customer.pk)]
    for pk, gid in customer.orders.values_list("pk", "gid"):
        about += [subject(Kind.ORDER, pk), subject(Kind.GID, gid)]
    return access.who_saw(about, store_id=customer.store_id, since=since)


def _about(ids: Iterable[tuple[int, int | None]]) -> list[str]:
    found = []
    for order_id, customer_id in ids:
        found.append(subject(Kind.ORDER, order_id))
        if customer_id is not None:
            found.append(subject(Kind.CUSTOMER, customer_id))
    return found
