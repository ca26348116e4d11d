"""Connecting stores over the API: administrators' tokens made for it, inputs of each way, no secret in an answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_scopes import scopes_disabled

from backoffice.core.actor import CONNECT_SCOPE, Role
from backoffice.core.models import AuditEntry, IdempotencyRecord
from stores.choices import CredentialKind
from stores.models import Credential, Merchant, Store
from stores.rehearsal.process import RehearsalShop
from tests.api.conftest import MakeClient
from tests.conftest_shops import DOMAIN

URL = "/api/v1/stores/"


@pytest.fixture
def admins(administrator: User, client_with: MakeClient) -> Client:
    """An administrator's token that may connect stores."""
    return client_with(administrator, scopes=[CONNECT_SCOPE, "stores:read"])


def send(client: Client, body: dict[str, Any], **headers: str) -> Any:
    return client.post(URL, json.dumps(body), content_type="application/json", headers=headers)


def by_app(shop: RehearsalShop, **changes: Any) -> dict[str, Any]:
    wish = {
        "kind": "client_credentials",
        "domain": DOMAIN,
        "client_id": shop.client_id,
        "client_secret": shop.client_secret,
    }
    return wish | changes


def by_token(shop: RehearsalShop, **changes: Any) -> dict[str, Any]:
    return {"kind": "static", "domain": DOMAIN, "token": shop.token, "webhook_secret": shop.webhook_secret} | changes


@pytest.mark.row("FEAT-A8")
@pytest.mark.parametrize(("wish", "kind"), [(by_app, "client_credentials"), (by_token, "static")])
def test_a_store_is_connected_and_no_secret_comes_back(admins, shop, wish, kind):
    with scopes_disabled():
        merchant = Merchant.objects.create(name="Noord B.V.")

    answer = send(admins, wish(shop, merchant=merchant.pk), **{"Idempotency-Key": "once"})

    data = answer.json()
    assert answer.status_code == 201, data
    assert (data["domain"], data["merchant"], data["state"]) == (DOMAIN, "Noord B.V.", "connected")
    with scopes_disabled():
        kept = Credential.objects.get(store_id=data["id"])
        assert (kept.kind, kept.signing_secret) == (CredentialKind(kind), shop.client_secret)
        assert AuditEntry.objects.get(action="store.connected").facts == {"way": kind}
        record = IdempotencyRecord.objects.get()
    for secret in ("shpat_", shop.client_secret, kept.token):
        assert secret not in answer.content.decode() + str(vars(record))
        assert secret not in admins.get(f"{URL}{data['id']}/").content.decode()
    assert send(admins, wish(shop, merchant=merchant.pk), **{"Idempotency-Key": "once"}).json() == data


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"client_secret": "of-somebody-else"}, "client_secret", "invalid_client"),
        ({"domain": "a.myshopify.com.evil.com"}, "domain", "bad_domain"),
        ({"merchant": 4711}, "merchant", "merchant_unknown"),
        ({"token": "shpat_12345678"}, "token", "not_for_kind"),
        ({"client_id": None}, "client_id", "null"),
        ({"kind": "authorization_code"}, "kind", "invalid_choice"),
        ({"secret": "x"}, "secret", "parameter_unknown"),
    ],
)
def test_wrong_input_names_its_field_keeps_nothing_and_repeats_no_secret(admins, shop, changes, field, code):
    answer = send(admins, by_app(shop, **changes))

    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
    assert "of-somebody-else" not in answer.content.decode()
    assert not Store._base_manager.exists()


def test_each_way_needs_its_own_inputs(admins, shop):
    wish = by_app(shop)
    del wish["client_secret"]
    answer = send(admins, wish)
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [("client_secret", "not_for_kind")]


def test_a_shop_that_is_connected_is_refused_and_one_that_is_away_told(admins, shop):
    shop.faults("status", status=503, only="oauth")
    away = send(admins, by_app(shop))
    assert (away.status_code, away.json()["code"]) == (502, "shop_unavailable")
    assert send(admins, by_app(shop)).status_code == 201
    again = send(admins, by_token(shop))
    assert (again.status_code, again.json()["code"]) == (409, "store_already_connected")


def test_only_an_administrators_unlimited_managing_token_may(administrator, agent, shop, store, client_with):
    refused = [
        client_with(agent, scopes=[CONNECT_SCOPE]),
        client_with(administrator, scopes=["stores:read", "orders:write"]),
        client_with(administrator, scopes=[CONNECT_SCOPE], role=Role.AGENT),
        client_with(administrator, scopes=[CONNECT_SCOPE], stores=[store]),
    ]
    for client in refused:
        answer = send(client, by_app(shop))
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert Store._base_manager.count() == 1
    assert shop.state()["tokens_given"] == 0
