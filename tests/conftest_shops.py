"""A rehearsal shop for tests, spoken to over real HTTP: started once, told to forget its faults before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django_scopes import scopes_disabled

from backoffice.core.actor import SYSTEM
from stores.models import Store
from stores.rehearsal.process import RehearsalShop
from stores.services import sync
from stores.services.connect import connect_store

DOMAIN = "rehearsal-test.myshopify.com"


@pytest.fixture
def shop(settings) -> Iterator[RehearsalShop]:
    """A small shop of its own for one test, with every kind of order in it."""
    with RehearsalShop(orders=60, seed=11, plan="plus", domain=DOMAIN) as running:
        settings.REHEARSAL_SHOPS = {DOMAIN: running.base_url}
        yield running


@pytest.fixture
def connected(db: None, shop: RehearsalShop) -> Store:
    """The shop's store, connected and fully mirrored."""
    with scopes_disabled():
        store = connect_store(domain=DOMAIN, token=shop.token, webhook_secret=shop.webhook_secret, actor=SYSTEM)
        run_sync(store)
        store.refresh_from_db()
    return store


def run_sync(store: Store) -> None:
    """What the supervisor does in a minute: the first load to its end, then one pass of each stream."""
    with scopes_disabled():
        for _ in range(3):
            for resource in ("orders", "fulfillment_orders"):
                sync.sync_job(store.pk, resource)
