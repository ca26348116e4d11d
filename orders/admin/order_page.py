"""The page of one order: everything about it, and every act on it, without going to Shopify."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from backoffice.core.actor import Actor, Right
from backoffice.core.api.callers import actor_of
from backoffice.core.choices import Door, Seen
from backoffice.core.pages import fragment, page
from orders import chosen
from orders.choices import UNSETTLED, ChangeState
from orders.models import Comment, Order, RemoteChange
from orders.reading import get_order
from orders.seen import note_orders
from orders.services import full
from orders.services.beside_look import ask_for_a_look
from stores.features import CHANGES
from stores.services.hidden import hidden_of
from stores.services.truth import truth_of

from . import acts
from .beside import beside_of
from .history import history_of
from .parts import parts_of, web_address
from .remaining import conditions, ending

TEMPLATE, NOTICES, TRUTH = "admin/orders/page.html", "admin/orders/_notices.html", "admin/_truth.html"


@dataclass(frozen=True, slots=True)
class Rights:
    """What the page offers; the services decide again."""

    comment: bool
    change: bool
    manage: bool


def order_page(request: HttpRequest, order_id: int) -> HttpResponseBase:
    """One order with its parts and one page of its timeline; `?part=notices` is what is under way, `?part=truth`
    how true it is. A foreign or missing one is a 404."""
    actor = actor_of(request)
    order = get_order(actor, order_id)
    part = request.GET.get("part")
    notices: dict[str, Any] = {
        "order": order,
        "details_coming": full.are_coming(order) if part else full.wait_for_details(order),
        "store": order.store,
        "pending": pending_changes(order),
        "refused": last_refusal(order),
    }
    if part == "notices":
        return fragment(request, NOTICES, **notices)
    if part is None and not notices["details_coming"]:
        ask_for_a_look(order)
    truth = truth_of([order.store])
    if part == "truth":
        return fragment(request, TRUTH, truth=truth)
    note_orders(actor, Seen.ORDER_PAGE, [order], door=Door.ADMIN)
    parts = parts_of(order)
    return page(
        request,
        TEMPLATE,
        order.name,
        **notices,
        parts=parts,
        beside=beside_of(order, parts.titles),
        history=history_of(request, order, actor=actor),
        pinned=list(Comment.objects.filter(order=order, pinned=True, deleted_at__isnull=True).order_by("-created_at")),
        conditions=conditions(order),
        ending=ending(order),
        rights=rights_of(actor, order),
        acts=acts.acts_on(order, actor=actor),
        truth=truth,
        hidden=hidden_of(order.store),
        no_tags=acts.why_not(order, CHANGES),
        selection=chosen.dumps([order.pk], actor=actor),
        status_page=web_address(order.status_page_url),
        is_fullwidth="1",
    )


def rights_of(actor: Actor, order: Order) -> Rights:
    return Rights(
        comment=actor.may(Right.COMMENT, order.store_id),
        change=actor.may(Right.CHANGE_ORDERS, order.store_id),
        manage=actor.may(Right.MANAGE_STORE, order.store_id),
    )


def pending_changes(order: Order) -> list[RemoteChange]:
    """What we want in the shop and have no answer for, oldest first."""
    return list(order.remote_changes.filter(state__in=UNSETTLED).order_by("pk"))


def last_refusal(order: Order) -> RemoteChange | None:
    """The newest answer to our changes, if it was a no: an older no was made good by what followed."""
    newest = order.remote_changes.exclude(state__in=UNSETTLED).order_by("-pk").first()
    return newest if newest is not None and newest.state == ChangeState.REFUSED else None
