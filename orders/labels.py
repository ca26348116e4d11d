"""Plain words for the states of an order, each with its explanation. Used by admin, API and mails alike.

The values are Shopify's own (OrderDisplayFinancialStatus, OrderDisplayFulfillmentStatus, OrderReturnStatus, ...) and
our `Stage` for the order itself. A value that we do not know is shown as it is: Shopify adds some every quarter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from django.utils.translation import pgettext, pgettext_lazy

from .choices import Stage

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Axis = Literal["order", "payment", "fulfilment", "return", "risk", "dispute"]
Tone = Literal["neutral", "good", "info", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class Label:
    """`tone` colours the badge and is never the only carrier of the meaning; `explanation` may be empty."""

    text: str
    tone: Tone
    explanation: str = ""


_Row = tuple["StrOrPromise", Tone, "StrOrPromise"]

_ORDER: Mapping[str, _Row] = {
    Stage.TO_FULFIL: (
        pgettext_lazy("order stage", "To fulfil"),
        "warning",
        pgettext_lazy(
            "explanation",
            "Not archived, cancelled or a test, and at least one item that needs fulfilment is not fulfilled yet. "
            "Orders on hold and scheduled ones are included.",
        ),
    ),
    Stage.TO_SETTLE: (
        pgettext_lazy("order stage", "To settle"),
        "info",
        pgettext_lazy(
            "explanation",
            "Nothing is left to fulfil, but an amount is open, a payment is pending or disputed, or a return is under "
            "way.",
        ),
    ),
    Stage.TO_ARCHIVE: (
        pgettext_lazy("order stage", "To archive"),
        "good",
        pgettext_lazy("explanation", "Nothing is left to do: the order can be archived."),
    ),
    Stage.ARCHIVED: (
        pgettext_lazy("order stage", "Archived"),
        "neutral",
        pgettext_lazy("explanation", "Closed in the shop. Unarchive it to work on it again."),
    ),
    Stage.CANCELLED: (
        pgettext_lazy("order stage", "Cancelled"),
        "neutral",
        pgettext_lazy("explanation", "Cancelled in the shop. A cancelled order cannot be brought back."),
    ),
    Stage.TEST: (
        pgettext_lazy("order stage", "Test order"),
        "neutral",
        pgettext_lazy("explanation", "Placed with a test payment; counted nowhere."),
    ),
    Stage.DELETED: (
        pgettext_lazy("order stage", "Deleted"),
        "neutral",
        pgettext_lazy("explanation", "The shop no longer has this order; this is what it last showed."),
    ),
}

_PAYMENT: Mapping[str, _Row] = {
    "PAID": (
        pgettext_lazy("payment state", "Paid"),
        "good",
        pgettext_lazy("explanation", "The whole amount was received."),
    ),
    "PENDING": (
        pgettext_lazy("payment state", "Payment pending"),
        "warning",
        pgettext_lazy("explanation", "The payment was begun and is not received yet, as with a bank transfer."),
    ),
    "AUTHORIZED": (
        pgettext_lazy("payment state", "Authorised"),
        "info",
        pgettext_lazy("explanation", "The amount is reserved; capture it before the authorisation expires."),
    ),
    "EXPIRED": (
        pgettext_lazy("payment state", "Expired"),
        "bad",
        pgettext_lazy("explanation", "The time to pay, or the authorisation, ran out; no money was received."),
    ),
    "PARTIALLY_PAID": (
        pgettext_lazy("payment state", "Partially paid"),
        "warning",
        pgettext_lazy("explanation", "A part was received; the rest is still open."),
    ),
    "PARTIALLY_REFUNDED": (
        pgettext_lazy("payment state", "Partially refunded"),
        "neutral",
        pgettext_lazy("explanation", "Paid, and a part was given back."),
    ),
    "REFUNDED": (
        pgettext_lazy("payment state", "Refunded"),
        "neutral",
        pgettext_lazy("explanation", "Everything that was paid was given back."),
    ),
    "VOIDED": (
        pgettext_lazy("payment state", "Voided"),
        "neutral",
        pgettext_lazy("explanation", "The reserved amount was released before it was captured."),
    ),
}

_FULFILMENT: Mapping[str, _Row] = {
    "FULFILLED": (
        pgettext_lazy("fulfilment state", "Fulfilled"),
        "good",
        pgettext_lazy("explanation", "Every item was sent or handed over."),
    ),
    "FULFILLMENT_NOT_REQUIRED": (
        pgettext_lazy("fulfilment state", "Not required"),
        "neutral",
        pgettext_lazy("explanation", "Nothing of this order needs to be sent."),
    ),
    "IN_PROGRESS": (
        pgettext_lazy("fulfilment state", "In progress"),
        "info",
        pgettext_lazy("explanation", "The fulfilment service or a colleague is working on it."),
    ),
    "ON_HOLD": (
        pgettext_lazy("fulfilment state", "On hold"),
        "bad",
        pgettext_lazy("explanation", "Somebody or an app holds it back; it is not sent until the hold is released."),
    ),
    "OPEN": (
        pgettext_lazy("fulfilment state", "Open"),
        "warning",
        pgettext_lazy("explanation", "Waiting to be fulfilled."),
    ),
    "PARTIALLY_FULFILLED": (
        pgettext_lazy("fulfilment state", "Partially fulfilled"),
        "warning",
        pgettext_lazy("explanation", "Some items were sent; others still wait."),
    ),
    "PENDING_FULFILLMENT": (
        pgettext_lazy("fulfilment state", "Requested"),
        "info",
        pgettext_lazy("explanation", "A fulfilment service was asked and has not answered yet."),
    ),
    "REQUEST_DECLINED": (
        pgettext_lazy("fulfilment state", "Request declined"),
        "bad",
        pgettext_lazy("explanation", "The fulfilment service refused; send it from elsewhere or ask again."),
    ),
    "RESTOCKED": (
        pgettext_lazy("fulfilment state", "Restocked"),
        "neutral",
        pgettext_lazy("explanation", "The items went back to stock and will not be sent."),
    ),
    "SCHEDULED": (
        pgettext_lazy("fulfilment state", "Scheduled"),
        "info",
        pgettext_lazy("explanation", "Not before a later day: a pre-order or a subscription."),
    ),
    "UNFULFILLED": (
        pgettext_lazy("fulfilment state", "Unfulfilled"),
        "warning",
        pgettext_lazy("explanation", "Nothing was sent yet."),
    ),
}

_RETURN: Mapping[str, _Row] = {
    "NO_RETURN": (pgettext_lazy("return state", "No return"), "neutral", ""),
    "RETURN_REQUESTED": (
        pgettext_lazy("return state", "Return requested"),
        "warning",
        pgettext_lazy("explanation", "The customer asked to send something back; approve or decline it."),
    ),
    "IN_PROGRESS": (
        pgettext_lazy("return state", "Return in progress"),
        "info",
        pgettext_lazy("explanation", "Approved; the goods are on their way or not yet inspected."),
    ),
    "INSPECTION_COMPLETE": (
        pgettext_lazy("return state", "Inspected"),
        "info",
        pgettext_lazy("explanation", "The goods are back and inspected; refund or exchange them."),
    ),
    "RETURNED": (
        pgettext_lazy("return state", "Returned"),
        "neutral",
        pgettext_lazy("explanation", "The return is complete."),
    ),
    "RETURN_FAILED": (
        pgettext_lazy("return state", "Return failed"),
        "bad",
        pgettext_lazy("explanation", "The return could not be carried out."),
    ),
}

_RISK: Mapping[str, _Row] = {
    "HIGH": (
        pgettext_lazy("risk", "High risk"),
        "bad",
        pgettext_lazy("explanation", "Signs of fraud were found: look at the order before it is sent."),
    ),
    "MEDIUM": (
        pgettext_lazy("risk", "Medium risk"),
        "warning",
        pgettext_lazy("explanation", "Something about the order is unusual; look at it before it is sent."),
    ),
    "PENDING": (
        pgettext_lazy("risk", "Being assessed"),
        "info",
        pgettext_lazy("explanation", "The assessment of the risk is not complete yet."),
    ),
    "LOW": (pgettext_lazy("risk", "Low risk"), "good", ""),
    "NONE": (pgettext_lazy("risk", "Not assessed"), "neutral", ""),
}

_DISPUTE: Mapping[str, _Row] = {
    "NEEDS_RESPONSE": (
        pgettext_lazy("dispute", "Dispute: respond"),
        "bad",
        pgettext_lazy("explanation", "The customer disputes the payment; send evidence in Shopify before it is due."),
    ),
    "UNDER_REVIEW": (
        pgettext_lazy("dispute", "Dispute under review"),
        "warning",
        pgettext_lazy("explanation", "The evidence was sent; the bank decides."),
    ),
    "WON": (pgettext_lazy("dispute", "Dispute won"), "good", ""),
    "LOST": (pgettext_lazy("dispute", "Dispute lost"), "neutral", ""),
    "ACCEPTED": (pgettext_lazy("dispute", "Dispute accepted"), "neutral", ""),
    "CHARGE_REFUNDED": (pgettext_lazy("dispute", "Dispute refunded"), "neutral", ""),
    "PREVENTED": (pgettext_lazy("dispute", "Dispute prevented"), "neutral", ""),
}

AXES: Mapping[Axis, Mapping[str, _Row]] = MappingProxyType(
    {
        "order": _ORDER,
        "payment": _PAYMENT,
        "fulfilment": _FULFILMENT,
        "return": _RETURN,
        "risk": _RISK,
        "dispute": _DISPUTE,
    }
)


def label(axis: Axis, value: str) -> Label:
    """The words for one state. A value unknown to us stands for itself; an empty one is said to be absent."""
    row = AXES[axis].get(value)
    if row is not None:
        text, tone, explanation = row
        return Label(str(text), tone, str(explanation))
    return Label(value or pgettext("state", "None"), "neutral")


def known(axis: Axis) -> list[tuple[str, Label]]:
    """Every value that we know on an axis, in the order in which people look for them."""
    return [(value, label(axis, value)) for value in AXES[axis]]
