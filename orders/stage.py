"""What is left to do about an order, decided from what the shop says of it. The only place with these definitions.

*Live*: not archived, not cancelled, not deleted, not a test order. A live order is exactly one of *to fulfil*, *to
settle*, *to archive*."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from stores.shopify.snapshots import OrderSnapshot

from .choices import Stage

PENDING_PAYMENT = frozenset({"PENDING", "AUTHORIZED", "PARTIALLY_PAID", "EXPIRED"})
OPEN_RETURN = frozenset({"RETURN_REQUESTED", "IN_PROGRESS", "INSPECTION_COMPLETE"})
OPEN_DISPUTE = frozenset({"NEEDS_RESPONSE", "UNDER_REVIEW"})


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the stage depends on."""

    test: bool
    closed: bool
    cancelled: bool
    unfulfilled: int
    outstanding: Decimal
    financial_status: str
    return_status: str
    dispute_status: str
    deleted: bool = False


def stage_of(facts: Facts) -> Stage:
    """An order that is no more comes before a test order, that before a cancelled and that before an archived one."""
    if facts.deleted:
        return Stage.DELETED
    if facts.test:
        return Stage.TEST
    if facts.cancelled:
        return Stage.CANCELLED
    if facts.closed:
        return Stage.ARCHIVED
    if facts.unfulfilled > 0:
        return Stage.TO_FULFIL
    return Stage.TO_SETTLE if unsettled(facts) else Stage.TO_ARCHIVE


def unsettled(facts: Facts) -> bool:
    """Whether money, a return or a dispute is still open. A negative balance is money that we owe."""
    return (
        facts.outstanding != 0
        or facts.financial_status in PENDING_PAYMENT
        or facts.return_status in OPEN_RETURN
        or facts.dispute_status in OPEN_DISPUTE
    )


def unfulfilled_quantity(order: OrderSnapshot) -> int:
    """Items that wait to be shipped; those that need no shipping do not count."""
    return sum(line.unfulfilled_quantity for line in order.lines if line.requires_shipping)


def dispute_status(order: OrderSnapshot) -> str:
    """The most pressing of the order's disputes: an open one before a closed one."""
    statuses = [dispute.status for dispute in order.disputes]
    return next((status for status in statuses if status in OPEN_DISPUTE), statuses[0] if statuses else "")


def facts_of_snapshot(order: OrderSnapshot) -> Facts:
    return Facts(
        test=order.test,
        closed=order.closed,
        cancelled=order.cancelled_at is not None,
        unfulfilled=unfulfilled_quantity(order),
        outstanding=order.outstanding.shop.amount,
        financial_status=order.financial_status,
        return_status=order.return_status,
        dispute_status=dispute_status(order),
    )
