"""The timeline: every kind has a sentence, one entry per key, and the right author."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from django_scopes import scopes_disabled

from backoffice.core import events
from orders.choices import Source
from orders.models import Order, TimelineEntry
from orders.timeline import NewEntry, closed_key, describe, happened_by, opened_key, tags_key, write
from orders.timeline_words import KINDS
from stores.models import Store
from tests.builders.orders import make_order

AT = datetime(2026, 11, 20, 12, 0, 5, tzinfo=UTC)


def an_entry(kind: str, **data: Any) -> TimelineEntry:
    return TimelineEntry(kind=kind, data=data, source=Source.SHOPIFY, occurred_at=AT)


def told(order: Order, kind: str = "order.archived", **fields: Any) -> NewEntry:
    values = {"source": Source.SHOPIFY, "occurred_at": AT, "dedupe": closed_key(AT)} | fields
    return NewEntry(store_id=order.store_id, order_id=order.pk, kind=kind, **values)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[events.Event]:
    found: list[events.Event] = []
    monkeypatch.setattr(events, "_listeners", {"*": [found.extend]})
    return found


@pytest.mark.parametrize(
    ("kind", "data", "sentence"),
    [
        ("order.created", {"source": "web"}, "Order placed (web)."),
        ("order.created", {}, "Order placed."),
        ("order.updated", {"field": "note", "was": "x"}, "Note changed."),
        ("order.updated", {"field": "phone"}, "Changed: phone."),
        ("order.cancelled", {"reason": "CUSTOMER"}, "Order cancelled (reason: the customer changed or cancelled it)."),
        ("order.archived", {}, "Archived."),
        ("risk.changed", {"level": "HIGH", "recommendation": "CANCEL"}, "Assessment of the risk: High risk."),
        ("dispute.changed", {"status": "WON", "type": "CHARGEBACK", "was": ""}, "Dispute won."),
        ("tags.added", {"tags": ["late"]}, "Tag added: late."),
        ("tags.removed", {"tags": ["late", "VIP"]}, "Tags removed: late, VIP."),
        (
            "payment.sale",
            {"status": "SUCCESS", "amount": "12.50", "currency": "EUR", "gateway": "iDEAL 100%"},
            "€12.50 paid by iDEAL 100%.",
        ),
        (
            "payment.capture",
            {"status": "ERROR", "amount": "1200", "currency": "JPY", "gateway": "card", "error_code": "CARD_DECLINED"},
            "Capture of ¥1,200 by card failed. (card declined)",
        ),
        (
            "payment.refund",
            {"status": "AWAITING_RESPONSE", "amount": "1.500", "currency": "KWD", "gateway": "card"},
            "Paying back KWD1.500 by card is pending.",
        ),
        ("payment.void", {"status": "STRANGE", "amount": "x", "currency": "EUR"}, "Void: ?, ? (STRANGE)."),
        (
            "fulfilment.created",
            {
                "name": "#1001-F1",
                "lines": [{"title": "Mug 100%", "quantity": 2}],
                "tracking": [{"company": "PostNL", "number": "3S1", "url": ""}],
            },
            "Shipped: 2 × Mug 100%. Tracking: PostNL 3S1.",
        ),
        ("fulfilment.delivered", {"name": "#1001-F1"}, "Shipment #1001-F1 delivered."),
        ("hold.added", {"reason": "INCORRECT_ADDRESS", "notes": "No 5?"}, "Put on hold: Incorrect address. No 5?"),
        ("hold.released", {"display": "Other"}, "Hold released: Other."),
        (
            "refund.created",
            {"amount": "5.00", "currency": "USD", "lines": [{"title": "Mug", "quantity": 1}]},
            "Refund of $5.00: 1 × Mug.",
        ),
        ("refund.created", {"amount": "5.00", "currency": "USD"}, "Refund of $5.00."),
        ("return.changed", {"status": "IN_PROGRESS"}, "Return in progress."),
        ("comment.pinned", {"comment": 1, "pinned": False}, "Comment no longer pinned."),
        (
            "change.refused",
            {"verb": "add_tags", "tags": ["late"], "message": "Order does not exist"},
            "Not done: Add tags (late). Order does not exist",
        ),
        ("change.skipped", {"verb": "archive"}, "Skipped: Archive."),
        ("mail.sent", {"subject": "Delay 5%", "address": "a…@example.com"}, "Mail “Delay 5%” sent to a…@example.com."),
        ("app.something_new", {"any": 1}, "app.something_new"),
    ],
)
def test_every_kind_is_told_in_a_sentence(kind: str, data: dict[str, Any], sentence: str) -> None:
    with translation.override("en"):
        assert describe(an_entry(kind, **data)) == sentence


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_kind_without_its_facts_still_reads(kind: str) -> None:
    assert describe(an_entry(kind)).strip()


@pytest.mark.parametrize(
    ("source", "label", "who"),
    [
        (Source.STAFF, "Anna", "Anna"),
        (Source.API, "Robot", "Robot (API)"),
        (Source.SHOPIFY, "", "Shopify"),
        (Source.SYSTEM, "system", "Back-office"),
        ("elsewhere", "", "elsewhere"),
    ],
)
def test_who_did_it_is_named(source: str, label: str, who: str) -> None:
    with translation.override("en"):
        assert happened_by(TimelineEntry(kind="x", source=source, actor_label=label)) == who


def test_an_entry_with_a_key_appears_once_and_is_told_once(store: Store, heard: list[events.Event]) -> None:
    order = make_order(store)
    assert write([told(order), told(order)]) == 1
    assert write([told(order)]) == 0
    assert write([told(order, dedupe=""), told(order, dedupe="")]) == 2
    with scopes_disabled():
        assert TimelineEntry.objects.count() == 3
    assert [(event.kind, event.subject_id) for event in heard] == [("order.archived", order.pk)] * 3


def test_a_first_load_is_shown_and_told_to_nobody(store: Store, heard: list[events.Event]) -> None:
    order = make_order(store)
    assert write([told(order, backfilled=True)]) == 1
    assert heard == []
    with scopes_disabled():
        assert order.timeline.get().backfilled is True


def test_our_act_takes_over_what_the_shop_reported_first(store: Store, heard: list[events.Event]) -> None:
    order = make_order(store)
    ours = told(order, source=Source.STAFF, actor_label="Anna")
    write([told(order)])
    assert write([ours]) == 0
    assert write([told(order)]) == 0
    assert write([replace(ours, actor_label="Bert")]) == 0
    with scopes_disabled():
        entry = order.timeline.get()
    assert (entry.source, entry.actor_label) == ("staff", "Anna")
    assert len(heard) == 1


def test_the_keys_do_not_depend_on_the_time_zone() -> None:
    local = AT.astimezone(ZoneInfo("Europe/Amsterdam"))
    assert closed_key(local) == closed_key(AT) == "closed:2026-11-20T12:00:05+00:00"
    assert opened_key(local) == opened_key(AT)
    assert tags_key(local, ["b", "a"]) == tags_key(AT, ["a", "b"]) != tags_key(AT, ["a"])
    assert len(tags_key(AT, ["a"])) < 100


def test_nothing_to_write_asks_nothing(db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert write([]) == 0
