"""Connecting a shop: verified by a call before anything is kept, so that nothing half connected stays behind.

Called by the admin, the API and the demo."""

from __future__ import annotations

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from backoffice.core import audit, queue
from backoffice.core.actor import Actor
from backoffice.core.errors import Invalid, NotAllowed, Refused, Unreachable
from stores import resources
from stores.choices import CredentialKind, StoreState, SyncPhase
from stores.gateway import base_url_of
from stores.models import Credential, Merchant, ShopBudget, Store, SyncStream
from stores.shopify.auth import StaticToken
from stores.shopify.client import Client
from stores.shopify.domain import normalise_domain
from stores.shopify.errors import NeedsPerson, ShopifyError
from stores.shopify.reading import read_shop
from stores.shopify.scopes import has_scope
from stores.shopify.snapshots import ShopSnapshot
from stores.shopify.throttle import Lane, MemoryBudget

from . import sync, webhooks

# The field of the form that each refusal of the shop is about.
_FIELDS = {"bad_token": "token", "missing_scope": "token", "access_refused": "token"}


def connect_store(
    *, domain: str, token: str, webhook_secret: str = "", merchant: Merchant | None = None, actor: Actor
) -> Store:
    """Connects the shop at `domain` with a pasted Admin API token and begins to mirror it.

    `domain` may be a handle, a domain or an admin address. A disconnected store of ours is connected again and keeps
    its rows. Raises `NotAllowed` for anybody but an administrator, `Invalid` with `field` domain or token, `Refused`
    for a shop that is connected already (`store_already_connected`) or a token without read_orders
    (`missing_scope`), and `Unreachable` when the shop does not answer usefully; in every case nothing is kept.
    """
    if not actor.sees_every_store:
        raise NotAllowed("only_administrators_connect", _("Only an administrator connects stores."))
    shop = _verified(domain.strip(), token.strip())
    try:
        with transaction.atomic():
            store = _keep(shop, token.strip(), webhook_secret.strip(), merchant)
            audit.record("store.connected", actor=actor, store_id=store.pk, subject=store.domain)
            for resource in resources.all_resources():
                queue.ring(sync.JOB, store.pk, resource.name)
            webhooks.ring(store)
    except IntegrityError as error:
        raise _already(shop) from error
    return store


def _verified(domain: str, token: str) -> ShopSnapshot:
    try:
        address = normalise_domain(domain)
        client = Client(
            address,
            token=StaticToken(token),
            budget=MemoryBudget(),
            base_url=base_url_of(address),
            api_version=settings.SHOPIFY_API_VERSION,
        )
        try:
            shop = read_shop(client, lane=Lane.INTERACTIVE)
        finally:
            client.close()
    except NeedsPerson as error:
        raise Invalid(error.code, _(str(error)), field=_FIELDS.get(error.code, "domain")) from error
    except ShopifyError as error:
        raise Unreachable(error.code, _(str(error)), field="domain", **error.facts) from error
    if not has_scope(shop.scopes, "read_orders"):
        raise Refused(
            "missing_scope",
            _("The token may not read orders. Give the app the scope read_orders and install it again."),
            field="token",
        )
    return shop


def _keep(shop: ShopSnapshot, token: str, webhook_secret: str, merchant: Merchant | None) -> Store:
    known = Store.objects.select_for_update().filter(gid=shop.gid).first()
    if known is not None and known.state in (StoreState.CONNECTED, StoreState.PAUSED):
        raise _already(shop)
    facts = facts_of(shop)
    if known is None:
        store = Store(gid=shop.gid, merchant=merchant, **facts)
        store.save(force_insert=True)
    else:
        store = known
        for name, value in facts.items():
            setattr(store, name, value)
        store.state, store.state_code, store.state_message = StoreState.CONNECTED, "", ""
        store.merchant = merchant or store.merchant
        store.save()
        Store.objects.filter(pk=store.pk).update(state_changed_at=Now(), connected_at=Now())
    Credential.objects.update_or_create(
        store=store, defaults={"kind": CredentialKind.STATIC, "token": token, "webhook_secret": webhook_secret}
    )
    ShopBudget.objects.get_or_create(store=store)
    for resource in resources.all_resources():
        stream, made = SyncStream.objects.get_or_create(
            store=store, resource=resource.name, defaults={"phase": SyncPhase.FIRST_LOAD}
        )
        if not made:
            SyncStream.objects.filter(pk=stream.pk).update(
                next_attempt_at=None, attempts=0, error_code="", error_message=""
            )
    return store


def facts_of(shop: ShopSnapshot) -> dict[str, object]:
    """The columns of a store that are the shop's own words."""
    return {
        "domain": shop.domain,
        "name": shop.name,
        "primary_url": shop.primary_url,
        "currency": shop.currency,
        "timezone": shop.timezone,
        "email": shop.email,
        "plan": shop.plan,
        "scopes": sorted(shop.scopes),
        "api_version": shop.api_version,
    }


def _already(shop: ShopSnapshot) -> Refused:
    return Refused(
        "store_already_connected",
        _("The shop %(name)s (%(domain)s) is connected already.") % {"name": shop.name, "domain": shop.domain},
        field="domain",
    )


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


def disconnect_store(store: Store, *, actor: Actor) -> None:
    """Forgets the token; the mirror stays readable and keeps its history."""
    _switch(store, StoreState.DISCONNECTED, "store.disconnected", actor=actor)
    Credential.objects.filter(store=store).delete()


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
