"""The push over real HTTP: what the shop answers becomes the outcome, the mirror and the timeline."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django_q.models import OrmQ
from django_scopes import scopes_disabled

from backoffice.core.actor import Actor, Role
from orders.choices import ChangeState, Source, Stage
from orders.models import Order, RemoteChange
from orders.services import push as pushing
from orders.services.archive import unarchive_orders
from orders.services.tags import add_tags, remove_tags
from stores.choices import StoreState
from stores.models import Membership, Store
from stores.rehearsal.process import RehearsalShop
from stores.scoping import acting_as
from stores.services.access import actor_of
from tests.builders.people import make_user
from tests.conftest_shops import run_sync
from tests.orders.pushing import accepted, archive, entries, live_orders, outcome, push, state_of


@pytest.fixture
def clerk(connected: Store) -> User:
    return make_user(Role.AGENT, connected, username="clerk")


@pytest.fixture
def clerk_actor(clerk: User) -> Actor:
    return actor_of(clerk)


def _reload(*orders: Order) -> None:
    with scopes_disabled():
        for order in orders:
            order.refresh_from_db()


@pytest.mark.row("FEAT-A4", "REL-A11")
def test_an_archived_order_is_closed_in_the_shop_and_here_and_on_the_timeline(
    connected: Store, shop: RehearsalShop, clerk_actor: Actor
) -> None:
    orders = live_orders(connected, 3)
    asked = archive(clerk_actor, orders)
    assert outcome(clerk_actor, asked.run_id).waiting == 3

    push(connected)

    assert outcome(clerk_actor, asked.run_id).confirmed == 3
    assert accepted(shop, "orderClose") == {order.gid: 1 for order in orders}
    _reload(*orders)
    for order in orders:
        assert (order.closed, order.stage, order.pending_verbs) == (True, Stage.ARCHIVED, [])
        assert entries(order) == [("order.archived", "staff", "clerk")]
    with scopes_disabled():
        change = RemoteChange.objects.get(order=orders[0])
    assert change.result["closed"] is True
    assert change.shop_request_id
    assert change.settled_at is not None

    # The news comes back with the next pass of the sync, and is no news.
    run_sync(connected)
    _reload(orders[0])
    assert entries(orders[0]) == [("order.archived", "staff", "clerk")]
    assert orders[0].stage == Stage.ARCHIVED


def test_the_job_running_twice_sends_nothing_twice(connected: Store, shop: RehearsalShop, clerk_actor: Actor) -> None:
    (order,) = orders = live_orders(connected, 1)
    archive(clerk_actor, orders)
    push(connected, times=2)
    archive(clerk_actor, orders)
    push(connected)
    assert accepted(shop, "orderClose") == {order.gid: 1}


def test_unarchiving_brings_an_order_back_to_its_stage(
    connected: Store, shop: RehearsalShop, clerk_actor: Actor
) -> None:
    (order,) = live_orders(connected, 1)
    archive(clerk_actor, [order])
    push(connected)
    with acting_as(clerk_actor):
        asked = unarchive_orders([order], actor=clerk_actor, source=Source.API)
    push(connected)
    before = order.stage
    _reload(order)
    assert outcome(clerk_actor, asked.run_id).confirmed == 1
    assert (order.closed, order.stage) == (False, before)
    assert entries(order) == [("order.archived", "staff", "clerk"), ("order.unarchived", "api", "clerk")]
    run_sync(connected)
    assert len(entries(order)) == 2


@pytest.mark.row("REL-A03")
def test_one_refused_order_keeps_shopifys_words_and_does_not_keep_the_others(
    connected: Store, shop: RehearsalShop, clerk_actor: Actor
) -> None:
    orders = live_orders(connected, 4)
    asked = archive(clerk_actor, orders)
    shop.faults("user_errors", only="orderClose", count=1)

    push(connected)

    counts = outcome(clerk_actor, asked.run_id)
    assert (counts.total, counts.confirmed, counts.refused, counts.is_finished) == (4, 3, 1, True)
    with scopes_disabled():
        refused = RemoteChange.objects.get(state=ChangeState.REFUSED)
        order = Order.objects.get(pk=refused.order_id)
    assert refused.message
    assert (order.closed, order.pending_verbs) == (False, [])
    assert entries(order) == [("change.refused", "staff", "clerk")]
    with scopes_disabled():
        assert order.timeline.get(kind="change.refused").data["message"] == refused.message


def test_a_cancellation_that_the_mirror_has_not_heard_of_is_refused_by_the_shop(
    connected: Store, shop: RehearsalShop, clerk_actor: Actor
) -> None:
    (order,) = live_orders(connected, 1)
    archive(clerk_actor, [order])
    push(connected)
    with acting_as(clerk_actor):
        unarchive_orders([order], actor=clerk_actor, source=Source.STAFF)
    shop.act("open", order=order.gid)
    shop.act("cancel", order=order.gid)
    push(connected)
    assert state_of(order) == (ChangeState.REFUSED, "refused")
    with scopes_disabled():
        assert "canceled" in RemoteChange.objects.latest("pk").message


def test_an_order_that_is_gone_is_refused(connected: Store, shop: RehearsalShop, clerk_actor: Actor) -> None:
    (order,) = live_orders(connected, 1)
    archive(clerk_actor, [order])
    shop.act("delete", order=order.gid)
    push(connected)
    assert state_of(order) == (ChangeState.REFUSED, "not_found")
    _reload(order)
    assert order.pending_verbs == []


@pytest.mark.row("REL-A07")
@pytest.mark.parametrize("how", ["membership ended", "role lowered", "account closed", "account deleted"])
def test_who_lost_access_changes_nothing_any_more(
    connected: Store, shop: RehearsalShop, clerk: User, administrator_actor: Actor, how: str
) -> None:
    orders = live_orders(connected, 2)
    asked = archive(actor_of(clerk), orders)
    if how == "membership ended":
        Membership.objects.all().delete()
    elif how == "role lowered":
        Membership.objects.update(role=Role.VIEWER)
    elif how == "account closed":
        User.objects.filter(pk=clerk.pk).update(is_active=False)
    else:
        clerk.delete()

    push(connected)

    assert outcome(administrator_actor, asked.run_id).refused == 2
    assert state_of(orders[0]) == (ChangeState.REFUSED, "access_lost")
    assert shop.mutations() == []
    _reload(*orders)
    assert [(order.closed, order.pending_verbs) for order in orders] == [(False, [])] * 2


@pytest.mark.row("REL-A09")
def test_an_order_with_more_left_to_do_than_when_it_was_asked_for_is_skipped(
    connected: Store, shop: RehearsalShop, clerk_actor: Actor
) -> None:
    with scopes_disabled():
        order = Order.objects.filter(store=connected, stage=Stage.TO_ARCHIVE).first()
    assert order is not None
    asked = archive(clerk_actor, [order])
    with scopes_disabled():
        Order.objects.filter(pk=order.pk).update(stage=Stage.TO_FULFIL, unfulfilled_quantity=1)

    push(connected)

    assert outcome(clerk_actor, asked.run_id).skipped == 1
    assert state_of(order) == (ChangeState.SKIPPED, "order_changed")
    assert entries(order) == [("change.skipped", "staff", "clerk")]
    assert shop.mutations() == []


def test_tags_are_what_the_shop_says_afterwards(connected: Store, shop: RehearsalShop, clerk_actor: Actor) -> None:
    (order,) = live_orders(connected, 1)
    had = list(order.tags)
    with acting_as(clerk_actor):
        add_tags([order], ["late", "Zebra"], actor=clerk_actor, source=Source.STAFF)
    push(connected)
    _reload(order)
    assert set(order.tags) == {*had, "late", "Zebra"}
    with scopes_disabled():
        assert set(order.tag_rows.values_list("folded", flat=True)) >= {"late", "zebra"}
        assert order.timeline.get(kind="tags.added").data == {"tags": ["late", "Zebra"]}

    with acting_as(clerk_actor):
        remove_tags([order], ["ZEBRA", "nothing"], actor=clerk_actor, source=Source.STAFF)
    push(connected)
    run_sync(connected)
    _reload(order)
    assert set(order.tags) == {*had, "late"}
    assert entries(order) == [("tags.added", "staff", "clerk"), ("tags.removed", "staff", "clerk")]


def test_two_tag_changes_of_one_order_go_in_one_group(
    connected: Store, shop: RehearsalShop, clerk_actor: Actor
) -> None:
    (order,) = live_orders(connected, 1)
    for tag in ("late", "urgent"):
        with acting_as(clerk_actor):
            add_tags([order], [tag], actor=clerk_actor, source=Source.STAFF)
    push(connected)
    _reload(order)
    assert {"late", "urgent"} <= set(order.tags)
    with scopes_disabled():
        assert set(RemoteChange.objects.values_list("state", flat=True)) == {ChangeState.CONFIRMED}
        added = [entry.data["tags"] for entry in order.timeline.filter(kind="tags.added").order_by("pk")]
    assert added == [["late"], ["urgent"]]


def test_a_token_that_no_longer_holds_stops_the_store_and_keeps_the_change(
    connected: Store, shop: RehearsalShop, clerk_actor: Actor
) -> None:
    (order,) = live_orders(connected, 1)
    asked = archive(clerk_actor, [order])
    shop.faults("token_revoked")

    push(connected, times=2)

    connected.refresh_from_db()
    assert (connected.state, connected.state_code) == (StoreState.NEEDS_ATTENTION, "bad_token")
    assert outcome(clerk_actor, asked.run_id).waiting == 1
    with scopes_disabled():
        assert RemoteChange.objects.get().attempts == 0
        Store.objects.update(state=StoreState.CONNECTED)
    shop.faults()
    OrmQ.objects.all().delete()
    pushing.sweep()
    assert OrmQ.objects.count() == 1
    push(connected)
    assert outcome(clerk_actor, asked.run_id).confirmed == 1
    assert accepted(shop, "orderClose") == {order.gid: 1}


def test_changes_of_a_paused_store_wait(connected: Store, shop: RehearsalShop, clerk_actor: Actor) -> None:
    archive(clerk_actor, live_orders(connected, 1))
    with scopes_disabled():
        Store.objects.update(state=StoreState.PAUSED)
    OrmQ.objects.all().delete()
    pushing.sweep()
    push(connected)
    assert not OrmQ.objects.exists()
    assert shop.mutations() == []


@pytest.mark.row("REL-A10")
def test_a_shop_without_budget_is_waited_for_and_costs_no_attempt(
    connected: Store, shop: RehearsalShop, clerk_actor: Actor
) -> None:
    asked = archive(clerk_actor, live_orders(connected, 1))
    shop.faults("throttled", times=None, only="mutation")
    push(connected)
    with scopes_disabled():
        change = RemoteChange.objects.get()
    assert (change.state, change.code, change.attempts) == (ChangeState.QUEUED, "throttled", 0)
    assert change.next_attempt_at is not None
    shop.faults()
    push(connected)
    assert outcome(clerk_actor, asked.run_id).confirmed == 1


def test_a_shop_that_stays_away_is_given_up_with_a_sentence(
    connected: Store, shop: RehearsalShop, clerk_actor: Actor
) -> None:
    (order,) = live_orders(connected, 1)
    archive(clerk_actor, [order])
    with scopes_disabled():
        RemoteChange.objects.update(attempts=6)
    shop.stop()
    push(connected)
    assert state_of(order)[0] == ChangeState.QUEUED
    push(connected)
    assert state_of(order) == (ChangeState.REFUSED, "gave_up")
    _reload(order)
    assert order.pending_verbs == []
