"""Webhooks: making sure that a shop sends them. Shopify deletes a subscription after eight failures, so this is done
again each hour, and what was lost meanwhile is fetched."""

from __future__ import annotations

import contextlib
import logging
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_noop as _

from backoffice.core import audit, queue
from backoffice.core.actor import SYSTEM
from backoffice.core.errors import Refused
from stores.choices import Purpose
from stores.gateway import base_url_of, client_for
from stores.models import Credential, Store
from stores.scoping import for_all_stores, for_store
from stores.shopify.errors import NeedsPerson, ShopifyError
from stores.shopify.subscriptions import ensure_subscriptions, topics_for
from stores.shopify.throttle import Lane

from . import health, proof, subscription_rows, sync

logger = logging.getLogger(__name__)

JOB = "stores.services.webhooks.subscribe_job"
PATH = "/webhooks/shopify/"
_NO_ADDRESS = _("Shopify sends webhooks to https alone. Set WEBHOOK_URL to an https address that leads here.")
_NO_SECRET = _("Without the app's client secret webhooks cannot be verified. Add it to the connection of this store.")


def ring(store: Store) -> None:
    queue.ring(JOB, store.pk)


@for_all_stores
def subscribe_all_job() -> None:
    """The hourly look at every store's subscriptions."""
    for store_id in Store.objects.connected().values_list("pk", flat=True):
        queue.ring(JOB, store_id)


@for_store
def subscribe_job(store_id: int) -> None:
    """Subscribes to what the store's scopes allow, removes what is stale of ours, and keeps what was found. A store
    without a secret cannot tell real webhooks from forged ones and lives from polling."""
    queue.answered(JOB, store_id)
    store = Store.objects.connected().filter(pk=store_id).first()
    if store is None:
        return
    uri = address_for(store)
    credential = Credential.objects.filter(store=store).first()
    if not uri:
        subscription_rows.note_failure(store, "no_address", _NO_ADDRESS)
    elif credential is None or not credential.signing_secret:
        subscription_rows.note_failure(store, "no_secret", _NO_SECRET)
    else:
        _look(store, uri)


def _look(store: Store, uri: str) -> None:
    wanted = topics_for(store.usable_scopes)
    former = subscription_rows.former_uris(store, uri)
    try:
        ensured = ensure_subscriptions(
            client_for(store, Purpose.CARE), uri, wanted, former=former, lane=Lane.BACKGROUND
        )
    except ShopifyError as error:
        if isinstance(error, NeedsPerson):
            health.note_trouble(store, error)
        subscription_rows.note_failure(store, error.code, str(error))
        logger.warning("Webhooks could not be checked", extra={"store": store.pk, "code": error.code})
        return
    lost = subscription_rows.note_look(store, uri, wanted, ensured)
    if ensured.created or ensured.refused or ensured.removed:
        facts = {
            "subscribed": len(ensured.created),
            "removed": len(ensured.removed),
            "refused": [name for name, says in ensured.refused],
        }
        logger.info("Webhooks subscribed", extra={"store": store.pk, **facts})
    if lost:
        _close_gap(store, lost)


def _close_gap(store: Store, lost: list[str]) -> None:
    """What the shop had dropped told us nothing for up to an hour, or for as long as we were away: the streams are
    asked at once, and the proof finds what no stream shows, such as deleted orders."""
    logger.warning("A shop had dropped webhooks; they are back", extra={"store": store.pk, "topics": lost})
    audit.record("store.webhooks_restored", actor=SYSTEM, store_id=store.pk, topics=lost)
    sync.ring_all(store)
    with contextlib.suppress(Refused):
        # Refused during a first load, which reads everything anyway.
        proof.request_proof(store, actor=SYSTEM)


def address_for(store: Store) -> str:
    """Where the shop is to send; empty where it cannot: Shopify sends to https alone."""
    address: str = settings.WEBHOOK_URL
    if urlsplit(address).scheme != "https" and base_url_of(store.domain) is None:
        return ""
    return address + PATH
