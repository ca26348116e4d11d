"""Right before a mail is sent: is it still wanted, true, allowed? Then its content, of what is known now."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.actor import Right
from backoffice.core.errors import Invalid
from notifications.choices import MessageState
from notifications.models import Batch, Message
from notifications.rendering.mail import Rendered, render_mail
from notifications.rendering.words import words_of
from notifications.transports.email import Mailbox, OutgoingMail, built
from orders.models import Order

from .loading import Loaded
from .mailable import Why, judged, reply_to_of, sender_of


@dataclass(frozen=True, slots=True)
class Ready:
    """A mail that can be handed over. `left_out`: codes by id of orders that are no longer in it."""

    sender: str
    recipient: str
    content: bytes
    rendered: Rendered
    orders: tuple[Order, ...]
    left_out: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A mail that is not going to be sent, and why."""

    state: MessageState
    code: str
    reason: str
    orders: tuple[Order, ...]
    left_out: dict[int, str] = field(default_factory=dict)


def prepared(known: Loaded, *, batch: Batch) -> Ready | Verdict:
    """Judges again and renders. No query, no network."""
    message, orders, store = known.message, known.orders, known.message.store
    if known.is_suppressed:
        reason = _("The address is suppressed for this store.")
        return Verdict(MessageState.SUPPRESSED, "suppressed", reason, orders)
    if not known.sender.may(Right.SEND_MAIL, store.pk):
        reason = _("%(person)s may no longer send mail for %(store)s.")
        names = {"person": batch.actor_label, "store": store.name}
        return Verdict(MessageState.SKIPPED, "sender_not_allowed", reason % names, orders)
    kept: list[Order] = []
    against: dict[int, Why] = {}
    for order in orders:
        why = _still(order, message, batch)
        if why is None:
            kept.append(order)
        else:
            against[order.pk] = why
    left_out = {pk: why.code for pk, why in against.items()}
    if not kept:
        first = next(iter(against.values()), Why("no_orders", _("The orders are no longer here.")))
        return Verdict(MessageState.SKIPPED, first.code, first.sentence, orders, left_out)
    try:
        sender = sender_of(store)
        if sender is None:
            raise Invalid("no_sender", _("The store has no sender's address. Enter one on its page."))
        rendered = rendered_mail(kept, message=message, subject=batch.subject, body=batch.body)
        outgoing = OutgoingMail(
            message_id=message.message_id,
            sender=sender,
            reply_to=reply_to_of(store, sender),
            recipient=Mailbox(message.recipient_name, message.address),
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
        )
        content = built(outgoing, at=timezone.now())
    except Invalid as error:
        return Verdict(MessageState.FAILED, error.code[:60], error.message, tuple(kept), left_out)
    return Ready(sender.address, message.address, content, rendered, tuple(kept), left_out)


def worn_out(known: Loaded) -> Verdict:
    """For a message whose workers keep dying before they can say what happened."""
    reason = _("Sending this mail ended its process again and again.")
    return Verdict(MessageState.FAILED, "worn_out", reason, known.orders)


def rendered_mail(orders: list[Order], *, message: Message, subject: str, body: str) -> Rendered:
    """The content of a message about these orders; needs `message.store`. Raises `Invalid`."""
    words = words_of(
        orders,
        store=message.store,
        address=message.address,
        recipient_name=message.recipient_name,
        locale=message.locale or "en",
        now=timezone.now(),
    )
    return render_mail(subject=subject, body=body, words=words, store=message.store)


def _still(order: Order, message: Message, batch: Batch) -> Why | None:
    verdict = judged(order, only_to_fulfil=batch.only_to_fulfil)
    if isinstance(verdict, Why):
        return verdict
    if verdict.key != message.address_key:
        sentence = _("Order %(order)s has another e-mail address by now.")
        return Why("address_changed", sentence % {"order": order.name})
    return None
