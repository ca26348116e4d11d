"""The sync engine against a shop that answers over HTTP: complete, resumable, on two clocks, patient."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django_scopes import scopes_disabled

from backoffice.core.actor import SYSTEM
from orders.models import FulfillmentOrder, Order, TimelineEntry
from stores.choices import StoreState, SyncPhase
from stores.gateway import client_for
from stores.models import Store, SyncStream
from stores.services import sync
from stores.services.connect import connect_store
from stores.services.status import mirror_status
from stores.shopify.reading import count_orders, iterate_orders
from stores.shopify.throttle import Lane
from tests.conftest_shops import DOMAIN, run_sync


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


def stream(store: Store, resource: str = "orders") -> SyncStream:
    return SyncStream.objects.get(store=store, resource=resource)


def shop_states(store: Store) -> dict[str, str]:
    from orders.services.mirror_rows import state_hash

    pages = iterate_orders(client_for(store), scopes=store.scopes, lane=Lane.INTERACTIVE)
    return {order.gid: state_hash(order) for page in pages for order in page.items}


def mirror_states(store: Store) -> dict[str, str]:
    return dict(Order.objects.filter(store=store, deleted_at__isnull=True).values_list("gid", "state_hash"))


def test_the_first_load_mirrors_every_order_as_the_shop_has_it(connected):
    assert len(mirror_states(connected)) == count_orders(client_for(connected), lane=Lane.INTERACTIVE).count
    assert mirror_states(connected) == shop_states(connected)
    assert stream(connected).phase == SyncPhase.FOLLOWING
    assert TimelineEntry.objects.filter(backfilled=False).count() == 0
    status = mirror_status(connected)
    assert (status.loading, status.is_stale, status.quarantined) == (False, False, 0)


def test_a_second_pass_changes_nothing(connected):
    before = list(Order.objects.order_by("pk").values_list("pk", "mirrored_at"))
    entries = TimelineEntry.objects.count()

    run_sync(connected)

    assert list(Order.objects.order_by("pk").values_list("pk", "mirrored_at")) == before
    assert TimelineEntry.objects.count() == entries


def test_a_change_in_the_shop_arrives_with_the_next_pass(connected, shop):
    order = Order.objects.to_fulfil().first()
    shop.act("edit_note", order=order.gid, note="Please ring twice")

    run_sync(connected)

    order.refresh_from_db()
    assert order.note == "Please ring twice"
    assert mirror_states(connected) == shop_states(connected)


def test_a_hold_arrives_although_the_order_keeps_its_time(connected, shop):
    waiting = FulfillmentOrder.objects.filter(status="OPEN").select_related("order").first()
    before = waiting.order.updated_at
    shop.act("hold", order=waiting.order.gid, reason="INCORRECT_ADDRESS")

    run_sync(connected)

    order = Order.objects.get(pk=waiting.order_id)
    assert (order.on_hold, order.updated_at) == (True, before)
    assert "INCORRECT_ADDRESS" in order.hold_reasons


def test_an_order_deleted_in_the_shop_is_marked_when_it_is_asked_for(connected, shop):
    from stores import resources

    order = Order.objects.live().first()
    shop.act("delete", order=order.gid)

    resources.get("orders").refresh(client_for(connected), connected, [order.gid], lane=Lane.INTERACTIVE)

    order.refresh_from_db()
    assert order.deleted_at is not None
    assert Order.objects.live().filter(pk=order.pk).count() == 0


def test_a_load_that_breaks_off_goes_on_where_it_was(db, shop, monkeypatch):
    store = connect_store(domain=DOMAIN, token=shop.token, actor=SYSTEM)
    monkeypatch.setattr(sync, "_JOB_SECONDS", -1)
    sync.sync_job(store.pk, "orders")
    first = Order.objects.count()
    assert 0 < first < 60
    assert stream(store).position is not None

    for _ in range(4):
        sync.sync_job(store.pk, "orders")

    assert stream(store).phase == SyncPhase.FOLLOWING
    assert mirror_states(store) == shop_states(store)
    assert stream(store).loaded == Order.objects.count()


def test_a_stream_that_somebody_holds_is_left_alone(connected):
    SyncStream.objects.filter(store=connected).update(leased_until=Now() + timedelta(minutes=1), claim=41)

    sync.sync_job(connected.pk, "orders")

    assert stream(connected).claim == 41


def test_a_worker_that_lost_its_lease_writes_no_position(connected):
    held = stream(connected)
    SyncStream.objects.filter(pk=held.pk).update(leased_until=Now() + timedelta(minutes=1), claim=held.claim + 1)

    with pytest.raises(sync.TryAgain):
        sync._save(held, watermark=None)

    assert stream(connected).watermark is not None


@pytest.mark.row("REL-S09")
def test_a_revoked_token_sets_the_store_aside_after_one_attempt(connected, shop):
    shop.faults("token_revoked", times=None)

    run_sync(connected)

    connected.refresh_from_db()
    assert connected.state == StoreState.NEEDS_ATTENTION
    assert (connected.state_code, "token" in connected.state_message) == ("bad_token", True)
    assert sync.due_streams() == []


@pytest.mark.row("REL-S07")
def test_a_shop_that_fails_is_asked_again_later_and_says_why(connected, shop, monkeypatch):
    from stores.shopify import retry
    from stores.shopify.throttle import Lane

    monkeypatch.setitem(retry.PATIENCE, Lane.BACKGROUND, retry.Patience(tries=1, seconds=0))
    shop.faults("status", status=503, times=1)

    sync.sync_job(connected.pk, "orders")

    failed = stream(connected)
    assert failed.error_code == "shop_unavailable"
    assert failed.next_attempt_at is not None
    connected.refresh_from_db()
    assert connected.state == StoreState.CONNECTED

    SyncStream.objects.update(next_attempt_at=None)
    sync.sync_job(connected.pk, "orders")
    assert stream(connected).error_code == ""


def test_the_budget_row_follows_what_the_shop_says(connected):
    from stores.models import ShopBudget

    budget = ShopBudget.objects.get(store=connected)
    assert (budget.maximum, budget.restore_rate) == (20000, 1000)
    assert budget.reserved == 0


def test_the_sweep_rings_for_what_is_due_and_for_nothing_else(connected):
    from django_q.models import OrmQ

    sync.sync_job(connected.pk, "timelines")
    OrmQ.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM core_doorbell")
    sync.sweep()
    assert OrmQ.objects.count() == 0

    SyncStream.objects.filter(store=connected, resource="orders").update(true_as_of=Now() - timedelta(hours=1))
    sync.sweep()
    assert OrmQ.objects.count() == 1
