"""Secrets: encrypted at rest, shown nowhere, and changed without losing a webhook."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.apps import apps
from django.core.exceptions import FieldError
from django.db import connection, models
from django.test import Client as Browser
from django_scopes import scopes_disabled

from backoffice.core.actor import SYSTEM
from backoffice.core.clock import db_now
from backoffice.core.crypto import EncryptedTextField
from backoffice.core.errors import Invalid, NotAllowed, Refused
from backoffice.core.models import AuditEntry
from stores import tokens
from stores.models import Credential, InboxMessage, PendingAuthorization, Store
from stores.rehearsal.process import RehearsalShop
from stores.services import credentials, sync
from stores.services.authorization import begin_authorization
from stores.services.connect import connect_store, connect_with_client_credentials, disconnect_store
from stores.services.credentials import rotate_secret
from stores.shopify.errors import NeedsPerson
from tests.conftest_shops import DOMAIN

NEW = "shpss_a-new-secret-of-the-app"


@pytest.fixture(autouse=True)
def _unscoped() -> Iterator[None]:
    with scopes_disabled():
        yield


@pytest.fixture
def minting(db: None, shop: RehearsalShop) -> Store:
    return connect_with_client_credentials(
        domain=DOMAIN, client_id=shop.client_id, client_secret=shop.client_secret, actor=SYSTEM
    )


def webhook(secret: str, webhook_id: str) -> int:
    body = json.dumps({"id": 1}).encode()
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    headers = {
        "X-Shopify-Topic": "orders/updated",
        "X-Shopify-Shop-Domain": DOMAIN,
        "X-Shopify-Webhook-Id": webhook_id,
        "X-Shopify-Hmac-Sha256": signature,
    }
    answer = Browser().post("/webhooks/shopify/", body, content_type="application/json", headers=headers)
    return answer.status_code


@pytest.mark.row("REL-W14")
def test_webhooks_signed_with_the_old_and_the_new_secret_hold_for_an_hour_and_then_only_the_new(minting, shop):
    old = shop.client_secret
    shop.oauth(client_secret=NEW)
    assert (webhook(old, "w-1"), webhook(NEW, "w-2")) == (200, 401)

    rotate_secret(minting, NEW, actor=SYSTEM)

    assert (webhook(old, "w-3"), webhook(NEW, "w-4"), webhook("another", "w-5")) == (200, 200, 401)
    row = Credential.objects.get()
    assert timedelta(minutes=59) < row.previous_until - db_now() <= timedelta(hours=1)
    credentials.sweep()
    assert webhook(old, "w-6") == 200

    Credential.objects.update(previous_until=db_now() - timedelta(seconds=1))
    assert (webhook(old, "w-7"), webhook(NEW, "w-8")) == (401, 200)
    credentials.sweep()
    assert Credential.objects.get().previous_webhook_secret == ""
    assert (webhook(old, "w-9"), webhook(NEW, "w-10"), webhook("", "w-11")) == (401, 200, 401)
    assert InboxMessage.objects.count() == 6


@pytest.mark.row("REL-W14")
def test_tokens_are_minted_with_the_new_secret_from_then_on(minting, shop):
    before = Credential.objects.get().token
    shop.oauth(client_secret=NEW)

    rotate_secret(minting, NEW, actor=SYSTEM)

    row = Credential.objects.get()
    assert (row.client_secret, row.previous_webhook_secret) == (NEW, shop.client_secret)
    assert row.token != before
    shop.oauth(expire=True)
    sync.sync_job(minting.pk, "orders")
    minting.refresh_from_db()
    assert minting.is_connected
    assert AuditEntry.objects.filter(action="store.secret_rotated").count() == 1


def test_a_secret_that_does_not_work_changes_nothing(minting, shop):
    before = Credential.objects.values().get()

    for wrong in ("a-secret-of-nobody", "two words", ""):
        with pytest.raises(Invalid) as refusal:
            rotate_secret(minting, wrong, actor=SYSTEM)
        assert refusal.value.field == "new_secret"

    assert Credential.objects.values().get() == before


def test_the_same_secret_again_does_not_end_the_hour_of_the_one_before(minting, shop):
    shop.oauth(client_secret=NEW)
    for _ in range(2):
        rotate_secret(minting, NEW, actor=SYSTEM)
    assert Credential.objects.get().previous_webhook_secret == shop.client_secret


def test_the_secret_beside_a_pasted_token_is_changed_as_well(db, shop):
    store = connect_store(domain=DOMAIN, token=shop.token, webhook_secret="old-secret", actor=SYSTEM)
    rotate_secret(store, NEW, actor=SYSTEM)
    assert (webhook("old-secret", "w-1"), webhook(NEW, "w-2")) == (200, 200)


def test_only_administrators_change_a_secret_and_a_disconnected_store_has_none(minting, shop, agent_actor):
    with pytest.raises(NotAllowed):
        rotate_secret(minting, NEW, actor=agent_actor)
    disconnect_store(minting, actor=SYSTEM)
    with pytest.raises(Refused) as refusal:
        rotate_secret(minting, NEW, actor=SYSTEM)
    assert refusal.value.code == "no_credential"


def every_text_of_the_database() -> str:
    """All rows of all tables, as the database has them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables "
            "WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT t::text FROM {table} t")  # noqa: S608 - names from the catalogue, quoted by it
            found += [row for (row,) in cursor.fetchall()]
    return "\n".join(found)


@pytest.mark.row("REL-G09")
def test_no_column_of_any_table_holds_a_secret_in_the_clear(minting, shop, administrator_actor, caplog):
    caplog.set_level(logging.DEBUG)
    shop.oauth(client_secret=NEW)
    rotate_secret(minting, NEW, actor=SYSTEM)
    begin_authorization(
        domain="other-shop",
        client_id="other-app",
        client_secret="shpss_pending",
        callback="http://x/",
        actor=administrator_actor,
    )
    sync.sync_job(minting.pk, "orders")
    row = Credential.objects.get()
    told = "\n".join([caplog.text, *(str(vars(record)) for record in caplog.records)])

    for text in (every_text_of_the_database(), told):
        for secret in ("shpat_", "shpss_", shop.client_secret, row.token):
            assert secret not in text
    assert "gAAAA" in every_text_of_the_database()


def test_nothing_that_holds_a_secret_shows_it(minting, shop, administrator_actor):
    begin_authorization(
        domain="other-shop",
        client_id="other-app",
        client_secret="shpss_pending",
        callback="http://x/",
        actor=administrator_actor,
    )
    from stores.choices import CredentialKind
    from stores.services.admission import Access

    row = Credential.objects.get()
    source = tokens.token_source(minting, base_url=shop.base_url)
    shown = [repr(row), str(row), repr(PendingAuthorization.objects.get()), repr(source)]
    shown.append(repr(Access(CredentialKind.STATIC, row.token, None, "id", row.client_secret, row.client_secret)))
    for text in shown:
        assert "shpat_" not in text
        assert "shpss_" not in text
        assert shop.client_secret not in text


def test_errors_of_the_shop_carry_no_secret(minting, shop):
    shop.oauth(expire=True, installed=False)
    with pytest.raises(NeedsPerson) as refusal:
        tokens.token_source(minting, base_url=shop.base_url).renewed(Credential.objects.get().token)

    error: BaseException | None = refusal.value
    seen = ""
    while error is not None:
        seen += repr(error) + str(vars(error))
        error = error.__cause__ or error.__context__
    assert shop.client_secret not in seen
    assert "shpat_" not in seen


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, EncryptedTextField)
    ],
)
def test_secrets_can_be_neither_searched_nor_compared(db, model: type[models.Model], field: str):
    for lookup in ("", "__startswith", "__contains", "__gt", "__regex", "__in"):
        with pytest.raises(FieldError):
            model._base_manager.filter(**{f"{field}{lookup}": ["x"] if lookup == "__in" else "x"}).exists()
