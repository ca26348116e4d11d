"""The parts of an order, put together for its page: which line is in which parcel, refund or fulfilment order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from orders.labels import Label
from orders.models import Fulfillment, FulfillmentOrder, LineItem, Order, Refund, Transaction
from orders.part_labels import (
    fulfilment_order_state,
    hold_reason,
    shipment_state,
    transaction_kind,
    transaction_state,
)

FINISHED = ("CLOSED", "CANCELLED")
"""Fulfilment orders that wait for nothing: the shipments tell the rest."""


@dataclass(frozen=True, slots=True)
class Piece:
    """So many of a line."""

    title: str
    quantity: int
    remaining: int | None = None
    shop: Decimal | None = None
    presentment: Decimal | None = None
    restock: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    reason: str
    notes: str
    ours: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A fulfilment order."""

    row: FulfillmentOrder
    state: Label
    holds: list[Hold]
    pieces: list[Piece]


@dataclass(frozen=True, slots=True)
class Parcel:
    """A shipment; `tracking` holds (company, number, address to follow it or nothing)."""

    row: Fulfillment
    state: Label
    tracking: list[tuple[str, str, str]]
    pieces: list[Piece]


@dataclass(frozen=True, slots=True)
class Payment:
    row: Transaction
    kind: str
    state: Label


@dataclass(frozen=True, slots=True)
class GivenBack:
    row: Refund
    pieces: list[Piece]


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that every order has tables for; what stands beside it is in `beside`."""

    lines: list[LineItem]
    titles: Mapping[str, str]
    waiting: list[Waiting]
    parcels: list[Parcel]
    payments: list[Payment]
    refunds: list[GivenBack]


def parts_of(order: Order) -> Parts:
    """Five queries, whatever the size of the order."""
    lines = list(order.lines.order_by("position", "pk"))
    titles = {line.gid: _title(line) for line in lines}
    return Parts(
        lines=lines,
        titles=titles,
        waiting=[
            _waiting(row, titles)
            for row in order.fulfillment_orders.exclude(status__in=FINISHED).order_by("created_at", "pk")
        ],
        parcels=[_parcel(row, titles) for row in order.fulfillments.order_by("created_at", "pk")],
        payments=[
            Payment(row, transaction_kind(row.kind), transaction_state(row.status))
            for row in order.transactions.order_by("created_at", "pk")
        ],
        refunds=[GivenBack(row, _pieces(row.lines, titles)) for row in order.refunds.order_by("created_at", "pk")],
    )


def _title(line: LineItem) -> str:
    return f"{line.title} · {line.variant_title}" if line.variant_title else line.title


def _waiting(row: FulfillmentOrder, titles: Mapping[str, str]) -> Waiting:
    holds = [
        Hold(hold.get("display") or hold_reason(hold.get("reason", "")), hold.get("notes", ""), bool(hold.get("ours")))
        for hold in row.holds
    ]
    return Waiting(row, fulfilment_order_state(row.status), holds, _pieces(row.lines, titles))


def _parcel(row: Fulfillment, titles: Mapping[str, str]) -> Parcel:
    tracking = [
        (one.get("company", ""), one.get("number", ""), web_address(one.get("url", ""))) for one in row.tracking
    ]
    return Parcel(row, shipment_state(row.status, row.display_status), tracking, _pieces(row.lines, titles))


def _pieces(lines: Iterable[Mapping[str, Any]], titles: Mapping[str, str]) -> list[Piece]:
    return [
        Piece(
            title=titles.get(line.get("line_item_gid", ""), "?"),
            quantity=line.get("quantity", line.get("total", 0)),
            remaining=line.get("remaining"),
            shop=_amount(line.get("shop")),
            presentment=_amount(line.get("presentment")),
            restock=line.get("restock_type", ""),
        )
        for line in lines
    ]


def _amount(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        return None


def web_address(url: str) -> str:
    """The address if a browser may follow it: what a shop sends could as well be `javascript:`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.netloc else ""
