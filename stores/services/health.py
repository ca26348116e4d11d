"""Whether we can speak to a store's shop: trouble is noted once, with the sentence that says what to do."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models.functions import Now

from backoffice.core import audit
from backoffice.core.actor import SYSTEM
from stores.choices import StoreState
from stores.heard import ESSENTIAL
from stores.models import Store, SyncStream
from stores.shopify.errors import NeedsPerson
from stores.shopify.scopes import named_in

from .forgetting import forget_access

logger = logging.getLogger(__name__)


def note_trouble(store: Store, error: NeedsPerson) -> None:
    """Sets the store aside until a person has acted; work of the store waits, that of others goes on. Noting the same
    trouble again changes nothing. A paused or disconnected store stays as it is.

    A refused scope that the mirror can do without is no trouble of the store: it is remembered where it was heard, and
    the next attempt goes without."""
    if goes_without(error):
        logger.warning("A part is refused", extra={"store": store.pk, "code": error.code, **error.facts})
        return
    with transaction.atomic():
        noted = Store.objects.filter(pk=store.pk, state=StoreState.CONNECTED).update(
            state=StoreState.NEEDS_ATTENTION,
            state_code=error.code,
            state_message=str(error),
            state_changed_at=Now(),
        )
        if noted:
            audit.record("store.needs_attention", actor=SYSTEM, store_id=store.pk, code=error.code)
    if noted:
        logger.warning("A store needs attention", extra={"store": store.pk, "code": error.code, **error.facts})


def goes_without(error: NeedsPerson) -> bool:
    """Whether the refusal names scopes, and none that everything needs."""
    said = str(error.facts.get("required_access") or error.facts.get("shopify_says", ""))
    scopes = named_in(said) if error.code == "missing_scope" else frozenset()
    return bool(scopes) and ESSENTIAL not in scopes


def note_answer(store: Store) -> None:
    """The shop answered: remembered for the store's page."""
    Store.objects.filter(pk=store.pk).update(checked_at=Now())


def note_uninstalled(store: Store) -> None:
    """The app was removed from the shop: the token is worth nothing any more and is forgotten at once. The mirror stays
    until the shop asks for its erasure, and with it the secret by which it proves that it is the one who asks."""
    with transaction.atomic():
        gone = Store.objects.filter(pk=store.pk).exclude(state=StoreState.DISCONNECTED)
        if gone.update(
            state=StoreState.DISCONNECTED,
            state_code="uninstalled",
            state_message="The app was removed from this shop. Install it again and reconnect the store.",
            state_changed_at=Now(),
        ):
            forget_access(store)
            SyncStream.objects.filter(store_id=store.pk).update(error_code="uninstalled")
            audit.record("store.uninstalled", actor=SYSTEM, store_id=store.pk)
