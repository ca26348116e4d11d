"""Plain words for the states of an order's parts: payments, shipments, fulfilment orders, holds.

As in `labels`, a value of Shopify's that we do not know is shown as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import pgettext_lazy

from .labels import Label, Tone

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_HOLDS: Mapping[str, StrOrPromise] = {
    "AWAITING_PAYMENT": pgettext_lazy("hold reason", "Awaiting payment"),
    "AWAITING_RETURN_ITEMS": pgettext_lazy("hold reason", "Awaiting returned items"),
    "HIGH_RISK_OF_FRAUD": pgettext_lazy("hold reason", "High risk of fraud"),
    "INCORRECT_ADDRESS": pgettext_lazy("hold reason", "Incorrect address"),
    "INVENTORY_OUT_OF_STOCK": pgettext_lazy("hold reason", "Out of stock"),
    "ONLINE_STORE_POST_PURCHASE_CROSS_SELL": pgettext_lazy("hold reason", "Post-purchase offer open"),
    "UNKNOWN_DELIVERY_DATE": pgettext_lazy("hold reason", "Delivery date unknown"),
    "OTHER": pgettext_lazy("hold reason", "Other reason"),
}


def hold_reason(value: str) -> str:
    return str(_HOLDS.get(value, value))


_TRANSACTION_KINDS: Mapping[str, StrOrPromise] = {
    "AUTHORIZATION": pgettext_lazy("transaction", "Authorisation"),
    "EMV_AUTHORIZATION": pgettext_lazy("transaction", "Authorisation (card reader)"),
    "CAPTURE": pgettext_lazy("transaction", "Capture"),
    "SALE": pgettext_lazy("transaction", "Payment"),
    "REFUND": pgettext_lazy("transaction", "Refund"),
    "SUGGESTED_REFUND": pgettext_lazy("transaction", "Suggested refund"),
    "VOID": pgettext_lazy("transaction", "Void"),
    "CHANGE": pgettext_lazy("transaction", "Change given"),
}
_TRANSACTION_STATES: Mapping[str, tuple[StrOrPromise, Tone]] = {
    "SUCCESS": (pgettext_lazy("transaction state", "Succeeded"), "good"),
    "PENDING": (pgettext_lazy("transaction state", "Pending"), "warning"),
    "AWAITING_RESPONSE": (pgettext_lazy("transaction state", "Awaiting response"), "warning"),
    "FAILURE": (pgettext_lazy("transaction state", "Failed"), "bad"),
    "ERROR": (pgettext_lazy("transaction state", "Error"), "bad"),
    "UNKNOWN": (pgettext_lazy("transaction state", "Unknown"), "warning"),
}


def transaction_kind(value: str) -> str:
    return str(_TRANSACTION_KINDS.get(value, value))


def transaction_state(value: str) -> Label:
    text, tone = _TRANSACTION_STATES.get(value, (value, "neutral"))
    return Label(str(text), tone)


_SHIPMENTS: Mapping[str, tuple[StrOrPromise, Tone]] = {
    "DELIVERED": (pgettext_lazy("shipment", "Delivered"), "good"),
    "PICKED_UP": (pgettext_lazy("shipment", "Picked up"), "good"),
    "IN_TRANSIT": (pgettext_lazy("shipment", "In transit"), "info"),
    "OUT_FOR_DELIVERY": (pgettext_lazy("shipment", "Out for delivery"), "info"),
    "READY_FOR_PICKUP": (pgettext_lazy("shipment", "Ready for pickup"), "info"),
    "CARRIER_PICKED_UP": (pgettext_lazy("shipment", "With the carrier"), "info"),
    "CONFIRMED": (pgettext_lazy("shipment", "Confirmed"), "info"),
    "FULFILLED": (pgettext_lazy("shipment", "Fulfilled"), "good"),
    "MARKED_AS_FULFILLED": (pgettext_lazy("shipment", "Marked as fulfilled"), "good"),
    "LABEL_PURCHASED": (pgettext_lazy("shipment", "Label bought"), "neutral"),
    "LABEL_PRINTED": (pgettext_lazy("shipment", "Label printed"), "neutral"),
    "LABEL_VOIDED": (pgettext_lazy("shipment", "Label voided"), "neutral"),
    "SUBMITTED": (pgettext_lazy("shipment", "Submitted"), "neutral"),
    "SUCCESS": (pgettext_lazy("shipment", "Sent"), "good"),
    "DELAYED": (pgettext_lazy("shipment", "Delayed"), "warning"),
    "ATTEMPTED_DELIVERY": (pgettext_lazy("shipment", "Delivery attempted"), "warning"),
    "NOT_DELIVERED": (pgettext_lazy("shipment", "Not delivered"), "bad"),
    "FAILURE": (pgettext_lazy("shipment", "Failed"), "bad"),
    "ERROR": (pgettext_lazy("shipment", "Error"), "bad"),
    "CANCELED": (pgettext_lazy("shipment", "Cancelled"), "neutral"),
    "CANCELLED": (pgettext_lazy("shipment", "Cancelled"), "neutral"),
}


def shipment_state(status: str, display_status: str = "") -> Label:
    """A shipment's state: the finer display status where the shop gives one."""
    value = display_status or status
    text, tone = _SHIPMENTS.get(value, (value, "neutral"))
    return Label(str(text), tone)


_FULFILMENT_ORDERS: Mapping[str, tuple[StrOrPromise, Tone]] = {
    "OPEN": (pgettext_lazy("fulfilment order", "Open"), "warning"),
    "IN_PROGRESS": (pgettext_lazy("fulfilment order", "In progress"), "info"),
    "SCHEDULED": (pgettext_lazy("fulfilment order", "Scheduled"), "info"),
    "ON_HOLD": (pgettext_lazy("fulfilment order", "On hold"), "bad"),
    "INCOMPLETE": (pgettext_lazy("fulfilment order", "Incomplete"), "warning"),
    "CLOSED": (pgettext_lazy("fulfilment order", "Done"), "good"),
    "CANCELLED": (pgettext_lazy("fulfilment order", "Cancelled"), "neutral"),
}


def fulfilment_order_state(value: str) -> Label:
    text, tone = _FULFILMENT_ORDERS.get(value, (value, "neutral"))
    return Label(str(text), tone)


_RETURNS: Mapping[str, tuple[StrOrPromise, Tone]] = {
    "REQUESTED": (pgettext_lazy("a return", "Requested"), "warning"),
    "OPEN": (pgettext_lazy("a return", "Under way"), "info"),
    "CLOSED": (pgettext_lazy("a return", "Complete"), "good"),
    "DECLINED": (pgettext_lazy("a return", "Declined"), "neutral"),
    "CANCELED": (pgettext_lazy("a return", "Cancelled"), "neutral"),
}
_DECLINE_REASONS: Mapping[str, StrOrPromise] = {
    "FINAL_SALE": pgettext_lazy("declined return", "sold without right of return"),
    "RETURN_PERIOD_ENDED": pgettext_lazy("declined return", "the time to return had ended"),
    "OTHER": pgettext_lazy("declined return", "another reason"),
}


def return_state(value: str) -> Label:
    text, tone = _RETURNS.get(value, (value, "neutral"))
    return Label(str(text), tone)


def decline_reason(value: str) -> str:
    return str(_DECLINE_REASONS.get(value, value))


_DISPUTE_KINDS: Mapping[str, StrOrPromise] = {
    "CHARGEBACK": pgettext_lazy("dispute", "Chargeback"),
    "INQUIRY": pgettext_lazy("dispute", "Inquiry"),
}


def dispute_kind(value: str) -> str:
    return str(_DISPUTE_KINDS.get(value, value))


_CANCEL_REASONS: Mapping[str, StrOrPromise] = {
    "CUSTOMER": pgettext_lazy("cancel reason", "the customer changed or cancelled it"),
    "DECLINED": pgettext_lazy("cancel reason", "the payment was declined"),
    "FRAUD": pgettext_lazy("cancel reason", "it was fraudulent"),
    "INVENTORY": pgettext_lazy("cancel reason", "there was no stock"),
    "STAFF": pgettext_lazy("cancel reason", "staff made a mistake"),
    "OTHER": pgettext_lazy("cancel reason", "another reason"),
}


def cancel_reason(value: str) -> str:
    return str(_CANCEL_REASONS.get(value, value))


_DELIVERY: Mapping[str, StrOrPromise] = {
    "SHIPPING": pgettext_lazy("delivery method", "shipping"),
    "PICK_UP": pgettext_lazy("delivery method", "pick-up in store"),
    "PICKUP_POINT": pgettext_lazy("delivery method", "pick-up point"),
    "LOCAL": pgettext_lazy("delivery method", "local delivery"),
    "RETAIL": pgettext_lazy("delivery method", "sold over the counter"),
    "NONE": pgettext_lazy("delivery method", "no delivery"),
}
_RESTOCK: Mapping[str, StrOrPromise] = {
    "CANCEL": pgettext_lazy("restock", "not shipped, back in stock"),
    "RETURN": pgettext_lazy("restock", "returned to stock"),
    "NO_RESTOCK": pgettext_lazy("restock", "not returned to stock"),
    "LEGACY_RESTOCK": pgettext_lazy("restock", "returned to stock"),
}


def delivery_method(value: str) -> str:
    return str(_DELIVERY.get(value, value))


def restock_type(value: str) -> str:
    return str(_RESTOCK.get(value, value))
