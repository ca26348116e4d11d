"""Asking for archiving: which orders can, what is written, and what a second click does."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django_q.models import OrmQ
from django_scopes import scopes_disabled
from pytest_django import DjangoAssertNumQueries

from backoffice.core.actor import Actor
from orders.choices import ChangeState, Source, Stage, Verb
from orders.models import Order, RemoteChange, TimelineEntry
from orders.services.archive import (
    archive_orders,
    archive_warnings,
    check_archive,
    check_unarchive,
    unarchive_orders,
)
from orders.services.selection import Asked
from stores.choices import StoreState
from stores.models import Store
from stores.scoping import acting_as
from tests.builders.orders import make_order, make_orders, make_store


def _archive(actor: Actor, *orders: Order) -> Asked:
    with acting_as(actor):
        return archive_orders(list(orders), actor=actor, source=Source.STAFF)


def _nothing_happened() -> bool:
    with scopes_disabled():
        return not (
            RemoteChange.objects.exists()
            or TimelineEntry.objects.exists()
            or OrmQ.objects.exists()
            or Order.objects.exclude(pending_verbs=[]).exists()
        )


@pytest.mark.row("FEAT-A4")
def test_a_wish_is_a_row_an_overlay_and_one_ring_per_store(agent_actor: Actor, store: Store) -> None:
    orders = make_orders(store, 3, stage=Stage.TO_ARCHIVE)

    asked = _archive(agent_actor, *orders)

    assert (asked.asked, asked.already, asked.refused) == (3, 0, ())
    with scopes_disabled():
        rows = list(RemoteChange.objects.order_by("order_id"))
        assert [(row.order_id, row.verb, row.state, row.run_id) for row in rows] == [
            (order.pk, Verb.ARCHIVE, ChangeState.QUEUED, asked.run_id) for order in orders
        ]
        assert {(row.user_id, row.actor_label, row.source) for row in rows} == {
            (agent_actor.user_id, "agent", Source.STAFF)
        }
        assert list(Order.objects.values_list("pending_verbs", "closed")) == [(["archive"], False)] * 3
    assert OrmQ.objects.count() == 1


@pytest.mark.row("REL-A04")
def test_a_double_click_asks_once(agent_actor: Actor, store: Store) -> None:
    order = make_order(store, stage=Stage.TO_ARCHIVE)
    first, second = _archive(agent_actor, order), _archive(agent_actor, order)
    assert (first.asked, first.already) == (1, 0)
    assert (second.asked, second.already, second.refused) == (0, 1, ())
    with scopes_disabled():
        assert RemoteChange.objects.count() == 1


@pytest.mark.row("REL-A04")
@pytest.mark.django_db(transaction=True)
def test_two_people_at_the_same_instant_ask_once_for_each_order(agent_actor: Actor, store: Store) -> None:
    orders = make_orders(store, 40, stage=Stage.TO_ARCHIVE)
    at_once = threading.Barrier(2)
    answers: list[Asked] = []

    def click(mine: list[Order]) -> None:
        try:
            at_once.wait(timeout=10)
            answers.append(_archive(agent_actor, *mine))
        finally:
            connection.close()

    threads = [threading.Thread(target=click, args=(mine,)) for mine in (orders[:30], list(reversed(orders[10:])))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert [answer.given for answer in answers] == [30, 30]
    assert sum(answer.asked for answer in answers) == 40
    assert sum(answer.already for answer in answers) == 20
    with scopes_disabled():
        assert RemoteChange.objects.count() == 40


def test_an_archived_order_needs_nothing(agent_actor: Actor, store: Store) -> None:
    asked = _archive(agent_actor, make_order(store, stage=Stage.ARCHIVED))
    assert (asked.asked, asked.already, asked.refused) == (0, 1, ())
    assert _nothing_happened()


@pytest.mark.parametrize("stage", [Stage.CANCELLED, Stage.TEST, Stage.TO_FULFIL, Stage.TO_SETTLE])
def test_what_shopify_closes_may_be_archived(agent_actor: Actor, store: Store, stage: Stage) -> None:
    assert _archive(agent_actor, make_order(store, stage=stage)).asked == 1


def test_a_viewer_archives_nothing(viewer_actor: Actor, store: Store) -> None:
    asked = _archive(viewer_actor, make_order(store))
    assert [(one.order_name, one.code) for one in asked.refused] == [(asked.refused[0].order_name, "not_allowed")]
    assert "North" in asked.refused[0].message
    assert _nothing_happened()


def test_an_order_of_another_store_does_not_exist_and_has_no_name(agent_actor: Actor, other_store: Store) -> None:
    order = make_order(other_store, name="#SECRET")
    asked = _archive(agent_actor, order)
    assert [(one.order_id, one.order_name, one.code) for one in asked.refused] == [(order.pk, "", "not_found")]
    assert "SECRET" not in asked.refused[0].message
    assert _nothing_happened()


@pytest.mark.parametrize(
    ("stage", "state", "scopes", "code"),
    [
        (Stage.DELETED, StoreState.CONNECTED, ["write_orders"], "order_deleted"),
        (Stage.TO_ARCHIVE, StoreState.NEEDS_ATTENTION, ["write_orders"], "store_not_connected"),
        (Stage.TO_ARCHIVE, StoreState.PAUSED, ["write_orders"], "store_not_connected"),
        (Stage.TO_ARCHIVE, StoreState.CONNECTED, ["read_orders"], "missing_scope"),
    ],
)
def test_a_refused_archive_changes_nothing(
    administrator_actor: Actor, stage: Stage, state: StoreState, scopes: list[str], code: str
) -> None:
    order = make_order(make_store("Third", state=state, scopes=scopes), stage=stage)
    with acting_as(administrator_actor):
        checked = check_archive([order], actor=administrator_actor)
    asked = _archive(administrator_actor, order)
    assert [one.code for one in asked.refused] == [code]
    assert checked == {order.pk: asked.refused[0]}
    assert _nothing_happened()


def test_a_mixed_selection_is_accounted_for_order_by_order(
    agent_actor: Actor, store: Store, other_store: Store
) -> None:
    good, done, gone = (
        make_order(store),
        make_order(store, stage=Stage.ARCHIVED),
        make_order(store, stage=Stage.DELETED),
    )
    asked = _archive(agent_actor, good, done, gone, make_order(other_store), good)
    assert (asked.asked, asked.already, sorted(one.code for one in asked.refused)) == (
        1,
        1,
        ["not_found", "order_deleted"],
    )
    assert asked.given == 4


def test_unarchiving_waits_for_an_archive_under_way(agent_actor: Actor, store: Store) -> None:
    order = make_order(store, stage=Stage.TO_ARCHIVE)
    _archive(agent_actor, order)
    with acting_as(agent_actor):
        asked = unarchive_orders([order], actor=agent_actor, source=Source.API)
    assert [one.code for one in asked.refused] == ["change_under_way"]


def test_a_cancelled_order_is_not_unarchived(agent_actor: Actor, store: Store) -> None:
    order = make_order(store, stage=Stage.CANCELLED, closed=True)
    archived = make_order(store, stage=Stage.ARCHIVED)
    with acting_as(agent_actor):
        refused = check_unarchive([order, archived], actor=agent_actor)
    assert {pk: one.code for pk, one in refused.items()} == {order.pk: "order_cancelled"}


def test_the_preview_warns_of_what_is_open_and_refuses_nothing(agent_actor: Actor, store: Store) -> None:
    waiting = make_order(store, lines=[{"quantity": 3}], outstanding_shop="12.00")
    owed = make_order(store, stage=Stage.TO_SETTLE, outstanding_shop="-5.00", return_status="IN_PROGRESS")
    clean = make_order(store, stage=Stage.TO_ARCHIVE)
    with acting_as(agent_actor):
        mine = Order.objects.visible_to(agent_actor)
        assert check_archive(mine, actor=agent_actor) == {}
        warnings = archive_warnings(mine, actor=agent_actor)
    assert warnings == {
        waiting.pk: ["3 pieces are not shipped.", "The customer still owes money."],
        owed.pk: ["The customer is still owed money.", "A return is open."],
    }
    assert clean.pk not in warnings


def test_a_sliced_queryset_is_a_selection_too(agent_actor: Actor, store: Store) -> None:
    make_orders(store, 5, stage=Stage.TO_ARCHIVE)
    with acting_as(agent_actor):
        first_three = Order.objects.visible_to(agent_actor).newest_first()[:3]
        assert archive_orders(first_three, actor=agent_actor, source=Source.STAFF).asked == 3


def test_sixty_orders_take_no_more_queries_than_three(
    agent_actor: Actor, store: Store, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    few, many = make_orders(store, 3, stage=Stage.TO_ARCHIVE, lines=[]), make_orders(store, 60, stage=Stage.TO_ARCHIVE)

    def queries(orders: list[Order]) -> int:
        with django_assert_max_num_queries(30) as seen:
            _archive(agent_actor, *orders)
        return len(seen)

    first = queries(few)
    # The bell hangs there by now: one INSERT and the task's own row are spared.
    assert queries(many) <= first
