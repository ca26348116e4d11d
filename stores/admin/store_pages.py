"""Stores for staff: which there are, and the state of each one's mirror."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from backoffice.core import panels
from backoffice.core.actor import Actor, Right
from backoffice.core.api.callers import actor_of
from backoffice.core.errors import NotFound
from backoffice.core.pages import fragment, page
from backoffice.core.panels import Row
from stores.choices import CredentialKind, StoreState
from stores.models import Store
from stores.services.connect import disconnect_store, pause_store, resume_store
from stores.services.diagnostics import diagnostics_of
from stores.services.health_facts import facts_of
from stores.services.health_lines import lines_of
from stores.services.health_report import Colour, health_of, overviews_of
from stores.services.rehearsal import is_rehearsal
from stores.services.status import mirror_status
from stores.services.truth import StoreTruth, together

LIST, PAGE, STATUS = "admin/stores/list.html", "admin/stores/page.html", "admin/stores/_status.html"

Tone = Literal["good", "info", "warning", "bad", "neutral"]
TONES: Mapping[str, Tone] = {
    StoreState.CONNECTED: "good",
    StoreState.NEEDS_ATTENTION: "bad",
    StoreState.PAUSED: "warning",
    StoreState.DISCONNECTED: "neutral",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the list."""

    store: Store
    tone: Tone
    colour: Colour
    truth: StoreTruth
    row: Row | None


def store_list(request: HttpRequest) -> HttpResponseBase:
    """Every store that the actor reaches; as many queries for thirty as for three."""
    actor = actor_of(request)
    stores = list(Store.objects.visible_to(actor).select_related("merchant").order_by("name", "pk"))
    rows, overviews = panel_rows(actor), overviews_of(stores)
    listed = [
        Listed(store, TONES.get(store.state, "neutral"), each.colour, each.truth, row=rows.get(store.pk))
        for store, each in zip(stores, overviews.values(), strict=True)
    ]
    cells = next((each.row.cells for each in listed if each.row), ())
    return page(
        request,
        LIST,
        pgettext("list of", "Stores"),
        stores=listed,
        truth=together([each.truth for each in listed]),
        columns=[cell.label for cell in cells],
        may_connect=actor.sees_every_store,
    )


def store_page(request: HttpRequest, store_id: int) -> HttpResponseBase:
    """One store; with `?part=1` only the part that changes by itself."""
    actor = actor_of(request)
    store = find(actor, store_id)
    context: dict[str, Any] = {
        "store": store,
        "tone": TONES.get(store.state, "neutral"),
        "row": panel_rows(actor).get(store.pk),
    }
    if "part" in request.GET:
        facts = facts_of([store])[store.pk]
        context |= {"lines": lines_of(facts), "mirror": mirror_status(store), "proof": facts.truth.proof}
        return fragment(request, STATUS, **context)
    report = health_of(store)
    context |= {"lines": report.lines, "mirror": report.mirror, "proof": report.facts.truth.proof, "report": report}
    context["diagnostics"] = diagnostics_of(report)
    context["token_kind"] = CredentialKind(report.facts.token.kind).label if report.facts.token else ""
    context["may_rehearse"] = actor.is_administrator and is_rehearsal(store)
    context |= {"may_connect": actor.sees_every_store, "may_prove": actor.may(Right.MANAGE_STORE, store.pk)}
    return page(request, PAGE, store.name, **context)


_SWITCHES = {"pause": pause_store, "resume": resume_store, "disconnect": disconnect_store}


def switch(request: HttpRequest, store_id: int, what: str) -> HttpResponseBase:
    """Pauses, resumes or disconnects; the service decides who may."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    actor = actor_of(request)
    store = find(actor, store_id)
    if what not in _SWITCHES:
        raise NotFound("no_such_act", "There is no such act.")
    _SWITCHES[what](store, actor=actor)
    told = {
        "pause": _("%(store)s is paused: nothing is read or written until you resume it."),
        "resume": _("%(store)s is connected again and catches up."),
        "disconnect": _("%(store)s is disconnected and its token forgotten. Its orders stay readable."),
    }
    messages.success(request, told[what] % {"store": store.name})
    return HttpResponseRedirect(reverse("admin:stores_store_change", args=[store.pk]))


def find(actor: Actor, store_id: int) -> Store:
    """Raises `NotFound` alike for a missing store and one out of reach."""
    store: Store | None = Store.objects.visible_to(actor).select_related("merchant").filter(pk=store_id).first()
    if store is None:
        raise NotFound("not_found", _("There is no such store."))
    return store


def panel_rows(actor: Actor) -> dict[int, Row]:
    """What the applications say of each store, by its id; the first panel that knows a store speaks for it."""
    found: dict[int, Row] = {}
    for panel in panels.all_panels():
        for row in panel.rows(actor):
            if row.store_id is not None:
                found.setdefault(row.store_id, row)
    return found
