"""The pages that connect a shop in each way. Secrets go in and never come back out: not after an error, not on any
page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from backoffice.core.actor import Actor
from backoffice.core.api.callers import actor_of
from backoffice.core.errors import BackofficeError, Invalid, NotAllowed, NotFound
from backoffice.core.pages import page
from stores.choices import CredentialKind
from stores.models import Credential, Merchant, Store
from stores.services.authorization import begin_authorization, finish_authorization
from stores.services.connect import connect_store, connect_with_client_credentials
from stores.services.credentials import rotate_secret
from stores.shopify.scopes import WANTED

from .store_pages import find
from .ways import WAYS, Way, way_of

TEMPLATE, SECRET_TEMPLATE = "admin/stores/connect.html", "admin/stores/secret.html"
_FIELDS = frozenset({"domain", "token", "webhook_secret", "client_secret", "merchant"})


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, apart from the secrets."""

    domain: str = ""
    merchant: str = ""
    client_id: str = ""


@sensitive_post_parameters("token", "webhook_secret", "client_secret")
def connect(request: HttpRequest, store_id: int | None = None) -> HttpResponseBase:
    """A new shop, or with a store's id the same shop again with other access. Each refusal stands at its field. By way
    of the shop, the answer leads there."""
    actor = actor_of(request)
    if not actor.sees_every_store:
        raise NotAllowed("only_administrators_connect", _("Only an administrator connects stores."))
    known = find(actor, store_id) if store_id is not None else None
    way = _way(request, known)
    typed = Typed(known.domain if known else "", str(known.merchant_id or "") if known else "")
    errors: Mapping[str, str] = {}
    if request.method == "POST":
        typed = Typed(
            request.POST.get("domain", typed.domain) if known is None else typed.domain,
            request.POST.get("merchant", ""),
            request.POST.get("client_id", ""),
        )
        try:
            return _go_on(request, way, typed, actor=actor)
        except (NotAllowed, NotFound):
            raise
        except BackofficeError as error:
            errors = {error.field if error.field in _FIELDS else "": str(error)}
    return page(
        request,
        TEMPLATE,
        _("Connect a store"),
        known=known,
        way=way,
        ways=WAYS,
        typed=typed,
        errors=errors,
        general_error=errors.get("", ""),
        merchants=Merchant.objects.order_by("name"),
        scopes=",".join(sorted(WANTED)),
        callback=callback_address(),
        status=400 if errors else 200,
    )


def callback(request: HttpRequest) -> HttpResponseBase:
    """Where Shopify sends back who let our app in. Shows nothing: goes on to the store, or to the form with what was
    wrong."""
    actor = actor_of(request)
    try:
        store = finish_authorization(dict(request.GET.lists()), actor=actor)
    except (NotAllowed, NotFound):
        raise
    except BackofficeError as error:
        messages.error(request, str(error))
        way = CredentialKind.AUTHORIZATION_CODE.value
        return HttpResponseRedirect(f"{reverse('admin:stores_store_connect')}?way={way}")
    return _connected(request, store)


@sensitive_post_parameters("new_secret")
def secret(request: HttpRequest, store_id: int) -> HttpResponseBase:
    """Takes the new secret of the store's app."""
    actor = actor_of(request)
    if not actor.sees_every_store:
        raise NotAllowed("only_administrators_connect", _("Only an administrator connects stores."))
    store, wrong = find(actor, store_id), ""
    if request.method == "POST":
        try:
            rotate_secret(store, request.POST.get("new_secret", ""), actor=actor)
        except (NotAllowed, NotFound):
            raise
        except BackofficeError as error:
            wrong = str(error)
        else:
            messages.success(request, _("The new secret is kept. The one before holds for webhooks for another hour."))
            return HttpResponseRedirect(reverse("admin:stores_store_change", args=[store.pk]))
    return page(
        request, SECRET_TEMPLATE, _("New client secret"), store=store, error=wrong, status=400 if wrong else 200
    )


def callback_address() -> str:
    """The address that the app must allow as a redirect."""
    return f"{settings.PUBLIC_URL}{reverse('admin:stores_store_callback')}"


def _way(request: HttpRequest, known: Store | None) -> Way:
    """As the form says, or the tab; else as the store was connected last, or the first."""
    if request.method == "POST":
        return way_of(request.POST.get("way", CredentialKind.STATIC.value)) or WAYS[0]
    before = Credential.objects.filter(store=known).first() if known else None
    return way_of(request.GET.get("way", before.kind if before else "")) or WAYS[0]


def _go_on(request: HttpRequest, way: Way, typed: Typed, *, actor: Actor) -> HttpResponseBase:
    if not typed.domain.strip():
        raise Invalid("domain_missing", _("Give the shop's address, such as my-shop.myshopify.com."), field="domain")
    merchant = _merchant(typed.merchant)
    if way.kind == CredentialKind.STATIC:
        token = request.POST.get("token", "")
        if not token.strip():
            raise Invalid("token_missing", _("Paste the Admin API access token of the app."), field="token")
        store = connect_store(
            domain=typed.domain,
            token=token,
            webhook_secret=request.POST.get("webhook_secret", ""),
            merchant=merchant,
            actor=actor,
        )
        return _connected(request, store)
    client_id, client_secret = typed.client_id, request.POST.get("client_secret", "")
    if not (client_id.strip() and client_secret.strip()):
        raise Invalid("app_missing", _("Paste the client id and the secret of the app."), field="client_secret")
    if way.kind == CredentialKind.CLIENT_CREDENTIALS:
        store = connect_with_client_credentials(
            domain=typed.domain, client_id=client_id, client_secret=client_secret, merchant=merchant, actor=actor
        )
        return _connected(request, store)
    return HttpResponseRedirect(
        begin_authorization(
            domain=typed.domain,
            client_id=client_id,
            client_secret=client_secret,
            callback=callback_address(),
            merchant=merchant,
            actor=actor,
        )
    )


def _connected(request: HttpRequest, store: Store) -> HttpResponseBase:
    messages.success(request, _("%(store)s is connected. Its orders are being loaded.") % {"store": store.name})
    return HttpResponseRedirect(reverse("admin:stores_store_change", args=[store.pk]))


def _merchant(text: str) -> Merchant | None:
    if not text:
        return None
    found = Merchant.objects.filter(pk=int(text)).first() if text.isascii() and text.isdigit() else None
    if found is None:
        raise Invalid("merchant_unknown", _("Choose a merchant from the list."), field="merchant")
    return found
