"""What a shop says of things beside an order, made up, in the shape in which the gateway gives it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from stores.shopify.aside_snapshots import (
    AsideSnapshot,
    EventSnapshot,
    PaymentScheduleSnapshot,
    PaymentTermsSnapshot,
    ReturnLineSnapshot,
    ReturnSnapshot,
)
from stores.shopify.snapshots import Money, RiskSnapshot

from .snapshots import bag

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def an_event(number: int = 1, *, action: str = "mail_sent", **fields: Any) -> EventSnapshot:
    """A line of Shopify's timeline at noon; a comment where `is_comment` is given."""
    kind = "CommentEvent" if fields.get("is_comment") else "BasicEvent"
    values: dict[str, Any] = {
        "gid": f"gid://shopify/{kind}/{number}",
        "action": action,
        "text": f"Something {number} happened.",
        "created_at": AT,
        "author": "",
        "app": "",
        "is_comment": False,
    }
    return EventSnapshot(**(values | fields))


def a_return(number: int = 1, **fields: Any) -> ReturnSnapshot:
    """An open return of one piece of line 1."""
    line = ReturnLineSnapshot(
        gid=f"gid://shopify/ReturnLineItem/{number}",
        line_item_gid="gid://shopify/LineItem/1",
        quantity=1,
        processed=0,
        unprocessed=1,
        refundable=1,
        refunded=0,
        reason="Size too small",
        reason_handle="size-too-small",
        reason_note="Pinches",
        customer_note="Please hurry",
        total=bag("12.50"),
    )
    values: dict[str, Any] = {
        "gid": f"gid://shopify/Return/{number}",
        "name": f"#1001-R{number}",
        "status": "OPEN",
        "created_at": AT,
        "approved_at": AT,
        "closed_at": None,
        "decline_reason": "",
        "decline_note": "",
        "quantity": 1,
        "refund_gids": (),
        "lines": (line,),
    }
    return ReturnSnapshot(**(values | fields))


def some_terms(*due: datetime, paid: int = 0) -> PaymentTermsSnapshot:
    """Terms with an amount of 10 for each day; the first `paid` of them are paid."""
    owed = Money(Decimal("10.00"), "EUR")
    schedules = tuple(
        PaymentScheduleSnapshot(f"gid://shopify/PaymentSchedule/{at}", AT, day, day if at < paid else None, owed, owed)
        for at, day in enumerate(due)
    )
    return PaymentTermsSnapshot("gid://shopify/PaymentTerms/1", "Net 30", "NET", 30, schedules)


def an_aside(gid: str, *events: EventSnapshot, **fields: Any) -> AsideSnapshot:
    """All events of an order without risk, disputes, returns or terms."""
    values: dict[str, Any] = {
        "order_gid": gid,
        "disputes": (),
        "risk": RiskSnapshot(),
        "risk_facts": (),
        "events": events,
        "older": None,
    }
    return AsideSnapshot(**(values | fields))
