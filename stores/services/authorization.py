"""Connecting a shop by way of the shop itself: its owner lets our app in, and Shopify sends him back with a code.

1. `begin_authorization` keeps app, shop and person under a random state and names the address at the shop.
2. `finish_authorization` takes what he comes back with. The state must be one that we gave to this person, not used
   before and not older than ten minutes; the signature must be the app's, the shop the one that was begun, the time
   within 90 seconds. Then the code is exchanged and the shop asked, and only then anything is kept.

Source of the checks and their order: shopify.dev, authorization code grant. Called by the admin."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from backoffice.core.actor import Actor
from backoffice.core.clock import db_now
from backoffice.core.errors import Invalid, NotAllowed, Refused
from stores.choices import CredentialKind
from stores.gateway import base_url_of
from stores.models import Merchant, PendingAuthorization, Store
from stores.shopify import oauth
from stores.shopify.auth import is_sendable
from stores.shopify.errors import ShopifyError
from stores.shopify.scopes import WANTED

from .admission import Access, admit, check_may_connect, tell
from .connect import address_of

_KIND = CredentialKind.AUTHORIZATION_CODE
_VALID = timedelta(minutes=10)
_NAMED_ONCE = ("state", "hmac", "shop", "timestamp", "code")


def begin_authorization(
    *,
    domain: str,
    client_id: str,
    client_secret: str,
    callback: str,
    merchant: Merchant | None = None,
    actor: Actor,
) -> str:
    """The address at the shop where its owner lets the app in. `callback` is where he comes back to.

    Raises `NotAllowed` for anybody but an administrator and `Invalid` with `field` domain or client_secret.
    """
    check_may_connect(actor)
    if actor.user_id is None:
        raise NotAllowed("people_only", _("Only a signed-in person can go to the shop and come back."))
    app = oauth.App(client_id.strip(), client_secret.strip())
    if not (is_sendable(app.client_id) and is_sendable(app.client_secret)):
        raise Invalid("invalid_client", _("Paste client id and secret as Shopify shows them."), field="client_secret")
    address = address_of(domain, kind=_KIND)
    state = secrets.token_urlsafe(32)
    with transaction.atomic():
        PendingAuthorization.objects.filter(expires_at__lte=Now()).delete()
        PendingAuthorization.objects.create(
            state_digest=_digest(state),
            user_id=actor.user_id,
            merchant=merchant,
            domain=address,
            client_id=app.client_id,
            client_secret=app.client_secret,
            expires_at=db_now() + _VALID,
        )
    return oauth.authorize_url(
        address,
        app.client_id,
        scopes=WANTED,
        redirect_uri=callback,
        state=state,
        base_url=base_url_of(address),
    )


def finish_authorization(parameters: Mapping[str, Sequence[str]], *, actor: Actor) -> Store:
    """Connects the shop that the person comes back from. `parameters` are those of the query, each with all its values.

    Raises `Refused` with code `authorization_unknown` (the state), `authorization_forged` (signature, shop, anything
    named twice), `authorization_old` (the time) or `token_expires` (Shopify gave a token that ends within the hour),
    and what `connect_store` does. Whatever it raises, the state is used up and nothing was connected.
    """
    check_may_connect(actor)
    begun = _taken(parameters.get("state", ()), actor.user_id)
    given = {name: _only(parameters, name) for name in _NAMED_ONCE}
    if not oauth.is_genuine(parameters, begun.client_secret):
        raise _forged()
    if given["shop"] != begun.domain:
        raise _forged()
    if not oauth.is_fresh(given["timestamp"], now=db_now().timestamp()):
        raise Refused(
            "authorization_old",
            _("The shop's answer is older than 90 seconds, or this server's clock is wrong. Begin again."),
        )
    app = oauth.App(begun.client_id, begun.client_secret)
    try:
        grant = oauth.exchange_code(begun.domain, app, given["code"], base_url=base_url_of(begun.domain))
    except ShopifyError as error:
        tell(error, kind=_KIND)
    if grant.expires_in is not None:
        raise Refused(
            "token_expires",
            _("Shopify gave this app a token that expires. Use an app with custom distribution for this one shop."),
        )
    access = Access(kind=_KIND, token=grant.token, client_id=begun.client_id, client_secret=begun.client_secret)
    return admit(begun.domain, access, merchant=begun.merchant, actor=actor)


def _taken(states: Sequence[str], user_id: int | None) -> PendingAuthorization:
    """The begun authorization, which from now on is used. Somebody else's is left as it is."""
    digest = _digest(states[0]) if len(states) == 1 else ""
    with transaction.atomic():
        begun = (
            PendingAuthorization.objects.select_for_update(of=("self",))
            .select_related("merchant")
            .filter(state_digest=digest, user_id=user_id or 0)
            .first()
        )
        if begun is not None:
            begun.delete()
    if begun is not None and begun.expires_at > db_now():
        return begun
    raise Refused(
        "authorization_unknown",
        _("This answer belongs to nothing that you began within the last ten minutes. Begin again."),
    )


def _only(parameters: Mapping[str, Sequence[str]], name: str) -> str:
    values = parameters.get(name, ())
    if len(values) != 1:
        raise _forged()
    return values[0]


def _forged() -> Refused:
    return Refused(
        "authorization_forged",
        _("The shop's answer is not signed by this app, or is about another shop. Check the client secret."),
    )


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
