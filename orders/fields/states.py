"""The names with few values: the states of an order, what it is and what it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.db.models import Q
from django.utils.translation import gettext_lazy, pgettext_lazy

from orders import conditions as where
from orders.choices import Stage
from orders.labels import AXES, Axis, label
from orders.query.kinds import OneOf, YesNo
from orders.query.meaning import Field

from .presence import ANY_STAGE, BEING, SOMETHING, STAGES, being, having, lacking

HOLD_REASONS = (
    "AWAITING_PAYMENT",
    "AWAITING_RETURN_ITEMS",
    "HIGH_RISK_OF_FRAUD",
    "INCORRECT_ADDRESS",
    "INVENTORY_OUT_OF_STOCK",
    "ONLINE_STORE_POST_PURCHASE_CROSS_SELL",
    "OTHER",
    "UNKNOWN_DELIVERY_DATE",
)
"""FulfillmentHoldReason of Admin GraphQL 2026-10."""
_FULFILMENT_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "unshipped": ("UNFULFILLED", "ON_HOLD", "SCHEDULED", "IN_PROGRESS", "OPEN", "PENDING_FULFILLMENT"),
    "shipped": ("FULFILLED",),
    "partial": ("PARTIALLY_FULFILLED",),
}
"""Shopify's search says these of statuses that have other names where they are shown."""


def _labels(axis: Axis) -> Callable[[str], str]:
    return lambda value: label(axis, value).text


STATES = (
    Field(
        "stage",
        OneOf(("live", "all", *Stage.values), where.stage, labels=lambda value: {**STAGES, "all": ANY_STAGE}[value]),
        pgettext_lazy("filter", "stage"),
        gettext_lazy("What is left to do. `live` is to_fulfil, to_settle and to_archive together, and the default."),
    ),
    Field(
        "is",
        OneOf(tuple(BEING), being, labels=lambda value: BEING[value][1]),
        pgettext_lazy("filter", "it"),
        gettext_lazy("Is one of these."),
    ),
    Field(
        "has",
        OneOf(tuple(SOMETHING), having, labels=lambda value: SOMETHING[value][1], sentences=True),
        pgettext_lazy("filter", "has"),
        gettext_lazy("Has all of these."),
    ),
    Field(
        "no",
        OneOf(tuple(SOMETHING), lacking, labels=lambda value: SOMETHING[value][2], sentences=True),
        pgettext_lazy("filter", "has no"),
        gettext_lazy("Has none of these."),
    ),
    Field(
        "payment",
        OneOf(tuple(AXES["payment"]), where.is_in("financial_status"), labels=_labels("payment")),
        pgettext_lazy("filter", "payment"),
        gettext_lazy("Payment status, in Shopify's words."),
        aliases=("financial_status",),
    ),
    Field(
        "fulfilment",
        OneOf(
            tuple(AXES["fulfilment"]),
            where.is_in("fulfillment_status"),
            labels=_labels("fulfilment"),
            synonyms=_FULFILMENT_SYNONYMS,
        ),
        pgettext_lazy("filter", "fulfilment"),
        gettext_lazy("Fulfilment status, in Shopify's words."),
        aliases=("fulfillment_status", "fulfillment"),
    ),
    Field(
        "return",
        OneOf(tuple(AXES["return"]), where.is_in("return_status"), labels=_labels("return")),
        pgettext_lazy("filter", "return"),
        gettext_lazy("Return status, in Shopify's words."),
        aliases=("return_status",),
    ),
    Field(
        "status",
        OneOf(("open", "closed", "cancelled", "not_closed", "any"), where.shops_status),
        pgettext_lazy("filter", "status at Shopify"),
        gettext_lazy("As Shopify's own search means it: open is neither archived nor cancelled."),
    ),
    Field(
        "hold_reason",
        OneOf(HOLD_REASONS, where.in_array("hold_reasons")),
        pgettext_lazy("filter", "hold reason"),
        gettext_lazy("Held back for one of these reasons."),
    ),
    Field(
        "risk",
        OneOf(
            tuple(AXES["risk"]),
            lambda codes: Q(risk_level__in=[*codes, ""] if "NONE" in codes else codes),
            labels=_labels("risk"),
        ),
        pgettext_lazy("filter", "risk"),
        gettext_lazy("The gravest assessment of the risk of fraud, in Shopify's words."),
        aliases=("risk_level",),
    ),
    Field(
        "dispute",
        OneOf(tuple(AXES["dispute"]), where.is_in("dispute_status"), labels=_labels("dispute")),
        pgettext_lazy("filter", "dispute"),
        gettext_lazy("Its most pressing dispute is in one of these states, in Shopify's words."),
        aliases=("chargeback_status",),
    ),
    Field(
        "delivery_method",
        OneOf(
            ("SHIPPING", "PICK_UP", "LOCAL", "RETAIL", "PICKUP_POINT", "NONE"),
            where.delivered_by,
            synonyms={"pick-up": ("PICK_UP",), "pickup-point": ("PICKUP_POINT",)},
        ),
        pgettext_lazy("filter", "delivery method"),
        gettext_lazy("How one of its fulfilment orders goes to the customer."),
    ),
)
FLAGS = (
    Field(
        "untagged",
        YesNo(lambda yes: Q(tags=[]) if yes else ~Q(tags=[]), *SOMETHING["tag"][:0:-1]),
        pgettext_lazy("filter", "untagged"),
        gettext_lazy("Has no tag at all."),
    ),
    Field(
        "on_hold",
        YesNo(lambda yes: Q(on_hold=yes), *SOMETHING["hold"][1:]),
        pgettext_lazy("filter", "on hold"),
        gettext_lazy("Somebody or an app holds it back."),
    ),
    Field(
        "has_comment",
        YesNo(lambda yes: Q(comment_count__gt=0) if yes else Q(comment_count=0), *SOMETHING["comment"][1:]),
        pgettext_lazy("filter", "comments"),
        gettext_lazy("Staff commented on it."),
    ),
    Field(
        "pending",
        YesNo(
            lambda yes: ~Q(pending_verbs=[]) if yes else Q(pending_verbs=[]),
            gettext_lazy("we are changing it"),
            gettext_lazy("we are not changing it"),
        ),
        pgettext_lazy("filter", "pending"),
        gettext_lazy("A change of ours is on its way to the shop."),
    ),
    Field(
        "payment_issue",
        YesNo(
            where.payment_failed,
            gettext_lazy("a payment failed and it is not paid"),
            gettext_lazy("no failed payment is in the way"),
        ),
        pgettext_lazy("filter", "payment issue"),
        gettext_lazy("A payment failed, and the order is not paid since."),
    ),
    Field(
        "test",
        YesNo(lambda yes: Q(test=yes), gettext_lazy("it is a test order"), gettext_lazy("it is no test order")),
        pgettext_lazy("filter", "test"),
        gettext_lazy("Placed with a test payment. Such orders are never live."),
    ),
)
