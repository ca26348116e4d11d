"""What stands beside an order, put together for its page: returns, terms of payment, disputes, grounds of the risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils import timezone

from orders.labels import Label, label
from orders.models import Beside, Order, Return
from orders.part_labels import decline_reason, dispute_kind, return_state

_CALM = frozenset({"", "LOW", "NONE"})


@dataclass(frozen=True, slots=True)
class Back:
    """So many of a line that come back, and why."""

    title: str
    quantity: int
    processed: int
    reason: str
    words: list[str]


@dataclass(frozen=True, slots=True)
class Returned:
    row: Return
    state: Label
    declined: str
    pieces: list[Back]


@dataclass(frozen=True, slots=True)
class Due:
    """One amount of the terms of payment. `is_overdue`: its day has passed and it is not paid."""

    amount: Decimal
    currency: str
    due_at: datetime | None
    completed_at: datetime | None
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class Disputed:
    state: Label
    kind: str


@dataclass(frozen=True, slots=True)
class Ground:
    """A fact of the risk; `icon` says whether it speaks for the order or against it."""

    words: str
    icon: str


@dataclass(frozen=True, slots=True)
class BesideOrder:
    """`risk` is None where there is nothing to look at; `looked_at` is None until the first look."""

    returns: list[Returned] = field(default_factory=list)
    terms: str = ""
    dues: list[Due] = field(default_factory=list)
    disputes: list[Disputed] = field(default_factory=list)
    risk: Label | None = None
    grounds: list[Ground] = field(default_factory=list)
    looked_at: datetime | None = None


_ICONS = {"NEGATIVE": "remove_circle", "POSITIVE": "check_circle"}


def beside_of(order: Order, titles: Mapping[str, str]) -> BesideOrder:
    """One query, whatever the size of the order, if `beside` was read with it. `titles`: words for a line by its id."""
    row: Beside | None = getattr(order, "beside", None)
    terms = (row.payment_terms if row else None) or {}
    return BesideOrder(
        returns=[_returned(one, titles) for one in order.returns.order_by("created_at", "pk")],
        terms=str(terms.get("name", "")),
        dues=_dues(terms.get("schedules") or (), now=timezone.now()),
        disputes=[
            Disputed(label("dispute", one.get("status", "")), dispute_kind(one.get("type", "")))
            for one in order.disputes
        ],
        risk=None if order.risk_level in _CALM else label("risk", order.risk_level),
        grounds=[
            Ground(str(fact.get("description", "")), _ICONS.get(fact.get("sentiment", ""), "info"))
            for fact in (row.risk_facts if row else ())
        ],
        looked_at=row.looked_at if row else None,
    )


def _returned(row: Return, titles: Mapping[str, str]) -> Returned:
    return Returned(
        row=row,
        state=return_state(row.status),
        declined=decline_reason(row.decline_reason),
        pieces=[
            Back(
                title=titles.get(line.get("line_item_gid", ""), "?"),
                quantity=line.get("quantity", 0),
                processed=line.get("processed", 0),
                reason=line.get("reason", ""),
                words=[text for text in (line.get("reason_note", ""), line.get("customer_note", "")) if text],
            )
            for line in row.lines
        ],
    )


def _dues(schedules: Sequence[Mapping[str, Any]], *, now: datetime) -> list[Due]:
    found = []
    for one in schedules:
        due, done = _moment(one.get("due_at")), _moment(one.get("completed_at"))
        overdue = done is None and due is not None and due < now
        found.append(Due(_amount(one.get("total")), str(one.get("currency", "")), due, done, overdue))
    return found


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _amount(text: str | None) -> Decimal:
    try:
        return Decimal(text or 0)
    except InvalidOperation:
        return Decimal(0)
