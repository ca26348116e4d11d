"""The door for Shopify's compliance topics: whose word it is, before anything is kept.

A signature covers the body, not the headers. The shop is therefore the one that the body names, signed with that
store's own secret; a header that says otherwise, and a body of another topic's shape, are refused and noted."""

from __future__ import annotations

import json
import logging

from django.db import transaction

from backoffice.core import audit
from backoffice.core.actor import SYSTEM
from stores.models import Store
from stores.shopify.compliance import read_notice
from stores.shopify.errors import Final
from stores.shopify.webhooks import Delivery, verify

from . import compliance

logger = logging.getLogger(__name__)


def take_in(body: bytes, signature: str, delivery: Delivery) -> bool:
    """Whether the notice is kept now, or was before. Also for a store whose access was forgotten: its last secret is
    kept for this."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        payload = None
    named = payload.get("shop_domain") if isinstance(payload, dict) else None
    signer = _signer(body, signature, [named.strip().lower() if isinstance(named, str) else "", delivery.domain])
    if signer is None:
        logger.info("A compliance notice was refused", extra={"domain": delivery.domain, "topic": delivery.topic})
        return False
    try:
        notice = read_notice(delivery.topic, payload if isinstance(payload, dict) else {})
    except Final as error:
        return _refuse(signer, delivery, str(error))
    if not notice.domain == signer.domain == delivery.domain:
        return _refuse(signer, delivery, "Its header and its body name different shops.")
    compliance.receive(signer, notice, webhook_id=delivery.webhook_id)
    return True


def _signer(body: bytes, signature: str, domains: list[str]) -> Store | None:
    """The first of these shops whose secret signed the body."""
    stores = {store.domain: store for store in Store.objects.filter(domain__in=[one for one in domains if one])}
    found = (stores[domain] for domain in domains if domain in stores)
    return next((store for store in found if verify(body, signature, compliance.secrets_of(store))), None)


def _refuse(store: Store, delivery: Delivery, reason: str) -> bool:
    """Signed by the shop and still not believed: somebody sends again what he caught, or Shopify changed its words."""
    with transaction.atomic():
        audit.record("privacy.refused", actor=SYSTEM, store_id=store.pk, topic=delivery.topic, reason=reason)
    logger.warning("A signed compliance notice was refused", extra={"store": store.pk, "topic": delivery.topic})
    return False
