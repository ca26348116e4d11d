"""What is left to do about an order, condition by condition: the answer to "why is it still open?"."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.core.money import shown
from backoffice.core.templatetags.shown import current_locale
from orders.labels import label
from orders.models import Order
from orders.part_labels import cancel_reason, hold_reason
from orders.stage import OPEN_DISPUTE, OPEN_RETURN, PENDING_PAYMENT


@dataclass(frozen=True, slots=True)
class Condition:
    """`met`: nothing to do here. `words` says what is, or that nothing is."""

    met: bool
    words: str
    detail: str = ""


def conditions(order: Order) -> list[Condition]:
    """The conditions of `orders.stage`, in the order in which they decide."""
    return [_fulfilled(order), _balanced(order), _paid(order), _returned(order), _undisputed(order)]


def ending(order: Order) -> str:
    """Why nothing is left to do although a condition may be unmet: the order is not live. Empty for a live one."""
    if order.deleted_at:
        return _("The shop no longer has this order.")
    if order.test:
        return _("A test order: it is counted nowhere.")
    if order.cancelled_at:
        reason = cancel_reason(order.cancel_reason)
        return _("Cancelled because %(reason)s.") % {"reason": reason} if reason else _("Cancelled in the shop.")
    if order.closed:
        return _("Archived: closed in the shop.")
    return ""


def _fulfilled(order: Order) -> Condition:
    left = order.unfulfilled_quantity
    if not left:
        return Condition(True, _("Every item is fulfilled"))
    words = ngettext("%(number)d item to fulfil", "%(number)d items to fulfil", left) % {"number": left}
    reasons = ", ".join(hold_reason(reason) for reason in order.hold_reasons)
    return Condition(False, words, _("On hold: %(reasons)s") % {"reasons": reasons} if reasons else "")


def _balanced(order: Order) -> Condition:
    open_amount = order.outstanding_presentment
    if not order.outstanding_shop and not open_amount:
        return Condition(True, _("Nothing outstanding"))
    amount = shown(abs(open_amount), order.presentment_currency, locale=current_locale())
    sentence = _("%(amount)s to be received") if open_amount > 0 else _("%(amount)s to be paid back")
    return Condition(False, sentence % {"amount": amount})


def _paid(order: Order) -> Condition:
    state = label("payment", order.financial_status)
    if order.financial_status in PENDING_PAYMENT:
        return Condition(False, state.text, state.explanation)
    return Condition(True, _("No payment pending"))


def _returned(order: Order) -> Condition:
    state = label("return", order.return_status)
    if order.return_status in OPEN_RETURN:
        return Condition(False, state.text, state.explanation)
    return Condition(True, _("No return open"))


def _undisputed(order: Order) -> Condition:
    if order.dispute_status in OPEN_DISPUTE:
        return Condition(False, _("Payment disputed"), _("Answer the dispute in Shopify."))
    return Condition(True, _("No dispute open"))
