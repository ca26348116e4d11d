"""The frame around every page: sidebar, home, jump box, health, and what is not there."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.utils import timezone

from backoffice import health
from backoffice.core.models import Heartbeat
from orders.choices import Stage
from tests.admin.conftest import text_of
from tests.builders.orders import make_order, make_orders

pytestmark = pytest.mark.django_db


def sidebar(response) -> dict[str, list[str]]:
    return {
        group["title"]: [item["title"] for item in group["items"]] for group in response.context["sidebar_navigation"]
    }


def test_everybody_sees_the_entries_that_are_of_use_to_him(admins_browser, agents_browser, signed_in, outsider):
    orders = ["Orders", "To settle", "To archive", "All orders"]
    assert sidebar(admins_browser.get("/admin/")) == {
        "Orders": orders,
        "Mail": ["Mail batches", "Templates"],
        "Set-up": ["Stores", "Access", "Merchants", "API tokens", "Access log", "API documentation"],
    }
    assert sidebar(agents_browser.get("/admin/")) == {
        "Orders": orders,
        "Mail": ["Mail batches", "Templates"],
        "Set-up": ["Stores", "API tokens", "API documentation"],
    }
    assert sidebar(signed_in(outsider).get("/admin/")) == {"Set-up": ["API tokens", "API documentation"]}


@pytest.mark.parametrize(
    ("url", "current"),
    [
        ("/admin/orders/order/", "Orders"),
        ("/admin/orders/order/?stage=to_settle", "To settle"),
        ("/admin/orders/order/?stage=to_settle&q=x", "To settle"),
        ("/admin/orders/order/?stage=archived", "Orders"),
        ("/admin/stores/store/", "Stores"),
        ("/admin/", ""),
    ],
)
def test_the_entry_of_the_page_is_the_current_one(agents_browser, url, current):
    active = [
        item["title"]
        for group in agents_browser.get(url).context["sidebar_navigation"]
        for item in group["items"]
        if item["active"]
    ]
    assert active == ([current] if current else [])


@pytest.mark.row("FEAT-A1")
def test_every_figure_on_the_home_page_leads_to_exactly_so_many_orders(admins_browser, store, other_store):
    make_orders(store, 3)
    make_order(store, on_hold=True, hold_reasons=["OTHER"], pending_verbs=["archive"])
    make_order(store, stage=Stage.TO_SETTLE, financial_status="PENDING")
    make_order(store, stage=Stage.TO_ARCHIVE)
    make_order(store, stage=Stage.ARCHIVED, financial_status="EXPIRED")
    make_order(other_store, financial_status="PARTIALLY_PAID")
    rows = [row for filled in admins_browser.get("/admin/").context["panels"] for row in filled.rows]
    figures = {(row.label, cell.label): cell for row in rows for cell in row.cells if cell.url}
    assert {key: cell.value for key, cell in figures.items()} == {
        ("North", "To fulfil"): "4",
        ("North", "To settle"): "1",
        ("North", "To archive"): "1",
        ("North", "On hold"): "1",
        ("North", "Payment trouble"): "1",
        ("South", "To fulfil"): "1",
        ("South", "To settle"): "0",
        ("South", "To archive"): "0",
        ("South", "On hold"): "0",
        ("South", "Payment trouble"): "1",
    }
    for key, cell in figures.items():
        assert len(admins_browser.get(cell.url).context["orders"]) == int(cell.value), key


@pytest.mark.row("REL-T10")
def test_figures_are_counted_within_reach(agents_browser, store, other_store):
    make_orders(other_store, 2)
    page = agents_browser.get("/admin/")
    assert [row.label for filled in page.context["panels"] for row in filled.rows] == ["North"]
    assert "South" not in text_of(page)


@pytest.mark.row("REL-T06")
def test_who_loses_a_store_loses_its_numbers_at_once(agents_browser, agent, store):
    make_orders(store, 2)
    assert agents_browser.get("/admin/").status_code == 200
    agent.memberships.all().delete()
    page = agents_browser.get("/admin/")
    assert sidebar(page) == {"Set-up": ["API tokens", "API documentation"]}
    assert "North" not in text_of(page)


def test_the_jump_box_finds_orders_and_pages_within_reach(agents_browser, store, other_store):
    wanted = make_order(store, name="#J-1001", customer_name="Jo Jumper")
    make_order(other_store, name="#J-1002", customer_name="Jo Jumper")
    response = agents_browser.get("/admin/search/", {"s": "jumper", "extended": "1"})
    assert [(hit.title, hit.link) for hit in response.context["results"]] == [
        ("#J-1001", f"/admin/orders/order/{wanted.pk}/")
    ]
    assert [hit.title for hit in agents_browser.get("/admin/search/", {"s": "settle"}).context["results"]] == [
        "To settle"
    ]


def test_the_jump_box_keeps_no_answer_for_later(agents_browser, agent, store):
    make_order(store, customer_name="Jo Jumper")
    assert len(agents_browser.get("/admin/search/", {"s": "jumper"}).context["results"].object_list) == 1
    agent.memberships.all().delete()
    assert len(agents_browser.get("/admin/search/", {"s": "jumper"}).context["results"].object_list) == 0


def test_the_jump_box_shows_a_handful_and_no_more(agents_browser, store):
    make_orders(store, 30, customer_name="Jo Jumper")
    assert len(agents_browser.get("/admin/search/", {"s": "jumper"}).context["results"].object_list) == 8


@pytest.mark.row("REL-T12")
def test_the_admin_knows_only_these_models(administrator):
    registered = sorted(model._meta.label for model in admin.site._registry)
    assert registered == [
        "auth.User",
        "core.AccessEntry",
        "notifications.Batch",
        "notifications.Template",
        "orders.Order",
        "stores.ApiToken",
        "stores.Merchant",
        "stores.Store",
    ]


def test_the_page_that_tells_whether_a_row_exists_is_gone(admins_browser):
    assert admins_browser.get("/admin/r/1/1/").status_code == 404


def test_the_root_leads_to_the_admin(client):
    assert client.get("/")["Location"] == "/admin/"


def test_a_live_process_says_so_without_asking_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/healthz/live")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready_means_database_and_a_supervisor_that_was_seen_within_a_minute(client):
    assert client.get("/healthz/ready").json() == {"status": "failing", "database": "ok", "worker": "failing"}
    beat = Heartbeat.objects.create(name="work@here:1", beat_at=Now())
    response = client.get("/healthz/ready")
    assert (response.status_code, response.json()) == (200, {"status": "ok", "database": "ok", "worker": "ok"})
    Heartbeat.objects.filter(pk=beat.pk).update(beat_at=timezone.now() - health.SUPERVISOR_SILENCE * 1.1)
    assert client.get("/healthz/ready").status_code == 503


def test_a_database_that_is_away_is_named_and_nothing_else(client, monkeypatch):
    def away(*args: object, **kwargs: object) -> None:
        raise OperationalError("connection to 10.1.2.3 refused for user secret")

    monkeypatch.setattr(connection, "cursor", away)
    response = client.get("/healthz/ready")
    assert response.status_code == 503
    assert response.json() == {"status": "failing", "database": "failing", "worker": "failing"}


def test_pages_run_no_script_of_their_own(admins_browser, store):
    """What is ours comes from static files: a page with a script in it could not live under a strict policy."""
    order = make_order(store)
    ours = ("<article", '<div class="bo-page')
    for url in ("/admin/", "/admin/orders/order/", f"/admin/orders/order/{order.pk}/", "/admin/stores/store/"):
        page = text_of(admins_browser.get(url))
        start = min(page.index(mark) for mark in ours if mark in page)
        body = page[start:]
        body = body.split('<script src="/static/unfold/js/simplebar', 1)[0].split("x-data=", 1)[0]
        assert "<script" not in body, url
        assert " onclick=" not in body, url
        assert "style=" not in body, url
