"""From what was found beside an order to rows: pure, without database or clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from stores.shopify.aside_snapshots import AsideSnapshot, EventSnapshot, PaymentTermsSnapshot, ReturnSnapshot

_PAYMENTS = ("authorization", "capture", "sale", "refund", "void")
_TOLD = frozenset(
    {"placed", "confirmed", "closed", "re_opened", "cancelled", "destroy", "restock_line_items"}
    | {f"{kind}_{outcome}" for kind in _PAYMENTS for outcome in ("success", "failure", "error", "pending")}
    | {f"fulfillment_{outcome}" for outcome in ("success", "pending", "cancelled")}
)
"""Actions that the mirror tells itself, from the order's parts: one happening is one line."""
CHANGES = "update"
"""The action of which the mirror tells some: tags, note, address and e-mail."""
SETTLED = timedelta(minutes=3)
"""How long after an event the mirror has told what it tells of it."""
KEPT = timedelta(days=360)
"""Shopify forgets events after a year: an older one that is missing was not deleted by anybody."""

_INTERVALS = (
    (timedelta(days=1), timedelta(minutes=10)),
    (timedelta(days=7), timedelta(hours=1)),
    (timedelta(days=30), timedelta(hours=6)),
)
_RARELY, _DISPUTED = timedelta(days=1), timedelta(hours=1)


def next_look(now: datetime, *, is_live: bool, moved_at: datetime, is_disputed: bool) -> datetime | None:
    """When to look at an order again: often while it is fresh (`moved_at`: placed or changed), rarely later. None for
    one that is not live: it is looked at when somebody opens it or the shop says that it changed."""
    if not is_live:
        return None
    age = now - moved_at
    pause = next((often for until, often in _INTERVALS if age < until), _RARELY)
    return now + (min(pause, _DISPUTED) if is_disputed else pause)


def deserves_a_line(event: EventSnapshot, *, now: datetime) -> bool:
    """Whether Shopify's event says what the mirror does not. A change waits until the mirror has had its say."""
    if event.is_comment:
        return True
    if event.action == CHANGES and now - event.created_at < SETTLED:
        return False
    return event.action not in _TOLD and bool(event.text)


def event_key(gid: str) -> str:
    return f"event:{gid}"


def event_data(event: EventSnapshot) -> dict[str, Any]:
    if not event.is_comment:
        return {"action": event.action, "text": event.text}
    return {"text": event.text, "edited": event.is_edited, "attachments": [name for name in event.attachments if name]}


def returns_of(found: AsideSnapshot) -> list[dict[str, Any]]:
    return [_return(one) for one in found.returns]


def terms_of(terms: PaymentTermsSnapshot | None) -> dict[str, Any] | None:
    if terms is None:
        return None
    return {
        "name": terms.name,
        "type": terms.kind,
        "due_in_days": terms.due_in_days,
        "schedules": [
            {
                "gid": one.gid,
                "issued_at": _text(one.issued_at),
                "due_at": _text(one.due_at),
                "completed_at": _text(one.completed_at),
                "balance": format(one.balance.amount, "f"),
                "total": format(one.total.amount, "f"),
                "currency": one.total.currency,
            }
            for one in terms.schedules
        ],
    }


def due_at(terms: PaymentTermsSnapshot | None) -> datetime | None:
    """The nearest day by which something must be paid that is not."""
    waiting = [one.due_at for one in terms.schedules if one.completed_at is None and one.due_at] if terms else []
    return min(waiting, default=None)


def row_of(found: AsideSnapshot) -> dict[str, Any]:
    """The columns of `Beside` that the shop fills; without those that it refuses."""
    row: dict[str, Any] = {
        "risk_facts": [{"description": one.description, "sentiment": one.sentiment} for one in found.risk_facts],
        "unread": sorted(found.unread),
    }
    if "payment_terms" not in found.unread:
        row["payment_terms"] = terms_of(found.payment_terms)
    return row


def differs(found: AsideSnapshot, *, risk: tuple[str, str], disputes: list[Mapping[str, str]]) -> bool:
    """Whether the risk (level, recommendation) or a dispute is not as the order's row has it."""
    here = {(one["gid"], one["status"]) for one in disputes}
    there = {(one.gid, one.status) for one in found.disputes}
    return here != there or risk != (found.risk.level[:40], found.risk.recommendation[:40])


def without_words(found: AsideSnapshot) -> AsideSnapshot:
    """Only what the shop's own lists hold: states, dates, quantities and amounts."""
    returns = tuple(
        replace(
            one,
            decline_note="",
            lines=tuple(replace(line, reason_note="", customer_note="") for line in one.lines),
        )
        for one in found.returns
    )
    # That none of its events are at hand does not mean that they were deleted.
    return replace(found, events=(), older="", risk_facts=(), returns=returns)


def _return(one: ReturnSnapshot) -> dict[str, Any]:
    return {
        "gid": one.gid,
        "name": one.name[:100],
        "status": one.status[:40],
        "created_at": one.created_at,
        "approved_at": one.approved_at,
        "closed_at": one.closed_at,
        "decline_reason": one.decline_reason[:60],
        "decline_note": one.decline_note,
        "quantity": one.quantity,
        "refund_gids": list(one.refund_gids),
        "lines": [
            {
                "gid": line.gid,
                "line_item_gid": line.line_item_gid,
                "quantity": line.quantity,
                "processed": line.processed,
                "refundable": line.refundable,
                "refunded": line.refunded,
                "reason": line.reason,
                "reason_note": line.reason_note,
                "customer_note": line.customer_note,
                "shop": format(line.total.shop.amount, "f") if line.total else "",
                "presentment": format(line.total.presentment.amount, "f") if line.total else "",
            }
            for line in one.lines
        ],
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
