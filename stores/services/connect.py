"""Connecting a shop with what a person can copy, and leaving it alone again. (By way of the shop: authorization.)

Verified by a call before anything is kept, so that nothing half connected stays behind. Called by the admin, the API
and the demo."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from backoffice.core import audit, queue
from backoffice.core.actor import Actor
from backoffice.core.clock import db_now
from backoffice.core.errors import NotAllowed, Refused
from stores import resources
from stores.choices import CredentialKind, StoreState
from stores.gateway import base_url_of
from stores.models import Credential, Merchant, Store, SyncStream
from stores.shopify import oauth
from stores.shopify.domain import normalise_domain
from stores.shopify.errors import ShopifyError

from . import first_load, sync
from .admission import Access, admit, check_may_connect, tell
from .forgetting import forget_access


def connect_store(
    *, domain: str, token: str, webhook_secret: str = "", merchant: Merchant | None = None, actor: Actor
) -> Store:
    """Connects the shop at `domain` with a pasted Admin API token and begins to mirror it.

    `domain` may be a handle, a domain or an admin address. A disconnected store of ours is connected again and keeps
    its rows. Raises `NotAllowed` for anybody but an administrator, `Invalid` with `field` domain or token, `Refused`
    for a shop that is connected already (`store_already_connected`) or a token without read_orders
    (`missing_scope`), and `Unreachable` when the shop does not answer usefully; in every case nothing is kept.
    """
    check_may_connect(actor)
    kind = CredentialKind.STATIC
    access = Access(kind=kind, token=token.strip(), webhook_secret=webhook_secret.strip())
    return admit(address_of(domain, kind=kind), access, merchant=merchant, actor=actor)


def connect_with_client_credentials(
    *, domain: str, client_id: str, client_secret: str, merchant: Merchant | None = None, actor: Actor
) -> Store:
    """Connects the shop with the id and secret of an app of its own organization; tokens are minted from then on.

    Raises as `connect_store` does, with `field` domain or client_secret.
    """
    check_may_connect(actor)
    kind = CredentialKind.CLIENT_CREDENTIALS
    address = address_of(domain, kind=kind)
    access = minted_access(address, oauth.App(client_id.strip(), client_secret.strip()))
    return admit(address, access, merchant=merchant, actor=actor)


def minted_access(domain: str, app: oauth.App) -> Access:
    """A token that was minted just now, and what it was minted with. Raises what `tell` does."""
    kind = CredentialKind.CLIENT_CREDENTIALS
    asked_at = db_now()
    try:
        grant = oauth.mint(domain, app, base_url=base_url_of(domain))
    except ShopifyError as error:
        tell(error, kind=kind)
    return Access(
        kind=kind,
        token=grant.token,
        expires_at=asked_at + timedelta(seconds=grant.expires_in) if grant.expires_in else None,
        client_id=app.client_id,
        client_secret=app.client_secret,
    )


def address_of(domain: str, *, kind: CredentialKind) -> str:
    """What was typed as a shop's domain. Raises `Invalid("bad_domain", field="domain")`."""
    try:
        return normalise_domain(domain)
    except ShopifyError as error:
        tell(error, kind=kind)


def pause_store(store: Store, *, actor: Actor) -> None:
    """Nothing is read from or written to the shop until it is resumed. Work that waits goes on waiting."""
    _switch(store, StoreState.PAUSED, "store.paused", actor=actor)


def resume_store(store: Store, *, actor: Actor) -> None:
    """Ends a pause, or tries again after trouble; the mirror catches up from where it stood."""
    _switch(store, StoreState.CONNECTED, "store.resumed", actor=actor)
    with transaction.atomic():
        SyncStream.objects.filter(store=store).update(next_attempt_at=None)
        for resource in resources.all_resources():
            queue.ring(sync.JOB, store.pk, resource.name)
        first_load.wake(store)


def disconnect_store(store: Store, *, actor: Actor) -> None:
    """Forgets the access; the mirror stays readable and keeps its history."""
    with transaction.atomic():
        _switch(store, StoreState.DISCONNECTED, "store.disconnected", actor=actor)
        forget_access(store)


def _switch(store: Store, state: StoreState, action: str, *, actor: Actor) -> None:
    if not actor.sees_every_store:
        raise NotAllowed("only_administrators_connect", _("Only an administrator pauses or connects stores."))
    if state == StoreState.CONNECTED and not Credential.objects.filter(store=store).exists():
        raise Refused("no_credential", _("This store has no access token. Connect it again."))
    with transaction.atomic():
        changed = (
            Store.objects.filter(pk=store.pk)
            .exclude(state=state)
            .update(state=state, state_code="", state_message="", state_changed_at=Now())
        )
        if changed:
            audit.record(action, actor=actor, store_id=store.pk)
    store.state = state
