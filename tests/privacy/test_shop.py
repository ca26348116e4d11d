"""Erasing a whole shop: every row in every table, unless the shop lets us in again."""

from __future__ import annotations

import time

import pytest
from django_scopes import scopes_disabled

from backoffice.core.actor import SYSTEM
from backoffice.core.errors import Refused
from backoffice.core.models import AuditEntry
from notifications.models import Batch
from orders.models import Order
from stores.choices import BEING_ERASED, ComplianceState, StoreState
from stores.models import ComplianceRequest, InboxMessage, Store
from stores.services import compliance, compliance_work, inbox, shop_erasure
from stores.services.connect import connect_store, disconnect_store
from tests.conftest_shops import DOMAIN
from tests.matrix.world import World, make_world

from .desk import SECRET, notify, work_off

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def let_go(store: Store) -> None:
    disconnect_store(store, actor=SYSTEM)


@pytest.mark.row("REL-G04", "DP3")
def test_every_row_of_the_shop_goes_and_no_row_of_another(world: World) -> None:
    south, north = world.south.store, world.north.store
    Batch.objects.filter(pk=world.north.batch.pk).update(store_ids=[north.pk, south.pk], total=2)
    before, others = shop_erasure.rows_left(south.pk), shop_erasure.rows_left(north.pk)
    assert before["orders_order"] == 2
    assert len(before) > 12
    let_go(south)
    assert notify(south, "shop/redact") == 200
    waiting = ComplianceRequest.objects.create(
        store=south, shop_domain=south.domain, shop_gid=south.gid, kind="export", webhook_id="late", requested_by="x",
        payload="{}", due_at=south.connected_at,
    )  # fmt: skip
    ComplianceRequest.objects.filter(pk=waiting.pk).update(next_attempt_at="2126-01-01T00:00Z")
    work_off(south)

    assert shop_erasure.rows_left(south.pk) == {}
    assert not Store.objects.filter(pk=south.pk).exists()
    receipt = ComplianceRequest.objects.get(kind="erase_shop")
    assert (receipt.state, receipt.store_id, receipt.shop_domain) == (ComplianceState.DONE, None, south.domain)
    assert {
        table: receipt.receipt[table] for table in before if table not in ("stores_credential", "stores_store")
    } == {table: count for table, count in before.items() if table not in ("stores_credential", "stores_store")}
    assert receipt.receipt["stores_store"] == 1
    assert shop_erasure.rows_left(north.pk) == others
    assert Batch.objects.get(pk=world.north.batch.pk).store_ids == [north.pk]
    assert not Batch.objects.filter(pk=world.south.batch.pk).exists()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.payload) == (ComplianceState.CANCELLED, "")
    assert AuditEntry.objects.filter(action="privacy.shop_erased", store_id=south.pk).count() == 1


@pytest.mark.row("REL-G04")
def test_a_shop_that_lets_us_in_again_keeps_everything(connected: Store, shop) -> None:
    """Connected anew 47 hours after the app was removed: Shopify's request comes an hour later all the same."""
    orders = Order.objects.count()
    assert notify(connected, "shop/redact", secret=shop.webhook_secret) == 200
    work_off(connected)

    request = ComplianceRequest.objects.get()
    assert (request.state, request.receipt) == (ComplianceState.CANCELLED, {})
    assert "lets the app in again" in request.error_message
    assert Order.objects.count() == orders > 0


@pytest.mark.row("REL-G04")
def test_a_removal_that_nobody_heard_of_is_found_out(connected: Store, shop) -> None:
    shop.act("uninstall")
    assert notify(connected, "shop/redact", secret=shop.webhook_secret) == 200
    work_off(connected)
    assert not Store.objects.exists()
    assert not Order.objects.exists()


def test_a_shop_that_cannot_be_asked_is_asked_later(connected: Store, shop) -> None:
    shop.faults("status", status=503, times=100)
    notify(connected, "shop/redact", secret=shop.webhook_secret)
    compliance_work.work_compliance_job(connected.pk)
    request = ComplianceRequest.objects.get()
    assert request.state == ComplianceState.RUNNING
    assert request.next_attempt_at is not None
    assert Order.objects.exists()


@pytest.mark.row("REL-G04", "REL-G05")
def test_it_goes_on_where_it_died_and_nobody_connects_meanwhile(
    connected: Store, shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go(connected)
    assert notify(connected, "shop/redact", secret=shop.webhook_secret) == 200
    monkeypatch.setattr(shop_erasure, "CHUNK", 25)
    (request,) = compliance_work.claims.claim(
        ComplianceRequest.objects.all(), limit=1, lease_seconds=60, state=ComplianceState.RUNNING
    )
    real = shop_erasure._erase_some
    calls = []

    def twice(*words: object) -> bool:
        calls.append(1)
        if len(calls) > 4:
            raise KeyboardInterrupt
        return real(*words)

    monkeypatch.setattr(shop_erasure, "_erase_some", twice)
    with pytest.raises(KeyboardInterrupt):
        shop_erasure.advance(request, time.monotonic() + 40, lease_seconds=60)
    monkeypatch.setattr(shop_erasure, "_erase_some", real)
    left = shop_erasure.rows_left(connected.pk)
    assert Store.objects.get().state_code == BEING_ERASED
    with pytest.raises(Refused, match="under way"):
        connect_store(domain=DOMAIN, token=shop.token, webhook_secret=SECRET, actor=SYSTEM)
    ComplianceRequest.objects.update(leased_until=None)
    work_off(connected)

    receipt = ComplianceRequest.objects.get()
    assert receipt.state == ComplianceState.DONE
    assert sum(left.values()) > 25
    assert not Order.objects.exists()


def test_what_still_comes_for_an_erased_shop_is_refused(world: World) -> None:
    south = world.south.store
    let_go(south)
    notify(south, "shop/redact")
    work_off(south)
    assert notify(south, "shop/redact") == 401
    assert notify(south, "orders/updated", id=1) == 401
    inbox.sweep()
    compliance.sweep()
    assert not InboxMessage.objects.filter(store__domain=south.domain).exists()
    assert Store.objects.get().state == StoreState.CONNECTED
