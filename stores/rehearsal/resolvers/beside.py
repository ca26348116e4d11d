"""Fields of returns and of terms of payment that follow from the order or the clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stores.rehearsal import derived, money
from stores.rehearsal.clock import parse
from stores.rehearsal.money import Bag
from stores.rehearsal.ops.document import Doc
from stores.rehearsal.request import Info


def _paid(info: Info, schedule: Doc) -> bool:
    doc = info.context.find(schedule["order"]) if "order" in schedule else None
    return bool(schedule.get("completedAt")) or (doc is not None and derived.outstanding(doc)[0] <= 0)


def _passed(info: Info, schedule: Doc) -> bool:
    due = parse(schedule["dueAt"]) if schedule.get("dueAt") else None
    return due is not None and due < info.context.at and not _paid(info, schedule)


def _overdue(terms: Doc, info: Info) -> bool:
    return any(_passed(info, one) for one in terms["paymentSchedules"])


def _total(schedule: Doc, info: Info) -> Any:
    bag = schedule["_total"]
    return (bag[2], bag[3])


def _balance(schedule: Doc, info: Info) -> Any:
    whole = _total(schedule, info)
    return (0, whole[1]) if _paid(info, schedule) else whole


def _price_of_return(line: Doc, info: Info) -> Bag:
    shipped = info.context.find(line["fulfillmentLineItem"])
    item = info.context.find(shipped["lineItem"]) if shipped else None
    if not item:
        return derived.UNPRICED
    return money.share(derived.line_discounted(item), 0, line["quantity"], item["quantity"])


BESIDE_FIELDS: dict[tuple[str, str], Callable[..., Any]] = {
    ("PaymentTerms", "due"): _overdue,
    ("PaymentTerms", "overdue"): _overdue,
    ("PaymentSchedule", "due"): lambda schedule, info: _passed(info, schedule),
    ("PaymentSchedule", "totalBalance"): _total,
    ("PaymentSchedule", "balanceDue"): _balance,
    ("ReturnLineItem", "withCodeDiscountedTotalPriceSet"): _price_of_return,
}
