"""What stands beside an order: Shopify's own timeline, the grounds of its risk, returns, and terms of payment.

Shapes as in `snapshots`. None of it moves the order's `updated_at`, and most of it needs a scope of its own: it is read
apart from the order, so that a refusal costs only what was refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from stores.shopify.snapshots import DisputeSnapshot, Money, MoneyBag, RiskSnapshot


@dataclass(frozen=True, slots=True)
class EventSnapshot:
    """BasicEvent or CommentEvent of an order. `text` is its message without markup, in the shop's language; `author` is
    empty where nobody is named or may be named; `attachments` are names of files."""

    gid: str
    action: str
    text: str
    created_at: datetime
    author: str
    app: str
    is_comment: bool
    is_edited: bool = False
    is_critical: bool = False
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RiskFactSnapshot:
    """RiskFact. `sentiment` is POSITIVE, NEUTRAL or NEGATIVE."""

    description: str
    sentiment: str


@dataclass(frozen=True, slots=True)
class ReturnLineSnapshot:
    """ReturnLineItem, or an UnverifiedReturnLineItem, which names no line of the order (`line_item_gid` empty) and no
    amount. `reason` is Shopify's word in the shop's language; `reason_handle` does not change."""

    gid: str
    line_item_gid: str
    quantity: int
    processed: int
    unprocessed: int
    refundable: int
    refunded: int
    reason: str
    reason_handle: str
    reason_note: str
    customer_note: str
    total: MoneyBag | None


@dataclass(frozen=True, slots=True)
class ReturnSnapshot:
    """Return. `status`: REQUESTED, OPEN, CLOSED, DECLINED or CANCELED."""

    gid: str
    name: str
    status: str
    created_at: datetime
    approved_at: datetime | None
    closed_at: datetime | None
    decline_reason: str
    decline_note: str
    quantity: int
    refund_gids: tuple[str, ...]
    lines: tuple[ReturnLineSnapshot, ...]


@dataclass(frozen=True, slots=True)
class PaymentScheduleSnapshot:
    """PaymentSchedule: one amount to be paid by a day. `balance` is what of `total` is still owed."""

    gid: str
    issued_at: datetime | None
    due_at: datetime | None
    completed_at: datetime | None
    balance: Money
    total: Money


@dataclass(frozen=True, slots=True)
class PaymentTermsSnapshot:
    """PaymentTerms. `kind`: NET, FIXED, RECEIPT, FULFILLMENT or UNKNOWN."""

    gid: str
    name: str
    kind: str
    due_in_days: int | None
    schedules: tuple[PaymentScheduleSnapshot, ...]


@dataclass(frozen=True, slots=True)
class AsideSnapshot:
    """What stands beside one order now. `events` are the newest, newest first; `older` is where they go on, None when
    they are all there. Parts that the token may not read are named in `unread` (`returns`, `payment_terms`, `staff`),
    and stand here empty."""

    order_gid: str
    disputes: tuple[DisputeSnapshot, ...]
    risk: RiskSnapshot
    risk_facts: tuple[RiskFactSnapshot, ...]
    events: tuple[EventSnapshot, ...]
    older: str | None
    returns: tuple[ReturnSnapshot, ...] = ()
    payment_terms: PaymentTermsSnapshot | None = None
    unread: frozenset[str] = frozenset()
