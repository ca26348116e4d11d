"""The button that has a store's mirror proven; what came of it stands on the store's page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.core.api.callers import actor_of
from stores.services.proof import request_proof

from .store_pages import find


def prove(request: HttpRequest, store_id: int) -> HttpResponseBase:
    """Asks for a proof; the service decides who may."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    actor = actor_of(request)
    store = find(actor, store_id)
    request_proof(store, actor=actor)
    messages.success(request, _("The mirror of %(store)s is being held against the shop.") % {"store": store.name})
    return HttpResponseRedirect(reverse("admin:stores_store_change", args=[store.pk]))
