"""Ingest: what a shop said becomes the mirror, whatever the order in which it is heard."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django_scopes import scopes_disabled

from backoffice.core import events
from orders.choices import Stage
from orders.models import Order, OrderTag, TimelineEntry
from orders.services.ingest import Known, Verdict, apply_read_back, decide, ingest_orders, mark_deleted
from stores.models import Quarantined, Store
from stores.shopify.mutations import MutatedOrder
from stores.shopify.snapshots import DisputeSnapshot, RiskSnapshot
from tests.builders.snapshots import PLACED, a_fulfillment_order, a_hold, a_line, a_transaction, an_order, bag

T0 = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


def only(store: Store) -> Order:
    return Order.objects.get(store=store)


def kinds(order: Order) -> list[str]:
    return list(order.timeline.order_by("id").values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("known", "updated_at", "fetched_at", "by_id", "verdict"),
    [
        (None, T0, T0, False, Verdict.WRITE),
        (Known(T0, "same", T0), T0, T0 + SECOND, False, Verdict.SAME),
        (Known(T0, "other", T0), T0, T0 + SECOND, True, Verdict.WRITE),
        (Known(T0, "other", T0), T0 - SECOND, T0 + SECOND, True, Verdict.REFETCH),
        (Known(T0, "other", T0 + SECOND), T0 + SECOND, T0, True, Verdict.REFETCH),
        (Known(T0, "other", T0), T0 - SECOND, T0 + SECOND, False, Verdict.OLDER),
        (Known(T0, "other", T0), T0, T0 + SECOND, False, Verdict.REFETCH),
        (Known(T0, "other", T0), T0 + SECOND, T0 + SECOND, False, Verdict.WRITE),
    ],
)
def test_state_and_order_of_asking_decide_not_the_time_of_change(known, updated_at, fetched_at, by_id, verdict):
    assert decide(known, updated_at=updated_at, state_hash="same", fetched_at=fetched_at, by_id=by_id) is verdict


@pytest.mark.row("FEAT-A11")
def test_an_order_enters_the_mirror_with_both_currencies(store):
    seen = bag("25.00", presentment="3290", seen="JPY")
    snapshot = an_order(total=seen, current_total=seen, presentment_currency="JPY", tags=("VIP", "gift"))

    done = ingest_orders(store, [snapshot], fetched_at=T0, by_id=False, backfilled=True)

    order = only(store)
    assert (done.created, done.changed, done.unchanged, done.refetch) == (1, 0, 0, ())
    assert (order.current_total_shop, order.shop_currency) == (Decimal("25.00"), "EUR")
    assert (order.current_total_presentment, order.presentment_currency) == (Decimal(3290), "JPY")
    assert order.stage == Stage.TO_FULFIL
    assert order.unfulfilled_quantity == 2
    assert order.customer.name == "Anna de Vries"
    assert sorted(OrderTag.objects.values_list("name", "folded")) == [("VIP", "vip"), ("gift", "gift")]
    assert order.lines.get().total_shop == Decimal("25.00")
    assert set(kinds(order)) == {"order.created", "payment.sale"}


def test_the_same_state_again_changes_nothing(store):
    ingest_orders(store, [an_order()], fetched_at=T0, by_id=False, backfilled=True)
    before = only(store)

    done = ingest_orders(
        store, [an_order(status_page_url="https://example.com/another-signature")], fetched_at=T0 + SECOND, by_id=True
    )

    assert (done.created, done.changed, done.unchanged) == (0, 0, 1)
    assert only(store).mirrored_at == before.mirrored_at
    assert TimelineEntry.objects.count() == 2


def test_what_changed_is_written_and_told_once(store):
    ingest_orders(store, [an_order(tags=("red",), note="old")], fetched_at=T0, by_id=False, backfilled=True)
    told = []
    listener = lambda batch: told.extend(event.kind for event in batch)  # noqa: E731
    events.subscribe(listener, "*")
    changed = an_order(
        tags=("blue",),
        note="new",
        updated_at=PLACED + SECOND,
        closed=True,
        closed_at=PLACED + SECOND,
        lines=(a_line(unfulfilled=0),),
    )
    try:
        for seconds in (1, 2):
            ingest_orders(store, [changed], fetched_at=T0 + seconds * SECOND, by_id=True)
    finally:
        events._listeners["*"].remove(listener)

    order = only(store)
    assert (order.stage, order.tags, order.note) == (Stage.ARCHIVED, ["blue"], "new")
    assert sorted(told) == ["order.archived", "order.updated", "tags.added", "tags.removed"]
    assert list(order.tag_rows.values_list("name", flat=True)) == ["blue"]


def test_a_first_load_tells_nobody(store):
    told = []
    listener = lambda batch: told.extend(batch)  # noqa: E731
    events.subscribe(listener, "*")
    try:
        ingest_orders(store, [an_order()], fetched_at=T0, by_id=False, backfilled=True)
    finally:
        events._listeners["*"].remove(listener)

    assert told == []
    assert TimelineEntry.objects.filter(backfilled=True).count() == 2


def test_an_older_page_never_overwrites_and_an_equal_time_is_looked_at_by_id(store):
    ingest_orders(store, [an_order(note="now", updated_at=PLACED + 5 * SECOND)], fetched_at=T0, by_id=True)

    older = ingest_orders(store, [an_order(note="before")], fetched_at=T0 + SECOND, by_id=False)
    equal = ingest_orders(
        store, [an_order(note="other", updated_at=PLACED + 5 * SECOND)], fetched_at=T0 + SECOND, by_id=False
    )

    assert older.unchanged == 1
    assert equal.refetch == ("gid://shopify/Order/1",)
    assert only(store).note == "now"


def test_an_answer_that_was_asked_for_earlier_is_asked_for_again(store):
    ingest_orders(store, [an_order(note="new")], fetched_at=T0 + SECOND, by_id=True)

    done = ingest_orders(store, [an_order(note="overtaken")], fetched_at=T0, by_id=True)

    assert done.refetch == ("gid://shopify/Order/1",)
    assert only(store).note == "new"


def test_holds_are_told_when_they_come_and_go_although_the_order_keeps_its_time(store):
    held = a_fulfillment_order(status="ON_HOLD", holds=(a_hold(),), updated_at=PLACED + SECOND)
    ingest_orders(store, [an_order()], fetched_at=T0, by_id=True)
    ingest_orders(store, [an_order(fulfillment_orders=(held,))], fetched_at=T0 + SECOND, by_id=True)
    assert only(store).hold_reasons == ["INVENTORY_OUT_OF_STOCK"]

    released = a_fulfillment_order(updated_at=PLACED + 2 * SECOND)
    ingest_orders(store, [an_order(fulfillment_orders=(released,))], fetched_at=T0 + 2 * SECOND, by_id=True)

    order = only(store)
    assert (order.on_hold, order.hold_reasons) == (False, [])
    assert kinds(order)[-2:] == ["hold.added", "hold.released"]


def test_what_shopify_refuses_to_show_overwrites_nothing(store):
    ingest_orders(store, [an_order()], fetched_at=T0, by_id=True)

    ingest_orders(
        store,
        [an_order(customer=None, email="", note="x", redacted=frozenset({"customer", "email"}))],
        fetched_at=T0 + SECOND,
        by_id=True,
    )

    order = only(store)
    assert (order.email, order.customer_name, order.note) == ("anna-1@example.com", "Anna de Vries", "x")
    assert order.customer is not None


def test_one_order_that_cannot_be_written_does_not_keep_the_others(store):
    bad = an_order(2, shop_currency="far too long for a currency")

    done = ingest_orders(store, [an_order(1), bad, an_order(3)], fetched_at=T0, by_id=True)

    assert done.created == 2
    assert Order.objects.count() == 2
    assert Quarantined.objects.get().gid == "gid://shopify/Order/2"

    ingest_orders(store, [an_order(2)], fetched_at=T0 + SECOND, by_id=True)
    assert Quarantined.objects.count() == 0


def test_zero_bytes_in_a_note_are_dropped(store):
    ingest_orders(store, [an_order(note="a\x00b", tags=("t\x00ag",))], fetched_at=T0, by_id=True)

    assert (only(store).note, only(store).tags) == ("ab", ["tag"])


def test_an_incomplete_page_row_is_read_again_and_an_incomplete_order_set_aside(store):
    cut = replace(an_order(), complete=False)

    assert ingest_orders(store, [cut], fetched_at=T0, by_id=False).refetch == ("gid://shopify/Order/1",)
    assert Quarantined.objects.count() == 0

    ingest_orders(store, [cut], fetched_at=T0, by_id=True)
    assert Order.objects.count() == 0
    assert Quarantined.objects.count() == 1


def test_a_read_back_shows_at_once_and_is_not_undone_by_an_earlier_answer(store):
    ingest_orders(store, [an_order(tags=("a",))], fetched_at=T0, by_id=True)
    after = PLACED + 9 * SECOND

    apply_read_back(store, [MutatedOrder("gid://shopify/Order/1", True, after, after, None, ("a", "b"), "")])
    overtaken = ingest_orders(store, [an_order(tags=("a",))], fetched_at=T0 + SECOND, by_id=True)

    order = only(store)
    assert overtaken.refetch == ("gid://shopify/Order/1",)
    assert (order.stage, order.closed_at, order.tags) == (Stage.ARCHIVED, after, ["a", "b"])
    assert set(order.tag_rows.values_list("name", flat=True)) == {"a", "b"}


def test_a_read_back_that_shows_somebody_elses_change_tells_of_it(store):
    ingest_orders(store, [an_order(tags=("a",), note="old")], fetched_at=T0, by_id=True)
    after = PLACED + 9 * SECOND

    apply_read_back(store, [MutatedOrder("gid://shopify/Order/1", False, None, after, None, ("a", "foreign"), "new")])

    entries = only(store).timeline.exclude(kind__in=["order.created", "payment.sale"]).order_by("id")
    assert [(entry.kind, entry.data) for entry in entries] == [
        ("tags.added", {"tags": ["foreign"]}),
        ("order.updated", {"field": "note", "was": "old"}),
    ]


def test_a_deleted_order_is_kept_out_of_every_list_and_can_come_back(store):
    ingest_orders(store, [an_order()], fetched_at=T0, by_id=True)

    assert mark_deleted(store, ["gid://shopify/Order/1"], fetched_at=T0 - SECOND) == 0
    assert mark_deleted(store, ["gid://shopify/Order/1"], fetched_at=T0 + SECOND) == 1
    assert mark_deleted(store, ["gid://shopify/Order/1"], fetched_at=T0 + SECOND) == 0
    assert only(store).stage == Stage.DELETED

    ingest_orders(store, [an_order()], fetched_at=T0 + 2 * SECOND, by_id=True)
    assert (only(store).stage, only(store).deleted_at) == (Stage.TO_FULFIL, None)
    assert kinds(only(store))[-2:] == ["order.deleted", "order.restored"]


def test_a_failed_payment_that_succeeds_later_is_two_entries(store):
    failed = a_transaction(status="FAILURE", error_code="CARD_DECLINED")
    ingest_orders(store, [an_order(transactions=(failed,))], fetched_at=T0, by_id=True)
    ingest_orders(store, [an_order(transactions=(failed, a_transaction(2)))], fetched_at=T0 + SECOND, by_id=True)

    entries = TimelineEntry.objects.filter(kind="payment.sale").order_by("id")
    assert [entry.data["status"] for entry in entries] == ["FAILURE", "SUCCESS"]


@pytest.mark.row("REL-S15")
def test_sync_never_touches_what_is_ours(store):
    ingest_orders(store, [an_order()], fetched_at=T0, by_id=True)
    Order.objects.update(comment_count=3, pending_verbs=["archive"], last_mailed_at=T0)

    ingest_orders(store, [an_order(note="changed")], fetched_at=T0 + SECOND, by_id=True)

    order = only(store)
    assert (order.comment_count, order.pending_verbs, order.last_mailed_at) == (3, ["archive"], T0)
    assert order.note == "changed"


@pytest.mark.row("FEAT-C12")
def test_risk_and_disputes_are_told_when_they_change_and_dated_by_when_they_were_seen(store):
    calm, grave = RiskSnapshot("ACCEPT", "LOW"), RiskSnapshot("CANCEL", "HIGH")
    opened = DisputeSnapshot("gid://shopify/OrderDisputeSummary/1", "NEEDS_RESPONSE", "CHARGEBACK")
    shipped = {"lines": (a_line(unfulfilled=0),), "fulfillment_orders": ()}
    ingest_orders(store, [an_order(risk=calm, **shipped)], fetched_at=T0, by_id=True, backfilled=True)

    # Neither moves the order's time of change.
    disputed = an_order(risk=grave, disputes=(opened,), **shipped)
    assert ingest_orders(store, [disputed], fetched_at=T0 + SECOND, by_id=False).refetch == (disputed.gid,)
    ingest_orders(store, [disputed], fetched_at=T0 + SECOND, by_id=True)
    ingest_orders(
        store, [replace(disputed, disputes=(replace(opened, status="WON"),))], fetched_at=T0 + 2 * SECOND, by_id=True
    )

    order = only(store)
    assert (order.risk_level, order.risk_recommendation, order.dispute_status) == ("HIGH", "CANCEL", "WON")
    assert order.disputes == [{"gid": opened.gid, "status": "WON", "type": "CHARGEBACK"}]
    assert order.stage == Stage.TO_ARCHIVE
    told = order.timeline.filter(kind__in=["risk.changed", "dispute.changed"]).order_by("id")
    assert [(one.kind, one.occurred_at, one.data) for one in told] == [
        ("risk.changed", T0 + SECOND, {"level": "HIGH", "recommendation": "CANCEL"}),
        ("dispute.changed", T0 + SECOND, {"status": "NEEDS_RESPONSE", "type": "CHARGEBACK", "was": ""}),
        ("dispute.changed", T0 + 2 * SECOND, {"status": "WON", "type": "CHARGEBACK", "was": "NEEDS_RESPONSE"}),
    ]


def test_a_row_of_before_the_risk_was_mirrored_gets_it_without_a_word(store):
    ingest_orders(store, [an_order()], fetched_at=T0, by_id=True, backfilled=True)

    ingest_orders(store, [an_order(risk=RiskSnapshot("CANCEL", "HIGH"))], fetched_at=T0 + SECOND, by_id=True)

    assert only(store).risk_level == "HIGH"
    assert "risk.changed" not in kinds(only(store))
