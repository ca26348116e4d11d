"""The orders that a person chose in a list, carried from page to page as a signed text.

Used by the admin of this application and of those above it. What is carried are ids; what may be done with them is
decided anew each time, within `visible_to(actor)`."""

from __future__ import annotations

from collections.abc import Iterable

from django.core import signing
from django.utils.translation import gettext as _

from backoffice.core.actor import Actor
from backoffice.core.errors import Invalid

from .models import Order
from .querysets import OrderQuerySet

MOST = 1000
_SALT = "orders.chosen"
_MAX_AGE_SECONDS = 12 * 3600


def dumps(order_ids: Iterable[int], *, actor: Actor) -> str:
    """The ids, each once, as text that only this person can use. Raises `Invalid` for none and for more than `MOST`."""
    chosen = sorted(set(order_ids))
    if not chosen:
        raise Invalid("nothing_chosen", _("Choose one or more orders first."), field="order")
    if len(chosen) > MOST:
        raise Invalid(
            "too_many_chosen", _("Choose at most %(number)d orders at a time.") % {"number": MOST}, field="order"
        )
    return signing.dumps([actor.user_id, chosen], salt=_SALT, compress=True)


def loads(text: str, *, actor: Actor) -> OrderQuerySet:
    """The chosen orders that the actor sees now, newest first. Raises `Invalid` for a text that is not ours, belongs to
    somebody else or is older than half a day."""
    try:
        owner, ids = signing.loads(text, salt=_SALT, max_age=_MAX_AGE_SECONDS)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise Invalid("choice_unreadable", _("This selection has expired. Choose the orders again.")) from error
    if owner != actor.user_id:
        raise Invalid("choice_of_another", _("This selection was made by somebody else. Choose the orders again."))
    orders: OrderQuerySet = Order.objects.visible_to(actor).filter(pk__in=ids).newest_first()
    return orders
