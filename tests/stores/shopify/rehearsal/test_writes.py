"""Writing to a shop over HTTP: what takes effect, and what is known of it afterwards."""

from __future__ import annotations

import pytest

from stores.rehearsal.process import RehearsalShop
from stores.shopify.client import Client
from stores.shopify.mutations import (
    OutcomeKind,
    add_tags,
    close_orders,
    open_orders,
    remove_tags,
    update_order_notes,
)
from stores.shopify.reading import (
    read_orders,
)
from stores.shopify.snapshots import ShopSnapshot
from tests.stores.shopify.rehearsal.conftest import LANE, unfinished


def test_closing_and_opening_take_effect_and_show_it(
    shop: RehearsalShop, client: Client, identity: ShopSnapshot
) -> None:
    gids = unfinished(client, identity, 25)
    before = len(shop.mutations())

    closed = close_orders(client, [*gids, "gid://shopify/Order/1"], lane=LANE)
    there = read_orders(client, gids, scopes=identity.scopes, lane=LANE)
    opened = open_orders(client, gids, lane=LANE)

    assert [outcome.kind for outcome in closed[:-1]] == [OutcomeKind.DONE] * 25
    assert (closed[-1].kind, closed[-1].code) == (OutcomeKind.REFUSED, "not_found")
    assert all(outcome.order and outcome.order.closed for outcome in closed[:-1])
    for outcome in closed[:-1]:
        order = there[outcome.gid]
        assert order is not None
        assert outcome.order is not None
        assert (order.closed, order.closed_at, order.updated_at) == (
            True,
            outcome.order.closed_at,
            outcome.order.updated_at,
        )
    assert [outcome.order.closed for outcome in opened if outcome.order] == [False] * 25
    assert len(shop.mutations()) - before == 50


def test_tags_and_notes_come_back_as_the_shop_keeps_them(client: Client, identity: ShopSnapshot) -> None:
    (gid,) = unfinished(client, identity, 1)
    remove_tags(client, [(gid, ["Red", "blue", "green"])], lane=LANE)

    (added,) = add_tags(client, [(gid, ["Red", "blue,green"])], lane=LANE)
    (again,) = add_tags(client, [(gid, ["red"])], lane=LANE)
    (kept,) = remove_tags(client, [(gid, ["red"])], lane=LANE)
    (removed,) = remove_tags(client, [(gid, ["Red", "blue", "green"])], lane=LANE)
    (noted,) = update_order_notes(client, [(gid, "Ring twice 🔔")], lane=LANE)

    assert added.order is not None
    assert {"Red", "blue", "green"} <= set(added.order.tags)
    assert again.order is not None
    assert "red" not in again.order.tags
    assert kept.order is not None
    assert "Red" in kept.order.tags
    assert removed.order is not None
    assert not {"Red", "blue", "green"} & set(removed.order.tags)
    assert noted.order is not None
    assert noted.order.note == "Ring twice 🔔"


@pytest.mark.row("REL-A02")
def test_a_write_whose_reply_is_lost_is_uncertain_and_was_applied_once(
    shop: RehearsalShop, client: Client, identity: ShopSnapshot
) -> None:
    gids = unfinished(client, identity, 3)
    before = len(shop.mutations())
    shop.faults("apply_then_drop_reply", only="mutation")

    outcomes = close_orders(client, gids, lane=LANE)

    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.UNCERTAIN] * 3
    assert len(shop.mutations()) - before == 3
    there = read_orders(client, gids, scopes=identity.scopes, lane=LANE)
    assert all(order and order.closed for order in there.values())
    open_orders(client, gids, lane=LANE)


@pytest.mark.row("REL-A03")
def test_refusals_of_some_orders_leave_the_others_done(
    shop: RehearsalShop, client: Client, identity: ShopSnapshot
) -> None:
    gids = unfinished(client, identity, 6)
    shop.faults("user_errors", count=2)

    outcomes = close_orders(client, gids, lane=LANE)

    assert sorted(outcome.kind.value for outcome in outcomes) == ["done"] * 4 + ["refused"] * 2
    assert all(outcome.messages for outcome in outcomes if outcome.kind is OutcomeKind.REFUSED)
    there = read_orders(client, gids, scopes=identity.scopes, lane=LANE)
    for outcome in outcomes:
        order = there[outcome.gid]
        assert order is not None
        assert order.closed is (outcome.kind is OutcomeKind.DONE)
    open_orders(client, gids, lane=LANE)
