"""Who gets a mail about what: one recipient per customer and store with all of his chosen orders, never one per order.

Called by plan, start and preview of a batch, so that all three say the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from backoffice.core.actor import Actor, Right
from backoffice.core.errors import NotAllowed
from orders.models import Order
from orders.services.selection import Orders, Refusal, chunks_of, unseen, visible

from . import suppression
from .mailable import Reachable, Why, judged, sender_of


@dataclass(slots=True)
class Recipient:
    """One mail to be. `order_ids` are in the order of placing."""

    store_id: int
    address: str
    key: str
    name: str
    locale: str
    order_ids: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Audience:
    """The recipients, and a reason for every order that is in none of their mails."""

    recipients: tuple[Recipient, ...]
    left_out: tuple[Refusal, ...]


def composed(orders: Orders, *, only_to_fulfil: bool, only_store_id: int | None, actor: Actor) -> Audience:
    """Groups the orders. Raises `NotAllowed` for an actor who may send mail in no store at all; orders of stores in
    which he may not are left out. `only_store_id`: the store that the template belongs to."""
    if not actor.may_somewhere(Right.SEND_MAIL):
        raise NotAllowed(
            "mail_not_allowed", _("You may not send mail to customers. Ask an administrator for the agent's role.")
        )
    groups: dict[tuple[int, str], Recipient] = {}
    left_out: list[Refusal] = []
    for ids in chunks_of(orders):
        found = list(visible(ids, actor=actor).select_related("customer").order_by("processed_at", "pk"))
        left_out += unseen(ids, found).values()
        for order in found:
            verdict = _not_from_here(order, only_store_id, actor) or judged(order, only_to_fulfil=only_to_fulfil)
            if isinstance(verdict, Why):
                left_out.append(Refusal(order.pk, order.name, verdict.code, verdict.sentence))
            else:
                _join(groups, order, verdict)
    recipients, suppressed = _without_suppressed(groups.values())
    return Audience(tuple(recipients), (*left_out, *suppressed))


def _not_from_here(order: Order, only_store_id: int | None, actor: Actor) -> Why | None:
    store = order.store
    if not actor.may(Right.SEND_MAIL, store.pk):
        return Why("not_allowed", _("You may not send mail for %(store)s.") % {"store": store.name})
    if only_store_id is not None and store.pk != only_store_id:
        return Why("template_of_another_store", _("The template is not for %(store)s.") % {"store": store.name})
    if sender_of(store) is None:
        return Why("no_sender", _("%(store)s has no sender's address. Enter one on its page.") % {"store": store.name})
    return None


def _join(groups: dict[tuple[int, str], Recipient], order: Order, reachable: Reachable) -> None:
    group = groups.setdefault(
        (order.store_id, reachable.key),
        Recipient(order.store_id, reachable.address, reachable.key, name="", locale=""),
    )
    group.order_ids.append(order.pk)
    # Orders come oldest first: what the customer said last about himself holds.
    group.address = reachable.address
    group.name = order.customer_name or (order.customer.name if order.customer else "") or group.name
    group.locale = order.locale or (order.customer.locale if order.customer else "") or group.locale


def _without_suppressed(groups: Iterable[Recipient]) -> tuple[list[Recipient], list[Refusal]]:
    by_store: dict[int, list[Recipient]] = {}
    for group in groups:
        by_store.setdefault(group.store_id, []).append(group)
    kept: list[Recipient] = []
    dropped: list[Recipient] = []
    for store_id, members in by_store.items():
        unwanted = suppression.suppressed_among(store_id, (member.key for member in members))
        for member in members:
            (dropped if member.key in unwanted else kept).append(member)
    ids = [pk for group in dropped for pk in group.order_ids]
    names = dict(Order.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}
    sentence = _("This address is suppressed: it does not exist, or the customer wants no mail from this store.")
    return kept, [Refusal(pk, names[pk], "suppressed", sentence) for pk in ids]
