"""`rotate_keys`: everything ends under the newest key, whatever interrupts it, and what no key opens is said."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection
from django_scopes import scopes_disabled

from backoffice import keys
from backoffice.core import rekey
from backoffice.core.crypto import encrypt
from stores.models import Credential, Store
from tests.builders.orders import make_store

OLD, NEW = keys.new_field_key(), keys.new_field_key()
COLUMNS = (
    "stores_compliancerequest.payload",
    "stores_credential.client_secret",
    "stores_credential.previous_webhook_secret",
    "stores_credential.token",
    "stores_credential.webhook_secret",
    "stores_exportpiece.content",
    "stores_pendingauthorization.client_secret",
    "stores_quarantined.raw",
    "stores_retiredsigner.secret",
)


@pytest.fixture
def stores(db: None, settings: object) -> list[Store]:
    """Seven stores whose two secrets each were encrypted with the old key; the new one stands before it."""
    settings.FIELD_KEYS = [OLD]
    with scopes_disabled():
        made = [make_store(token=f"shpat_{number}") for number in range(7)]
    settings.FIELD_KEYS = [NEW, OLD]
    return made


def kept(column: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM stores_credential ORDER BY store_id")  # noqa: S608 - names of this file
        return [value for (value,) in cursor.fetchall()]


def under(key: str, column: str) -> list[str]:
    return [Fernet(key).decrypt(value.encode()).decode() for value in kept(column)]


def run(**options: object) -> list[str]:
    out = StringIO()
    call_command("rotate_keys", stdout=out, **options)
    return out.getvalue().splitlines()


def lines(token: str, webhook_secret: str) -> list[str]:
    nothing = "0 changed, 0 already, 0 unreadable"
    return [
        f"{column}: {nothing}"
        if column.split(".")[1] not in ("token", "webhook_secret")
        else f"{column}: {token if column.endswith('.token') else webhook_secret}"
        for column in COLUMNS
    ]


@pytest.mark.row("REL-G09")
@pytest.mark.parametrize("chunk", [1, 3, 200])
def test_every_secret_ends_under_the_newest_key_and_reads_as_before(stores, settings, chunk):
    assert run(chunk=chunk) == lines(*["7 changed, 0 already, 0 unreadable"] * 2)

    assert under(NEW, "token") == [f"shpat_{number}" for number in range(7)]
    assert under(NEW, "webhook_secret") == ["builder-secret"] * 7
    assert kept("client_secret") == [""] * 7
    settings.FIELD_KEYS = [NEW]
    assert Credential.objects.get(store=stores[0]).token == "shpat_0"


def test_a_second_run_changes_nothing(stores):
    run()
    before = kept("token")
    assert run() == lines(*["0 changed, 7 already, 0 unreadable"] * 2)
    assert kept("token") == before


@pytest.mark.row("REL-G09")
def test_killed_half_way_both_keys_read_and_the_next_run_does_the_rest(stores, settings, monkeypatch):
    die_after(monkeypatch, chunks=2)
    with pytest.raises(KeyboardInterrupt):
        run(chunk=2)
    monkeypatch.undo()
    settings.FIELD_KEYS = [NEW, OLD]

    assert sorted(each.token for each in Credential.objects.all()) == [f"shpat_{number}" for number in range(7)]
    assert run(chunk=2) == lines("3 changed, 4 already, 0 unreadable", "7 changed, 0 already, 0 unreadable")


def die_after(monkeypatch: pytest.MonkeyPatch, *, chunks: int) -> None:
    """The process dies in the chunk after so many of `token`."""
    locked: Callable[..., list[tuple[object, str]]] = rekey._locked
    seen = 0

    def until_then(field: rekey.EncryptedTextField, pks: list[object]) -> list[tuple[object, str]]:
        nonlocal seen
        seen += field.column == "token"
        if seen > chunks:
            raise KeyboardInterrupt
        return locked(field, pks)

    monkeypatch.setattr(rekey, "_locked", until_then)


@pytest.mark.row("REL-G09")
def test_what_no_key_opens_is_counted_left_alone_and_fails_the_command(stores, settings):
    settings.FIELD_KEYS = [keys.new_field_key()]
    Credential.objects.filter(store=stores[3]).update(token="of a lost key")
    settings.FIELD_KEYS = [NEW, OLD]
    lost = kept("token")[3]

    out = StringIO()
    with pytest.raises(CommandError, match="1 secrets fit none"):
        call_command("rotate_keys", stdout=out)

    assert out.getvalue().splitlines() == lines(
        "6 changed, 0 already, 1 unreadable", "7 changed, 0 already, 0 unreadable"
    )
    assert kept("token")[3] == lost


def test_a_secret_written_between_reading_and_writing_wins(stores, monkeypatch):
    locked = rekey._locked

    def meanwhile(field: rekey.EncryptedTextField, pks: list[object]) -> list[tuple[object, str]]:
        if field.column == "token":
            Credential.objects.filter(store=stores[1]).update(token="shpat_written_meanwhile")
        return locked(field, pks)

    monkeypatch.setattr(rekey, "_locked", meanwhile)
    run()
    assert under(NEW, "token")[1] == "shpat_written_meanwhile"


def test_every_column_of_secrets_is_found():
    assert tuple(f"{field.model._meta.db_table}.{field.column}" for field in rekey.encrypted_fields()) == COLUMNS


def test_the_same_secret_looks_different_each_time():
    assert encrypt("same") != encrypt("same")
