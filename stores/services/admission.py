"""How a shop becomes a store of ours, whichever way its token was come by: asked first, then kept whole or not at all.

Called by the ways to connect (connect, authorization)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from backoffice.core import audit, queue
from backoffice.core.actor import SYSTEM, Actor
from backoffice.core.clock import db_now
from backoffice.core.errors import Invalid, NotAllowed, Refused, Unreachable
from stores import resources
from stores.choices import BEING_ERASED, CredentialKind, StoreState, SyncPhase
from stores.gateway import base_url_of
from stores.models import Credential, Merchant, ShopBudget, Store, SyncStream
from stores.scoping import acting_as
from stores.shopify.auth import StaticToken
from stores.shopify.client import Client
from stores.shopify.errors import NeedsPerson, ShopifyError
from stores.shopify.reading import read_shop
from stores.shopify.scopes import has_scope, reads_more
from stores.shopify.snapshots import ShopSnapshot
from stores.shopify.throttle import Lane, MemoryBudget

from . import facts, first_load, forgetting, history, sync, uninstall, webhooks

# The field of the form that each refusal of the shop is about, for each way to connect.
_ABOUT_THE_APP = {
    "bad_token", "missing_scope", "access_refused", "invalid_client", "shop_not_permitted", "app_not_installed",
    "grant_refused",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Access:
    """A token and what it was come by with. Shows none of it."""

    kind: CredentialKind
    token: str = field(repr=False)
    expires_at: datetime | None = None
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    webhook_secret: str = field(default="", repr=False)


def check_may_connect(actor: Actor) -> None:
    """Raises `NotAllowed` for anybody but an administrator or a program that one made for this."""
    if not actor.may_connect_stores:
        raise NotAllowed("only_administrators_connect", _("Only an administrator connects stores."))


def admit(domain: str, access: Access, *, merchant: Merchant | None, actor: Actor) -> Store:
    """Asks the shop at `domain`, which is normalised, who it is; keeps it with its access and begins to mirror it.

    A disconnected store of ours comes back with its rows, one in trouble gets the new access. Raises what `tell` does,
    `Refused` for a shop that is connected already or a token without read_orders; in every case nothing is kept.
    """
    shop = _asked(domain, access)
    try:
        # The store may be too new to be within the scope of whoever connects it.
        with acting_as(SYSTEM), transaction.atomic():
            store = _keep(shop, access, merchant)
            audit.record("store.connected", actor=actor, store_id=store.pk, subject=store.domain, way=access.kind.value)
            for resource in resources.all_resources():
                queue.ring(sync.JOB, store.pk, resource.name)
            webhooks.ring(store)
    except IntegrityError as error:
        raise _already(shop) from error
    return store


def tell(error: ShopifyError, *, kind: CredentialKind) -> NoReturn:
    """A refusal of the shop in the words of this floor: `Invalid` with its field, or `Unreachable`."""
    if isinstance(error, NeedsPerson):
        about = "token" if kind == CredentialKind.STATIC else "client_secret"
        field_name = about if error.code in _ABOUT_THE_APP else "domain"
        raise Invalid(error.code, _(str(error)), field=field_name) from error
    raise Unreachable(error.code, _(str(error)), field="domain", **error.facts) from error


def _asked(domain: str, access: Access) -> ShopSnapshot:
    try:
        client = Client(
            domain,
            token=StaticToken(access.token),
            budget=MemoryBudget(),
            base_url=base_url_of(domain),
            api_version=settings.SHOPIFY_API_VERSION,
        )
        try:
            shop = read_shop(client, lane=Lane.INTERACTIVE)
        finally:
            client.close()
    except ShopifyError as error:
        tell(error, kind=access.kind)
    if not has_scope(shop.scopes, "read_orders"):
        raise Refused(
            "missing_scope",
            _("The token may not read orders. Give the app the scope read_orders and install it again."),
            field="token" if access.kind == CredentialKind.STATIC else "client_secret",
        )
    return shop


def _keep(shop: ShopSnapshot, access: Access, merchant: Merchant | None) -> Store:
    known = Store.objects.select_for_update().filter(gid=shop.gid).first()
    if known is not None and known.state in (StoreState.CONNECTED, StoreState.PAUSED):
        raise _already(shop)
    if known is not None and known.state_code == BEING_ERASED:
        raise Refused(
            "store_being_erased",
            _("This shop asked for its erasure, which is under way. Connect it when that is done."),
            field="domain",
        )
    said: dict[str, object] = {**facts.columns_of(shop), "refused_scopes": {}}
    grown = False
    if known is None:
        if not has_scope(shop.scopes, "read_all_orders"):
            # As good as it gets; the end of the first load says what it really came to.
            said["history_from"] = history.first_whole_day(db_now(), shop.timezone)
        store = Store(gid=shop.gid, merchant=merchant, **said)
        store.save(force_insert=True)
    else:
        store = known
        grown = reads_more(known.scopes, shop.scopes)
        for name, value in said.items():
            setattr(store, name, value)
        store.state, store.state_code, store.state_message = StoreState.CONNECTED, "", ""
        store.merchant = merchant or store.merchant
        store.save()
        Store.objects.filter(pk=store.pk).update(state_changed_at=Now(), connected_at=Now())
    _keep_access(store, access)
    ShopBudget.objects.get_or_create(store=store)
    for resource in resources.all_resources():
        stream, made = SyncStream.objects.get_or_create(
            store=store, resource=resource.name, defaults={"phase": SyncPhase.FIRST_LOAD}
        )
        if not made:
            SyncStream.objects.filter(pk=stream.pk).update(
                next_attempt_at=None, attempts=0, error_code="", error_message=""
            )
    if grown:
        sync.load_again(store)
    else:
        first_load.wake(store)
    uninstall.forget(store)
    forgetting.welcome_back(store)
    return store


def _keep_access(store: Store, access: Access) -> None:
    old = Credential.objects.select_for_update().filter(store=store).first()
    # The number grows, so that a worker that mints for the old access cannot write into the new one.
    row = Credential(store=store, claim=old.claim + 1 if old else 0)
    for name in ("kind", "token", "expires_at", "client_id", "client_secret", "webhook_secret"):
        setattr(row, name, getattr(access, name))
    row.minted_at = db_now() if access.expires_at else None
    row.save()


def _already(shop: ShopSnapshot) -> Refused:
    return Refused(
        "store_already_connected",
        _("The shop %(name)s (%(domain)s) is connected already.") % {"name": shop.name, "domain": shop.domain},
        field="domain",
    )
