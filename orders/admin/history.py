"""The timeline on the order page: entries with their words, comments with their text, by day of the store's zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Literal

from django.http import HttpRequest

from backoffice.core.actor import Actor
from backoffice.core.pages import Paged, paged
from backoffice.core.templatetags.shown import zone_named
from orders.choices import Source
from orders.models import Comment, Order, TimelineEntry
from orders.reading import timeline_of
from orders.timeline import describe, happened_by

PER_PAGE = 40
Shown = Literal["all", "comments", "events"]
SHOP_COMMENT = "shop.comment"
SHOWN: tuple[Shown, ...] = ("all", "comments", "events")

_ICONS = {
    "comment": "chat_bubble",
    "fulfilment": "local_shipping",
    "hold": "pause_circle",
    "mail": "mail",
    "payment": "credit_card",
    "refund": "undo",
    "return": "keyboard_return",
    "tags": "sell",
    "change": "sync",
    "order": "receipt_long",
    "risk": "gpp_maybe",
    "dispute": "gavel",
    SHOP_COMMENT: "forum",
    "shop": "storefront",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One entry as it is shown. `comment` is set where the entry is a comment being made; `is_said` is true for that
    and for what staff wrote in Shopify."""

    entry: TimelineEntry
    words: str
    by: str
    icon: str
    source: str
    is_trouble: bool
    is_said: bool = False
    comment: Comment | None = None


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    items: list[Item]


@dataclass(frozen=True, slots=True)
class History:
    days: list[Day]
    pages: Paged
    shown: Shown


def history_of(request: HttpRequest, order: Order, *, actor: Actor) -> History:
    """One page of the timeline, newest first. Two queries."""
    wanted = request.GET.get("show", "all")
    shown: Shown = next((each for each in SHOWN if each == wanted), "all")
    entries = timeline_of(order, actor)
    if shown == "comments":
        entries = entries.filter(kind__in=("comment.added", SHOP_COMMENT))
    elif shown == "events":
        entries = entries.exclude(kind__startswith="comment.").exclude(kind=SHOP_COMMENT)
    pages = paged(request, entries, per_page=PER_PAGE)
    items = _items(pages.rows, order)
    zone = zone_named(order.store.timezone)
    by_day = groupby(items, key=lambda item: item.entry.occurred_at.astimezone(zone).date())
    return History([Day(day, list(group)) for day, group in by_day], pages, shown)


def _items(entries: Sequence[TimelineEntry], order: Order) -> list[Item]:
    ids = [entry.data.get("comment") for entry in entries if entry.kind == "comment.added"]
    comments = Comment.objects.filter(order=order).in_bulk([pk for pk in ids if pk]) if any(ids) else {}
    return [
        Item(
            entry=entry,
            words=describe(entry),
            by=happened_by(entry),
            icon=_ICONS.get(entry.kind) or _ICONS.get(entry.kind.partition(".")[0], "circle"),
            source=str(Source(entry.source).label) if entry.source in Source.values else entry.source,
            is_trouble=_is_trouble(entry),
            is_said=entry.kind in {"comment.added", SHOP_COMMENT},
            comment=comments.get(entry.data.get("comment")) if entry.kind == "comment.added" else None,
        )
        for entry in entries
    ]


def _is_trouble(entry: TimelineEntry) -> bool:
    failed_payment = entry.kind.startswith("payment.") and entry.data.get("status") in {"FAILURE", "ERROR"}
    disputed = entry.kind == "dispute.changed" and entry.data.get("status") == "NEEDS_RESPONSE"
    return failed_payment or disputed or entry.kind in {"change.refused", "mail.failed", "hold.added"}
