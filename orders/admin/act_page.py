"""The page before an act: what it will do to which orders, what it will leave out and why. Posting it does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.core.actor import Actor
from backoffice.core.api.callers import actor_of
from backoffice.core.choices import Door, Seen
from backoffice.core.errors import Invalid, NotFound
from backoffice.core.pages import back, page
from orders import chosen
from orders.choices import Source, Verb
from orders.models import Order
from orders.seen import note_orders
from orders.services.selection import Asked, Refusal
from orders.verbs import VERBS, Parameter, ParameterKind, VerbDefinition

from . import counts

TEMPLATE = "admin/orders/act.html"
SPELLED_OUT = 5
NAMED = 200
"""Orders that the page names together with their customers; one alone is not spelled out."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """An order on the page before the act."""

    order: Order
    refusal: Refusal | None
    warnings: tuple[str, ...]
    already: bool


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter as the form shows it."""

    parameter: Parameter
    value: str
    error: str = ""

    @property
    def is_long(self) -> bool:
        return self.parameter.kind is ParameterKind.TEXT


def act_page(request: HttpRequest, verb: str) -> HttpResponseBase:
    """GET shows the preview of a selection, POST carries the verb out on it. A wrong parameter is told at its field."""
    definition = VERBS.get(verb)
    if definition is None:
        raise NotFound("no_such_verb", "There is no such verb.")
    actor = actor_of(request)
    given = request.POST if request.method == "POST" else request.GET
    orders = list(chosen.loads(given.get("selection", ""), actor=actor).select_related("store"))
    if not orders:
        raise NotFound("not_found", "None of these orders is yours.")
    typed = {parameter.name: given.get(parameter.name, "") for parameter in definition.parameters}
    error: Invalid | None = None
    if request.method == "POST":
        try:
            asked = definition.ask(orders, actor=actor, source=Source.STAFF, **_read(definition, typed))
            counts.forget(actor)
            return _after(request, definition, orders, asked)
        except Invalid as wrong:
            error = wrong
    return _preview(request, definition, orders, typed, error, actor=actor)


def _preview(
    request: HttpRequest,
    definition: VerbDefinition,
    orders: list[Order],
    typed: dict[str, str],
    error: Invalid | None,
    *,
    actor: Actor,
) -> HttpResponseBase:
    judged = _judge(definition, orders, actor=actor)
    ready = [one for one in judged if one.refusal is None and not one.already]
    given = request.POST if request.method == "POST" else request.GET
    named = ready[:NAMED] if len(ready) > 1 else []
    note_orders(actor, Seen.ORDER_ACT, [one.order for one in named], door=Door.ADMIN)
    return page(
        request,
        TEMPLATE,
        str(definition.label),
        verb=definition,
        judged=judged,
        ready=ready,
        named=named,
        already=[one for one in judged if one.already],
        refused=[one for one in judged if one.refusal is not None],
        warned=[one for one in ready if one.warnings],
        fields=[
            Field(each, typed[each.name], str(error) if error and error.field == each.name else "")
            for each in definition.parameters
        ],
        error=str(error) if error and error.field not in typed else "",
        selection=given.get("selection", ""),
        next=back(request, default=reverse("admin:orders_order_changelist")),
        status=400 if error else 200,
    )


def _judge(definition: VerbDefinition, orders: list[Order], *, actor: Actor) -> list[Judgement]:
    """Judged as the service will: the parameters stand in for what is not typed yet."""
    stand_in: dict[str, Any] = {
        each.name: "…" if each.kind is ParameterKind.TEXT else ["…"] for each in definition.parameters
    }
    refusals = definition.check(orders, actor=actor, **stand_in)
    warnings = definition.warnings(orders, actor=actor) if definition.warnings else {}
    return [
        Judgement(
            order,
            refusals.get(order.pk),
            tuple(warnings.get(order.pk, ())),
            already=order.pk not in refusals and _is_so(definition.name, order),
        )
        for order in orders
    ]


def _is_so(verb: str, order: Order) -> bool:
    if verb == Verb.ARCHIVE:
        return order.closed or Verb.ARCHIVE in order.pending_verbs
    if verb == Verb.UNARCHIVE:
        return not order.closed or Verb.UNARCHIVE in order.pending_verbs
    return False


def _read(definition: VerbDefinition, typed: dict[str, str]) -> dict[str, Any]:
    """Words come separated by commas, as people know it from Shopify."""
    return {
        each.name: typed[each.name]
        if each.kind is ParameterKind.TEXT
        else [word for word in typed[each.name].split(",") if word.strip()]
        for each in definition.parameters
    }


def _after(request: HttpRequest, definition: VerbDefinition, orders: list[Order], asked: Asked) -> HttpResponseBase:
    """One order: back to where the person was. Many in the shop: to the page that follows them."""
    for refusal in asked.refused[:SPELLED_OUT]:
        messages.error(request, refusal.message)
    if definition.in_the_shop and asked.asked and len(orders) > 1:
        numbers = urlencode({"already": asked.already, "refused": len(asked.refused)})
        return HttpResponseRedirect(f"{reverse('admin:orders_order_run', args=[asked.run_id])}?{numbers}")
    if asked.asked:
        messages.success(request, _told(definition, asked.asked))
    elif asked.already:
        messages.info(request, _("Nothing to do: it is so already."))
    return HttpResponseRedirect(back(request, default=reverse("admin:orders_order_changelist")))


def _told(definition: VerbDefinition, number: int) -> str:
    sentence = (
        ngettext("%(verb)s: asked of the shop for %(number)d order.", "%(verb)s: asked for %(number)d orders.", number)
        if definition.in_the_shop
        else ngettext("%(verb)s: done for %(number)d order.", "%(verb)s: done for %(number)d orders.", number)
    )
    return sentence % {"verb": definition.label, "number": number}
