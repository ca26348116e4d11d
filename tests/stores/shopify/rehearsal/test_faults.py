"""Faults of a shop: what is outlived, what is refused, what needs a person."""

from __future__ import annotations

import pytest

from stores.rehearsal.process import RehearsalShop
from stores.shopify.client import Client
from stores.shopify.errors import NeedsPerson, ShopifyError, TryAgain
from stores.shopify.reading import (
    read_orders_page,
    read_shop,
)
from stores.shopify.snapshots import ShopSnapshot
from stores.shopify.throttle import Lane
from tests.stores.shopify.rehearsal.conftest import LANE, connect


@pytest.mark.row("REL-S07", "REL-S08")
@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("status", {"status": 503}),
        ("status", {"status": 429, "retry_after": "1"}),
        ("throttled", {}),
        ("html", {}),
        ("reset", {}),
        ("cut_after_bytes", {"bytes": 500}),
    ],
)
def test_a_passing_fault_is_outlived_by_a_query(
    kind: str, details: dict[str, object], shop: RehearsalShop, client: Client, identity: ShopSnapshot
) -> None:
    shop.faults(kind, **details)

    page = read_orders_page(client, scopes=identity.scopes, lane=Lane.BACKGROUND, first=5)

    assert len(page.items) == 5


@pytest.mark.row("REL-S08")
@pytest.mark.parametrize("kind", ["errors_and_data", "null_node"])
def test_half_an_answer_is_never_taken_for_a_page(
    kind: str, shop: RehearsalShop, client: Client, identity: ShopSnapshot
) -> None:
    shop.faults(kind, times=10)

    with pytest.raises(ShopifyError):
        read_orders_page(client, scopes=identity.scopes, lane=LANE, first=5)


@pytest.mark.row("REL-S09")
@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "bad_token"), (402, "shop_frozen"), (403, "access_refused"), (404, "wrong_shop"), (423, "shop_locked")],
)
def test_a_state_that_needs_a_person_is_asked_about_once(
    status: int, code: str, shop: RehearsalShop, client: Client
) -> None:
    shop.faults("status", status=status, times=5)

    with pytest.raises(NeedsPerson) as refusal:
        read_shop(client)

    assert refusal.value.code == code
    with pytest.raises(NeedsPerson):
        read_shop(client)


def test_a_wrong_token_is_said_as_such(shop: RehearsalShop) -> None:
    with pytest.raises(NeedsPerson) as refusal:
        read_shop(connect(shop, token="shpat_of_somebody_else"))

    assert refusal.value.code == "bad_token"


def test_a_shop_that_is_gone_is_unreachable() -> None:
    with RehearsalShop(orders=1, seed=1) as shop:
        client = connect(shop)
        read_shop(client)

    with pytest.raises(TryAgain) as refusal:
        client.execute("query Q { shop { id } }", {}, lane=LANE)

    assert refusal.value.code in ("unreachable", "connection_lost")
