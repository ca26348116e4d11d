"""The proof of a store's mirror over the API."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from django_scopes import scopes_disabled

from backoffice.core.models import AuditEntry
from stores.choices import ProofState, SyncPhase
from stores.models import Proof, Store, SyncStream
from tests.api.conftest import MakeClient


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


@pytest.fixture
def loaded(store: Store) -> Store:
    SyncStream.objects.create(store=store, resource="orders", phase=SyncPhase.FOLLOWING)
    return store


def url(store: Store) -> str:
    return f"/api/v1/stores/{store.pk}/proof/"


def test_a_store_that_was_never_proven_says_so(api: Client, store: Store):
    answer = api.get(url(store))

    assert (answer.status_code, answer.json()) == (
        200,
        {
            "level": "warning",
            "sentence": "Not proven yet",
            "is_overdue": True,
            "last": None,
            "failed": None,
            "running": None,
        },
    )


def test_the_last_proof_names_what_it_found(api: Client, store: Store):
    ended = timezone.now()
    Proof.objects.create(
        store=store,
        state=ProofState.DIFFERS,
        requested_by="system",
        started_at=datetime(2026, 11, 20, 2, 10, tzinfo=UTC),
        finished_at=ended,
        live_there=412,
        live_here=411,
        missing=1,
        remaining=1,
        details=[{"gid": "gid://shopify/Order/7", "kind": "missing", "repaired": False}],
        days_differing=[{"first": None, "last": "2026-11-01", "there": 9, "here": 8}],
    )

    body = api.get(url(store)).json()

    assert (body["level"], body["is_overdue"], body["running"]) == ("bad", False, None)
    assert body["sentence"].startswith("412 ≠ 411, checked ")
    assert body["sentence"].endswith(", 1 still different, 1 day differs")
    last = body["last"]
    assert (last["state"], last["live_there"], last["live_here"], last["missing"]) == ("differs", 412, 411, 1)
    assert last["started_at"] == "2026-11-20T02:10:00Z"
    assert last["details"] == [{"gid": "gid://shopify/Order/7", "kind": "missing", "repaired": False}]
    assert last["days_differing"] == [{"first": None, "last": "2026-11-01", "there": 9, "here": 8}]


def test_a_manager_has_the_mirror_proven_once(manager: User, client_with: MakeClient, loaded: Store):
    client = client_with(manager)

    first = client.post(url(loaded))
    second = client.post(url(loaded))

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["running"]["state"] == "waiting"
    assert first.json()["running"]["id"] == second.json()["running"]["id"]
    assert Proof.objects.count() == 1
    assert OrmQ.objects.count() == 1
    assert AuditEntry.objects.filter(action="store.proof_requested", store_id=loaded.pk).count() == 1


def test_an_agent_asks_for_none(api: Client, loaded: Store):
    answer = api.post(url(loaded))

    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert Proof.objects.count() == 0


def test_during_the_first_load_there_is_nothing_to_prove(manager: User, client_with: MakeClient, store: Store):
    answer = client_with(manager).post(url(store))

    assert (answer.status_code, answer.json()["code"]) == (409, "first_load_under_way")
    assert Proof.objects.count() == 0


def test_a_store_out_of_reach_is_no_store(api: Client, other_store: Store):
    assert api.get(url(other_store)).status_code == 404
    assert api.post(url(other_store)).status_code == 404
