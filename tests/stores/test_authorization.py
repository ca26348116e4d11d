"""Connecting by way of the shop: who comes back is believed only with our state, the app's signature and in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django_scopes import scopes_disabled

from backoffice.core.actor import SYSTEM, Actor
from backoffice.core.clock import db_now
from backoffice.core.errors import BackofficeError, Invalid, NotAllowed, Refused
from backoffice.core.models import AuditEntry
from stores.choices import CredentialKind, StoreState
from stores.gateway import client_for
from stores.models import Credential, Merchant, PendingAuthorization, Store, SyncStream
from stores.rehearsal.process import RehearsalShop
from stores.services.authorization import begin_authorization, finish_authorization
from stores.services.connect import connect_store
from stores.services.credentials import sweep
from stores.shopify.oauth import query_hmac
from stores.shopify.reading import read_shop
from stores.shopify.throttle import Lane
from tests.builders.people import actor as actor_for
from tests.builders.people import make_administrator
from tests.conftest_shops import DOMAIN

CALLBACK = "http://127.0.0.1:8000/admin/stores/store/connect/callback/"
Parameters = dict[str, list[str]]


@pytest.fixture(autouse=True)
def _unscoped() -> Iterator[None]:
    with scopes_disabled():
        yield


def begin(shop: RehearsalShop, actor: Actor, **changes: object) -> str:
    given = {
        "domain": DOMAIN,
        "client_id": shop.client_id,
        "client_secret": shop.client_secret,
        "callback": CALLBACK,
        "actor": actor,
    }
    return begin_authorization(**(given | changes))


def let_in(address: str) -> Parameters:
    """What the owner comes back with after he let the app in."""
    answer = requests.get(address, allow_redirects=False, timeout=10)
    assert answer.status_code == 302
    back = urlsplit(answer.headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == CALLBACK
    return parse_qs(back.query, keep_blank_values=True)


def signed(parameters: Parameters, secret: str, **changes: str) -> Parameters:
    """The same with other values and a right signature over them: by somebody who knows the secret."""
    changed = {**parameters, **{name: [value] for name, value in changes.items()}}
    return {**changed, "hmac": [query_hmac(changed, secret)]}


def nothing_is_connected() -> bool:
    return not any(model._base_manager.exists() for model in (Store, Credential, SyncStream, AuditEntry))


@pytest.mark.row("FEAT-A8")
def test_the_owner_lets_the_app_in_and_the_shop_is_connected_for_good(db, shop, administrator_actor):
    merchant = Merchant.objects.create(name="Noord B.V.")
    address = begin(shop, administrator_actor, domain="rehearsal-test", merchant=merchant)
    assert shop.client_secret not in address

    store = finish_authorization(let_in(address), actor=administrator_actor)

    kept = Credential.objects.get(store=store)
    assert (store.domain, store.merchant, store.state) == (DOMAIN, merchant, StoreState.CONNECTED)
    assert (kept.kind, kept.client_id, kept.expires_at) == (
        CredentialKind.AUTHORIZATION_CODE, shop.client_id, None,
    )  # fmt: skip
    assert kept.signing_secret == shop.client_secret
    assert AuditEntry.objects.get().facts == {"way": "authorization_code"}
    assert not PendingAuthorization.objects.exists()
    assert read_shop(client_for(store), lane=Lane.INTERACTIVE).domain == DOMAIN


def _forgeries(secret: str) -> dict[str, tuple[Callable[[Parameters], Parameters], str]]:
    return {
        "another state": (lambda p: signed(p, secret, state="x" * 43), "authorization_unknown"),
        "no state": (lambda p: {k: v for k, v in p.items() if k != "state"}, "authorization_unknown"),
        "state twice": (lambda p: {**p, "state": p["state"] * 2}, "authorization_unknown"),
        "no signature": (lambda p: {k: v for k, v in p.items() if k != "hmac"}, "authorization_forged"),
        "signature of another app": (lambda p: signed(p, "another-secret"), "authorization_forged"),
        "another code under the old signature": (lambda p: {**p, "code": ["0" * 32]}, "authorization_forged"),
        "code twice": (lambda p: {**p, "code": p["code"] * 2}, "authorization_forged"),
        "something added": (lambda p: {**p, "more": ["1"]}, "authorization_forged"),
        "host before the domain": (lambda p: signed(p, secret, shop="evil.com/.myshopify.com"), "authorization_forged"),
        "host after the domain": (lambda p: signed(p, secret, shop=f"{DOMAIN}.evil.com"), "authorization_forged"),
        "line end after the domain": (lambda p: signed(p, secret, shop=f"{DOMAIN}\n"), "authorization_forged"),
        "another shop": (lambda p: signed(p, secret, shop="another.myshopify.com"), "authorization_forged"),
        "shop twice": (
            lambda p: signed({**p, "shop": [DOMAIN, "another.myshopify.com"]}, secret), "authorization_forged",
        ),
        "older than 90 seconds": (
            lambda p: signed(p, secret, timestamp=str(int(p["timestamp"][0]) - 95)), "authorization_old",
        ),
        "from a time to come": (
            lambda p: signed(p, secret, timestamp=str(int(p["timestamp"][0]) + 95)), "authorization_old",
        ),
        "no time": (lambda p: signed(p, secret, timestamp=""), "authorization_old"),
        "a code that the shop never gave": (lambda p: signed(p, secret, code="0" * 32), "invalid_code"),
    }  # fmt: skip


@pytest.mark.row("REL-X05")
@pytest.mark.parametrize("name", sorted(_forgeries("")))
def test_a_forged_return_connects_nothing(db, shop, administrator_actor, name):
    forge, code = _forgeries(shop.client_secret)[name]
    genuine = let_in(begin(shop, administrator_actor))

    with pytest.raises(BackofficeError) as refusal:
        finish_authorization(forge(genuine), actor=administrator_actor)

    assert refusal.value.code == code
    assert len(refusal.value.message) > 20
    assert nothing_is_connected()
    assert shop.state()["tokens_given"] == 0


@pytest.mark.row("REL-X05")
def test_a_state_serves_once_even_when_its_first_use_failed(db, shop, administrator_actor):
    genuine = let_in(begin(shop, administrator_actor))
    with pytest.raises(Refused):
        finish_authorization({**genuine, "hmac": ["0" * 64]}, actor=administrator_actor)

    with pytest.raises(Refused) as refusal:
        finish_authorization(genuine, actor=administrator_actor)

    assert refusal.value.code == "authorization_unknown"
    assert nothing_is_connected()


@pytest.mark.row("REL-X05")
def test_a_return_cannot_be_played_again(db, shop, administrator_actor):
    genuine = let_in(begin(shop, administrator_actor))
    finish_authorization(genuine, actor=administrator_actor)

    with pytest.raises(Refused) as refusal:
        finish_authorization(genuine, actor=administrator_actor)

    assert refusal.value.code == "authorization_unknown"
    assert (Store.objects.count(), shop.state()["tokens_given"]) == (1, 1)


@pytest.mark.row("REL-X05")
def test_a_state_belongs_to_the_person_who_began(db, shop, administrator_actor):
    genuine = let_in(begin(shop, administrator_actor))
    other = actor_for(make_administrator("other-administrator"))

    with pytest.raises(Refused) as refusal:
        finish_authorization(genuine, actor=other)
    assert refusal.value.code == "authorization_unknown"
    assert nothing_is_connected()

    assert finish_authorization(genuine, actor=administrator_actor).domain == DOMAIN


@pytest.mark.row("REL-X05")
def test_a_state_holds_for_ten_minutes(db, shop, administrator_actor):
    genuine = let_in(begin(shop, administrator_actor))
    row = PendingAuthorization.objects.get()
    assert timedelta(minutes=9, seconds=50) < row.expires_at - db_now() <= timedelta(minutes=10)
    PendingAuthorization.objects.update(expires_at=db_now() - timedelta(seconds=1))

    with pytest.raises(Refused) as refusal:
        finish_authorization(genuine, actor=administrator_actor)

    assert refusal.value.code == "authorization_unknown"
    assert nothing_is_connected()


def test_what_nobody_came_back_from_is_forgotten(db, shop, administrator_actor):
    begin(shop, administrator_actor)
    sweep()
    assert PendingAuthorization.objects.count() == 1
    PendingAuthorization.objects.update(expires_at=db_now() - timedelta(seconds=1))
    sweep()
    assert not PendingAuthorization.objects.exists()


@pytest.mark.row("REL-X05")
def test_a_shop_that_is_connected_already_stays_as_it_is(db, shop, administrator_actor):
    store = connect_store(domain=DOMAIN, token=shop.token, actor=SYSTEM)
    genuine = let_in(begin(shop, administrator_actor))

    with pytest.raises(Refused) as refusal:
        finish_authorization(genuine, actor=administrator_actor)

    assert refusal.value.code == "store_already_connected"
    assert (Store.objects.get(), Credential.objects.get().token) == (store, shop.token)
    assert Credential.objects.get().kind == CredentialKind.STATIC


def test_a_lost_answer_to_the_code_connects_nothing_and_says_to_begin_again(db, shop, administrator_actor):
    genuine = let_in(begin(shop, administrator_actor))
    shop.faults("apply_then_drop_reply", only="oauth")

    with pytest.raises(BackofficeError):
        finish_authorization(genuine, actor=administrator_actor)

    assert nothing_is_connected()
    again = let_in(begin(shop, administrator_actor))
    assert finish_authorization(again, actor=administrator_actor).domain == DOMAIN


def test_a_token_that_would_end_within_the_hour_is_refused(db, shop, administrator_actor, monkeypatch):
    from stores.services import authorization
    from stores.shopify.oauth_answers import Grant

    genuine = let_in(begin(shop, administrator_actor))
    grant = Grant("shpat_0123456789", frozenset({"read_orders"}), 3600)
    monkeypatch.setattr(authorization.oauth, "exchange_code", lambda *_, **__: grant)

    with pytest.raises(Refused) as refusal:
        finish_authorization(genuine, actor=administrator_actor)

    assert refusal.value.code == "token_expires"
    assert nothing_is_connected()


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"domain": "evil.com/.myshopify.com"}, "domain"),
        ({"domain": "a.myshopify.com.evil.com"}, "domain"),
        ({"client_id": ""}, "client_secret"),
        ({"client_secret": "two words"}, "client_secret"),
    ],
)
def test_wrong_input_begins_nothing(db, shop, administrator_actor, typed, field):
    with pytest.raises(Invalid) as refusal:
        begin(shop, administrator_actor, **typed)
    assert refusal.value.field == field
    assert not PendingAuthorization.objects.exists()


def test_only_administrators_begin_and_finish(db, shop, administrator_actor, agent_actor, manager_actor):
    genuine = let_in(begin(shop, administrator_actor))
    for actor in (agent_actor, manager_actor, SYSTEM):
        with pytest.raises(NotAllowed):
            begin(shop, actor)
    for actor in (agent_actor, manager_actor):
        with pytest.raises(NotAllowed):
            finish_authorization(genuine, actor=actor)
    assert not Store.objects.filter(domain=DOMAIN).exists()
    assert PendingAuthorization.objects.count() == 1
