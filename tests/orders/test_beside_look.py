"""Looking at live orders in turn, within a share of the budget, and at once when somebody opens one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Sum
from django.utils import timezone
from django_q.models import OrmQ
from django_scopes import scopes_disabled

from backoffice.core.clock import db_now
from orders.choices import LIVE_STAGES, Stage
from orders.models import Beside, LookPace, Order
from orders.services import beside_look
from orders.services.beside_look import ask_for_a_look, look_at_the_rest_job, look_job
from stores import resources
from stores.choices import StoreState
from stores.gateway import client_for
from stores.models import ShopBudget, Store, SyncRun, SyncStream
from stores.rehearsal.process import RehearsalShop
from stores.services import sync
from stores.shopify.throttle import Lane
from tests.builders.orders import make_order, make_orders

LOOK = "orders.services.beside_look.look_job"


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


def run_pass(store: Store) -> SyncStream:
    """A pass of the stream, however short of the last one."""
    SyncStream.objects.filter(store=store, resource="timelines").update(true_as_of=None, next_attempt_at=None)
    sync.sync_job(store.pk, "timelines")
    return SyncStream.objects.get(store=store, resource="timelines")


def stream_points(store: Store) -> int:
    return int(SyncRun.objects.filter(store=store, resource="timelines").aggregate(points=Sum("points"))["points"])


def everything_due(store: Store) -> None:
    Beside.objects.filter(store=store).update(due_at=timezone.now() - timedelta(days=1))
    LookPace.objects.filter(store=store).delete()


def live(store: Store):
    return Order.objects.filter(store=store, stage__in=LIVE_STAGES)


def calls() -> list[str]:
    return [task.func() for task in OrmQ.objects.all()]


def test_one_pass_looks_at_every_live_order_and_the_next_at_none(connected: Store) -> None:
    stream = run_pass(connected)

    looked = Beside.objects.filter(store=connected, looked_at__isnull=False)
    assert set(looked.values_list("order_id", flat=True)) == set(live(connected).values_list("pk", flat=True))
    assert stream.true_as_of is not None
    times = set(looked.values_list("looked_at", flat=True))
    run_pass(connected)
    assert set(looked.values_list("looked_at", flat=True)) == times


@pytest.mark.row("FEAT-C12")
def test_a_changed_risk_is_found_by_looking_and_the_order_read_again(connected: Store, shop: RehearsalShop) -> None:
    run_pass(connected)
    order = live(connected).filter(risk_level="LOW").first()
    assert order is not None
    shop.act("set_risk", order=order.gid, level="HIGH")
    everything_due(connected)

    run_pass(connected)

    order.refresh_from_db()
    assert (order.risk_level, order.risk_recommendation) == ("HIGH", "CANCEL")
    assert order.timeline.filter(kind="risk.changed").count() == 1


@pytest.mark.row("FEAT-D5")
def test_a_comment_in_shopify_is_found_by_looking_although_no_clock_moves(
    connected: Store, shop: RehearsalShop
) -> None:
    run_pass(connected)
    order = live(connected).first()
    assert order is not None
    shop.act("comment", order=order.gid, text="Ring <b>first</b>", author="Jo Bakker")
    everything_due(connected)

    run_pass(connected)
    run_pass(connected)

    line = order.timeline.get(kind="shop.comment", data__text="Ring first")
    assert line.backfilled is False
    was, _ = order.updated_at, order.refresh_from_db()
    assert order.updated_at == was


def test_looking_spends_its_share_of_the_budget_and_goes_on_later(connected: Store, monkeypatch) -> None:
    monkeypatch.setattr(beside_look, "AT_ONCE", 5)
    monkeypatch.setattr(beside_look, "SHARE", 0.0001)
    began = db_now()

    stream = run_pass(connected)

    assert Beside.objects.filter(store=connected).count() == 5
    spent = (LookPace.objects.get(store=connected).paid_until - began).total_seconds()
    rate = ShopBudget.objects.get(store=connected).restore_rate
    assert spent * rate * 0.0001 == pytest.approx(stream_points(connected), abs=rate * 0.0001 * 20)
    assert stream.true_as_of is None
    assert stream.next_attempt_at is not None
    assert stream.next_attempt_at > db_now()
    # Nothing is asked before the share allows it again.
    SyncStream.objects.filter(pk=stream.pk).update(next_attempt_at=None)
    client = client_for(connected)
    looks = beside_look.look_in_turn(client, connected, due_before=db_now(), lane=Lane.BACKGROUND)
    assert (looks.items, looks.more, client.spent) == ((), True, 0)
    assert looks.pause_seconds > 0


def test_live_orders_come_before_others_and_the_one_that_waited_longest_first(store: Store) -> None:
    now = db_now()
    done, waited, fresh, new = (
        make_order(store, stage=Stage.ARCHIVED),
        make_order(store),
        make_order(store),
        make_order(store),
    )
    for order, hours in ((done, 30), (waited, 20), (fresh, 2)):
        Beside.objects.create(order=order, store=store, due_at=now - timedelta(hours=hours))
    later = make_order(store)
    Beside.objects.create(order=later, store=store, due_at=now + timedelta(hours=1))

    assert beside_look._due(store, now) == [order.gid for order in (new, waited, fresh, done)]


@pytest.mark.row("FEAT-C13")
def test_opening_an_order_asks_for_a_look_and_does_not_wait_for_it(connected: Store, shop: RehearsalShop) -> None:
    order = Order.objects.select_related("store").filter(store=connected, stage=Stage.ARCHIVED).first()
    assert order is not None
    OrmQ.objects.all().delete()

    ask_for_a_look(order)
    ask_for_a_look(order)
    assert calls() == [LOOK]

    look_job(connected.pk, order.pk)
    row = Beside.objects.get(order=order)
    assert row.looked_at is not None
    assert row.due_at is None
    OrmQ.objects.all().delete()
    ask_for_a_look(Order.objects.select_related("store", "beside").get(pk=order.pk))
    assert calls() == []


def test_nobody_looks_at_an_order_of_a_store_that_is_not_connected(connected: Store) -> None:
    order = Order.objects.select_related("store").filter(store=connected).first()
    assert order is not None
    Store.objects.filter(pk=connected.pk).update(state=StoreState.PAUSED)
    order.store.refresh_from_db()
    OrmQ.objects.all().delete()

    ask_for_a_look(order)
    look_job(connected.pk, order.pk)

    assert calls() == []
    assert not Beside.objects.filter(order=order).exists()


def test_what_the_shop_hints_at_is_looked_at_first_and_soon(connected: Store) -> None:
    run_pass(connected)
    order = Order.objects.filter(store=connected, stage=Stage.ARCHIVED).first()
    assert order is not None
    OrmQ.objects.all().delete()

    resources.get("orders").refresh(client_for(connected), connected, [order.gid], lane=Lane.INTERACTIVE)

    assert [task.args() for task in OrmQ.objects.all()] == [(connected.pk, "timelines")]
    run_pass(connected)
    assert Beside.objects.get(order=order).looked_at is not None


def test_orders_that_nobody_opens_join_the_turn_at_night_newest_first(store: Store, monkeypatch) -> None:
    monkeypatch.setattr(beside_look, "_BACKLOG_A_NIGHT", 2)
    old, *newer = make_orders(store, 3, stage=Stage.ARCHIVED)
    make_order(store)

    look_at_the_rest_job()

    assert set(Beside.objects.values_list("order_id", flat=True)) == {order.pk for order in newer}
    look_at_the_rest_job()
    assert Beside.objects.filter(order=old).exists()


def test_an_order_that_is_gone_from_the_shop_does_not_hold_up_the_turn(connected: Store, shop: RehearsalShop) -> None:
    order = live(connected).first()
    assert order is not None
    shop.act("delete", order=order.gid)

    stream = run_pass(connected)

    assert stream.true_as_of is not None
    row = Beside.objects.get(order=order)
    assert row.looked_at is None
    assert row.due_at > db_now() + timedelta(hours=5)
