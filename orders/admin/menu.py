"""What orders bring to the staff's frame: sidebar entries with the number to fulfil, the jump box, the home panel."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from backoffice.core import menu, panels
from backoffice.core.actor import Actor, Right
from backoffice.core.choices import Door, Seen
from backoffice.core.menu import Badge, Entry, Found
from backoffice.core.panels import Cell, Panel, Row
from backoffice.core.templatetags.shown import age
from orders.choices import Stage
from orders.filters import select
from orders.labels import label
from orders.models import Order
from orders.reading import StoreCounts, list_orders, stage_counts
from orders.seen import note_orders
from stores.services.truth import StoreTruth

from .counts import live_counts

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

PAYMENT_TROUBLE = ("EXPIRED", "PARTIALLY_PAID", "PENDING")
"""Money that was due and is not there."""
_FOUND_AT_MOST, _SHORTEST = 8, 2


def connect() -> None:
    """Called once, when the admin is loaded."""
    group = pgettext_lazy("sidebar", "Orders")
    entries: tuple[tuple[str, StrOrPromise, str, dict[str, str]], ...] = (
        ("orders.to_fulfil", pgettext_lazy("sidebar", "Orders"), "orders", {}),
        ("orders.to_settle", pgettext_lazy("order stage", "To settle"), "payments", {"stage": Stage.TO_SETTLE.value}),
        ("orders.to_archive", pgettext_lazy("order stage", "To archive"), "archive", {"stage": Stage.TO_ARCHIVE.value}),
        ("orders.all", pgettext_lazy("sidebar", "All orders"), "list", {"stage": "all"}),
    )
    for position, (key, title, icon, query) in enumerate(entries, start=10):
        menu.register(
            Entry(
                key=key,
                title=title,
                icon=icon,
                url=partial(orders_url, **query),
                group=group,
                position=position,
                badge=to_fulfil_badge if key == "orders.to_fulfil" else None,
                visible=_reads_orders,
            )
        )
    menu.register_finder("orders", find_orders)
    panels.register(Panel("orders", pgettext_lazy("panel", "Orders by store"), store_rows, position=10))


def orders_url(**query: str) -> str:
    """The list with these filters. Without a stage it shows what is to fulfil and not on its way to the archive."""
    address = reverse("admin:orders_order_changelist")
    return f"{address}?{urlencode(query)}" if query else address


def to_fulfil_badge(actor: Actor) -> Badge | None:
    """As many as the list behind it has rows: what is on its way to the archive is in neither."""
    counts = live_counts(actor)
    told = [label("order", Stage.TO_FULFIL).explanation]
    if counts.as_of is not None:
        told.append(_("As of: %(age)s.") % {"age": age(counts.as_of)})
    return Badge(counts.shown_to_fulfil, " ".join(filter(None, [*told, counts.sentence])))


def find_orders(actor: Actor, text: str) -> list[Found]:
    """Orders of every stage by number, e-mail address or customer's name, newest first."""
    if len(text) < _SHORTEST:
        return []
    found = list(select(list_orders(actor), {"q": [text], "stage": ["all"]}, actor=actor)[:_FOUND_AT_MOST])
    note_orders(actor, Seen.ORDER_SEARCH, found, door=Door.ADMIN)
    return [
        Found(
            title=order.name,
            description=" · ".join(filter(None, (order.store.name, order.customer_name or order.email))),
            url=reverse("admin:orders_order_change", args=[order.pk]),
            icon="receipt_long",
        )
        for order in found
    ]


def store_rows(actor: Actor) -> list[Row]:
    """A row per store: what is left to do there, each figure leading to exactly those orders."""
    open_payments = _open_payments(actor)
    return [_row(each, open_payments.get(each.store.pk, 0)) for each in stage_counts(actor).per_store]


def _row(each: StoreCounts, open_payments: int) -> Row:
    store = str(each.store.pk)
    stages = (
        (Stage.TO_FULFIL, each.counts.to_fulfil, "warning"),
        (Stage.TO_SETTLE, each.counts.to_settle, "info"),
        (Stage.TO_ARCHIVE, each.counts.to_archive, "good"),
    )
    cells = [_cell(str(stage.label), number, tone, stage=stage.value, store=store) for stage, number, tone in stages]
    cells += [
        _cell(pgettext("panel", "On hold"), each.counts.on_hold, "bad", stage="live", on_hold="true", store=store),
        _cell(
            pgettext("panel", "Payment trouble"),
            open_payments,
            "bad",
            stage="live",
            payment=",".join(PAYMENT_TROUBLE),
            store=store,
        ),
        _truth_cell(each.truth),
    ]
    url = reverse("admin:stores_store_change", args=[each.store.pk])
    return Row(each.store.name, url, tuple(cells), store_id=each.store.pk)


def _cell(title: str, number: int, tone: str, **query: str) -> Cell:
    return Cell(title, str(number), orders_url(**query), tone if number else "neutral")


def _truth_cell(truth: StoreTruth) -> Cell:
    """When it is true, with what makes it less than that."""
    told = [truth.sentence]
    if truth.history_from is not None:
        told.append(_("history from %(day)s") % {"day": truth.history_from.isoformat()})
    return Cell(pgettext("panel", "As of"), age(truth.as_of) or "–", tone=truth.level.value, detail=" · ".join(told))


def _open_payments(actor: Actor) -> dict[int, int]:
    orders = Order.objects.visible_to(actor).live().filter(financial_status__in=PAYMENT_TROUBLE).order_by()
    return dict(orders.values("store_id").annotate(number=Count("pk")).values_list("store_id", "number"))


def _reads_orders(actor: Actor) -> bool:
    return actor.may_somewhere(Right.VIEW)
