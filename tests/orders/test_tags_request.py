"""Asking for tags: what may be a tag, and that tags which differ in case only are one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django_scopes import scopes_disabled

from backoffice.core.actor import Actor
from backoffice.core.errors import Invalid
from orders.choices import Source
from orders.models import Order, RemoteChange
from orders.services.selection import Asked
from orders.services.tags import add_tags, check_add_tags, check_remove_tags, cleaned, remove_tags
from stores.models import Store
from stores.scoping import acting_as
from tests.builders.orders import make_order


def _add(actor: Actor, orders: Sequence[Order], *tags: str) -> Asked:
    with acting_as(actor):
        return add_tags(orders, tags, actor=actor, source=Source.STAFF)


def _remove(actor: Actor, orders: Sequence[Order], *tags: str) -> Asked:
    with acting_as(actor):
        return remove_tags(orders, tags, actor=actor, source=Source.STAFF)


def _payloads() -> list[list[str]]:
    with scopes_disabled():
        return [row.payload["tags"] for row in RemoteChange.objects.order_by("pk")]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ((" VIP ", "vip", "Vip"), ("VIP",)),
        (("a\x00b", ""), ("ab",)),
        (("x" * 40,), ("x" * 40,)),
        (("🎁", "مهم"), ("🎁", "مهم")),
    ],
)
def test_tags_are_cleaned_before_they_are_sent(given: tuple[str, ...], kept: tuple[str, ...]) -> None:
    assert cleaned(given) == kept


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (("x" * 41,), "tag_too_long"),
        (("", "  "), "tags_missing"),
        ((), "tags_missing"),
        (("one, two",), "tag_with_comma"),
        (tuple(f"t{number}" for number in range(251)), "too_many_tags"),
    ],
)
def test_what_cannot_be_a_tag_is_refused_by_name(
    agent_actor: Actor, store: Store, given: tuple[str, ...], code: str
) -> None:
    order = make_order(store)
    for act in (_add, _remove):
        with pytest.raises(Invalid) as caught:
            act(agent_actor, [order], *given)
        assert (caught.value.code, caught.value.field) == (code, "tags")
    assert _payloads() == []


def test_adding_asks_for_what_is_not_there_in_any_case(agent_actor: Actor, store: Store) -> None:
    tagged, plain = make_order(store, tags=["VIP"]), make_order(store)
    asked = _add(agent_actor, [tagged, plain], "vip")
    assert (asked.asked, asked.already) == (1, 1)
    assert _payloads() == [["vip"]]
    with scopes_disabled():
        plain.refresh_from_db()
        assert (plain.tags, plain.pending_verbs) == ([], ["add_tags"])


def test_removing_names_every_spelling_that_the_shop_has(agent_actor: Actor, store: Store) -> None:
    # Shopify removes by exact case: "vip" would leave "VIP" there, without an error.
    order, plain = make_order(store, tags=["VIP", "gift"]), make_order(store, tags=["gift"])
    asked = _remove(agent_actor, [order, plain], "vip")
    assert (asked.asked, asked.already) == (1, 1)
    assert _payloads() == [["VIP", "vip"]]


def test_the_same_tag_asked_twice_is_asked_once_and_another_joins_it(agent_actor: Actor, store: Store) -> None:
    order = make_order(store)
    _add(agent_actor, [order], "late", "gift")
    assert _add(agent_actor, [order], "LATE").already == 1
    assert _add(agent_actor, [order], "paid").asked == 1
    assert _payloads() == [["late", "gift"], ["paid"]]


def test_a_tag_is_not_removed_while_it_is_being_added(agent_actor: Actor, store: Store) -> None:
    order = make_order(store, tags=["Blue"])
    _add(agent_actor, [order], "late")
    asked = _remove(agent_actor, [order], "Late")
    assert [one.code for one in asked.refused] == ["change_under_way"]
    assert _remove(agent_actor, [order], "blue").asked == 1
    with acting_as(agent_actor):
        assert check_add_tags([order], ["BLUE"], actor=agent_actor).keys() == {order.pk}
        assert check_remove_tags([order], ["nothing"], actor=agent_actor) == {}
