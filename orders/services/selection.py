"""What every act on a selection of orders shares: who may, which orders can, and what is answered.

`check` and `do` are apart: the check is one question about a whole set with a reason per refused order, so that one
order, a thousand of them and a preview are judged alike."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from backoffice.core.actor import Actor, Right
from backoffice.core.chunks import chunked
from orders.choices import UNSETTLED
from orders.models import Order, RemoteChange
from orders.querysets import OrderQuerySet
from stores.choices import StoreState
from stores.features import FeatureState

ORDERS_PER_TRANSACTION = 500

Orders = OrderQuerySet | Sequence[Order]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one order was left out: a code for machines, a sentence for people. The name is empty for an order that the
    actor may not even see. `field` names what has to be put right, where that is not the order itself."""

    order_id: int
    order_name: str
    code: str
    message: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a request: `asked` changes are on their way under `run_id`, `already` orders needed none. The
    three parts add up to the orders that were given."""

    run_id: uuid.UUID
    asked: int
    already: int
    refused: tuple[Refusal, ...] = ()

    @property
    def given(self) -> int:
        return self.asked + self.already + len(self.refused)


@dataclass(frozen=True, slots=True)
class Judged:
    """A checked set: what is to be done, what is so already, what is refused."""

    ready: tuple[Order, ...] = ()
    already: tuple[Order, ...] = ()
    refused: Mapping[int, Refusal] = field(default_factory=dict)


def ids_of(orders: Orders) -> list[int]:
    """The ids in ascending order, in which rows are locked. A queryset is frozen by this."""
    if isinstance(orders, OrderQuerySet):
        return sorted(set(orders.values_list("pk", flat=True)))
    return sorted({order.pk for order in orders})


def chunks_of(orders: Orders) -> Iterator[list[int]]:
    yield from chunked(ids_of(orders), ORDERS_PER_TRANSACTION)


def visible(ids: Iterable[int], *, actor: Actor) -> OrderQuerySet:
    """These orders as the actor sees them, with their stores, in the order of locking."""
    found: OrderQuerySet = Order.objects.visible_to(actor).filter(pk__in=list(ids)).select_related("store")
    return found.order_by("pk")


def unseen(ids: Iterable[int], found: Iterable[Order]) -> dict[int, Refusal]:
    """Refusals of what is not there, or not for this actor: the two are never told apart."""
    seen = {order.pk for order in found}
    return {pk: Refusal(pk, "", "not_found", _("There is no such order.")) for pk in ids if pk not in seen}


def unwritable(order: Order, *, actor: Actor, right: Right = Right.CHANGE_ORDERS) -> Refusal | None:
    """Why nothing can be written to this order's shop now, whatever the change. Needs `order.store` loaded."""
    store = order.store
    if not actor.may(right, store.pk):
        return refusal(
            order,
            "not_allowed",
            _("You may look at orders of %(store)s, but not change them. Ask an administrator for the agent's role."),
        )
    if order.deleted_at is not None:
        return refusal(order, "order_deleted", _("Order %(order)s was deleted in the shop."))
    if store.state != StoreState.CONNECTED:
        return refusal(
            order,
            "store_not_connected",
            _("%(store)s is not connected. Put that right on the store's page, then try again."),
        )
    return None


def closed_off(order: Order, state: FeatureState | None) -> Refusal | None:
    """Why the order's store does not do this at all; `state` is that of the feature that is needed, where it is off."""
    if state is None:
        return None
    sentence = f"{order.store.name}: {state.sentence}"
    return Refusal(order.pk, order.name, state.code, sentence, field="store.scopes")


def refusal(order: Order, code: str, message: str) -> Refusal:
    """A refusal with the names filled in: `%(order)s` and `%(store)s`."""
    return Refusal(order.pk, order.name, code, message % {"order": order.name, "store": order.store.name})


def unsettled(ids: Iterable[int]) -> dict[int, list[RemoteChange]]:
    """The changes that are on their way, by order, oldest first."""
    found: dict[int, list[RemoteChange]] = {}
    states = [state.value for state in UNSETTLED]
    for change in RemoteChange.objects.filter(order_id__in=list(ids), state__in=states).order_by("pk"):
        found.setdefault(change.order_id, []).append(change)
    return found
