"""Who may use the API: tokens and what they hold, sessions with CSRF, and the share of requests."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from django_scopes import scopes_disabled

from backoffice.core.actor import Role
from backoffice.core.api.views import ApiView
from backoffice.core.models import AuditEntry, IdempotencyRecord, RequestWindow
from orders.models import Comment, RemoteChange
from stores.models import ApiToken, Store
from stores.services.access import actor_of, create_token
from tests.api.conftest import MakeClient
from tests.builders.orders import make_order

URL = "/api/v1/orders/"


def bearing(secret: str) -> Client:
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture
def secret(agent: User) -> str:
    with scopes_disabled():
        return create_token(
            agent, name="t", role=Role.AGENT, scopes=["orders:read", "orders:write"], actor=actor_of(agent)
        ).secret


@pytest.mark.row("REL-P04")
def test_only_the_whole_right_token_passes(secret: str, store: Store):
    make_order(store)
    assert bearing(secret).get(URL).status_code == 200
    wrong = [
        secret[:-1],
        secret[:-1] + ("a" if secret[-1] != "a" else "b"),
        secret.split("_", 2)[2],
        "",
        "bo__",
        "bo_x",
    ]
    for presented in (*wrong, secret + "x", secret.upper(), f"{secret}\x00"):
        answer = bearing(presented).get(URL)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid"), presented
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.row("REL-P04")
def test_revoked_expired_and_closed_accounts_end_at_the_next_request(secret: str, agent: User):
    client = bearing(secret)
    assert client.get(URL).status_code == 200
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    assert client.get(URL).status_code == 401
    ApiToken.objects.update(expires_at=None, revoked_at=timezone.now())
    assert client.get(URL).status_code == 401
    ApiToken.objects.update(revoked_at=None)
    User.objects.filter(pk=agent.pk).update(is_active=False)
    assert client.get(URL).status_code == 401


@pytest.mark.row("REL-P04")
def test_a_token_in_the_address_is_no_token(secret: str):
    for name in ("token", "access_token", "authorization"):
        assert Client().get(URL, {name: secret}).status_code == 401


def test_another_scheme_is_told_what_to_send(db: None):
    answer = Client(headers={"Authorization": "Basic YTpi"}).get(URL)
    assert (answer.status_code, answer.json()["code"]) == (401, "scheme_unknown")


@pytest.mark.row("REL-P04")
def test_a_reading_token_writes_nothing(agent: User, store: Store, client_with: MakeClient):
    order = make_order(store)
    reader = client_with(agent, scopes=["orders:read"])
    writes = [
        ("post", f"{URL}{order.pk}/archive/", {}),
        ("post", f"{URL}{order.pk}/tags/", {"tags": ["a"]}),
        ("post", f"{URL}{order.pk}/comments/", {"body": "a"}),
        ("post", f"{URL}actions/archive/", {"ids": [order.pk]}),
        ("delete", f"{URL}{order.pk}/tags/?tag=a", None),
    ]
    for method, url, body in writes:
        answer = getattr(reader, method)(url, body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing"), url
    assert not RemoteChange._base_manager.exists()
    assert not Comment._base_manager.exists()
    assert reader.get("/api/v1/stores/").status_code == 403


def test_a_viewer_may_not_act_whatever_his_token_says(viewer: User, store: Store, client_with: MakeClient):
    order = make_order(store)
    client = client_with(viewer, role=Role.MANAGER)
    for url, body in (
        (f"{URL}{order.pk}/archive/", {}),
        (f"{URL}{order.pk}/comments/", {"body": "a"}),
        (f"{URL}actions/archive/", {"ids": [order.pk]}),
    ):
        answer = client.post(url, body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), url
    assert not RemoteChange._base_manager.exists()


def test_nobody_is_asked_to_sign_in(db: None):
    answer = Client().get(URL)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


@pytest.mark.row("REL-P10")
def test_a_session_reads_but_writes_with_the_csrf_token_only(browser: Client, store: Store):
    order = make_order(store)
    assert browser.get(URL).status_code == 200
    url = f"{URL}{order.pk}/comments/"
    refused = browser.post(url, {"body": "forged"}, content_type="application/json")
    assert refused.status_code == 403
    assert not Comment._base_manager.exists()
    browser.get("/admin/")
    token = browser.cookies["csrftoken"].value
    allowed = browser.post(url, {"body": "own"}, content_type="application/json", headers={"X-CSRFToken": token})
    assert allowed.status_code == 201


@pytest.mark.row("REL-P10")
def test_a_bearer_that_does_not_hold_is_not_saved_by_a_session(browser: Client):
    assert browser.get(URL, headers={"Authorization": "Bearer bo_x_y"}).status_code == 401


@pytest.mark.row("REL-P07")
@override_settings(API_REQUESTS_PER_MINUTE=5)
def test_the_share_of_an_account_is_one_for_all_its_tokens(agent: User, viewer: User, client_with: MakeClient):
    clients = [client_with(agent), client_with(agent)]
    codes = [clients[n % 2].get(URL, headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in range(7)]
    assert codes == [200] * 5 + [429] * 2
    answer = clients[0].get(URL)
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["RateLimit-Policy"] == '"account";q=5;w=60'
    assert answer.headers["RateLimit"].startswith('"account";r=0;t=')
    assert client_with(viewer).get(URL).status_code == 200
    # A minute later the share is whole again.
    RequestWindow.objects.update(began_at=F("began_at") - timedelta(seconds=61))
    again = clients[0].get(URL)
    assert again.status_code == 200
    assert again.headers["RateLimit"].startswith('"account";r=4;t=')


def test_every_method_of_every_endpoint_names_its_scope():
    views = [
        pattern.callback.cls
        for pattern in _patterns(get_resolver())
        if isinstance(getattr(pattern.callback, "cls", None), type) and issubclass(pattern.callback.cls, ApiView)
    ]
    assert len(views) > 10
    unnamed = [
        f"{view.__name__}.{method}"
        for view in views
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(view, method) and not view.scopes.get(method)
    ]
    assert unnamed == []


def _patterns(resolver: URLResolver) -> list[URLPattern]:
    found: list[URLPattern] = []
    for entry in resolver.url_patterns:
        found += _patterns(entry) if isinstance(entry, URLResolver) else [entry]
    return found


class TestTokens:
    URL = "/api/v1/tokens/"

    def post(self, client: Client, body: object, **headers: str) -> object:
        client.get("/admin/")
        headers["X-CSRFToken"] = client.cookies["csrftoken"].value
        return client.post(self.URL, body, content_type="application/json", headers=headers)

    @pytest.mark.row("REL-T12")
    def test_the_secret_is_shown_once_and_lies_nowhere(self, browser: Client, store: Store):
        wish = {"name": "ERP", "role": "agent", "scopes": ["orders:read"], "stores": [store.pk]}
        made = self.post(browser, wish, **{"Idempotency-Key": "k1"})
        assert made.status_code == 201
        secret = made.json()["secret"]
        assert bearing(secret).get(URL).status_code == 200
        (listed,) = browser.get(self.URL).json()["results"]
        assert (listed["name"], listed["role"], listed["stores"]) == ("ERP", "agent", [store.pk])
        assert "secret" not in listed
        again = self.post(browser, wish, **{"Idempotency-Key": "k1"})
        assert (again.status_code, again.json()["id"], again.json()["secret"]) == (201, made.json()["id"], None)
        assert ApiToken.objects.count() == 1
        kept = secret.split("_", 2)[2]
        for model in (ApiToken, IdempotencyRecord, AuditEntry):
            assert kept not in str(list(model.objects.values()))

    def test_a_revoked_token_ends_at_once_and_revoking_twice_finds_nothing(self, browser: Client):
        made = self.post(browser, {"name": "x", "scopes": ["orders:read"]}).json()
        headers = {"X-CSRFToken": browser.cookies["csrftoken"].value}
        assert browser.delete(f"{self.URL}{made['id']}/", headers=headers).status_code == 204
        assert bearing(made["secret"]).get(URL).status_code == 401
        assert browser.delete(f"{self.URL}{made['id']}/", headers=headers).status_code == 404

    def test_a_token_manages_no_tokens(self, api: Client):
        assert api.get(self.URL).status_code == 403
        body = {"name": "more", "scopes": ["orders:write"]}
        assert api.post(self.URL, body, content_type="application/json").status_code == 403

    def test_somebody_elses_token_is_not_there(self, browser: Client, viewer: User, client_with: MakeClient):
        client_with(viewer)
        token = ApiToken.objects.get()
        browser.get("/admin/")
        headers = {"X-CSRFToken": browser.cookies["csrftoken"].value}
        assert browser.delete(f"{self.URL}{token.pk}/", headers=headers).status_code == 404
        assert browser.get(self.URL).json()["results"] == []
        token.refresh_from_db()
        assert token.revoked_at is None

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"name": " "}, "name"),
            ({"name": 7}, "name"),
            ({"scopes": []}, "scopes"),
            ({"scopes": ["orders:all"]}, "scopes.0"),
            ({"role": "administrator"}, "role"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
            ({"user": 1}, "user"),
        ],
    )
    def test_wishes_that_cannot_be_are_refused_by_name(self, browser: Client, change: dict[str, object], field: str):
        answer = self.post(browser, {"name": "x", "scopes": ["orders:read"], **change})
        assert answer.status_code == 400
        assert [error["field"] for error in answer.json()["errors"]] == [field]
        assert not ApiToken.objects.exists()

    def test_a_store_that_one_does_not_reach_cannot_be_named(self, browser: Client, other_store: Store):
        answer = self.post(browser, {"name": "x", "scopes": ["orders:read"], "stores": [other_store.pk]})
        assert (answer.status_code, answer.json()["code"]) == (400, "store_unknown")
