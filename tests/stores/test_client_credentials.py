"""Stores that are connected with client id and secret: tokens are minted in time, once, and whatever gets lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django_q.models import OrmQ
from django_scopes import scopes_disabled

from backoffice.core.actor import SYSTEM
from backoffice.core.clock import db_now
from backoffice.core.errors import Invalid, NotAllowed, Refused, Unreachable
from backoffice.core.models import AuditEntry
from orders.models import Order
from stores import tokens
from stores.choices import CredentialKind, StoreState, SyncPhase
from stores.gateway import base_url_of, client_for
from stores.models import Credential, Store, SyncStream
from stores.rehearsal.process import RehearsalShop
from stores.services import facts, sync
from stores.services.connect import connect_with_client_credentials, resume_store
from stores.shopify.errors import NeedsPerson, TryAgain
from stores.shopify.reading import read_shop
from stores.shopify.throttle import Lane
from tests.conftest_shops import DOMAIN, run_sync


@pytest.fixture(autouse=True)
def _unscoped() -> Iterator[None]:
    with scopes_disabled():
        yield


def connect(shop: RehearsalShop, **changes: object) -> Store:
    given = {"domain": DOMAIN, "client_id": shop.client_id, "client_secret": shop.client_secret, "actor": SYSTEM}
    return connect_with_client_credentials(**(given | changes))


def token_ends_in(store: Store, **left: float) -> str:
    Credential.objects.filter(store=store).update(expires_at=db_now() + timedelta(**left))
    return Credential.objects.get(store=store).token


def source_of(store: Store) -> tokens.TokenSource:
    return tokens.token_source(store, base_url=base_url_of(store.domain))


def given(shop: RehearsalShop) -> int:
    return int(shop.state()["tokens_given"])


@pytest.mark.row("FEAT-A8")
def test_a_store_is_connected_with_id_and_secret_alone(db, shop):
    store = connect(shop, domain="https://admin.shopify.com/store/rehearsal-test")

    kept = Credential.objects.get(store=store)
    assert (store.domain, kept.kind) == (DOMAIN, CredentialKind.CLIENT_CREDENTIALS)
    assert kept.token.startswith("shpat_")
    assert kept.token != shop.token
    assert timedelta(hours=23) < kept.expires_at - db_now() < timedelta(hours=24)
    assert kept.signing_secret == shop.client_secret
    assert AuditEntry.objects.get().facts == {"way": "client_credentials"}
    sync.sync_job(store.pk, "orders")
    assert SyncStream.objects.get(resource="orders").loaded == 60
    assert given(shop) == 1


@pytest.mark.parametrize(
    ("owner", "typed", "code", "field"),
    [
        ({}, {"client_secret": "another-secret"}, "invalid_client", "client_secret"),
        ({}, {"client_id": "another-app"}, "invalid_client", "client_secret"),
        ({}, {"client_secret": "two words"}, "invalid_client", "client_secret"),
        ({}, {"client_secret": ""}, "invalid_client", "client_secret"),
        ({}, {"domain": "a.myshopify.com.evil.com"}, "bad_domain", "domain"),
        ({"installed": False}, {}, "app_not_installed", "client_secret"),
        ({"permitted": False}, {}, "shop_not_permitted", "client_secret"),
    ],
)
def test_what_does_not_work_is_said_at_its_field_and_keeps_nothing(db, shop, owner, typed, code, field):
    shop.oauth(**owner)

    with pytest.raises(Invalid) as refusal:
        connect(shop, **typed)

    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert not any(model._base_manager.exists() for model in (Store, Credential, SyncStream, AuditEntry))


def test_a_shop_that_does_not_answer_is_unreachable_and_one_without_read_orders_refused(db, shop, settings):
    shop.faults("status", status=503, only="oauth")
    with pytest.raises(Unreachable):
        connect(shop)
    with RehearsalShop(orders=5, domain=DOMAIN, scopes="read_products") as other:
        settings.REHEARSAL_SHOPS = {DOMAIN: other.base_url}
        with pytest.raises(Refused) as refusal:
            connect(other)
    assert (refusal.value.code, refusal.value.field) == ("missing_scope", "client_secret")
    assert not Store._base_manager.exists()


def test_only_administrators_connect(db, shop, agent_actor, manager_actor):
    for actor in (agent_actor, manager_actor):
        with pytest.raises(NotAllowed):
            connect(shop, actor=actor)
    assert given(shop) == 0


def test_a_token_serves_until_five_minutes_before_its_end(db, shop):
    store = connect(shop)
    old = token_ends_in(store, minutes=5, seconds=20)
    assert source_of(store)() == old

    token_ends_in(store, minutes=4, seconds=59)
    new = source_of(store)()

    assert new != old
    assert Credential.objects.get().token == new
    assert given(shop) == 2


def test_one_job_asks_the_row_once_for_all_its_calls(db, shop, django_assert_num_queries):
    source = source_of(connect(shop))
    source()
    with django_assert_num_queries(0):
        assert source() == source()


@pytest.mark.row("REL-S10")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("left", [{"minutes": 1}, {"seconds": -1}], ids=["in time", "too late"])
def test_workers_that_need_a_token_at_once_mint_one(shop, left):
    store = connect(shop)
    token_ends_in(store, **left)
    shop.faults("latency", seconds=0.4, only="oauth", times=None)
    start, got, failed = threading.Barrier(6), [], []

    def work() -> None:
        try:
            source = source_of(store)
            start.wait(10)
            got.append(source())
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)

    assert failed == []
    assert len(got) == 6
    assert given(shop) == 2
    row = Credential.objects.get()
    assert row.token in got
    assert row.leased_until is None


@pytest.mark.row("REL-S10")
def test_a_lost_answer_is_asked_for_again(db, shop):
    store = connect(shop)
    old = token_ends_in(store, seconds=-1)
    shop.faults("apply_then_drop_reply", only="oauth")

    new = source_of(store)()

    assert new != old
    assert given(shop) == 3
    assert read_shop(client_for(store), lane=Lane.INTERACTIVE).domain == DOMAIN


@pytest.mark.row("REL-S10")
def test_while_shopify_cannot_answer_the_old_token_goes_on_to_its_end(db, shop):
    store = connect(shop)
    old = token_ends_in(store, minutes=4)
    shop.faults("status", status=503, only="oauth", times=None)

    assert source_of(store)() == old
    token_ends_in(store, seconds=-1)
    with pytest.raises(TryAgain) as refusal:
        source_of(store)()

    assert refusal.value.code == "shop_unavailable"
    assert Credential.objects.get().leased_until is None
    shop.faults()
    assert source_of(store)() != old


@pytest.mark.row("REL-S10")
def test_a_worker_that_died_while_it_minted_is_replaced_when_its_lease_ends(db, shop, monkeypatch):
    store = connect(shop)
    token_ends_in(store, seconds=-1)
    row = Credential.objects.filter(store=store)
    row.update(claim=7, leased_until=db_now() + timedelta(seconds=30))
    monkeypatch.setattr(tokens, "_WAIT_SECONDS", 0.3)
    with pytest.raises(TryAgain) as refusal:
        source_of(store)()
    assert (refusal.value.code, given(shop)) == ("token_busy", 1)

    row.update(leased_until=db_now() - timedelta(seconds=1))
    assert source_of(store)() == row.get().token
    assert given(shop) == 2


def test_an_answer_for_an_access_that_was_replaced_meanwhile_is_not_kept(db, shop, monkeypatch):
    store = connect(shop)
    token_ends_in(store, seconds=-1)
    mint = tokens.oauth.mint

    def replaced_meanwhile(*args: object, **options: object) -> object:
        row = Credential.objects.get(store=store)
        if row.token != "shpat_replacement":
            Credential.objects.filter(store=store).update(
                token="shpat_replacement",
                claim=row.claim + 1,
                leased_until=None,
                expires_at=db_now() + timedelta(days=1),
            )
        return mint(*args, **options)

    monkeypatch.setattr(tokens.oauth, "mint", replaced_meanwhile)

    assert source_of(store)() == "shpat_replacement"
    assert Credential.objects.get().token == "shpat_replacement"


def test_when_minting_fails_it_is_kept_why_until_it_succeeds(db, shop):
    store = connect(shop)
    connected = Credential.objects.get()
    assert (connected.minted_at is not None, connected.error_at, connected.error_code) == (True, None, "")
    token_ends_in(store, minutes=2)
    shop.faults("status", status=503, only="oauth", times=None)
    source_of(store)()

    failed = Credential.objects.get()
    assert (failed.error_at is not None, failed.minted_at) == (True, connected.minted_at)
    assert (failed.error_code, bool(failed.error_message)) == ("shop_unavailable", True)

    shop.faults()
    source_of(store)()

    again = Credential.objects.get()
    assert (again.error_at, again.error_code, again.error_message) == (None, "", "")
    assert again.minted_at > connected.minted_at


@pytest.mark.row("FEAT-A8")
def test_a_token_that_ends_in_the_middle_of_a_run_is_replaced_without_a_word(db, shop):
    store = connect(shop)
    client = client_for(store)
    read_shop(client, lane=Lane.BACKGROUND)
    shop.oauth(expire=True)

    assert read_shop(client, lane=Lane.BACKGROUND).domain == DOMAIN
    sync.sync_job(store.pk, "orders")

    store.refresh_from_db()
    assert (store.state, given(shop)) == (StoreState.CONNECTED, 2)
    assert SyncStream.objects.get(resource="orders").loaded == 60


def test_tokens_end_by_the_shops_clock(db, settings):
    """A day of the shop passes in about nine seconds; ours is not told."""
    with RehearsalShop(orders=5, domain=DOMAIN, clock_scale=10_000) as fast:
        settings.REHEARSAL_SHOPS = {DOMAIN: fast.base_url}
        store = connect(fast)
        client = client_for(store)
        before = Credential.objects.get().token
        started = fast.state()["now"]
        waiting = threading.Event()
        while fast.state()["now"] < started + 86_400:
            waiting.wait(0.2)
        read_shop(client, lane=Lane.BACKGROUND)

        assert Credential.objects.get().token != before
        assert given(fast) == 2


def test_a_fresh_token_that_is_refused_sets_the_store_aside_until_somebody_acts(db, shop):
    store = connect(shop)
    shop.faults("token_revoked")

    sync.sync_job(store.pk, "orders")

    store.refresh_from_db()
    assert (store.state, store.state_code) == (StoreState.NEEDS_ATTENTION, "fresh_token_refused")
    assert "still installed" in store.state_message
    assert given(shop) == 2

    shop.faults()
    resume_store(store, actor=SYSTEM)
    sync.sync_job(store.pk, "orders")
    store.refresh_from_db()
    assert (store.state, SyncStream.objects.get(resource="orders").loaded) == (StoreState.CONNECTED, 60)


def test_an_app_that_was_removed_sets_the_store_aside_with_what_to_do(db, shop):
    store = connect(shop)
    shop.oauth(expire=True, installed=False)

    sync.sync_job(store.pk, "orders")

    store.refresh_from_db()
    assert (store.state, store.state_code) == (StoreState.NEEDS_ATTENTION, "app_not_installed")
    assert "Install app" in store.state_message


def test_a_pasted_token_is_not_asked_for_twice(db, shop):
    from stores.services.connect import connect_store

    store = connect_store(domain=DOMAIN, token=shop.token, actor=SYSTEM)
    shop.faults("token_revoked")
    with pytest.raises(NeedsPerson) as refusal:
        read_shop(client_for(store), lane=Lane.BACKGROUND)
    assert (refusal.value.code, given(shop)) == ("bad_token", 0)


def test_a_store_whose_access_was_forgotten_asks_for_a_person(db, shop):
    store = connect(shop)
    source = source_of(store)
    Credential.objects.all().delete()
    for ask in (source, lambda: source.renewed("x"), lambda: source_of(store)):
        with pytest.raises(NeedsPerson):
            ask()


def test_webhooks_are_subscribed_where_the_secret_that_signs_them_is_known(db, shop, settings):
    from stores.services.connect import connect_store, disconnect_store
    from stores.services.webhooks import subscribe_job

    settings.WEBHOOK_URL = "http://127.0.0.1:9"
    store = connect_store(domain=DOMAIN, token=shop.token, actor=SYSTEM)
    subscribe_job(store.pk)
    assert shop.state()["subscriptions"] == 0

    disconnect_store(store, actor=SYSTEM)
    subscribe_job(connect(shop).pk)
    assert shop.state()["subscriptions"] > 0


@pytest.mark.row("FEAT-B1")
def test_scopes_that_a_new_token_lacks_are_off_at_once(db, shop):
    store = connect(shop)
    before = list(store.scopes)
    shop.oauth(scopes=[scope for scope in before if scope != "write_orders"] + ["read_products"])
    token_ends_in(store, minutes=1)
    OrmQ.objects.all().delete()

    source_of(store)()

    store.refresh_from_db()
    assert store.scopes == [scope for scope in before if scope != "write_orders"]
    assert not store.has_scope("write_orders")
    assert OrmQ.objects.count() == 1
    facts.look_job(store.pk)
    store.refresh_from_db()
    assert store.has_scope("read_orders")
    assert not store.has_scope("write_orders")


@pytest.mark.row("FEAT-B1")
def test_scopes_that_a_new_token_gained_have_everything_read_once_more(db, shop):
    few = ["write_orders"]
    shop.oauth(scopes=few)
    store = connect(shop)
    run_sync(store)
    assert Order.objects.exclude(customer=None).count() == 0
    shop.oauth(scopes=[*few, "read_customers"])
    token_ends_in(store, minutes=1)

    source_of(store)()
    store.refresh_from_db()
    # Seen at the token, taken from the shop itself.
    assert store.scopes == few
    facts.look_job(store.pk)

    store.refresh_from_db()
    assert store.scopes == ["read_customers", "write_orders"]
    assert SyncStream.objects.get(store=store, resource="orders").phase == SyncPhase.FIRST_LOAD
    run_sync(store)
    assert Order.objects.exclude(customer=None).count() > 0


def test_a_new_token_with_the_same_scopes_changes_nothing(db, shop):
    store = connect(shop)
    # The answer names write_x alone where the shop lists both.
    Store.objects.filter(pk=store.pk).update(scopes=sorted({*store.scopes, "read_orders", "read_order_edits"}))
    OrmQ.objects.all().delete()
    token_ends_in(store, minutes=1)

    source_of(store)()

    assert "read_order_edits" in Store.objects.get(pk=store.pk).scopes
    assert OrmQ.objects.count() == 0
