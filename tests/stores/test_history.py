"""From which day on the mirror is whole: kept from what the shop showed, not counted back from today."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from django_scopes import scopes_disabled

from backoffice.core.actor import SYSTEM
from backoffice.core.clock import db_now
from orders.models import Order
from orders.resources import OrdersResource
from stores.models import Store
from stores.rehearsal.process import RehearsalShop
from stores.services import facts
from stores.services.connect import connect_store
from stores.services.history import first_whole_day, horizon_of, note_loaded, note_pause
from tests.builders.orders import ALL_SCOPES, make_order
from tests.conftest_shops import DOMAIN, run_sync

SCOPES = ["read_orders", "write_orders", "read_customers"]
AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _unscoped() -> Iterator[None]:
    with scopes_disabled():
        yield


@pytest.fixture
def limited(store: Store) -> Store:
    Store.objects.filter(pk=store.pk).update(scopes=SCOPES)
    store.refresh_from_db()
    return store


def loaded(store: Store, at: datetime, *, for_the_first_time: bool = True) -> date | None:
    note_loaded(store, OrdersResource(), at=at, for_the_first_time=for_the_first_time)
    return horizon_of(Store.objects.get(pk=store.pk))


def test_the_first_whole_day_is_the_shops_own():
    assert first_whole_day(AT, "Europe/Amsterdam") == date(2026, 9, 24)
    # 00:30 of the day after, in Auckland.
    assert first_whole_day(datetime(2026, 11, 22, 11, 30, tzinfo=UTC), "Pacific/Auckland") == date(2026, 9, 24)


@pytest.mark.row("FEAT-C22")
def test_the_day_stays_where_it_was_as_time_goes_on(limited: Store):
    assert loaded(limited, AT) == date(2026, 9, 24)

    note_pause(limited, since=AT, until=AT + timedelta(days=58))
    assert loaded(limited, AT + timedelta(days=200), for_the_first_time=False) == date(2026, 9, 24)


@pytest.mark.row("FEAT-C22")
def test_a_pause_longer_than_shopify_shows_leaves_a_gap(limited: Store):
    loaded(limited, AT)

    note_pause(limited, since=AT, until=AT + timedelta(days=90))

    assert horizon_of(limited) == date(2026, 12, 23)


def test_a_token_that_sees_older_orders_sees_all(limited: Store):
    make_order(limited, created_at=AT - timedelta(days=300))

    assert loaded(limited, AT) is None


def test_what_is_whole_stays_whole_when_the_scope_is_taken_away(store: Store):
    assert loaded(store, AT) is None
    Store.objects.filter(pk=store.pk).update(scopes=[scope for scope in ALL_SCOPES if scope != "read_all_orders"])
    store.refresh_from_db()

    note_pause(store, since=AT, until=AT + timedelta(days=30))
    assert loaded(store, AT + timedelta(days=30), for_the_first_time=False) is None


@pytest.mark.row("FEAT-C22")
def test_a_shop_without_read_all_orders_is_whole_from_a_day_and_from_its_beginning_when_it_is_granted(
    db: None, settings
):
    with RehearsalShop(orders=60, seed=11, plan="plus", domain=DOMAIN, scopes=SCOPES) as shop:
        settings.REHEARSAL_SHOPS = {DOMAIN: shop.base_url}
        store = connect_store(domain=DOMAIN, token=shop.token, actor=SYSTEM)
        day = first_whole_day(db_now(), store.timezone)
        assert horizon_of(store) == day
        run_sync(store)
        store.refresh_from_db()
        seen = OrdersResource().evidence.days_here(store, created_from=None, created_to=db_now())
        assert (horizon_of(store), min(seen) >= day - timedelta(days=1)) == (day, True)

        shop.oauth(scopes=[*SCOPES, "read_all_orders"])
        facts.look_job(store.pk)
        store.refresh_from_db()
        assert horizon_of(store) == day
        run_sync(store)

    store.refresh_from_db()
    assert horizon_of(store) is None
    assert (sum(seen.values()), Order.objects.filter(store=store).count()) == (41, 60)
