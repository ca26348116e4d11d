"""Webhooks get lost and come twice: without polling the proof names what differs, and with it nothing stays so."""

from __future__ import annotations

import pytest
from django_scopes import scopes_disabled

from stores.choices import Counted, ProofState
from stores.models import HourCount, InboxMessage, Store
from stores.rehearsal.process import RehearsalShop
from stores.services import sync
from tests.stores import lossy
from tests.stores.test_proof import prove

SHARE = 0.3


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


def changed_with_losses(store: Store, shop: RehearsalShop, settings, *, share: float) -> set[str]:
    """Every live order changes once, the shop loses and doubles that share of its webhooks, and what arrives is worked
    off. What differs then."""
    orders = lossy.live_orders(store)
    with lossy.subscribed(store, settings) as postbox:
        shop.faults("webhook_drop", probability=share)
        shop.faults("webhook_dup", probability=share)
        lossy.change(shop, orders, seed=7)
        shop.faults()
        assert postbox.deliver(shop) > len(orders) / 3
        lossy.work_off(store)
    assert InboxMessage.objects.filter(deliveries__gt=1).exists()
    return lossy.differing(store)


def counted(store: Store, name: Counted) -> int:
    return sum(HourCount.objects.filter(store=store, name=name).values_list("amount", flat=True))


@pytest.mark.row("REL-W06", "INV-C1")
def test_without_polling_the_proof_names_exactly_what_differs_and_repairs_it(connected, shop, settings):
    lost = changed_with_losses(connected, shop, settings, share=SHARE)
    assert lost

    found = prove(connected)

    assert {one["gid"] for one in found.details} == lost
    assert all(one["repaired"] for one in found.details)
    assert (found.state, found.repaired, found.remaining) == (ProofState.REPAIRED, len(lost), 0)
    assert lossy.differing(connected) == set()


@pytest.mark.row("REL-W06", "INV-C1")
def test_one_pass_of_polling_ends_every_difference_and_counts_it_as_healed(connected, shop, settings):
    before = counted(connected, Counted.HEALED_BY_POLLING)
    lost = changed_with_losses(connected, shop, settings, share=SHARE)
    assert lost

    lossy.one_pass(connected)

    assert lossy.differing(connected) == set()
    assert counted(connected, Counted.HEALED_BY_POLLING) - before == len(lost)


def test_a_pass_is_due_again_within_the_promise(connected, settings):
    """A change is shown when the pass that begins after it ends: the wait for that pass, a sweep, and the pass."""
    lossy.one_pass(connected)

    assert sync.due_streams() == [] or {stream.resource for stream in sync.due_streams()}.isdisjoint({"orders"})
    assert settings.SYNC_EVERY_SECONDS + settings.WORK_SWEEP_SECONDS + sync._JOB_SECONDS < 180


def test_a_deletion_that_nobody_announced_is_found_by_the_next_pass(connected, shop):
    gone, stays = lossy.live_orders(connected)[:2]
    shop.act("delete", order=gone)

    lossy.one_pass(connected)

    assert gone not in lossy.live_orders(connected)
    assert stays in lossy.live_orders(connected)
    assert lossy.differing(connected) == set()
