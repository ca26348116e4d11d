"""A backup from before an erasure is restored: the ledger erases the person again."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command
from django_scopes import scopes_disabled

from orders.models import Customer, Order, Tombstone
from stores.models import Store

from .test_order_part import SECRETS, erase, everything, read, zenobias

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


def restore(store: Store) -> None:
    """The rows as they were before the erasure."""
    for model in (Tombstone, Order, Customer):
        model.objects.filter(store=store).delete()
    read(store, zenobias(1), zenobias(2, name="#1002"))


@pytest.mark.row("REL-G02", "REL-D07", "DP20")
def test_a_restored_backup_is_erased_again(store: Store, other_store: Store, tmp_path: Path) -> None:
    read(store, zenobias(1), zenobias(2, name="#1002"))
    read(other_store, zenobias(1))
    erase(store)
    ledger = tmp_path / "erasures.jsonl"
    call_command("erasures", write=str(ledger))
    assert not any(secret in ledger.read_text().casefold() for secret in SECRETS)

    restore(store)
    assert any(secret in everything(store) for secret in SECRETS)
    call_command("erasures", replay=str(ledger))
    call_command("erasures", replay=str(ledger))

    rows = [row for row in everything(store).splitlines() if any(secret in row for secret in SECRETS)]
    theirs = [row for row in rows if "zenobia@example.com" in row]
    assert set(Order.objects.filter(store=store).values_list("email", "note", "customer")) == {("", "", None)}
    assert not Customer.objects.filter(store=store).exists()
    assert Order.objects.get(store=other_store).email == "zenobia@example.com"
    assert theirs, "the other store keeps its customer"
    assert Tombstone.objects.filter(store=store).count() == 4
