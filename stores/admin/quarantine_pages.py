"""What of a shop could not be mirrored, for staff: why, what to do, trying it again, and what the shop answered."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from backoffice.core import access
from backoffice.core.access import Kind, subject
from backoffice.core.actor import Right
from backoffice.core.api.callers import actor_of
from backoffice.core.choices import Door, Seen
from backoffice.core.errors import NotFound
from backoffice.core.pages import page, paged
from stores.models import Quarantined, Store
from stores.services import quarantine

from .store_pages import find

LIST, RAW = "admin/stores/quarantine.html", "admin/stores/quarantine_raw.html"
_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Parked:
    """A line of the list. `shop_url` is empty where the thing has no page in the shop's admin."""

    row: Quarantined
    remedy: str
    shop_url: str


def parked_list(request: HttpRequest, store_id: int) -> HttpResponseBase:
    """Everything that is parked, the latest first; as many queries for fifty as for three."""
    actor = actor_of(request)
    store = find(actor, store_id)
    rows = paged(request, Quarantined.objects.filter(store=store).defer("raw").order_by("-pk"), per_page=_PER_PAGE)
    return page(
        request,
        LIST,
        pgettext("quarantine", "Set aside"),
        store=store,
        lines=shown(store, rows.rows),
        newer=rows.newer,
        older=rows.older,
        may_retry=actor.may(Right.CHANGE_ORDERS, store.pk) and store.is_connected,
        may_see_raw=actor.may(Right.MANAGE_STORE, store.pk),
    )


def retry(request: HttpRequest, store_id: int) -> HttpResponseBase:
    """Tries one (`item`) or everything again."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    actor = actor_of(request)
    store = find(actor, store_id)
    item = request.POST.get("item", "")
    count = quarantine.retry(store, ids=[_number(item)] if item else None, actor=actor)
    told = ngettext("%(count)d is being tried again.", "%(count)d are being tried again.", count)
    messages.success(request, told % {"count": count})
    return HttpResponseRedirect(reverse("admin:stores_store_quarantine", args=[store.pk]))


def raw(request: HttpRequest, store_id: int, item_id: int) -> HttpResponseBase:
    """What the shop answered. By POST alone: each look is noted, and no link may cause one."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    actor = actor_of(request)
    store = find(actor, store_id)
    row = Quarantined.objects.filter(store=store, pk=item_id).first()
    if row is None:
        raise NotFound("not_found", _("This is no longer set aside."))
    text = quarantine.raw_of(row, actor=actor)
    about = [subject(Kind.GID, row.gid)] if text else []
    access.note(actor, Seen.QUARANTINE, door=Door.ADMIN, store_ids=[store.pk], subjects=about)
    line = shown(store, [row])[0]
    return page(request, RAW, pgettext("quarantine", "What the shop answered"), store=store, line=line, text=text)


def shown(store: Store, rows: list[Quarantined]) -> list[Parked]:
    return [Parked(row, quarantine.remedy(row.cause), _address(store, row.gid)) for row in rows]


def _address(store: Store, gid: str) -> str:
    _head, found, number = gid.partition("gid://shopify/Order/")
    return f"{store.admin_url}/orders/{number}" if found and number.isdigit() else ""


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound("not_found", _("This is no longer set aside."))
    return int(text)
