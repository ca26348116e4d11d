"""Privacy requests for staff: what was asked about whom is not shown, what came of it is. Exports are downloaded here,
and a customer's export or erasure is asked for by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import (
    HttpRequest,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from backoffice.core import access
from backoffice.core.access import Kind, subject
from backoffice.core.api.callers import actor_of
from backoffice.core.choices import Door, Seen
from backoffice.core.clock import db_now
from backoffice.core.errors import Invalid, NotAllowed
from backoffice.core.pages import page, paged
from stores.choices import ComplianceKind, ComplianceState
from stores.models import ComplianceRequest, Store
from stores.services import compliance
from stores.services.compliance_export import is_ready, open_export

from .store_pages import find

TEMPLATE = "admin/stores/privacy.html"
_PER_PAGE = 50
_BY_HAND = (ComplianceKind.EXPORT, ComplianceKind.ERASE_PERSON)


@dataclass(frozen=True, slots=True)
class Line:
    """A request with what came of it. `tone` is good, bad (overdue), warning (trouble) or neutral."""

    request: ComplianceRequest
    tone: str
    counts: tuple[tuple[str, int], ...]
    may_download: bool


def privacy_list(request: HttpRequest, store_id: int) -> HttpResponseBase:
    """The store's requests; POST asks for an export or an erasure by hand. Nobody's address enters the page's own
    address: it would stay in histories and logs."""
    actor = actor_of(request)
    store = find(actor, store_id)
    error: Invalid | None = None
    if request.method == "POST":
        try:
            return _ask(request, store)
        except Invalid as wrong:
            error = wrong
    found = paged(request, compliance.requests_of(store, actor=actor).order_by("-pk"), per_page=_PER_PAGE)
    return page(
        request,
        TEMPLATE,
        pgettext("page", "Privacy requests"),
        store=store,
        lines=_lines(found.rows),
        newer=found.newer,
        older=found.older,
        kinds=[(kind.value, kind.label) for kind in _BY_HAND],
        error=error,
        typed={"kind": request.POST.get("kind", ""), "who": request.POST.get("who", "")},
        status=400 if error else 200,
    )


def export(request: HttpRequest, store_id: int, request_id: int) -> HttpResponseBase:
    """The download. By POST alone: each is noted, and no link may cause one."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    actor = actor_of(request)
    store = find(actor, store_id)
    found = compliance.find_request(store, request_id, actor=actor)
    document = open_export(found, actor=actor)
    about = [subject(Kind.EXPORT, found.pk)]
    access.note(actor, Seen.EXPORT, door=Door.ADMIN, store_ids=[store.pk], subjects=about)
    name = f"personal-data-{store.handle}-{found.pk}.json"
    return StreamingHttpResponse(
        document,
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def erased_shops(request: HttpRequest) -> HttpResponseBase:
    """The receipts of shops that are no more; for administrators."""
    actor = actor_of(request)
    if not actor.is_administrator:
        raise NotAllowed("not_allowed", _("Only administrators see what became of shops that are gone."))
    rows = ComplianceRequest.objects.filter(store=None).order_by("-pk")
    found = paged(request, rows, per_page=_PER_PAGE)
    title = pgettext("page", "Erased shops")
    return page(request, TEMPLATE, title, lines=_lines(found.rows), newer=found.newer, older=found.older)


def _ask(request: HttpRequest, store: Store) -> HttpResponseBase:
    kind = request.POST.get("kind", "")
    if kind not in _BY_HAND:
        raise Invalid("kind_unknown", _("Choose what to do."), field="kind")
    compliance.ask_for(
        store,
        ComplianceKind(kind),
        who=request.POST.get("who", ""),
        confirmation=request.POST.get("confirmation", ""),
        actor=actor_of(request),
    )
    messages.success(request, _("It is under way. What came of it is shown here."))
    return HttpResponseRedirect(reverse("admin:stores_store_privacy", args=[store.pk]))


def _lines(requests: Iterable[Any]) -> list[Line]:
    now = db_now()
    return [
        Line(
            one,
            tone=_tone(one, overdue=one.is_open and one.due_at < now),
            counts=tuple(sorted(one.receipt.items())),
            may_download=is_ready(one, now=now),
        )
        for one in requests
    ]


def _tone(request: ComplianceRequest, *, overdue: bool) -> str:
    if overdue:
        return "bad"
    if request.is_open:
        return "warning" if request.error_code else "info"
    return "good" if request.state == ComplianceState.DONE else "neutral"
