"""What stands beside an order becomes rows and lines of the timeline, each happening once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django_scopes import scopes_disabled

from backoffice.core import events
from orders.choices import Source, Stage
from orders.models import Beside, Order, Return, TimelineEntry
from orders.services import erased
from orders.services.beside import write_besides
from orders.services.beside_rows import deserves_a_line, next_look
from orders.timeline import NewEntry, describe, write
from stores.shopify.aside_snapshots import AsideSnapshot, RiskFactSnapshot
from stores.shopify.snapshots import DisputeSnapshot, RiskSnapshot
from tests.builders.asides import AT, a_return, an_aside, an_event, some_terms
from tests.builders.orders import make_order

NOW = AT + timedelta(hours=1)
LATER = NOW + timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


@pytest.fixture
def order(store) -> Order:
    return make_order(store, created_at=AT, updated_at=AT, risk_recommendation="NONE")


def look(order: Order, found: AsideSnapshot, *, at: datetime = NOW):
    return write_besides(order.store, {order.gid: replace(found, order_gid=order.gid)}, looked_at=at)


def lines(order: Order) -> list[TimelineEntry]:
    return list(order.timeline.filter(kind__startswith="shop.").order_by("occurred_at", "pk"))


@pytest.mark.row("FEAT-D5")
def test_comments_and_what_the_mirror_does_not_tell_become_lines_of_the_timeline_once(order):
    comment = an_event(
        2, is_comment=True, action="create", text="Ring first", author="Jo", attachments=("a.png", ""), is_edited=True
    )
    mail = an_event(1, text="Confirmation was sent.", app="Online Store", created_at=AT - MINUTE)
    paid = an_event(3, action="sale_success")

    first = look(order, an_aside(order.gid, paid, comment, mail))
    again = look(order, an_aside(order.gid, paid, comment, mail), at=LATER)

    assert (first.changed, again.changed, again.unchanged) == (1, 0, 1)
    told = [(one.kind, one.source, one.occurred_at, one.actor_label, one.data) for one in lines(order)]
    assert told == [
        (
            "shop.event",
            Source.SHOPIFY,
            AT - MINUTE,
            "Online Store",
            {"action": "mail_sent", "text": "Confirmation was sent."},
        ),
        (
            "shop.comment",
            Source.SHOPIFY,
            AT,
            "Jo",
            {"text": "Ring first", "edited": True, "attachments": ["a.png"]},
        ),
    ]
    assert [describe(one) for one in lines(order)] == ["Confirmation was sent.", "Ring first\nAttached: a.png."]


def test_the_past_of_an_order_that_is_new_here_triggers_nothing_and_what_comes_later_does(order, monkeypatch):
    heard: list[events.Event] = []
    monkeypatch.setattr(events, "_listeners", {"*": [heard.extend]})
    seen = order.first_seen_at
    past, present = an_event(1, created_at=seen - MINUTE), an_event(2, created_at=seen + MINUTE)

    look(order, an_aside(order.gid, present, past), at=seen + 10 * MINUTE)

    assert [(one.kind, one.data["text"]) for one in heard] == [("shop.event", "Something 2 happened.")]
    assert [one.backfilled for one in lines(order)] == [True, False]


def test_a_comment_follows_its_edits_and_its_deletion_in_shopify(order):
    kept = an_event(1, is_comment=True, text="Keep", created_at=AT - MINUTE)
    gone = an_event(2, is_comment=True, text="Wrong order!")
    look(order, an_aside(order.gid, gone, kept))

    edited = replace(kept, text="Keep this", is_edited=True)
    look(order, an_aside(order.gid, edited), at=LATER)

    assert [one.data for one in lines(order)] == [
        {"text": "Keep this", "edited": True, "attachments": []},
        {"deleted": True},
    ]
    assert describe(lines(order)[1]) == "A comment was deleted in Shopify."


def test_a_comment_outside_of_what_was_read_is_not_taken_for_deleted(order):
    old = an_event(1, is_comment=True, text="Old", created_at=AT - timedelta(days=3))
    ancient = an_event(2, is_comment=True, text="Ancient", created_at=AT - timedelta(days=365))
    look(order, an_aside(order.gid, old, ancient))

    look(order, an_aside(order.gid, an_event(9), older="cursor"), at=LATER)
    assert [one.data.get("deleted") for one in lines(order)] == [None, None, None]

    # Shopify forgets by itself what is older than a year.
    look(order, an_aside(order.gid, an_event(9), older=None), at=LATER + MINUTE)
    assert [one.data.get("deleted") for one in lines(order)] == [None, True, None]


def test_a_change_that_the_mirror_tells_itself_is_no_second_line(order):
    own = NewEntry(order.store_id, order.pk, "tags.added", Source.SHOPIFY, AT, {"tags": ["late"]}, dedupe="tags:1")
    write([own])
    told = an_event(1, action="update", text="Jo added a tag.", created_at=AT + timedelta(seconds=2))
    untold = an_event(2, action="update", text="Jo changed the phone.", created_at=AT + 2 * MINUTE)

    look(order, an_aside(order.gid, untold, told))

    assert [one.data["text"] for one in lines(order)] == ["Jo changed the phone."]


@pytest.mark.parametrize(
    ("action", "age", "deserves"),
    [
        ("mail_sent", 0, True),
        ("brand_new_action", 0, True),
        ("closed", 60, False),
        ("refund_success", 60, False),
        ("fulfillment_success", 60, False),
        ("update", 1, False),
        ("update", 4, True),
    ],
)
def test_an_event_gets_a_line_when_the_mirror_does_not_tell_it(action, age, deserves):
    event = an_event(action=action, created_at=NOW - age * MINUTE)
    assert deserves_a_line(event, now=NOW) is deserves


@pytest.mark.row("FEAT-C12")
def test_returns_replace_one_another_and_only_a_change_is_one(order):
    first = look(order, an_aside(order.gid, returns=(a_return(1), a_return(2, status="REQUESTED", approved_at=None))))
    same = look(
        order,
        an_aside(order.gid, returns=(a_return(1), a_return(2, status="REQUESTED", approved_at=None))),
        at=LATER,
    )
    row = Return.objects.get(order=order, gid="gid://shopify/Return/1")
    assert (first.changed, same.changed) == (1, 0)
    assert (row.status, row.name, row.quantity, row.created_at) == ("OPEN", "#1001-R1", 1, AT)
    assert row.lines == [
        {
            "gid": "gid://shopify/ReturnLineItem/1",
            "line_item_gid": "gid://shopify/LineItem/1",
            "quantity": 1,
            "processed": 0,
            "refundable": 1,
            "refunded": 0,
            "reason": "Size too small",
            "reason_note": "Pinches",
            "customer_note": "Please hurry",
            "shop": "12.50",
            "presentment": "12.50",
        }
    ]

    closed = a_return(1, status="CLOSED", closed_at=NOW)
    assert look(order, an_aside(order.gid, returns=(closed,)), at=LATER + MINUTE).changed == 1
    assert list(order.returns.values_list("gid", "status")) == [("gid://shopify/Return/1", "CLOSED")]


def test_what_the_token_may_not_read_is_kept_as_it_was(order):
    due = NOW + timedelta(days=3)
    look(order, an_aside(order.gid, returns=(a_return(),), payment_terms=some_terms(due)))

    look(order, an_aside(order.gid, unread=frozenset({"returns", "payment_terms"})), at=LATER)

    order.refresh_from_db()
    row = Beside.objects.get(order=order)
    assert (order.returns.count(), order.payment_due_at) == (1, due)
    assert (row.payment_terms["name"], row.unread) == ("Net 30", ["payment_terms", "returns"])


def test_the_nearest_day_that_was_not_met_is_when_payment_is_due(order):
    days = [NOW - timedelta(days=9), NOW - timedelta(days=2), NOW + timedelta(days=5)]

    look(order, an_aside(order.gid, payment_terms=some_terms(*days, paid=1)))
    order.refresh_from_db()
    assert order.payment_due_at == days[1]
    terms = Beside.objects.get(order=order).payment_terms
    assert [one["completed_at"] is None for one in terms["schedules"]] == [False, True, True]

    look(order, an_aside(order.gid, payment_terms=some_terms(*days, paid=3)), at=LATER)
    order.refresh_from_db()
    assert order.payment_due_at is None


def test_another_risk_or_dispute_than_the_row_has_is_read_again_and_not_written(order):
    opened = DisputeSnapshot("gid://shopify/OrderDisputeSummary/1", "NEEDS_RESPONSE", "CHARGEBACK")
    facts = (RiskFactSnapshot("Countries differ", "NEGATIVE"),)

    by_risk = look(order, an_aside(order.gid, risk=RiskSnapshot("CANCEL", "HIGH"), risk_facts=facts))
    by_dispute = look(order, an_aside(order.gid, risk=RiskSnapshot("NONE", ""), disputes=(opened,)), at=LATER)
    alike = look(order, an_aside(order.gid, risk=RiskSnapshot("NONE", "")), at=LATER + MINUTE)

    assert (by_risk.reread, by_dispute.reread, alike.reread) == ((order.gid,), (order.gid,), ())
    order.refresh_from_db()
    assert (order.risk_level, order.disputes) == ("", [])


def test_an_order_that_was_read_after_the_look_is_not_read_again(store):
    order = make_order(store, fetched_at=NOW + MINUTE)
    assert look(order, an_aside(order.gid, risk=RiskSnapshot("CANCEL", "HIGH"))).reread == ()


def test_an_older_look_changes_nothing(order):
    look(order, an_aside(order.gid, returns=(a_return(status="CLOSED"),)), at=LATER)

    late = look(order, an_aside(order.gid, an_event(), returns=(a_return(),)), at=NOW)

    assert (late.changed, late.unchanged) == (0, 0)
    assert list(order.returns.values_list("status", flat=True)) == ["CLOSED"]
    assert lines(order) == []


@pytest.mark.row("INV-C3")
def test_of_an_erased_buyer_nothing_that_was_written_comes_back(order):
    erased.bury_orders(order.store_id, [order.gid])
    said = an_event(1, is_comment=True, text="Anna called")
    facts = (RiskFactSnapshot("Anna's card", "NEGATIVE"),)

    look(order, an_aside(order.gid, said, returns=(a_return(decline_note="Anna!"),), risk_facts=facts))

    row = order.returns.get()
    assert lines(order) == []
    assert (row.decline_note, row.lines[0]["customer_note"], row.lines[0]["reason_note"]) == ("", "", "")
    assert (row.status, row.lines[0]["reason"]) == ("OPEN", "Size too small")
    assert Beside.objects.get(order=order).risk_facts == []


@pytest.mark.parametrize(
    ("age", "is_disputed", "pause"),
    [
        (timedelta(hours=3), False, timedelta(minutes=10)),
        (timedelta(days=3), False, timedelta(hours=1)),
        (timedelta(days=20), False, timedelta(hours=6)),
        (timedelta(days=200), False, timedelta(days=1)),
        (timedelta(days=200), True, timedelta(hours=1)),
    ],
)
def test_fresh_orders_are_looked_at_often_and_old_ones_rarely(age, is_disputed, pause):
    assert next_look(NOW, is_live=True, moved_at=NOW - age, is_disputed=is_disputed) == NOW + pause


def test_an_order_that_is_done_with_is_not_looked_at_by_itself(store):
    done = make_order(store, stage=Stage.ARCHIVED)
    look(done, an_aside(done.gid))
    assert Beside.objects.get(order=done).due_at is None
    assert next_look(NOW, is_live=False, moved_at=NOW, is_disputed=True) is None
