"""The proof on the store's page."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django_scopes import scopes_disabled

from stores.choices import ProofState, SyncPhase
from stores.models import Proof, Store, SyncStream


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


@pytest.fixture
def loaded(store: Store) -> Store:
    SyncStream.objects.create(store=store, resource="orders", phase=SyncPhase.FOLLOWING)
    return store


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(store: Store) -> str:
    return f"/admin/stores/store/{store.pk}/"


def test_the_page_says_what_the_last_proof_found(loaded: Store, viewer: User):
    Proof.objects.create(
        store=loaded,
        state=ProofState.REPAIRED,
        requested_by="system",
        finished_at=timezone.now(),
        live_there=412,
        live_here=412,
        differing=1,
        repaired=1,
        details=[{"gid": "gid://shopify/Order/77", "kind": "differing", "repaired": True}],
    )

    text = signed_in(viewer).get(page(loaded)).content.decode()

    assert "412 = 412, checked " in text
    assert "gid://shopify/Order/77" in text
    assert "Prove now" not in text


def test_a_manager_presses_the_button_and_the_page_shows_the_proof_under_way(loaded: Store, manager: User):
    client = signed_in(manager)
    assert "Prove now" in client.get(page(loaded)).content.decode()

    answer = client.post(f"{page(loaded)}proof/")

    assert (answer.status_code, answer["Location"]) == (302, page(loaded))
    assert Proof.objects.get(store=loaded).requested_by == "manager"
    text = client.get(page(loaded)).content.decode()
    assert "is being held against the shop" in text
    assert "Waiting" in text


def test_an_agent_is_refused_and_nothing_is_asked(loaded: Store, agent: User):
    assert signed_in(agent).post(f"{page(loaded)}proof/").status_code == 403
    assert Proof.objects.count() == 0
