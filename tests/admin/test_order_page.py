"""The page of one order: all of its parts, in words, within reach alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ
from django_scopes import scopes_disabled

from orders.admin.remaining import conditions, ending
from orders.choices import ChangeState, Level, Source, Stage, Verb
from orders.models import Fulfillment, Order, Refund, RemoteChange, TimelineEntry, Transaction
from orders.services.beside_look import JOB as LOOK_JOB
from orders.services.full import OPENED_JOB
from stores.choices import StoreState
from stores.models import Store
from tests.admin.conftest import text_of
from tests.builders.orders import PLACED, make_beside, make_customer, make_fulfillment_order, make_order

pytestmark = pytest.mark.django_db


def url_of(order: Order) -> str:
    return f"/admin/orders/order/{order.pk}/"


def change(order: Order, state: ChangeState, verb: Verb = Verb.ARCHIVE, **fields) -> RemoteChange:
    with scopes_disabled():
        return RemoteChange.objects.create(
            store=order.store,
            order=order,
            verb=verb,
            state=state,
            run_id="7f9c0d4e-0000-4000-8000-000000000001",
            actor_label="Ann",
            **fields,
        )


def entry(order: Order, kind: str, at: datetime, **data) -> TimelineEntry:
    with scopes_disabled():
        return TimelineEntry.objects.create(
            store=order.store, order=order, kind=kind, source=Source.SHOPIFY, occurred_at=at, data=data
        )


@pytest.fixture
def rich(store) -> Order:
    """An order with every part, bought in another currency than the shop's."""
    order = make_order(
        store,
        customer=make_customer(store, name="Zoë Ōkubo", email="zoe@example.com"),
        presentment_currency="USD",
        lines=[{"title": "Green mug", "quantity": 3, "unit_price_presentment": Decimal("13.75")}],
        outstanding_shop=Decimal("5"),
        outstanding_presentment=Decimal("5.50"),
        note="Ring twice",
        shipping_address={"first_name": "Zoë", "last_name": "Ōkubo", "address1": "Kade 1", "city": "Gent"},
        tags=["vip"],
    )
    make_fulfillment_order(order, holds=["INCORRECT_ADDRESS"])
    with scopes_disabled():
        line = order.lines.get()
        common = {"store": store, "order": order}
        Fulfillment.objects.create(
            **common,
            gid="f1",
            name="#1-F1",
            status="SUCCESS",
            display_status="IN_TRANSIT",
            created_at=PLACED,
            updated_at=PLACED,
            tracking=[
                {"company": "PostNL", "number": "3S1", "url": "https://track.example/3S1"},
                {"company": "Odd", "number": "X9", "url": "javascript:alert(1)"},
            ],
            lines=[{"line_item_gid": line.gid, "quantity": 1}],
        )
        Transaction.objects.create(
            **common,
            gid="t1",
            kind="SALE",
            status="FAILURE",
            gateway="bogus",
            error_code="CARD_DECLINED",
            created_at=PLACED,
            amount_shop=Decimal("25"),
            amount_presentment=Decimal("27.50"),
        )
        Refund.objects.create(
            **common,
            gid="r1",
            created_at=PLACED,
            note="Broken",
            total_shop=Decimal("12.50"),
            total_presentment=Decimal("13.75"),
            lines=[
                {
                    "line_item_gid": line.gid,
                    "quantity": 1,
                    "restock_type": "RETURN",
                    "shop": "12.5",
                    "presentment": "13.75",
                }
            ],
        )
    return order


@pytest.mark.row("FEAT-A11")
def test_every_part_is_on_the_page_in_words(agents_browser, rich):
    page = text_of(agents_browser.get(url_of(rich)))
    for words in (
        "Green mug",
        "$13.75",
        "€12.50",
        "On hold: Incorrect address",
        "In transit",
        "PostNL",
        "CARD_DECLINED",
        "Failed",
        "Broken",
        "Ring twice",
        "Kade 1",
        "zoe@example.com",
        "vip",
    ):
        assert words in page, words


def test_what_a_shop_calls_a_link_is_one_only_if_a_browser_may_follow_it(agents_browser, rich):
    page = text_of(agents_browser.get(url_of(rich)))
    assert 'href="https://track.example/3S1"' in page
    assert "X9" in page
    assert "javascript:alert" not in page


@pytest.mark.row("REL-T01")
def test_a_foreign_order_and_a_missing_one_are_the_same_404(agents_browser, other_store):
    foreign = agents_browser.get(url_of(make_order(other_store, name="#CANARY")))
    missing = agents_browser.get("/admin/orders/order/999999999/")
    assert foreign.status_code == missing.status_code == 404
    assert b"CANARY" not in foreign.content


@pytest.mark.row("FEAT-A4")
def test_the_timeline_is_newest_first_in_the_stores_own_time_zone(agents_browser, store):
    order = make_order(store, processed_at=datetime(2026, 11, 2, 23, 30, tzinfo=UTC))
    entry(order, "order.created", datetime(2026, 11, 2, 23, 30, tzinfo=UTC), source="web")
    entry(
        order,
        "payment.sale",
        datetime(2026, 11, 3, 8, 0, tzinfo=UTC),
        status="SUCCESS",
        amount="25.00",
        currency="EUR",
        gateway="bogus",
    )
    response = agents_browser.get(url_of(order))
    (day,) = response.context["history"].days
    assert str(day.day) == "2026-11-03"
    assert [item.words for item in day.items] == ["€25.00 paid by bogus.", "Order placed (web)."]
    page = text_of(response)
    timeline = page[page.index('id="timeline"') :]
    assert timeline.index("09:00") < timeline.index("00:30")


@pytest.mark.row("FEAT-A4", "FEAT-A6")
def test_comments_are_separated_from_events_with_one_click(agents_browser, store):
    order = make_order(store)
    entry(order, "order.created", PLACED)
    agents_browser.post(f"{url_of(order)}comments/", {"body": "Call first"})
    kinds = {
        shown: [
            item.entry.kind
            for day in agents_browser.get(url_of(order), {"show": shown}).context["history"].days
            for item in day.items
        ]
        for shown in ("all", "comments", "events")
    }
    assert kinds == {
        "all": ["comment.added", "order.created"],
        "comments": ["comment.added"],
        "events": ["order.created"],
    }


def test_a_long_timeline_has_pages(agents_browser, store):
    order = make_order(store)
    for number in range(45):
        entry(order, "order.updated", PLACED + timedelta(minutes=number), field="note")
    first = agents_browser.get(url_of(order)).context["history"]
    assert sum(len(day.items) for day in first.days) == 40
    second = agents_browser.get(url_of(order) + first.pages.older).context["history"]
    assert sum(len(day.items) for day in second.days) == 5
    assert second.pages.older == ""


def test_a_change_under_way_and_the_last_refusal_stand_on_top(agents_browser, store):
    order = make_order(store, pending_verbs=["archive"])
    change(order, ChangeState.REFUSED, Verb.ADD_TAGS, message="Tags is invalid", settled_at=PLACED)
    change(order, ChangeState.QUEUED)
    page = text_of(agents_browser.get(url_of(order)))
    assert "Under way: Archive, asked for by Ann." in page
    assert "<q>Tags is invalid</q>" in page
    part = text_of(agents_browser.get(url_of(order), {"part": "notices"}))
    assert "Under way: Archive" in part
    assert "data-done" not in part
    assert "<html" not in part


def test_a_refusal_that_was_made_good_is_forgotten(agents_browser, store):
    order = make_order(store)
    change(order, ChangeState.REFUSED, message="No")
    change(order, ChangeState.CONFIRMED)
    part = text_of(agents_browser.get(url_of(order), {"part": "notices"}))
    assert "<q>" not in part
    assert "data-done" in part


def test_what_is_left_is_said_condition_by_condition(store):
    order = make_order(
        store,
        outstanding_shop=Decimal("5"),
        outstanding_presentment=Decimal("5"),
        financial_status="PENDING",
        return_status="RETURN_REQUESTED",
        dispute_status="NEEDS_RESPONSE",
        hold_reasons=["AWAITING_PAYMENT"],
    )
    found = conditions(order)
    assert [(one.met, one.words) for one in found] == [
        (False, "2 items to fulfil"),
        (False, "€5.00 to be received"),
        (False, "Payment pending"),
        (False, "Return requested"),
        (False, "Payment disputed"),
    ]
    assert found[0].detail == "On hold: Awaiting payment"
    assert ending(order) == ""


def test_an_order_with_nothing_left_meets_every_condition(store):
    order = make_order(store, stage=Stage.TO_ARCHIVE)
    assert all(one.met for one in conditions(order))


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (Stage.ARCHIVED, "Archived: closed in the shop."),
        (Stage.CANCELLED, "Cancelled because the customer changed or cancelled it."),
        (Stage.TEST, "A test order: it is counted nowhere."),
        (Stage.DELETED, "The shop no longer has this order."),
    ],
)
def test_an_order_that_is_not_live_says_why(store, stage, words):
    assert ending(make_order(store, stage=stage)) == words


def test_a_big_order_costs_as_many_queries_as_a_small_one(agents_browser, store):
    def cost(order: Order) -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert agents_browser.get(url_of(order)).status_code == 200
        return len(queries)

    small, big = make_order(store), make_order(store, lines=[{}] * 30, tags=[f"t{number}" for number in range(20)])
    for number in range(20):
        entry(big, "order.updated", PLACED + timedelta(minutes=number), field="note")
    entry(small, "order.updated", PLACED, field="note")
    for order in (small, big):
        make_beside(order, looked_at=timezone.now())
    assert cost(big) == cost(small) <= 25


def test_a_viewer_reads_and_is_offered_nothing(signed_in, viewer, store):
    page = text_of(signed_in(viewer).get(url_of(make_order(store, tags=["vip"]))))
    assert "comment-body" not in page
    assert "/act/" not in page
    assert "Open in Shopify" in page


@pytest.mark.row("FEAT-B1")
def test_what_shopify_hides_is_said_beside_what_was_known_before(agents_browser, store):
    order = make_order(store, customer=make_customer(store, name="Zoë Ōkubo", email="zoe@example.com"))
    with scopes_disabled():
        since = "2026-11-20T09:00:00+00:00"
        Store.objects.filter(pk=store.pk).update(hidden_fields={"shipping_address": since, "email": since})

    page = text_of(agents_browser.get(url_of(order)))

    assert re.search(
        r"Hidden by Shopify since <time [^>]*>Nov 20, 2026</time>: e-mail address, shipping address\.", page
    )
    assert "zoe@example.com" in page


def test_the_page_says_how_true_it_is(agents_browser, store):
    order = make_order(store)
    assert "first load 0 %" in text_of(agents_browser.get(url_of(order)))
    part = agents_browser.get(url_of(order), {"part": "truth"})
    assert ("first load 0 %" in text_of(part), "<html" in text_of(part)) == (True, False)


def test_a_summary_says_that_its_details_are_coming_and_has_them_fetched(agents_browser, store):
    order = make_order(store, level=Level.SUMMARY)

    shown = agents_browser.get(url_of(order)).content.decode()
    part = agents_browser.get(url_of(order), {"part": "notices"}).content.decode()

    assert "the details are being fetched" in shown
    assert 'data-live="?part=notices"' in shown
    assert "data-done" not in part
    assert [(task.func(), task.args()) for task in OrmQ.objects.all()] == [(OPENED_JOB, (store.pk, order.pk))]
    with scopes_disabled():
        Order.objects.update(level=Level.FULL)
    assert "data-done" in agents_browser.get(url_of(order), {"part": "notices"}).content.decode()
    assert "the details are being fetched" not in agents_browser.get(url_of(order)).content.decode()


def test_a_summary_of_a_store_that_is_not_connected_says_what_it_is(agents_browser, store):
    order = make_order(store, level=Level.SUMMARY)
    with scopes_disabled():
        Store.objects.update(state=StoreState.PAUSED)

    shown = agents_browser.get(url_of(order)).content.decode()

    assert "summary only" in shown
    assert "the details are being fetched" not in shown
    assert not OrmQ.objects.exists()


@pytest.mark.row("FEAT-C12")
def test_returns_risk_disputes_and_terms_of_payment_are_on_the_page(agents_browser, store):
    order = make_order(
        store,
        risk_level="HIGH",
        dispute_status="NEEDS_RESPONSE",
        disputes=[{"gid": "gid://shopify/OrderDisputeSummary/1", "status": "NEEDS_RESPONSE", "type": "CHARGEBACK"}],
    )
    past = {"due_at": "2026-01-03T12:00:00+00:00", "completed_at": None, "total": "25.00", "currency": "EUR"}
    make_beside(
        order,
        risk_facts=[{"description": "Countries <b>differ</b>", "sentiment": "NEGATIVE"}],
        payment_terms={"name": "Net 30", "schedules": [past]},
    )
    entry(order, "shop.comment", PLACED, text="Ring first <script>", attachments=["a.png"])

    page = agents_browser.get(url_of(order)).content.decode()
    text = " ".join(re.sub(r"<[^>]*>", " ", page).split())

    for words in (
        f"{order.name}-R1",
        "1 × Blue mug Size too small “Pinches” “Please hurry”",
        "High risk",
        "Dispute: respond Chargeback",
        "Terms of payment Net 30 Overdue €25.00",
    ):
        assert words in text, words
    assert "Countries &lt;b&gt;differ&lt;/b&gt;" in page
    assert "Ring first &lt;script&gt;" in page


def test_comments_of_shopify_are_among_the_comments_and_not_among_the_events(agents_browser, store):
    order = make_order(store)
    entry(order, "shop.comment", PLACED, text="Ring first")
    entry(order, "shop.event", PLACED, action="mail_sent", text="A mail was sent.")

    comments, events = (text_of(agents_browser.get(url_of(order), {"show": show})) for show in ("comments", "events"))

    assert ("Ring first" in comments, "A mail was sent." in comments) == (True, False)
    assert ("Ring first" in events, "A mail was sent." in events) == (False, True)


def test_opening_an_order_asks_for_a_look_at_what_no_webhook_tells(agents_browser, store):
    order = make_order(store)
    OrmQ.objects.all().delete()

    agents_browser.get(url_of(order))

    assert [(task.func(), task.args()) for task in OrmQ.objects.all()] == [(LOOK_JOB, (store.pk, order.pk))]
