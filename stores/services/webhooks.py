"""Webhooks: making sure that a shop sends them. Shopify deletes a subscription after eight failures, so this is done
again each hour."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from django.conf import settings

from backoffice.core import queue
from stores.choices import Purpose
from stores.gateway import base_url_of, client_for
from stores.models import Credential, Store
from stores.scoping import for_all_stores, for_store
from stores.shopify.errors import NeedsPerson, ShopifyError
from stores.shopify.subscriptions import ensure_subscriptions, topics_for
from stores.shopify.throttle import Lane

from . import health

logger = logging.getLogger(__name__)

JOB = "stores.services.webhooks.subscribe_job"
PATH = "/webhooks/shopify/"


def ring(store: Store) -> None:
    queue.ring(JOB, store.pk)


@for_all_stores
def subscribe_all_job() -> None:
    """The hourly look at every store's subscriptions."""
    for store_id in Store.objects.connected().values_list("pk", flat=True):
        queue.ring(JOB, store_id)


@for_store
def subscribe_job(store_id: int) -> None:
    """Subscribes to what the store's scopes allow. A store without a secret cannot tell real webhooks from forged ones
    and lives from polling."""
    queue.answered(JOB, store_id)
    store = Store.objects.connected().filter(pk=store_id).first()
    uri = address_for(store) if store else ""
    credential = Credential.objects.filter(store=store).first() if store else None
    if store is None or not uri or credential is None or not credential.signing_secret:
        return
    try:
        ensured = ensure_subscriptions(
            client_for(store, Purpose.CARE), uri, topics_for(store.usable_scopes), lane=Lane.BACKGROUND
        )
    except NeedsPerson as error:
        health.note_trouble(store, error)
        return
    except ShopifyError as error:
        logger.warning("Webhooks could not be checked", extra={"store": store_id, "code": error.code})
        return
    if ensured.created or ensured.refused:
        logger.info(
            "Webhooks subscribed",
            extra={
                "store": store_id,
                "subscribed": len(ensured.created),
                "refused": [name for name, _ in ensured.refused],
            },
        )


def address_for(store: Store) -> str:
    """Where the shop is to send; empty where it cannot: Shopify sends to https alone."""
    address: str = settings.WEBHOOK_URL
    if urlsplit(address).scheme != "https" and base_url_of(store.domain) is None:
        return ""
    return address + PATH
