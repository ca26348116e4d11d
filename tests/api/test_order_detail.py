"""GET /orders/{id}/ and what belongs to it: parts, timeline, counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ
from django_scopes import scopes_disabled

from orders.choices import Level, Source, Stage
from orders.models import Fulfillment, Order, Refund, Transaction
from orders.services.full import OPENED_JOB
from orders.timeline import NewEntry, write
from stores.models import Store, SyncStream
from tests.builders.orders import make_beside, make_customer, make_fulfillment_order, make_order, make_orders

URL = "/api/v1/orders/"
AT = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)


@scopes_disabled()
def full_order(store: Store, *, lines: int = 2) -> Order:
    order = make_order(
        store,
        customer=make_customer(store),
        lines=[{"title": f"Mug {n}", "price": "10.00"} for n in range(lines)],
        tags=["VIP"],
        note="Ring twice",
        presentment_currency="KWD",
        shipping_address={"first_name": "Anna", "city": "Utrecht", "country_code": "NL"},
        custom_attributes=[["gift", "yes"]],
        tax_shop=Decimal("4.34"),
        tax_presentment=Decimal("1.4321"),
    )
    make_fulfillment_order(order, holds=["INCORRECT_ADDRESS"])
    parts = {"store": store, "order": order, "created_at": AT}
    for n in range(lines):
        Fulfillment.objects.create(
            **parts,
            gid=f"f{n}",
            status="SUCCESS",
            updated_at=AT,
            tracking=[{"company": "PostNL", "number": "3S1", "url": "https://track.example/3S1"}],
            lines=[{"line_item_gid": "l", "quantity": 1}],
        )
        Transaction.objects.create(**parts, gid=f"t{n}", kind="SALE", status="SUCCESS", amount_shop=Decimal("5"))
        Refund.objects.create(
            **parts,
            gid=f"r{n}",
            lines=[
                {"line_item_gid": "l", "quantity": 1, "restock_type": "RETURN", "shop": "2.5", "presentment": "0.8"}
            ],
        )
    return order


@pytest.mark.row("FEAT-A11")
def test_everything_about_an_order_with_exact_amounts(api: Client, store: Store):
    order = full_order(store)
    shown = api.get(f"{URL}{order.pk}/").json()
    assert shown["amounts"]["tax"] == {
        "shop": {"amount": "4.34", "currency": "EUR"},
        "presentment": {"amount": "1.432", "currency": "KWD"},
    }
    assert (shown["note"], shown["custom_attributes"]) == ("Ring twice", [{"key": "gift", "value": "yes"}])
    assert shown["shipping_address"]["city"] == "Utrecht"
    assert shown["shipping_address"]["company"] == ""
    assert shown["billing_address"] is None
    assert [(line["title"], line["unit_price"]["shop"]["amount"]) for line in shown["lines"]] == [
        ("Mug 0", "10.00"),
        ("Mug 1", "10.00"),
    ]
    (waiting,) = shown["fulfillment_orders"]
    assert (waiting["status"], [hold["reason"] for hold in waiting["holds"]]) == ("ON_HOLD", ["INCORRECT_ADDRESS"])
    assert shown["fulfillments"][0]["tracking"][0]["number"] == "3S1"
    assert shown["transactions"][0]["amount"]["shop"] == {"amount": "5.00", "currency": "EUR"}
    assert shown["refunds"][0]["lines"][0]["subtotal"]["presentment"] == {"amount": "0.800", "currency": "KWD"}
    assert shown["pending_changes"] == []
    assert shown["admin_url"] == f"https://admin.shopify.com/store/{store.handle}/orders/{order.legacy_id}"


@pytest.mark.row("FEAT-C12")
def test_what_stands_beside_an_order_is_shown_with_when_it_was_looked_at(api: Client, store: Store):
    order = make_order(
        store,
        risk_level="HIGH",
        risk_recommendation="CANCEL",
        dispute_status="WON",
        disputes=[{"gid": "gid://shopify/OrderDisputeSummary/1", "status": "WON", "type": "INQUIRY"}],
        payment_due_at=AT,
    )
    schedule = {
        "gid": "gid://shopify/PaymentSchedule/1",
        "issued_at": None,
        "due_at": "2026-11-03T12:00:00+00:00",
        "completed_at": None,
        "balance": "25.00",
        "total": "25.00",
        "currency": "EUR",
    }
    terms = {"name": "Net 30", "type": "NET", "due_in_days": 30, "schedules": [schedule]}
    facts = [{"description": "Countries differ", "sentiment": "NEGATIVE"}]
    make_beside(order, risk_facts=facts, payment_terms=terms)

    shown = api.get(f"{URL}{order.pk}/").json()

    assert shown["risk"] == {"level": "HIGH", "recommendation": "CANCEL", "facts": facts}
    assert shown["disputes"] == order.disputes
    assert (shown["payment_terms"], shown["payment_due_at"]) == (terms, "2026-11-03T12:00:00Z")
    (one,) = shown["returns"]
    assert (one["status"], one["name"], one["closed_at"]) == ("OPEN", f"{order.name}-R1", None)
    (line,) = one["lines"]
    assert (line["reason"], line["total"]["shop"]) == ("Size too small", {"amount": "12.50", "currency": "EUR"})
    assert shown["looked_at"] is not None


def test_as_many_queries_for_an_order_of_thirty_parts_as_for_three(api: Client, store: Store):
    def queries(order: Order) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert api.get(f"{URL}{order.pk}/").status_code == 200
        return len(captured)

    small, large = full_order(store, lines=3), full_order(store, lines=30)
    for order in (small, large):
        queries(order)  # the first look rings for what no webhook tells, once
    assert queries(small) == queries(large)


@pytest.mark.row("FEAT-A4")
def test_the_timeline_is_one_feed_newest_first_and_paged(api: Client, store: Store):
    order = make_order(store)
    with scopes_disabled():
        write(
            NewEntry(
                store_id=store.pk,
                order_id=order.pk,
                kind="tags.added",
                source=Source.SHOPIFY,
                occurred_at=AT + timedelta(hours=n // 2),
                data={"tags": [f"tag-{n}"]},
            )
            for n in range(6)
        )
    created = api.post(f"{URL}{order.pk}/comments/", {"body": "Called him."}, content_type="application/json").json()
    first = api.get(f"{URL}{order.pk}/timeline/", {"limit": 4}).json()
    second = api.get(first["next"]).json()
    entries = first["results"] + second["results"]
    assert [entry["sentence"] for entry in entries if entry["kind"] == "tags.added"] == [
        f"Tag added: tag-{n}." for n in (5, 4, 3, 2, 1, 0)
    ]
    (comment,) = [entry for entry in entries if entry["kind"] == "comment.added"]
    assert comment["comment"] == {"id": created["id"], "body": "Called him."}
    assert (comment["source"], comment["by"]) == ("api", "test of agent (API)")
    assert second["next"] is None
    assert [entry["occurred_at"] for entry in entries] == sorted(
        (entry["occurred_at"] for entry in entries), reverse=True
    )


@pytest.mark.row("FEAT-A1", "FEAT-A2")
def test_the_counts_equal_the_rows_of_the_lists(api: Client, store: Store, other_store: Store):
    for stage, number in ((Stage.TO_FULFIL, 4), (Stage.TO_SETTLE, 3), (Stage.TO_ARCHIVE, 2), (Stage.ARCHIVED, 5)):
        make_orders(store, number, stage=stage)
        make_orders(other_store, 7, stage=stage)
    make_order(store, on_hold=True, pending_verbs=["archive", "add_tags"])
    with scopes_disabled():
        SyncStream.objects.create(store=store, resource="orders", true_as_of=AT)
        SyncStream.objects.create(store=other_store, resource="orders", true_as_of=AT - timedelta(days=1))
    counts = api.get(f"{URL}counts/").json()
    numbers = {
        "live": 10,
        "to_fulfil": 5,
        "to_settle": 3,
        "to_archive": 2,
        "on_hold": 1,
        "to_fulfil_archiving": 1,
    }
    assert (counts["as_of"], counts["total"]) == ("2026-11-03T12:00:00Z", numbers)
    for stage in ("live", "to_fulfil", "to_settle", "to_archive"):
        assert len(api.get(URL, {"stage": stage}).json()["results"]) == numbers[stage]
    grouped = api.get(f"{URL}counts/", {"group_by": "store"}).json()
    (row,) = grouped["stores"]
    assert row["store"] == {"id": store.pk, "name": "North", "domain": store.domain}
    assert row["as_of"] == "2026-11-03T12:00:00Z"
    assert {name: row[name] for name in numbers} == numbers


def test_counts_of_a_store_that_still_loads_have_no_time(api: Client, store: Store):
    assert api.get(f"{URL}counts/").json()["as_of"] is None
    answer = api.get(f"{URL}counts/", {"group_by": "merchant"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "group_by")


def test_reading_a_summary_says_so_and_has_its_details_fetched(api: Client, store: Store):
    order = make_order(store, level=Level.SUMMARY)

    listed = api.get(URL).json()["results"]
    assert [row["level"] for row in listed] == ["summary"]
    assert not OrmQ.objects.exists()
    assert api.get(f"{URL}{order.pk}/").json()["level"] == "summary"
    assert [(task.func(), task.args()) for task in OrmQ.objects.all()] == [(OPENED_JOB, (store.pk, order.pk))]
