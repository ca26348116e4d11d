"""Archiving: closes finished orders in the shop (`orderClose`) and takes them out of the archive again (`orderOpen`).

Called by admin, API, rules and bulk. Shopify closes unpaid and unfulfilled orders without complaint, so the preview
warns of them (`archive_warnings`); whether to go on is for people to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.core.actor import Actor
from orders.choices import Source, Verb
from orders.models import Order, RemoteChange
from orders.stage import OPEN_RETURN

from . import outbox
from .selection import Asked, Orders, Refusal, refusal


@dataclass(frozen=True, slots=True)
class _Archiving:
    """Archive or, with `closed` false, unarchive."""

    closed: bool

    @property
    def verb(self) -> Verb:
        return Verb.ARCHIVE if self.closed else Verb.UNARCHIVE

    def refuses(self, order: Order, pending: Sequence[RemoteChange]) -> Refusal | None:
        if not self.closed and order.cancelled_at is not None:
            # Shopify: "Order cannot be opened because it has been canceled".
            return refusal(
                order, "order_cancelled", _("Order %(order)s is cancelled; the shop keeps it in the archive.")
            )
        opposite = Verb.UNARCHIVE if self.closed else Verb.ARCHIVE
        if any(change.verb == opposite for change in pending):
            return refusal(
                order,
                "change_under_way",
                _("The opposite change of order %(order)s is under way. Wait until it is done."),
            )
        return None

    def is_so(self, order: Order, pending: Sequence[RemoteChange]) -> bool:
        return order.closed == self.closed or any(change.verb == self.verb for change in pending)

    def payload(self, order: Order) -> dict[str, Any]:
        return {}

    def before(self, order: Order) -> dict[str, Any]:
        return {"closed": order.closed, "stage": order.stage, "updated_at": order.updated_at.isoformat()}


def archive_orders(orders: Orders, *, actor: Actor, source: Source) -> Asked:
    """Asks the shops to archive these orders. An archived one, or one on its way there, counts as `already`.

    Refused per order: not visible, no right, deleted, store not connected or without `write_orders`, unarchiving under
    way. Cancelled and test orders may be archived.
    """
    return outbox.ask(orders, _Archiving(closed=True), actor=actor, source=source)


def unarchive_orders(orders: Orders, *, actor: Actor, source: Source) -> Asked:
    """The way back; refused as well for cancelled orders, which Shopify does not open again."""
    return outbox.ask(orders, _Archiving(closed=False), actor=actor, source=source)


def check_archive(orders: Orders, *, actor: Actor) -> dict[int, Refusal]:
    """The reason for each order that `archive_orders` would refuse now, by order id."""
    return dict(outbox.check(orders, _Archiving(closed=True), actor=actor).refused)


def check_unarchive(orders: Orders, *, actor: Actor) -> dict[int, Refusal]:
    """The reason for each order that `unarchive_orders` would refuse now, by order id."""
    return dict(outbox.check(orders, _Archiving(closed=False), actor=actor).refused)


def archive_warnings(orders: Orders, *, actor: Actor) -> dict[int, list[str]]:
    """What is still open about orders that could be archived, by order id: the preview shows it, nothing refuses."""
    judged = outbox.check(orders, _Archiving(closed=True), actor=actor)
    found = ((order.pk, _still_open(order)) for order in judged.ready)
    return {pk: warnings for pk, warnings in found if warnings}


def _still_open(order: Order) -> list[str]:
    """Empty for an order with nothing left to do, and for one that is cancelled or a test."""
    if order.cancelled_at is not None or order.test:
        return []
    found = []
    if pieces := order.unfulfilled_quantity:
        found.append(
            ngettext("%(count)d piece is not shipped.", "%(count)d pieces are not shipped.", pieces) % {"count": pieces}
        )
    if order.outstanding_shop > 0:
        found.append(_("The customer still owes money."))
    elif order.outstanding_shop < 0:
        found.append(_("The customer is still owed money."))
    if order.return_status in OPEN_RETURN:
        found.append(_("A return is open."))
    return found
