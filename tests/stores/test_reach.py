"""What a token may see: more of it when scopes grow, and nothing deleted because it is hidden."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django_scopes import scopes_disabled

from backoffice.core.actor import SYSTEM
from backoffice.core.clock import db_now
from orders.choices import Stage
from orders.models import Customer, Order
from orders.services.ingest import mark_deleted
from stores.choices import StoreState
from stores.models import Store
from stores.rehearsal.process import RehearsalShop
from stores.services.connect import connect_store
from tests.conftest_shops import DOMAIN, run_sync

ORDERS_ALONE = "read_orders,write_orders,read_all_orders"


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


def test_a_scope_that_is_granted_later_repairs_what_was_mirrored_without_it(db, settings, tmp_path):
    state = tmp_path / "shop.sqlite3"
    options = {"orders": 40, "seed": 5, "plan": "plus", "domain": DOMAIN, "state": state}
    with RehearsalShop(scopes=ORDERS_ALONE, **options) as shop:
        settings.REHEARSAL_SHOPS = {DOMAIN: shop.base_url}
        store = connect_store(domain=DOMAIN, token=shop.token, actor=SYSTEM)
        run_sync(store)
        assert (Order.objects.count(), Customer.objects.count()) == (40, 0)
        Store.objects.update(state=StoreState.NEEDS_ATTENTION)
    with RehearsalShop(**options) as shop:
        settings.REHEARSAL_SHOPS = {DOMAIN: shop.base_url}
        connect_store(domain=DOMAIN, token=shop.token, actor=SYSTEM)
        run_sync(store)

    named = Order.objects.filter(customer__isnull=False).count()
    assert named > 25
    assert Order.objects.filter(fulfillment_orders__isnull=False).distinct().count() > 30


@pytest.mark.row("REL-S14")
def test_an_old_order_that_a_weak_token_cannot_see_is_not_deleted(connected):
    old, young = Order.objects.live().order_by("created_at")[:2]
    now = db_now()
    Order.objects.filter(pk=old.pk).update(created_at=now - timedelta(days=70))
    Order.objects.filter(pk=young.pk).update(created_at=now - timedelta(days=3))
    connected.scopes = [scope for scope in connected.scopes if scope != "read_all_orders"]

    assert mark_deleted(connected, [old.gid, young.gid], fetched_at=db_now()) == 1

    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.stage, young.stage) == (old.stage, Stage.DELETED)
    assert old.deleted_at is None
