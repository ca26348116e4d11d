"""GET /orders/: what it shows, to whom, in which order, page by page."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_scopes import scopes_disabled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.core.actor import Role
from orders.choices import Stage
from orders.models import Order
from stores.models import Store
from tests.api.conftest import MakeClient
from tests.builders.orders import make_customer, make_order, make_orders

URL = "/api/v1/orders/"


def names(client: Client, **query: object) -> list[str]:
    answer = client.get(URL, query)
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


@pytest.mark.row("FEAT-A11")
def test_a_row_shows_the_order_with_both_currencies_to_the_minor_unit(api: Client, store: Store):
    customer = make_customer(store, name="Zoë Ångström", email="zoe@example.com")
    order = make_order(
        store,
        customer=customer,
        tags=["VIP", "late"],
        total="1234.5",
        shop_currency="EUR",
        presentment_currency="JPY",
        current_total_presentment=Decimal("198765"),
        outstanding_shop=Decimal("0.005"),
        processed_at=datetime(2026, 11, 1, 8, 0, 0, 123456, tzinfo=UTC),
        comment_count=2,
        pending_verbs=["archive"],
    )
    (row,) = api.get(URL).json()["results"]
    assert row["id"] == order.pk
    assert row["total"] == {
        "shop": {"amount": "1234.50", "currency": "EUR"},
        "presentment": {"amount": "198765", "currency": "JPY"},
    }
    assert row["outstanding"]["shop"] == {"amount": "0.01", "currency": "EUR"}
    assert row["states"] == {
        "order": {"code": "to_fulfil", "label": "To fulfil"},
        "payment": {"code": "PAID", "label": "Paid"},
        "fulfilment": {"code": "UNFULFILLED", "label": "Unfulfilled"},
        "return": {"code": "NO_RETURN", "label": "No return"},
    }
    assert row["processed_at"] == "2026-11-01T08:00:00.123456Z"
    assert row["customer"] == {"id": customer.pk, "name": "Zoë Ångström", "email": "zoe@example.com"}
    assert row["store"] == {"id": store.pk, "name": "North", "domain": store.domain}
    assert (row["tags"], row["comment_count"], row["pending_changes"]) == (["VIP", "late"], 2, ["archive"])


def test_live_orders_are_shown_unless_asked_otherwise(api: Client, store: Store):
    made = {stage: make_order(store, stage=stage).name for stage in Stage}
    assert names(api) == [made[Stage.TO_ARCHIVE], made[Stage.TO_SETTLE], made[Stage.TO_FULFIL]]
    assert names(api, stage="archived") == [made[Stage.ARCHIVED]]
    assert set(names(api, stage="all")) == set(made.values())


def test_only_orders_of_reached_stores_are_shown(
    store: Store, other_store: Store, agent: User, outsider: User, administrator: User, client_with: MakeClient
):
    own, foreign = make_order(store).name, make_order(other_store).name
    assert names(client_with(agent)) == [own]
    assert names(client_with(outsider)) == []
    assert names(client_with(administrator)) == [foreign, own]
    assert names(client_with(administrator, stores=[other_store])) == [foreign]


def test_a_person_removed_from_a_store_sees_nothing_at_the_next_request(api: Client, store: Store, agent: User):
    make_order(store)
    assert len(names(api)) == 1
    agent.memberships.all().delete()
    assert names(api) == []


@pytest.mark.row("REL-P05")
def test_pages_are_right_on_equal_times(api: Client, store: Store):
    instant = datetime(2026, 11, 1, tzinfo=UTC)
    made = [order.name for order in make_orders(store, 25, processed_at=instant)]
    seen, url = [], f"{URL}?limit=4"
    while url:
        page = api.get(url).json()
        seen.append([row["name"] for row in page["results"]])
        last, url = page, page["next"]
    assert [name for rows in seen for name in rows] == made[::-1]
    # And back again, over the same pages.
    back, url = [], last["previous"]
    while url:
        page = api.get(url).json()
        back.append([row["name"] for row in page["results"]])
        url = page["previous"]
    assert back == seen[-2::-1]


@pytest.mark.row("REL-P05")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_rows_that_do_not_change_while_paging_are_seen_exactly_once(data: st.DataObject, api: Client, store: Store):
    with scopes_disabled():
        Order.objects.all().delete()
    instants = [datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2, 3)]
    steady = [make_order(store, processed_at=data.draw(st.sampled_from(instants))) for _ in range(9)]
    moving = [make_order(store, processed_at=data.draw(st.sampled_from(instants))) for _ in range(3)]
    seen: list[int] = []
    url = f"{URL}?limit=2"
    while url:
        page = api.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
        if moving and data.draw(st.booleans()):
            with scopes_disabled():
                moving.pop().delete()
        if data.draw(st.booleans()):
            make_order(store, processed_at=data.draw(st.sampled_from(instants)))
    ids = {order.pk for order in steady}
    assert sorted(pk for pk in seen if pk in ids) == sorted(ids)


@pytest.mark.row("REL-P05")
def test_a_cursor_goes_on_in_its_own_list_only(api: Client, store: Store):
    make_orders(store, 3)
    cursor = api.get(URL, {"limit": 1}).json()["next"].partition("cursor=")[2].partition("&")[0]
    assert api.get(f"{URL}?cursor={cursor}&limit=2").status_code == 200
    for query in (f"cursor={cursor}&stage=all", f"cursor={cursor[:-1]}", f"cursor=x{cursor}", "cursor=", "cursor=%00"):
        answer = api.get(f"{URL}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid"), query


@pytest.mark.parametrize("limit", ["0", "501", "1000000000", "-1", "ten", "", "1e2", "٣"])
def test_a_limit_out_of_bounds_is_refused(api: Client, limit: str):
    answer = api.get(URL, {"limit": limit})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": "limit", "code": "limit_invalid", "detail": "A page holds from 1 to 500 rows."}
    ]


def test_as_many_queries_for_thirty_rows_as_for_three(api: Client, store: Store):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert api.get(URL).status_code == 200
        return len(captured)

    make_orders(store, 3, customer=make_customer(store), tags=["a"])
    api.get(URL)
    few = queries()
    make_orders(store, 27, tags=["b"])
    assert queries() == few
    # token, its account's roles, its stores, the last use, the share of requests, the page; and how true it is: the
    # stores, the time, their streams, their last proofs; and the row of the access log
    assert few <= 11


def test_a_viewers_token_reads(viewer: User, store: Store, client_with: MakeClient):
    order = make_order(store)
    assert names(client_with(viewer, role=Role.VIEWER, scopes=["orders:read"])) == [order.name]
