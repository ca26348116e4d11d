"""One order that cannot be read, one delivery that kills its worker: set aside, and the rest goes on."""

from __future__ import annotations

import pytest
from django_scopes import scopes_disabled

from orders.models import Order
from stores.choices import InboxState
from stores.models import InboxMessage, Quarantined, SyncStream
from stores.services import inbox, sync
from stores.shopify import reading
from stores.shopify.errors import GarbageAnswer
from tests.conftest_shops import run_sync
from tests.stores.test_inbox import about, send


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


@pytest.fixture
def poison(connected, monkeypatch) -> Order:
    """An order whose part of every answer cannot be parsed from now on."""
    bad = Order.objects.live().first()
    parse = reading.parse_order

    def parse_or_choke(node, **options):
        if node.text_or_empty("id") == bad.gid:
            raise GarbageAnswer("garbage_answer", facts={"path": "order.totalPriceSet"})
        return parse(node, **options)

    monkeypatch.setattr(reading, "parse_order", parse_or_choke)
    return bad


def test_a_pass_goes_on_past_an_order_that_cannot_be_read(connected, shop, poison):
    neighbour = Order.objects.live().exclude(pk=poison.pk).first()
    for order in (poison, neighbour):
        shop.act("edit_note", order=order.gid, note="changed")

    run_sync(connected)

    neighbour.refresh_from_db()
    parked = Quarantined.objects.get()
    assert neighbour.note == "changed"
    assert (parked.gid, "order.totalPriceSet" in parked.reason) == (poison.gid, True)
    assert SyncStream.objects.get(resource="orders").error_code == ""


@pytest.mark.row("REL-W13")
def test_a_poisoned_delivery_does_not_drag_others_along(connected, shop, poison):
    others = list(Order.objects.live().exclude(pk=poison.pk)[:4])
    for number, order in enumerate([poison, *others]):
        shop.act("edit_note", order=order.gid, note="changed")
        send(about(order), secret=shop.webhook_secret, webhook_id=f"w-{number}")

    inbox.work_inbox_job(connected.pk)

    assert set(InboxMessage.objects.values_list("state", flat=True)) == {InboxState.DONE}
    assert set(Order.objects.filter(pk__in=[order.pk for order in others]).values_list("note", flat=True)) == {
        "changed"
    }
    assert Quarantined.objects.get().gid == poison.gid


@pytest.mark.row("REL-Q07")
def test_a_delivery_that_breaks_our_own_code_is_given_up_with_a_reason(connected, shop, monkeypatch):
    send(about(Order.objects.live().first()), secret=shop.webhook_secret)
    monkeypatch.setattr(inbox, "client_for", lambda store, purpose: 1 / 0)
    for _ in range(8):
        InboxMessage.objects.update(next_attempt_at=None)
        with pytest.raises(ZeroDivisionError):
            inbox.work_inbox_job(connected.pk)

    message = InboxMessage.objects.get()
    assert (message.state, message.attempts) == (InboxState.FAILED, 8)
    assert "fault of this software" in message.reason


@pytest.mark.row("REL-Q07")
def test_a_delivery_that_kills_its_worker_is_counted_and_given_up(connected, shop):
    send(about(Order.objects.live().first()), secret=shop.webhook_secret)
    InboxMessage.objects.update(attempts=8)

    inbox.work_inbox_job(connected.pk)

    assert InboxMessage.objects.get().state == InboxState.FAILED


def test_a_fault_of_ours_leaves_a_stream_free_and_says_so(connected, monkeypatch):
    monkeypatch.setattr(sync, "client_for", lambda store, purpose: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        sync.sync_job(connected.pk, "orders")

    stream = SyncStream.objects.get(resource="orders")
    assert (stream.error_code, stream.leased_until) == ("internal_error", None)


def test_a_pass_that_breaks_off_goes_on_at_its_cursor_not_at_a_second(connected, shop, monkeypatch):
    """More orders of one second than a job reads: a pass that began again at the second would never end."""
    stream = SyncStream.objects.get(resource="orders")
    stream.watermark = stream.watermark.replace(year=2020)
    SyncStream.objects.filter(pk=stream.pk).update(watermark=stream.watermark)
    monkeypatch.setattr(sync, "_JOB_SECONDS", -1)
    sync.sync_job(connected.pk, "orders")
    first = SyncStream.objects.get(pk=stream.pk)
    assert first.cursor != ""

    sync.sync_job(connected.pk, "orders")

    last = SyncStream.objects.get(pk=stream.pk)
    assert (last.cursor, last.window, last.position) == ("", None, None)
    assert last.watermark > first.watermark
