"""The page that copies another store's configuration: first what would change, then the act."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.core.actor import Actor, Right
from backoffice.core.api.callers import actor_of
from backoffice.core.errors import Invalid
from backoffice.core.pages import page
from stores.models import Store
from stores.services.copy import check_manages, copy_configuration, preview

from .store_pages import find

TEMPLATE = "admin/stores/copy.html"


def copy(request: HttpRequest, store_id: int) -> HttpResponseBase:
    """GET with `source` shows what would change, POST changes the parts that are ticked."""
    actor = actor_of(request)
    store = find(actor, store_id)
    check_manages(store, actor)
    others = [each for each in Store.objects.visible_to(actor).exclude(pk=store.pk) if _manages(actor, each)]
    values = request.POST if request.method == "POST" else request.GET
    source = _chosen(values.get("source", ""), others)
    if request.method == "POST":
        if source is None:
            raise Invalid("store_unknown", _("Choose a store from the list."), field="source")
        done = copy_configuration(store, source, parts=request.POST.getlist("part"), actor=actor)
        count = sum(len(each.changes) for each in done)
        told = ngettext("%(count)d setting was copied.", "%(count)d settings were copied.", count) % {"count": count}
        messages.success(request, told)
        return HttpResponseRedirect(reverse("admin:stores_store_change", args=[store.pk]))
    plan = preview(store, source, actor=actor) if source else []
    return page(
        request,
        TEMPLATE,
        _("Copy a store's configuration"),
        store=store,
        others=others,
        source=source,
        plan=plan,
        any_change=any(each.changes for each in plan),
    )


def _manages(actor: Actor, store: Store) -> bool:
    return actor.may(Right.MANAGE_STORE, store.pk)


def _chosen(text: str, among: list[Store]) -> Store | None:
    return next((store for store in among if str(store.pk) == text), None)
