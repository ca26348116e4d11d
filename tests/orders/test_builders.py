"""The builders make rows that the product's own rules accept."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django_scopes import scopes_disabled

from backoffice.core.actor import Actor, Right
from orders.choices import Stage
from orders.models import Order
from stores.models import Store
from stores.scoping import acting_as
from tests.builders.orders import make_fulfillment_order, make_order


def test_an_order_is_whole_and_follows_its_stage(store: Store) -> None:
    waiting = make_order(store, lines=[{"quantity": 3}, {"quantity": 1}], tags=["VIP"])
    archived = make_order(store, stage=Stage.ARCHIVED)

    with scopes_disabled():
        waiting.refresh_from_db()
        assert (waiting.unfulfilled_quantity, waiting.line_count, waiting.tags) == (4, 2, ["VIP"])
        assert list(waiting.tag_rows.values_list("folded", flat=True)) == ["vip"]
        assert waiting.current_total_shop == Decimal("25.00")
        assert (archived.closed, archived.closed_at is not None, archived.unfulfilled_quantity) == (True, True, 0)


def test_a_held_fulfilment_order_marks_its_order(store: Store) -> None:
    order = make_order(store)
    with scopes_disabled():
        make_fulfillment_order(order, holds=["INCORRECT_ADDRESS"])
        order.refresh_from_db()
    assert (order.on_hold, order.hold_reasons) == (True, ["INCORRECT_ADDRESS"])


@pytest.mark.parametrize(
    ("who", "sees", "may_change"),
    [
        ("administrator_actor", {"mine", "theirs"}, True),
        ("manager_actor", {"mine"}, True),
        ("agent_actor", {"mine"}, True),
        ("viewer_actor", {"mine"}, False),
        ("outsider_actor", set(), False),
    ],
)
def test_the_standing_people_see_what_their_names_say(
    store: Store, other_store: Store, request: pytest.FixtureRequest, who: str, sees: set[str], may_change: bool
) -> None:
    make_order(store, name="mine")
    make_order(other_store, name="theirs")
    actor: Actor = request.getfixturevalue(who)
    with acting_as(actor):
        names = set(Order.objects.visible_to(actor).values_list("name", flat=True))
    assert names == sees
    assert actor.may(Right.CHANGE_ORDERS, store.pk) is may_change
