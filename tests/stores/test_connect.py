"""Connecting a shop: a sentence that says what to do for everything that goes wrong, and nothing half connected."""

from __future__ import annotations

import pytest
from django_scopes import scopes_disabled

from backoffice.core.actor import SYSTEM, Actor
from backoffice.core.errors import BackofficeError, Invalid, NotAllowed, Refused, Unreachable
from backoffice.core.models import AuditEntry
from stores.models import Credential, Store, SyncStream
from stores.rehearsal.process import RehearsalShop
from stores.services.connect import connect_store, disconnect_store, pause_store, resume_store
from tests.conftest_shops import DOMAIN


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


def nothing_is_kept() -> bool:
    return not any(model._base_manager.exists() for model in (Store, Credential, SyncStream, AuditEntry))


def test_a_shop_is_connected_under_its_own_name_with_what_the_token_may_do(db, shop):
    store = connect_store(domain="rehearsal-test", token=shop.token, webhook_secret="s", actor=SYSTEM)

    assert (store.domain, store.currency, store.timezone) == (DOMAIN, "EUR", "Europe/Amsterdam")
    assert store.gid.startswith("gid://shopify/Shop/")
    assert "write_orders" in store.scopes
    assert sorted(SyncStream.objects.values_list("resource", flat=True)) == [
        "fulfillment_orders",
        "orders",
        "timelines",
    ]
    assert AuditEntry.objects.get().action == "store.connected"


def test_the_token_is_encrypted_in_the_database(db, shop):
    store = connect_store(domain=DOMAIN, token=shop.token, actor=SYSTEM)

    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT token FROM stores_credential WHERE store_id = %s", [store.pk])
        (kept,) = cursor.fetchone()
    assert shop.token not in kept
    assert store.credential.token == shop.token


@pytest.mark.parametrize(
    ("domain", "token", "error", "field"),
    [
        ("evil.com/.myshopify.com", "shpat_rehearsal", Invalid, "domain"),
        ("a.myshopify.com.evil.com", "shpat_rehearsal", Invalid, "domain"),
        ("", "shpat_rehearsal", Invalid, "domain"),
        (DOMAIN, "shpat_wrong_token", Invalid, "token"),
        (DOMAIN, "two words", Invalid, "token"),
        (DOMAIN, "", Invalid, "token"),
    ],
)
def test_wrong_input_names_its_field_and_keeps_nothing(db, shop, domain, token, error, field):
    with pytest.raises(error) as caught:
        connect_store(domain=domain, token=token, actor=SYSTEM)

    assert caught.value.field == field
    assert len(caught.value.message) > 20
    assert nothing_is_kept()


def test_a_token_without_read_orders_is_refused_with_the_scope_to_add(db, settings):
    with RehearsalShop(orders=5, seed=1, domain=DOMAIN, scopes="read_products") as shop:
        settings.REHEARSAL_SHOPS = {DOMAIN: shop.base_url}
        with pytest.raises(Refused, match="read_orders") as caught:
            connect_store(domain=DOMAIN, token=shop.token, actor=SYSTEM)

    assert caught.value.code == "missing_scope"
    assert nothing_is_kept()


def test_a_shop_that_is_down_is_said_to_be_unreachable(db, settings):
    settings.REHEARSAL_SHOPS = {DOMAIN: "http://127.0.0.1:9"}

    with pytest.raises(Unreachable) as caught:
        connect_store(domain=DOMAIN, token="shpat_rehearsal", actor=SYSTEM)

    assert caught.value.code == "unreachable"
    assert nothing_is_kept()


def test_a_garbage_answer_keeps_nothing(db, shop):
    shop.faults("html", times=None)

    with pytest.raises(BackofficeError) as caught:
        connect_store(domain=DOMAIN, token=shop.token, actor=SYSTEM)

    assert caught.value.code
    assert nothing_is_kept()


def test_the_same_shop_twice_is_refused_and_a_disconnected_one_comes_back(db, shop):
    store = connect_store(domain=DOMAIN, token=shop.token, actor=SYSTEM)
    with pytest.raises(Refused) as caught:
        connect_store(domain=f"https://admin.shopify.com/store/{store.handle}", token=shop.token, actor=SYSTEM)
    assert (caught.value.code, caught.value.field) == ("store_already_connected", "domain")

    disconnect_store(store, actor=SYSTEM)
    assert not Credential.objects.exists()
    again = connect_store(domain=DOMAIN, token=shop.token, actor=SYSTEM)

    assert again.pk == store.pk
    assert Store.objects.count() == 1
    assert Credential.objects.get().token == shop.token


def test_only_administrators_connect_and_pause(db, shop, store, agent_actor: Actor, manager_actor: Actor):
    for actor in (agent_actor, manager_actor):
        with pytest.raises(NotAllowed):
            connect_store(domain=DOMAIN, token=shop.token, actor=actor)
        with pytest.raises(NotAllowed):
            pause_store(store, actor=actor)


def test_a_paused_store_is_left_alone_until_it_is_resumed(db, shop):
    from stores.services import sync

    store = connect_store(domain=DOMAIN, token=shop.token, actor=SYSTEM)
    pause_store(store, actor=SYSTEM)
    sync.sync_job(store.pk, "orders")
    assert SyncStream.objects.get(resource="orders").attempts == 0
    assert sync.due_streams() == []

    resume_store(store, actor=SYSTEM)
    assert [stream.resource for stream in sync.due_streams()] == ["fulfillment_orders", "orders", "timelines"]
