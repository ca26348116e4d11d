"""A shop that does not answer costs the others nothing: who would wait for it is sent away at once."""

from __future__ import annotations

import pytest
from django_scopes import scopes_disabled

from orders.models import Order
from stores.budget import DatabaseBudget
from stores.choices import InboxState
from stores.models import InboxMessage, ShopBudget, SyncStream
from stores.services import inbox, sync
from stores.shopify.breaker import PAUSES_SECONDS, PROBE_SECONDS
from stores.shopify.errors import TryAgain
from stores.shopify.throttle import Lane, Reservation, ThrottleStatus
from tests.stores.webhooks_sent import about, send

FULL = ThrottleStatus(maximum=2000, available=2000, restore_rate=100)


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


def hang(budget: DatabaseBudget) -> Reservation:
    """One call that was left without an answer for 20 s."""
    taken = budget.acquire(10, lane=Lane.BACKGROUND)
    earlier = Reservation(taken.requested, taken.lane, taken.at - 20, taken.is_probe)
    budget.settle(earlier, None, spent=10)
    return earlier


def pause_is_over(store_id: int) -> None:
    ShopBudget.objects.filter(store_id=store_id).update(barred_until=0, probe_until=0)


@pytest.mark.row("REL-S16")
def test_after_a_hanging_call_all_are_sent_away_until_one_may_probe(store):
    budget = DatabaseBudget(store.pk)
    assert not hang(budget).is_probe

    for lane in Lane:
        with pytest.raises(TryAgain) as sent_away:
            budget.acquire(10, lane=lane)
        assert sent_away.value.code == "shop_silent"
        assert PAUSES_SECONDS[0] - 2 < sent_away.value.after_seconds <= PAUSES_SECONDS[0]

    pause_is_over(store.pk)
    assert budget.acquire(10, lane=Lane.BACKGROUND).is_probe
    with pytest.raises(TryAgain) as sent_away:
        budget.acquire(10, lane=Lane.INTERACTIVE)
    assert 0 < sent_away.value.after_seconds <= PROBE_SECONDS


def test_an_answer_to_the_probe_opens_the_shop_for_all(store):
    budget = DatabaseBudget(store.pk)
    hang(budget)
    pause_is_over(store.pk)

    budget.settle(budget.acquire(10, lane=Lane.BACKGROUND), FULL, spent=10)

    assert [budget.acquire(10, lane=Lane.INTERACTIVE).is_probe for _ in range(2)] == [False, False]


def test_one_shop_says_nothing_about_another(store, other_store):
    hang(DatabaseBudget(store.pk))

    assert not DatabaseBudget(other_store.pk).acquire(10, lane=Lane.BACKGROUND).is_probe


def test_the_work_of_a_silent_shop_returns_to_its_rows_without_a_call(connected, shop):
    hang(DatabaseBudget(connected.pk))
    send(about(Order.objects.live().first()), secret=shop.webhook_secret)

    inbox.work_inbox_job(connected.pk)
    sync.sync_job(connected.pk, "orders")

    message, stream = InboxMessage.objects.get(), SyncStream.objects.get(store=connected, resource="orders")
    assert (message.state, message.attempts) == (InboxState.PENDING, 0)
    assert stream.error_code == "shop_silent"
    assert ShopBudget.objects.get(store=connected).hung == 1
