"""What an order may be and may have: each a condition with its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy, pgettext_lazy

from orders import conditions as where
from orders.choices import Stage
from orders.query.kinds import Condition

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SOMETHING: Mapping[str, tuple[Callable[[], Condition], StrOrPromise, StrOrPromise]] = {
    "tag": (lambda: ~Q(tags=[]), gettext_lazy("it has a tag"), gettext_lazy("it has no tag")),
    "comment": (lambda: Q(comment_count__gt=0), gettext_lazy("staff commented"), gettext_lazy("nobody commented")),
    "note": (lambda: ~Q(note=""), gettext_lazy("it has a note"), gettext_lazy("it has no note")),
    "hold": (lambda: Q(on_hold=True), gettext_lazy("it is held back"), gettext_lazy("it is not held back")),
    "return": (
        lambda: ~Q(return_status__in=("", "NO_RETURN")),
        gettext_lazy("it has a return"),
        gettext_lazy("it has no return"),
    ),
    "dispute": (lambda: ~Q(dispute_status=""), gettext_lazy("it has a dispute"), gettext_lazy("it has no dispute")),
    "customer": (
        lambda: Q(customer__isnull=False),
        gettext_lazy("it belongs to a customer"),
        gettext_lazy("it belongs to no customer"),
    ),
    "email": (lambda: ~Q(email=""), gettext_lazy("it has an e-mail address"), gettext_lazy("it has no e-mail address")),
    "phone": (lambda: ~Q(phone=""), gettext_lazy("it has a phone number"), gettext_lazy("it has no phone number")),
    "mail": (
        lambda: Q(last_mailed_at__isnull=False),
        gettext_lazy("it was mailed about"),
        gettext_lazy("it was never mailed about"),
    ),
    "assignee": (lambda: Q(assignee__isnull=False), gettext_lazy("it is assigned"), gettext_lazy("nobody is assigned")),
    "discount": (
        lambda: ~Q(discount_codes=[]),
        gettext_lazy("a discount code was used"),
        gettext_lazy("no discount code was used"),
    ),
    "tracking": (
        where.tracked,
        gettext_lazy("a shipment can be tracked"),
        gettext_lazy("no shipment can be tracked"),
    ),
}
"""What an order may have: the condition, and the words for having it and for not."""
STAGES: Mapping[str, StrOrPromise] = {
    Stage.TO_FULFIL.value: pgettext_lazy("it is", "to fulfil"),
    Stage.TO_SETTLE.value: pgettext_lazy("it is", "to settle"),
    Stage.TO_ARCHIVE.value: pgettext_lazy("it is", "to archive"),
    Stage.ARCHIVED.value: pgettext_lazy("it is", "archived"),
    Stage.CANCELLED.value: pgettext_lazy("it is", "cancelled"),
    Stage.TEST.value: pgettext_lazy("it is", "a test order"),
    Stage.DELETED.value: pgettext_lazy("it is", "deleted"),
    "live": pgettext_lazy("it is", "live"),
}
ANY_STAGE = pgettext_lazy("stage", "any")
BEING: Mapping[str, tuple[Callable[[], Condition], StrOrPromise]] = {
    **{value: (partial(where.stage, [value]), title) for value, title in STAGES.items()},
    "on_hold": (lambda: Q(on_hold=True), gettext_lazy("held back")),
    "scheduled": (lambda: Q(fulfill_at__gt=Now()), gettext_lazy("scheduled for later")),
    "overdue": (lambda: Q(stage=Stage.TO_FULFIL, fulfill_by__lt=Now()), gettext_lazy("past its date to fulfil")),
    "edited": (lambda: Q(edited=True), gettext_lazy("edited after it was placed")),
    "pending": (lambda: ~Q(pending_verbs=[]), gettext_lazy("being changed by us")),
    "payment_failed": (partial(where.payment_failed, True), gettext_lazy("unpaid after a payment failed")),
    "overpaid": (lambda: Q(outstanding_shop__lt=0), gettext_lazy("owed money by the shop")),
    "unpaid": (lambda: Q(outstanding_shop__gt=0), gettext_lazy("not paid in full")),
}
"""What an order may be."""


def being(values: Sequence[str]) -> Q:
    return where.either([BEING[value][0]() for value in values])


def having(values: Sequence[str]) -> Q:
    return where.all_of([SOMETHING[value][0]() for value in values])


def lacking(values: Sequence[str]) -> Q:
    return where.all_of([~Q(SOMETHING[value][0]()) for value in values])
