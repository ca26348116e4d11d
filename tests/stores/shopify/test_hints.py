"""What has to be read again because of a webhook, whatever shape its payload has."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stores.shopify.hints import Hint, read_hint

NUMBER = 820982911946154508
ORDER = f"gid://shopify/Order/{NUMBER}"
FULFILLMENT_ORDER = "gid://shopify/FulfillmentOrder/3"
RETURN = "gid://shopify/Return/8"
CUSTOMER = "gid://shopify/Customer/5"
ROUNDED = 820982911946154500
"""As whoever reads numbers into floats writes it."""


@pytest.mark.parametrize(
    ("topic", "payload", "gid"),
    [
        # Orders: their own id in every writing; a gid counts before a number.
        ("orders/updated", {"id": NUMBER}, ORDER),
        ("orders/updated", {"id": str(NUMBER)}, ORDER),
        ("orders/updated", {"id": ORDER}, ORDER),
        ("orders/updated", {"id": ROUNDED, "admin_graphql_api_id": ORDER}, ORDER),
        (
            "orders/updated",
            {"id": NUMBER, "line_items": [{"id": 5, "order_id": 6}], "refunds": [{"order_id": 7}]},
            ORDER,
        ),
        ("orders/delete", {"id": NUMBER}, ORDER),
        ("orders/edited", {"order_edit": {"id": 5, "order_id": NUMBER}}, ORDER),
        ("orders/edited", {"id": 5, "admin_graphql_api_id": "gid://shopify/OrderEdit/5", "order_id": NUMBER}, ORDER),
        ("orders/risk_assessment_changed", {"admin_graphql_api_order_id": ORDER, "order_id": ROUNDED}, ORDER),
        ("orders/risk_assessment_changed", {"admin_graphql_api_order_id": None, "order_id": NUMBER}, ORDER),
        ("orders/shopify_protect_eligibility_changed", {"order_id": NUMBER, "status": "active"}, ORDER),
        # Parts of an order.
        ("refunds/create", {"id": 1, "admin_graphql_api_id": "gid://shopify/Refund/1", "order_id": str(NUMBER)}, ORDER),
        ("fulfillments/update", {"id": 1, "order_id": NUMBER}, ORDER),
        ("fulfillments/update", {"id": 1, "order": {"id": NUMBER}}, ORDER),
        ("fulfillment_events/create", {"id": 1, "fulfillment_id": 2, "order_id": NUMBER}, ORDER),
        ("order_transactions/create", {"id": 1, "order_id": NUMBER}, ORDER),
        ("tender_transactions/create", {"id": 1, "order_id": NUMBER}, ORDER),
        ("disputes/create", {"id": 1, "order_id": NUMBER}, ORDER),
        ("payment_terms/create", {"id": 1, "order_id": NUMBER, "draft_order_id": 9}, ORDER),
        # Returns: by their order, else by themselves.
        ("returns/approve", {"id": 1, "order": {"id": ROUNDED, "admin_graphql_api_id": ORDER}}, ORDER),
        ("returns/approve", {"id": 1, "order": {"id": NUMBER}}, ORDER),
        ("returns/close", {"id": 1, "order_id": NUMBER, "admin_graphql_api_id": RETURN}, ORDER),
        ("returns/update", {"admin_graphql_api_id": RETURN, "return_line_items": {"removals": []}}, RETURN),
        ("returns/update", {"id": 8}, RETURN),
        ("returns/process", {"return": {"id": 8}}, RETURN),
        # Fulfilment orders, in whichever role they are named; the order itself where a payload names it.
        (
            "fulfillment_holds/added",
            {"fulfillment_order": {"id": FULFILLMENT_ORDER}, "fulfillment_hold": {"id": 1}},
            FULFILLMENT_ORDER,
        ),
        (
            "fulfillment_orders/split",
            {"split_line_items": [{"id": 1}], "fulfillment_order": {"id": 3}},
            FULFILLMENT_ORDER,
        ),
        ("fulfillment_orders/split", {"fulfillment_order_id": "3"}, FULFILLMENT_ORDER),
        ("fulfillment_orders/split", {"fulfillment_order": {"id": FULFILLMENT_ORDER, "order_id": NUMBER}}, ORDER),
        ("fulfillment_orders/moved", {"original_fulfillment_order": {"id": FULFILLMENT_ORDER}}, FULFILLMENT_ORDER),
        (
            "fulfillment_orders/merged",
            {"fulfillment_order_merges": {"fulfillment_order": {"id": FULFILLMENT_ORDER}}},
            FULFILLMENT_ORDER,
        ),
        ("fulfillment_orders/merged", {"merge_intents": [{"fulfillment_order_id": 3}]}, FULFILLMENT_ORDER),
        ("fulfillment_orders/new_in_2027", {"fulfillment_orders": [{"id": FULFILLMENT_ORDER}]}, FULFILLMENT_ORDER),
        ("fulfillment_orders/new_in_2027", {"fulfillmentOrderId": FULFILLMENT_ORDER}, FULFILLMENT_ORDER),
        # Customers.
        ("customers/update", {"id": 5, "admin_graphql_api_id": CUSTOMER}, CUSTOMER),
        ("customers/update", {"customerId": CUSTOMER}, CUSTOMER),
        ("customers/delete", {"id": 5}, CUSTOMER),
        (
            "customers/merge",
            {
                "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/1",
                "admin_graphql_api_customer_deleted_id": CUSTOMER,
                "status": "completed",
            },
            CUSTOMER,
        ),
        # Something of ours changed, and nothing says what.
        ("orders/risk_assessment_changed", {"order_id": None, "admin_graphql_api_order_id": None}, ""),
        ("returns/process", {}, ""),
        ("disputes/create", {"id": 1, "order_id": None}, ""),
        ("payment_schedules/due", {"id": 1, "payment_terms_id": 2}, ""),
        ("orders/updated", {"id": None}, ""),
        ("orders/updated", {"id": True}, ""),
        ("orders/updated", {"id": 0}, ""),
        ("orders/updated", {"id": "1 OR 2"}, ""),
        ("orders/updated", {"id": -5}, ""),
        ("orders/updated", {"id": float("nan")}, ""),
        ("orders/updated", {"id": int("9" * 30)}, ""),
        ("fulfillment_orders/split", {"fulfillment_order": {"id": "gid://shopify/FulfillmentOrder/3/../4"}}, ""),
    ],
)
def test_a_payload_names_what_to_read_again(topic: str, payload: dict[str, Any], gid: str) -> None:
    found = read_hint(topic, payload)

    assert found is not None
    assert found.gid == gid


def test_a_merge_that_failed_changes_nothing() -> None:
    assert read_hint("customers/merge", {"status": "failed", "admin_graphql_api_customer_deleted_id": CUSTOMER}) is None


@pytest.mark.parametrize(
    ("topic", "payload", "moment"),
    [
        (
            "orders/updated",
            {"id": 1, "updated_at": "2026-11-20T13:00:00+01:00"},
            datetime(2026, 11, 20, 12, tzinfo=UTC),
        ),
        ("orders/create", {"id": 1, "updated_at": "2026-11-20T12:00:00Z"}, datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("orders/updated", {"id": 1, "updated_at": "soon"}, None),
        ("orders/updated", {"id": 1, "updated_at": "2026-11-20T12:00:00"}, None),
        ("orders/updated", {"id": 1}, None),
        ("orders/risk_assessment_changed", {"order_id": 1, "updated_at": "2026-11-20T12:00:00Z"}, None),
        ("refunds/create", {"order_id": 1, "updated_at": "2026-11-20T12:00:00Z"}, None),
    ],
)
def test_only_a_whole_order_tells_its_own_time_of_change(
    topic: str, payload: dict[str, Any], moment: datetime | None
) -> None:
    assert read_hint(topic, payload) == Hint("gid://shopify/Order/1", moment)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(ORDER),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["id", "order", "order_id", "x"]), inner)
    ),
    max_leaves=30,
)


@pytest.mark.row("REL-W12")
@settings(max_examples=300, deadline=None)
@given(
    topic=st.sampled_from(["orders/updated", "returns/update", "fulfillment_orders/split", "customers/merge", "x/y"]),
    payload=st.dictionaries(st.text(max_size=12) | st.sampled_from(["id", "order_id", "order"]), ANY_JSON, max_size=5),
)
def test_no_payload_is_too_odd(topic: str, payload: dict[str, Any]) -> None:
    found = read_hint(topic, payload)

    assert found is None or found.gid == "" or found.gid.startswith("gid://shopify/")


# Payloads as Shopify publishes them, one file a topic: {"topic": ..., "payload": ...}. Where there is no such folder,
# the table above stands alone.
SAMPLES = sorted(Path(os.environ.get("SHOPIFY_WEBHOOK_SAMPLES", "samples-not-given")).glob("*.json"))
OURS = ("orders", "refunds", "order_transactions", "fulfillment", "returns", "disputes")
UNNAMED = {"orders/risk_assessment_changed", "returns/process"}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_published_payloads_name_what_to_read_again(path: Path) -> None:
    sample = json.loads(path.read_text())
    if not sample["topic"].startswith(OURS):
        pytest.skip("about no order")

    found = read_hint(sample["topic"], sample["payload"])

    assert found is not None
    assert bool(found.gid) == (sample["topic"] not in UNNAMED)
