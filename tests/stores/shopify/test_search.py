"""Search texts that cannot be misread, and scopes that imply one another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from stores.shopify.errors import Final
from stores.shopify.scopes import has_any, has_scope, missing, reads_customers, reads_fulfillment_orders
from stores.shopify.search import both, refuse_ignored, window

NOON = datetime(2026, 10, 1, 12, 0, 0, tzinfo=UTC)


def test_times_are_quoted_in_utc_and_widened_to_whole_seconds() -> None:
    amsterdam = timezone(timedelta(hours=2))
    start = datetime(2026, 10, 1, 14, 0, 0, 900_000, tzinfo=amsterdam)
    end = datetime(2026, 10, 1, 14, 0, 1, 1, tzinfo=amsterdam)

    assert (
        window("updated_at", start, end)
        == "updated_at:>='2026-10-01T12:00:00Z' AND updated_at:<='2026-10-01T12:00:02Z'"
    )


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (NOON, None, "created_at:>='2026-10-01T12:00:00Z'"),
        (None, NOON, "created_at:<='2026-10-01T12:00:00Z'"),
        (None, None, ""),
    ],
)
def test_a_window_may_be_open(start: datetime | None, end: datetime | None, text: str) -> None:
    assert window("created_at", start, end) == text


def test_a_time_without_zone_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="without zone"):
        window("created_at", datetime(2026, 10, 1), None)


def test_parts_are_joined_and_nothing_is_no_search() -> None:
    assert both("a:1", "", "b:2") == "a:1 AND b:2"
    assert both("", "") is None


def test_an_ignored_filter_is_an_error() -> None:
    refuse_ignored([])
    with pytest.raises(Final) as refusal:
        refuse_ignored([{"field": "updatd_at"}], request_id="r-1")

    assert (refusal.value.code, refusal.value.request_id) == ("search_ignored", "r-1")


def test_writing_implies_reading_and_not_the_other_way_round() -> None:
    assert has_scope({"write_orders"}, "read_orders")
    assert not has_scope({"read_orders"}, "write_orders")
    assert missing({"write_orders"}) == frozenset()
    assert missing({"read_orders"}) == {"write_orders"}


def test_optional_parts_follow_their_scopes() -> None:
    assert reads_customers({"write_customers"})
    assert not reads_customers({"read_orders"})
    assert reads_fulfillment_orders({"write_third_party_fulfillment_orders"})
    assert not reads_fulfillment_orders({"write_orders", "read_fulfillments"})
    assert has_any(set(), frozenset())
