"""The app was removed from a shop: noticed by webhook, believed only after a look.

A webhook's signature covers its body alone, so anybody who holds one signed body could send it under this topic: the
token is tried, and only a shop that refuses it is disconnected. Whatever state a store is in, this is worked off."""

from __future__ import annotations

import logging
from datetime import timedelta

from backoffice.core import claims
from backoffice.core.clock import db_now
from stores.choices import InboxState, Purpose, StoreState
from stores.gateway import client_for
from stores.models import InboxMessage, Store
from stores.shopify.errors import NeedsPerson, ShopifyError, TryAgain
from stores.shopify.reading import read_shop
from stores.shopify.throttle import Lane

from . import health

logger = logging.getLogger(__name__)

TOPIC = "app/uninstalled"
_LEASE_SECONDS = 60
_REFUSED = frozenset({"bad_token", "access_refused", "wrong_shop", "app_not_installed", "invalid_client"})


def work_off(store: Store) -> None:
    """Settles what was heard of removals of this store. A shop that cannot be asked is asked again later."""
    waiting = InboxMessage.objects.filter(store=store, topic=TOPIC, state=InboxState.PENDING)
    messages = claims.claim(waiting.exclude(leased_until__gt=db_now()), limit=50, lease_seconds=_LEASE_SECONDS)
    if not messages:
        return
    try:
        removed = store.state == StoreState.DISCONNECTED or is_removed(store)
    except ShopifyError as error:
        pause = error.after_seconds if isinstance(error, TryAgain) else 30.0
        for message in messages:
            claims.settle(message, next_attempt_at=db_now() + timedelta(seconds=pause), reason=str(error)[:300])
        return
    if removed:
        health.note_uninstalled(store)
    for message in messages:
        claims.settle(
            message,
            state=InboxState.DONE if removed else InboxState.IGNORED,
            settled_at=db_now(),
            reason="" if removed else "The shop still accepts the token.",
        )
    if not removed:
        logger.warning("A removal was announced that did not happen", extra={"store": store.pk})


def forget(store: Store) -> None:
    """Said when a store is connected anew: what was announced before is about the access it had then."""
    InboxMessage.objects.filter(store=store, topic=TOPIC, state=InboxState.PENDING).update(
        state=InboxState.IGNORED, settled_at=db_now(), leased_until=None, reason="The store was connected anew."
    )


def is_removed(store: Store) -> bool:
    """Asks the shop. Raises `ShopifyError` when it neither takes the token nor refuses it."""
    try:
        read_shop(client_for(store, Purpose.CARE), lane=Lane.INTERACTIVE)
    except NeedsPerson as error:
        if error.code in _REFUSED:
            return True
        raise
    return False
