"""What a customer would read: a real mail about real orders, made and not sent."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from backoffice.core.actor import Actor
from backoffice.core.errors import Refused
from notifications.models import Message, Template
from notifications.rendering.mail import Rendered
from notifications.transports.email import Mailbox
from orders.models import Order
from orders.services.selection import Orders
from stores.models import Store

from .compose import Recipient, composed
from .mailable import sender_of
from .preparation import rendered_mail
from .wording import Wording, worded


@dataclass(frozen=True, slots=True)
class Preview:
    """One recipient's mail; `number` of `recipients`, counted from 0. `rendered.html` is shown in a sandboxed frame."""

    rendered: Rendered
    sender: Mailbox | None
    recipient: Mailbox
    store: Store
    orders: tuple[Order, ...]
    number: int
    recipients: int

    @property
    def order_names(self) -> tuple[str, ...]:
        return tuple(order.name for order in self.orders)


def preview(
    orders: Orders,
    *,
    template: Template | None = None,
    subject: str = "",
    body: str = "",
    only_to_fulfil: bool | None = None,
    number: int = 0,
    actor: Actor,
) -> Preview:
    """The mail of recipient `number`. Raises `Invalid` with the template's mistake, `NotAllowed` as a plan does, and
    `Refused("no_recipients")` when there is none of that number."""
    wording = worded(template=template, subject=subject, body=body, only_to_fulfil=only_to_fulfil)
    audience = composed(orders, only_to_fulfil=wording.only_to_fulfil, only_store_id=wording.only_store_id, actor=actor)
    if not 0 <= number < len(audience.recipients):
        raise Refused("no_recipients", _("None of these orders can be written about."))
    recipient = audience.recipients[number]
    chosen, rendered = written_for(recipient, wording)
    store = chosen[0].store
    return Preview(
        rendered=rendered,
        sender=sender_of(store),
        recipient=Mailbox(recipient.name, recipient.address),
        store=store,
        orders=tuple(chosen),
        number=number,
        recipients=len(audience.recipients),
    )


def written_for(recipient: Recipient, wording: Wording) -> tuple[list[Order], Rendered]:
    """One recipient's orders and the mail about them, as it would be now. Raises `Invalid` as rendering does."""
    chosen = list(
        Order.objects.filter(pk__in=recipient.order_ids)
        .select_related("store", "customer")
        .prefetch_related("lines", "fulfillments")
        .order_by("processed_at", "pk")
    )
    store = chosen[0].store
    message = Message(
        store=store,
        address=recipient.address,
        address_key=recipient.key,
        recipient_name=recipient.name,
        locale=wording.language_for(recipient.locale),
    )
    return chosen, rendered_mail(chosen, message=message, subject=wording.subject, body=wording.body)
