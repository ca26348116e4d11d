"""The names with more and less: times, ages, money, counts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy, pgettext_lazy

from orders.query.meaning import Field
from orders.query.spans import Ages, Amounts, Moments, Numbers

MEASURES = (
    Field(
        "created",
        Moments("created_at", "created"),
        pgettext_lazy("filter", "created"),
        gettext_lazy("Created in the shop; from is included, before is not."),
        aliases=("created_at",),
    ),
    Field(
        "processed",
        Moments("processed_at", "processed"),
        pgettext_lazy("filter", "placed"),
        gettext_lazy("Placed by the customer; from is included, before is not."),
        aliases=("processed_at", "placed"),
    ),
    Field(
        "updated",
        Moments("updated_at", "updated"),
        pgettext_lazy("filter", "changed"),
        gettext_lazy("Changed in the shop; from is included, before is not."),
        aliases=("updated_at",),
    ),
    Field(
        "archived",
        Moments("closed_at", "archived"),
        pgettext_lazy("filter", "archived"),
        gettext_lazy("Archived in the shop; from is included, before is not."),
        aliases=("closed_at",),
    ),
    Field(
        "scheduled",
        Moments("fulfill_at", "scheduled"),
        pgettext_lazy("filter", "scheduled for"),
        gettext_lazy("When the next of its fulfilment orders may be fulfilled; from is included, before is not."),
        aliases=("fulfill_at",),
    ),
    Field(
        "fulfil_by",
        Moments("fulfill_by", "fulfil_by"),
        pgettext_lazy("filter", "to fulfil by"),
        gettext_lazy("The nearest date by which it is to be fulfilled; from is included, before is not."),
        aliases=("fulfill_by",),
    ),
    Field(
        "payment_due",
        Moments("payment_due_at", "payment_due"),
        pgettext_lazy("filter", "payment due"),
        gettext_lazy("The nearest day of its terms of payment that was not met; from is included, before is not."),
    ),
    Field(
        "mailed",
        Moments("last_mailed_at", "mailed"),
        pgettext_lazy("filter", "last mailed"),
        gettext_lazy("When we last mailed about it; from is included, before is not."),
    ),
    Field(
        "age",
        Ages("processed_at", older="older_than_days", newer="newer_than_days"),
        pgettext_lazy("filter", "age"),
        gettext_lazy("Placed longer ago, or no longer ago, than so many days of 24 hours."),
    ),
    Field(
        "total",
        Amounts("current_total"),
        pgettext_lazy("filter", "total"),
        gettext_lazy("Total after returns, in the shop's currency; both ends are included."),
        aliases=("current_total_price", "total_price"),
    ),
    Field(
        "outstanding",
        Amounts("outstanding"),
        pgettext_lazy("filter", "outstanding"),
        gettext_lazy("What is still to be paid, in the shop's currency; less than 0 is owed to the customer."),
    ),
    Field(
        "refunded",
        Amounts("refunded"),
        pgettext_lazy("filter", "refunded"),
        gettext_lazy("What was given back, in the shop's currency; both ends are included."),
    ),
    Field(
        "items",
        Numbers("unfulfilled_quantity"),
        pgettext_lazy("filter", "items to fulfil"),
        gettext_lazy("How many items wait to be fulfilled; both ends are included."),
    ),
    Field(
        "lines",
        Numbers("line_count"),
        pgettext_lazy("filter", "lines"),
        gettext_lazy("How many lines it has; both ends are included."),
    ),
)
