"""The shop's own words about itself and about what the app may do, read again: hourly, when a webhook or a new token
hints at a change, and when Shopify shows what it used to hide."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from backoffice.core import queue
from stores.choices import Purpose
from stores.gateway import client_for
from stores.models import Store
from stores.scoping import for_all_stores, for_store
from stores.shopify.client import Client
from stores.shopify.errors import NeedsPerson, ShopifyError
from stores.shopify.reading import read_shop
from stores.shopify.scopes import reads_more, without
from stores.shopify.snapshots import ShopSnapshot
from stores.shopify.throttle import Lane

from . import health, sync, webhooks

logger = logging.getLogger(__name__)

JOB = "stores.services.facts.look_job"
# A scope that was tried for so long without being refused again serves.
_PROVEN_AFTER = timedelta(hours=20)


def columns_of(shop: ShopSnapshot) -> dict[str, object]:
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
        "api_asked": settings.SHOPIFY_API_VERSION,
        "api_version": shop.api_version[:10],
        "api_versions": list(shop.versions),
    }


@for_all_stores
def look_all_job() -> None:
    """The hourly look at every connected shop: six points each."""
    for store_id in Store.objects.connected().values_list("pk", flat=True):
        queue.ring(JOB, store_id)


@for_store
def look_job(store_id: int) -> None:
    """Reads one shop and keeps what it says. A shop that does not answer now is read an hour later; its trouble is
    noted where it is trouble."""
    queue.answered(JOB, store_id)
    store = Store.objects.connected().filter(pk=store_id).first()
    if store is None:
        return
    try:
        refresh(store, client_for(store, Purpose.CARE))
    except NeedsPerson as error:
        health.note_trouble(store, error)
    except ShopifyError as error:
        logger.warning("A shop could not be looked at", extra={"store": store_id, "code": error.code})


def refresh(store: Store, client: Client) -> None:
    """Keeps what the shop says now. Where the token sees more than before everything is read once more, and webhooks of
    other topics are asked for. Raises what reading raises."""
    shop = read_shop(client, lane=Lane.BACKGROUND)
    with transaction.atomic():
        row = Store.objects.select_for_update(no_key=True).get(pk=store.pk)
        changed = set(row.scopes) != shop.scopes
        refused = {} if changed else _still_refused(row)
        Store.objects.filter(pk=store.pk).update(**columns_of(shop), refused_scopes=refused)
        if reads_more(without(row.scopes, row.refused_scopes), without(shop.scopes, refused)):
            sync.load_again(row)
        if changed:
            webhooks.ring(row)
    store.refresh_from_db()


@for_store
def shown_again_job(store_id: int) -> None:
    """Shopify shows personal fields that it used to hide: what was read meanwhile lacks them and is read once more."""
    queue.answered("stores.services.facts.shown_again_job", store_id)
    store = Store.objects.filter(pk=store_id).first()
    if store is not None:
        with transaction.atomic():
            sync.load_again(store)


def _still_refused(store: Store) -> dict[str, dict[str, str]]:
    """Without those that were tried again and not refused since."""
    proven = timezone.now() - _PROVEN_AFTER
    return {
        scope: when for scope, when in store.refused_scopes.items() if datetime.fromisoformat(when["until"]) > proven
    }
