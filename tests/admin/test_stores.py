"""Stores for staff: the list, the state of a mirror, connecting. The secrets of a store appear nowhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_scopes import scopes_disabled

from backoffice.core.errors import Invalid, Refused, Unreachable
from stores.admin import connect_page
from stores.choices import StoreState, SyncPhase
from stores.models import Merchant, Quarantined, Store, SyncStream
from tests.admin.conftest import text_of
from tests.builders.orders import make_order, make_store

pytestmark = pytest.mark.django_db
LIST = "/admin/stores/store/"
CONNECT = f"{LIST}connect/"
SECRET = "shpat_canary_0123456789"


def stream(store: Store, **fields) -> SyncStream:
    with scopes_disabled():
        return SyncStream.objects.create(store=store, resource="orders", **fields)


def test_a_store_is_listed_with_its_state_its_lag_and_what_is_left_to_do(agents_browser, store, other_store):
    make_order(store)
    stream(store, phase=SyncPhase.FOLLOWING, true_as_of=timezone.now() - timedelta(minutes=7, seconds=5))
    page = text_of(agents_browser.get(LIST))
    for words in ("North", store.domain, "Connected", "as of: 7 min"):
        assert words in page, words
    assert f'href="/admin/orders/order/?stage=to_fulfil&store={store.pk}"' in page
    assert other_store.domain not in page


def test_a_first_load_shows_how_far_it_is(agents_browser, store):
    stream(store, phase=SyncPhase.FIRST_LOAD, loaded=250, expected=1000)
    assert "first load 25 %" in text_of(agents_browser.get(LIST))
    page = text_of(agents_browser.get(f"{LIST}{store.pk}/"))
    assert "250 loaded" in page
    assert "of about 1,000" in page
    assert 'value="0.250"' in page


def test_thirty_stores_cost_as_many_queries_as_three(admins_browser, store):
    def cost() -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert admins_browser.get(LIST).status_code == 200
        return len(queries)

    make_store(), make_store()
    few = cost()
    for _ in range(27):
        make_store()
    assert cost() == few


def test_the_page_of_a_store_says_what_is_wrong_and_what_was_set_aside(agents_browser, store):
    with scopes_disabled():
        Store.objects.filter(pk=store.pk).update(
            state=StoreState.NEEDS_ATTENTION, state_message="The token no longer works.", scopes=["read_orders"]
        )
        Quarantined.objects.create(store=store, resource="orders", gid="gid://shopify/Order/9", reason="Too long")
    stream(store, phase=SyncPhase.FOLLOWING, error_message="The shop answered with nonsense.")
    page = text_of(agents_browser.get(f"{LIST}{store.pk}/"))
    for words in (
        "Needs attention",
        "The token no longer works.",
        "The shop answered with nonsense.",
        'quarantine/">1</a>',
        "Missing scopes",
        "write_orders",
    ):
        assert words in page, words


def test_the_part_that_renews_itself_is_a_part(agents_browser, store):
    part = text_of(agents_browser.get(f"{LIST}{store.pk}/", {"part": "1"}))
    assert "mirror-title" in part
    assert "<html" not in part


@pytest.mark.row("REL-T01")
def test_a_foreign_store_and_a_missing_one_are_the_same_404(agents_browser, other_store):
    for url in (f"{LIST}{other_store.pk}/", f"{LIST}999999/"):
        assert agents_browser.get(url).status_code == 404
        assert agents_browser.post(f"{url}switch/pause/").status_code == 404


@pytest.mark.row("REL-T12")
def test_a_secret_is_on_no_page(admins_browser, store):
    store = make_store("Secretive", token=SECRET)
    for url in (LIST, f"{LIST}{store.pk}/", f"{LIST}{store.pk}/connect/", CONNECT, "/admin/"):
        page = text_of(admins_browser.get(url))
        assert SECRET not in page
        assert "builder-secret" not in page


class TestConnecting:
    @pytest.fixture
    def service(self, monkeypatch, store):
        """What the form asks of the service, and what the service answers."""
        asked: list[dict] = []
        answer: list[object] = [store]

        def connect_store(**given):
            asked.append(given)
            if isinstance(answer[0], Exception):
                raise answer[0]
            return answer[0]

        monkeypatch.setattr(connect_page, "connect_store", connect_store)
        return asked, answer

    def test_what_is_typed_reaches_the_service(self, admins_browser, service, store):
        merchant = Merchant.objects.create(name="Agency's friend")
        given = {"domain": "my-shop", "token": SECRET, "webhook_secret": "hush", "merchant": merchant.pk}
        response = admins_browser.post(CONNECT, given)
        ((asked), _) = service
        assert response["Location"] == f"{LIST}{store.pk}/"
        assert len(asked) == 1
        assert (asked[0]["domain"], asked[0]["token"], asked[0]["webhook_secret"]) == ("my-shop", SECRET, "hush")
        assert asked[0]["merchant"] == merchant
        assert asked[0]["actor"].is_administrator

    @pytest.mark.parametrize(
        ("error", "mark"),
        [
            (Invalid("bad_token", "The token is wrong.", field="token"), 'id="token-error" role="alert">The token'),
            (Unreachable("away", "The shop is away.", field="domain"), 'id="domain-error" role="alert">The shop'),
            (Refused("known", "Connected already.", field="domain"), 'id="domain-error" role="alert">Connected'),
            (Refused("odd", "Something else."), 'role="alert">Something else.'),
        ],
    )
    def test_every_refusal_stands_at_its_field_and_the_token_comes_not_back(self, admins_browser, service, error, mark):
        service[1][0] = error
        response = admins_browser.post(CONNECT, {"domain": "my-shop", "token": SECRET, "webhook_secret": "hush-hush"})
        page = text_of(response)
        assert response.status_code == 400
        assert mark in page
        assert 'value="my-shop"' in page
        assert SECRET not in page
        assert "hush-hush" not in page

    def test_an_empty_form_asks_no_shop(self, admins_browser, service):
        assert "Give the shop's address" in text_of(admins_browser.post(CONNECT, {"domain": " ", "token": SECRET}))
        assert "Paste the Admin API access token" in text_of(admins_browser.post(CONNECT, {"domain": "x", "token": ""}))
        assert service[0] == []

    def test_a_store_is_connected_again_under_its_own_address_alone(self, admins_browser, service, store):
        admins_browser.post(f"{LIST}{store.pk}/connect/", {"domain": "another.myshopify.com", "token": SECRET})
        assert [asked["domain"] for asked in service[0]] == [store.domain]

    def test_only_administrators_connect(self, signed_in, manager, service, store):
        browser = signed_in(manager)
        for url in (CONNECT, f"{LIST}{store.pk}/connect/"):
            assert browser.get(url).status_code == 403
            assert browser.post(url, {"domain": "x", "token": SECRET}).status_code == 403
        assert service[0] == []
        assert "Connect a store" not in text_of(browser.get(LIST))


def test_an_administrator_pauses_resumes_and_disconnects(admins_browser, store):
    states = []
    for what in ("pause", "resume", "disconnect"):
        response = admins_browser.post(f"{LIST}{store.pk}/switch/{what}/")
        assert response["Location"] == f"{LIST}{store.pk}/"
        with scopes_disabled():
            states.append(Store.objects.get(pk=store.pk).state)
    assert states == [StoreState.PAUSED, StoreState.CONNECTED, StoreState.DISCONNECTED]


def test_nobody_else_switches_a_store_and_no_link_does(signed_in, manager, admins_browser, store):
    assert signed_in(manager).post(f"{LIST}{store.pk}/switch/pause/").status_code == 403
    assert admins_browser.get(f"{LIST}{store.pk}/switch/pause/").status_code == 405
    assert admins_browser.post(f"{LIST}{store.pk}/switch/explode/").status_code == 404
    with scopes_disabled():
        assert Store.objects.get(pk=store.pk).state == StoreState.CONNECTED
