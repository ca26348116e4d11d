"""Five webhooks in a hundred lost and five doubled, in a shop of nine hundred orders; every live one changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django_scopes import scopes_disabled

from backoffice.core.actor import SYSTEM
from stores.choices import Counted, ProofState
from stores.models import Store
from stores.rehearsal.process import RehearsalShop
from stores.services.connect import connect_store
from tests.conftest_shops import DOMAIN, run_sync
from tests.stores import lossy
from tests.stores.test_lossy_webhooks import changed_with_losses, counted
from tests.stores.test_proof import prove

pytestmark = [pytest.mark.long, pytest.mark.timeout(900), pytest.mark.row("REL-W06", "INV-C1")]

ORDERS, SHARE = 900, 0.05


@pytest.fixture
def large_shop(settings) -> Iterator[RehearsalShop]:
    with RehearsalShop(orders=ORDERS, seed=23, plan="plus", domain=DOMAIN) as running:
        settings.REHEARSAL_SHOPS = {DOMAIN: running.base_url}
        yield running


@pytest.fixture
def mirrored(db: None, large_shop: RehearsalShop) -> Iterator[Store]:
    with scopes_disabled():
        store = connect_store(
            domain=DOMAIN, token=large_shop.token, webhook_secret=large_shop.webhook_secret, actor=SYSTEM
        )
        run_sync(store)
        store.refresh_from_db()
        yield store


def test_polling_off_the_proof_names_exactly_the_differing_orders_and_repairs_them(mirrored, large_shop, settings):
    lost = changed_with_losses(mirrored, large_shop, settings, share=SHARE)
    assert len(lost) > 5

    found = prove(mirrored)

    assert {one["gid"] for one in found.details} == lost
    assert (found.state, found.repaired, found.remaining) == (ProofState.REPAIRED, len(lost), 0)
    assert lossy.differing(mirrored) == set()


def test_polling_on_every_difference_is_gone_after_the_next_pass_and_counted_as_healed(mirrored, large_shop, settings):
    """The clock is shortened: a pass that is due once a minute is made at once."""
    lost = changed_with_losses(mirrored, large_shop, settings, share=SHARE)
    assert len(lost) > 5

    lossy.one_pass(mirrored)

    assert lossy.differing(mirrored) == set()
    assert counted(mirrored, Counted.HEALED_BY_POLLING) == len(lost)
