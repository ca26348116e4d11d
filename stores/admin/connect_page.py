"""The form that connects a shop. Secrets go in and never come back out: not after an error, not on any page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from backoffice.core.actor import Actor
from backoffice.core.api.callers import actor_of
from backoffice.core.errors import BackofficeError, Invalid, NotAllowed, NotFound
from backoffice.core.pages import page
from stores.models import Merchant, Store
from stores.services.connect import connect_store

from .store_pages import find

TEMPLATE = "admin/stores/connect.html"


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, apart from the secrets."""

    domain: str = ""
    merchant: str = ""


@sensitive_post_parameters("token", "webhook_secret")
def connect(request: HttpRequest, store_id: int | None = None) -> HttpResponseBase:
    """A new shop, or with a store's id the same shop again with another token. Each refusal stands at its field."""
    actor = actor_of(request)
    if not actor.sees_every_store:
        raise NotAllowed("only_administrators_connect", _("Only an administrator connects stores."))
    known = find(actor, store_id) if store_id is not None else None
    typed = Typed(known.domain if known else "", str(known.merchant_id or "") if known else "")
    errors: Mapping[str, str] = {}
    if request.method == "POST":
        typed = Typed(
            request.POST.get("domain", typed.domain) if known is None else typed.domain,
            request.POST.get("merchant", ""),
        )
        try:
            store = _connect(request, typed, actor=actor)
        except (NotAllowed, NotFound):
            raise
        except BackofficeError as error:
            errors = {
                error.field if error.field in {"domain", "token", "webhook_secret", "merchant"} else "": str(error)
            }
        else:
            messages.success(request, _("%(store)s is connected. Its orders are being loaded.") % {"store": store.name})
            return HttpResponseRedirect(reverse("admin:stores_store_change", args=[store.pk]))
    return page(
        request,
        TEMPLATE,
        _("Connect a store"),
        known=known,
        typed=typed,
        errors=errors,
        general_error=errors.get("", ""),
        merchants=Merchant.objects.order_by("name"),
        status=400 if errors else 200,
    )


def _connect(request: HttpRequest, typed: Typed, *, actor: Actor) -> Store:
    token = request.POST.get("token", "")
    if not typed.domain.strip():
        raise Invalid("domain_missing", _("Give the shop's address, such as my-shop.myshopify.com."), field="domain")
    if not token.strip():
        raise Invalid("token_missing", _("Paste the Admin API access token of the app."), field="token")
    return connect_store(
        domain=typed.domain,
        token=token,
        webhook_secret=request.POST.get("webhook_secret", ""),
        merchant=_merchant(typed.merchant),
        actor=actor,
    )


def _merchant(text: str) -> Merchant | None:
    if not text:
        return None
    found = Merchant.objects.filter(pk=int(text)).first() if text.isascii() and text.isdigit() else None
    if found is None:
        raise Invalid("merchant_unknown", _("Choose a merchant from the list."), field="merchant")
    return found
