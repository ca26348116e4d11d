"""Whether an order may be written about, and to which address: one judgement for the plan and for the moment of
sending."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr

from django.conf import settings
from django.utils.translation import gettext as _

from notifications.transports.addresses import address_key, deliverable
from notifications.transports.email import Mailbox
from orders.choices import Stage
from orders.models import Order
from stores.choices import StoreState
from stores.models import Store
from stores.services.hidden import hides_addresses


@dataclass(frozen=True, slots=True)
class Why:
    """A reason against a mail: a code for machines, a sentence for people."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Reachable:
    """Where a mail about an order goes. `key` is the same for every spelling of the address."""

    address: str
    key: str


def judged(order: Order, *, only_to_fulfil: bool) -> Why | Reachable:
    """Needs `store` and `customer` loaded."""
    names = {"order": order.name, "store": order.store.name}
    if order.deleted_at is not None or order.stage == Stage.DELETED:
        return Why("order_deleted", _("Order %(order)s was deleted in the shop.") % names)
    if only_to_fulfil and order.stage != Stage.TO_FULFIL:
        return _no_longer_waiting(order, names)
    if order.store.state == StoreState.DISCONNECTED:
        return Why("store_disconnected", _("%(store)s is disconnected: what we know of it may be old.") % names)
    written = order.email or (order.customer.email if order.customer else "")
    if hides_addresses(order.store) or (not written and order.store.hidden_fields):
        return Why(
            "hidden_by_shopify",
            _("Shopify hides the e-mail address of order %(order)s. The page of %(store)s says what to do.") % names,
        )
    if not written:
        return Why("no_address", _("Order %(order)s has no e-mail address.") % names)
    address = deliverable(written)
    if address is None:
        return Why("address_impossible", _("The e-mail address of order %(order)s cannot work.") % names)
    return Reachable(address, address_key(address))


def _no_longer_waiting(order: Order, names: dict[str, str]) -> Why:
    sentence = {
        Stage.CANCELLED: _("Order %(order)s is cancelled."),
        Stage.ARCHIVED: _("Order %(order)s is archived."),
        Stage.TEST: _("Order %(order)s is a test order."),
    }.get(Stage(order.stage), _("Order %(order)s has nothing left to fulfil."))
    return Why(f"order_{order.stage}", sentence % names)


def sender_of(store: Store) -> Mailbox | None:
    """From whom the store's mails are: its sender's address, the shop's contact address, or DEFAULT_FROM_EMAIL. None
    when none of them can work."""
    default_name, default_address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    name = store.sender_name or store.name or default_name
    for address in (store.sender_email, store.email, default_address):
        found = deliverable(address)
        if found:
            return Mailbox(name, found)
    return None


def reply_to_of(store: Store, sender: Mailbox) -> Mailbox | None:
    """The shop's contact address when the mail comes from another one."""
    contact = deliverable(store.email)
    if contact is None or address_key(contact) == address_key(sender.address):
        return None
    return Mailbox(store.name, contact)
