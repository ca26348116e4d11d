"""Columns, orders and views of the list."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django_scopes import scopes_disabled

from backoffice.core.actor import Actor
from orders.admin.cells import CELLS
from orders.columns import COLUMNS, DEFAULT, MOST, SORTS
from orders.services.views import ViewWish, pin_view, save_view
from stores.models import Store
from tests.admin.conftest import text_of
from tests.builders.orders import PLACED, make_customer, make_fulfillment_order, make_order, make_orders

pytestmark = pytest.mark.django_db
URL = "/admin/orders/order/"


def rows_of(response) -> list[str]:
    return [order.name for order in response.context["orders"]]


def heads_of(response) -> list[str]:
    return [head.column.key for head in response.context["heads"]]


def test_every_column_has_a_cell_and_there_are_enough():
    assert set(CELLS) == set(COLUMNS)
    assert len(COLUMNS) >= 25
    assert set(DEFAULT) <= set(COLUMNS)
    assert {column.sort for column in COLUMNS.values()} - {""} <= SORTS


@pytest.mark.row("FEAT-B3")
def test_chosen_columns_are_shown_with_what_they_mean(agents_browser, agent: User, store: Store):
    order = make_order(
        store,
        customer=make_customer(store, email="anna@example.org"),
        note="Ring twice",
        assignee=agent,
        comment_count=3,
        outstanding_shop=Decimal("12.50"),
        outstanding_presentment=Decimal("12.50"),
        discount_codes=["SPRING"],
        last_mailed_at=PLACED,
        fulfill_by=PLACED,
        country_code="NL",
        risk_level="HIGH",
        dispute_status="NEEDS_RESPONSE",
    )
    make_fulfillment_order(order, holds=["INCORRECT_ADDRESS"])
    shown = {}
    keys = list(COLUMNS)
    for some in (keys[:MOST], keys[MOST : 2 * MOST], keys[2 * MOST :]):
        response = agents_browser.get(URL, {"columns": ",".join(some)})
        assert heads_of(response) == some
        for cell, key in zip(response.context["lines"][0].cells, some, strict=True):
            shown[key] = cell.content
    for key, words in {
        "note": "Ring twice",
        "assignee": agent.username,
        "comments": "3",
        "outstanding": "12.50",
        "discounts": "SPRING",
        "email": "anna@example.org",
        "hold": "address",
        "country": "NL",
        "risk": "High risk",
        "dispute": "respond",
        "store": store.name,
        "mailed": "2 Nov",
        "fulfil_by": "<time",
    }.items():
        assert words in shown[key], key


def test_an_unknown_column_or_order_is_refused_with_the_nearest(agents_browser, store: Store):
    response = agents_browser.get(URL, {"columns": "placed,custmer"})
    assert response.status_code == 400
    assert "did you mean “customer”" in text_of(response)
    assert "did you mean “total”" in text_of(agents_browser.get(URL, {"sort": "totl"}))


@pytest.mark.parametrize("sort", sorted(SORTS - {"newest", "oldest"}))
def test_every_order_pages_through_everything_once(agents_browser, store: Store, sort: str):
    """Also where half of the orders lack what the list is sorted by."""
    made = [
        make_order(
            store,
            current_total_shop=Decimal(number % 7),
            unfulfilled_quantity=number % 3,
            processed_at=PLACED + timedelta(hours=number % 5),
            fulfill_by=PLACED + timedelta(days=number % 4) if number % 2 else None,
            last_mailed_at=PLACED if number % 3 else None,
        ).name
        for number in range(110)
    ]
    seen: list[str] = []
    response = agents_browser.get(URL, {"sort": sort, "stage": "live"})
    while True:
        seen += rows_of(response)
        if not response.context["pages"].older:
            break
        response = agents_browser.get(URL + response.context["pages"].older)
    assert sorted(seen) == sorted(made)


def test_a_head_sorts_and_sorts_the_other_way(agents_browser, store: Store):
    make_order(store, name="#cheap", current_total_shop=Decimal(1))
    make_order(store, name="#dear", current_total_shop=Decimal(9))
    first = agents_browser.get(URL)
    head = next(head for head in first.context["heads"] if head.column.key == "total")
    dear_first = agents_browser.get(URL + head.url)
    assert rows_of(dear_first) == ["#dear", "#cheap"]
    head = next(head for head in dear_first.context["heads"] if head.column.key == "total")
    assert head.direction == "descending"
    assert rows_of(agents_browser.get(URL + head.url)) == ["#cheap", "#dear"]


def test_orders_without_the_time_stand_at_the_end_both_ways(agents_browser, store: Store):
    make_order(store, name="#none", fulfill_by=None)
    make_order(store, name="#early", fulfill_by=PLACED)
    make_order(store, name="#late", fulfill_by=PLACED + timedelta(days=1))
    assert rows_of(agents_browser.get(URL, {"sort": "fulfil_by"})) == ["#early", "#late", "#none"]
    assert rows_of(agents_browser.get(URL, {"sort": "-fulfil_by"})) == ["#late", "#early", "#none"]


def test_a_view_brings_its_search_its_columns_and_its_order(agents_browser, agent_actor: Actor, store: Store):
    make_order(store, name="#1", tags=["late"], current_total_shop=Decimal(1))
    make_order(store, name="#2", tags=["late"], current_total_shop=Decimal(2))
    make_order(store, name="#3")
    with scopes_disabled():
        save_view(ViewWish("Late", "tag:late", "-total", ["total", "tags"]), actor=agent_actor)
        pin_view("late", actor=agent_actor)
    response = agents_browser.get(URL, {"view": "late"})
    assert rows_of(response) == ["#2", "#1"]
    assert heads_of(response) == ["total", "tags"]
    assert [tab.title for tab in response.context["tabs"] if tab.is_current] == ["Late"]
    assert "Late" in text_of(agents_browser.get(URL))
    assert rows_of(agents_browser.get(URL, {"view": "late", "sort": "total"})) == ["#1", "#2"]
    assert agents_browser.get(URL, {"part": "counts"}).json() == {"late": 2}
    assert agents_browser.get(URL, {"view": "nowhere"}).status_code == 404


def test_what_is_shown_can_be_saved_whatever_it_was_asked_by(agents_browser, store: Store):
    """Filters of the form, a search text and the stage that was meant become one search text."""
    make_order(store, name="#1", tags=["vip"], financial_status="PENDING")
    make_order(store, name="#2", tags=["vip"])
    asked = {"payment": "PENDING", "q": "tag:vip", "processed_from": "2020-01-01", "columns": "total,tags"}
    response = agents_browser.get(URL, asked)
    assert rows_of(response) == ["#1"]
    form = agents_browser.get(f"{URL}views/save/?{response.context['saving']}")
    typed = form.context["typed"]
    posted = {"name": "Kept", "query": typed.query, "sort": typed.sort, "columns": typed.columns, "pin": "1"}
    saved = agents_browser.post(f"{URL}views/save/", posted)
    assert saved.status_code == 302
    assert saved["Location"] == f"{URL}?view=kept"
    again = agents_browser.get(saved["Location"])
    assert rows_of(again) == ["#1"]
    assert heads_of(again) == ["total", "tags"]
    wrong = agents_browser.post(f"{URL}views/save/", {**posted, "query": "tag:"})
    assert wrong.status_code == 400
    assert "A value is missing" in text_of(wrong)


def test_rows_cost_no_queries_whatever_the_columns(agents_browser, store: Store):
    from django.core.cache import cache
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost(columns: str) -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert agents_browser.get(URL, {"columns": columns}).status_code == 200
        return len(queries)

    keys = list(COLUMNS)
    make_orders(store, 2)
    few = [cost(",".join(keys[at : at + MOST])) for at in range(0, len(keys), MOST)]
    make_orders(store, 28)
    assert [cost(",".join(keys[at : at + MOST])) for at in range(0, len(keys), MOST)] == few
