"""What the shop's events tell of deleted orders."""

from __future__ import annotations

from datetime import UTC, datetime

from stores.shopify.client import Client
from stores.shopify.deletions import DeletedOrder, read_deletions
from stores.shopify.throttle import Lane
from tests.stores.shopify import answers
from tests.stores.shopify.stub import Stub

SINCE = datetime(2026, 10, 1, 12, tzinfo=UTC)


def test_only_deleted_orders_are_told(stub: Stub, client: Client) -> None:
    order = {"subjectId": "gid://shopify/Order/7", "createdAt": "2026-10-02T00:00:00Z"}
    product = {"subjectId": "gid://shopify/Product/7", "createdAt": "2026-10-02T00:00:00Z"}
    stub.will_say({"data": {"events": answers.connection(order, product, {})}})

    found = read_deletions(client, since=SINCE, lane=Lane.BACKGROUND)

    assert found == (DeletedOrder("gid://shopify/Order/7", datetime(2026, 10, 2, tzinfo=UTC)),)
    assert stub.calls[0].variables["query"] == "action:destroy AND created_at:>='2026-10-01T12:00:00Z'"


def test_a_shop_without_events_tells_none(stub: Stub, client: Client) -> None:
    stub.will_say({"data": {"events": None}})

    assert read_deletions(client, since=SINCE, lane=Lane.BACKGROUND) == ()
