"""The page of a rehearsal shop: what it went through, faults to put in force, acts of its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from backoffice.core.actor import Actor
from backoffice.core.api.callers import actor_of
from backoffice.core.errors import Invalid, NotAllowed, NotFound
from backoffice.core.pages import page
from stores.models import Store
from stores.services import rehearsal

from .store_pages import find

TEMPLATE = "admin/stores/rehearsal.html"
_FIELDS = ("kind", "times", "probability", "only", "fault_more", "action", "order", "act_more")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent, as text."""

    values: QueryDict

    def text(self, name: str) -> str:
        return self.values.get(name, "").strip()[:_LONGEST]

    def times(self) -> int | None:
        """Empty lasts until cleared."""
        text = self.text("times")
        if not text:
            return None
        if not text.isdigit() or not int(text):
            message = _("How often is a whole number, or empty for “until cleared”.")
            raise Invalid("times_invalid", message, field="times")
        return int(text)

    def probability(self) -> float:
        text = self.text("probability") or "1"
        try:
            share = float(text.replace(",", "."))
        except ValueError:
            share = -1.0
        if not 0 < share <= 1:
            message = _("The probability lies between 0 and 1.")
            raise Invalid("probability_invalid", message, field="probability")
        return share

    def more(self, name: str) -> dict[str, Any]:
        """`status=503 seconds=2`: numbers as numbers, the rest as text."""
        found: dict[str, Any] = {}
        for part in self.text(name).split():
            key, separator, value = part.partition("=")
            if not separator or not key.isidentifier():
                message = _("Details are written as name=value, with spaces between them.")
                raise Invalid("details_invalid", message, field=name)
            found[key] = _value(value)
        return found


def _value(text: str) -> str | int | float:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def rehearsal_page(request: HttpRequest, store_id: int) -> HttpResponseBase:
    """Shows the shop; POST puts a fault in force, clears them, drains the rate limit or acts as its owner."""
    actor = actor_of(request)
    store = find(actor, store_id)
    if not actor.is_administrator:
        raise NotAllowed("administrator_needed", _("Only administrators rehearse."))
    if not rehearsal.is_rehearsal(store):
        raise NotFound("no_rehearsal", _("This store's shop is no rehearsal."))
    error: Invalid | None = None
    if request.method == "POST":
        try:
            messages.success(request, _do(store, Form(request.POST), actor=actor))
            return HttpResponseRedirect(reverse("admin:stores_store_rehearsal", args=[store.pk]))
        except Invalid as wrong:
            error = wrong
    return page(
        request,
        TEMPLATE,
        pgettext("page", "Rehearsal"),
        store=store,
        shop=rehearsal.look(store, actor=actor),
        error=error,
        typed={name: request.POST.get(name, "") for name in _FIELDS},
        status=400 if error else 200,
    )


def _do(store: Store, form: Form, *, actor: Actor) -> str:
    """Carries out one of the page's buttons and says what was done."""
    what = form.text("do")
    if what == "fault":
        kind = form.text("kind")
        rehearsal.add_fault(
            store,
            kind,
            actor=actor,
            times=form.times(),
            probability=form.probability(),
            only=form.text("only"),
            more=form.more("fault_more"),
        )
        return _("The fault %(kind)s is in force.") % {"kind": kind}
    if what == "clear":
        rehearsal.clear_faults(store, actor=actor)
        return _("No fault is in force any more.")
    if what == "drain":
        rehearsal.drain_points(store, actor=actor)
        return _("The shop's rate limit is used up.")
    if what == "act":
        action = form.text("action")
        touched = rehearsal.act(store, action, actor=actor, order=form.text("order"), more=form.more("act_more"))
        return _("Done: %(action)s. %(touched)s") % {"action": action, "touched": ", ".join(touched[:5])}
    raise Invalid("act_unknown", _("There is no such act."))
