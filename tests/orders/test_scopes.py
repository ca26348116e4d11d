"""A store that lacks a scope: what needs it is refused with what to do about it, before Shopify is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from backoffice.core.actor import Actor
from orders.choices import ChangeState, Source
from orders.models import Order, RemoteChange, TimelineEntry
from orders.services import push
from orders.services.archive import archive_orders
from orders.services.outbox import FEATURE_OF
from orders.services.selection import Asked
from orders.verbs import VERBS
from stores.features import FEATURES
from stores.models import Store
from stores.scoping import acting_as
from tests.builders.orders import ALL_SCOPES, make_order
from tests.conftest_people import LESS, WITHOUT_WRITING


def refused(store: Store) -> None:
    """Granted, and refused all the same since yesterday."""
    now = timezone.now()
    when = {"since": (now - timedelta(1)).isoformat(), "until": (now + timedelta(hours=1)).isoformat()}
    Store._base_manager.filter(pk=store.pk).update(scopes=list(ALL_SCOPES), refused_scopes={"write_orders": when})


def archive(actor: Actor, *orders: Order) -> Asked:
    with acting_as(actor):
        return archive_orders(orders, actor=actor, source=Source.STAFF)


def test_every_change_of_a_shop_names_the_feature_that_it_needs():
    assert {verb.feature for verb in VERBS.values() if verb.in_the_shop and verb.name in FEATURE_OF} <= set(FEATURES)
    assert all(bool(verb.feature) == (name in FEATURE_OF) for name, verb in VERBS.items())


@pytest.mark.row("FEAT-B1")
def test_each_order_of_such_a_store_is_refused_and_the_others_go_on(
    administrator_actor: Actor, poor: Store, other_store: Store
):
    kept, done = make_order(poor), make_order(other_store)

    asked = archive(administrator_actor, kept, done)

    assert asked.asked == 1
    (refusal,) = asked.refused
    assert (refusal.order_id, refusal.code, refusal.field) == (kept.pk, "missing_scope", "store.scopes")
    assert refusal.message == f"North: {WITHOUT_WRITING}"
    assert RemoteChange._base_manager.filter(order=kept).count() == 0
    assert TimelineEntry._base_manager.filter(order=kept).count() == 0


def test_a_scope_that_is_granted_and_refused_is_another_reason(agent_actor: Actor, store: Store):
    order = make_order(store)
    refused(store)

    (refusal,) = archive(agent_actor, order).refused

    assert refusal.code == "scope_refused"
    assert "Shopify refuses this although write_orders is granted" in refusal.message


def test_what_was_asked_for_before_the_scope_was_lost_is_not_sent(agent_actor: Actor, store: Store):
    order = make_order(store)
    assert archive(agent_actor, order).asked == 1
    Store._base_manager.filter(pk=store.pk).update(scopes=LESS)

    push.push_changes_job(store.pk)  # a call would fail: there is no shop

    change = RemoteChange._base_manager.get()
    assert (change.state, change.code) == (ChangeState.REFUSED, "missing_scope")
    assert change.message.startswith("Orders can be looked at")
    order.refresh_from_db()
    assert order.pending_verbs == []
