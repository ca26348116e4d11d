"""Every answer about mirrored things says how true it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_scopes import scopes_disabled

from backoffice.core.clock import db_now
from stores.choices import ProofState, SyncPhase
from stores.models import Proof, Store, SyncStream
from tests.api.conftest import MakeClient
from tests.builders.orders import make_order

URL = "/api/v1/orders/"


@pytest.fixture
def proven(store: Store, other_store: Store) -> Store:
    """North is fresh, proven and whole from a day on; South is far behind."""
    now = db_now()
    with scopes_disabled():
        Store.objects.filter(pk=store.pk).update(history_from="2026-09-24")
        SyncStream.objects.create(store=store, resource="orders", phase=SyncPhase.FOLLOWING, true_as_of=now)
        long_ago = now - timedelta(days=2)
        SyncStream.objects.create(store=other_store, resource="orders", phase=SyncPhase.FOLLOWING, true_as_of=long_ago)
        Proof.objects.create(
            store=store, state=ProofState.EQUAL, finished_at=now, live_there=7, live_here=7, requested_by="a test"
        )
    return store


def truth_in(answer: dict[str, object]) -> tuple[object, ...]:
    proof = answer["proof"]
    assert isinstance(proof, dict)
    return proof["level"], proof["sentence"].split(",")[0], answer["history_from"], answer["loading"]


@pytest.mark.row("FEAT-C22")
@pytest.mark.parametrize("path", ["", "?store={domain}", "?store={id}", "counts/", "{order}/", "{order}/timeline/"])
def test_lists_counts_and_single_orders_carry_it(api: Client, proven: Store, path: str):
    order = make_order(proven)
    answer = api.get(URL + path.format(domain=proven.domain, id=proven.pk, order=order.pk)).json()

    assert truth_in(answer) == ("good", "7 = 7", "2026-09-24", None)
    stream = SyncStream._base_manager.get(store=proven)
    assert answer["as_of"] == stream.true_as_of.isoformat().replace("+00:00", "Z")


def test_a_list_speaks_of_the_stores_that_it_is_taken_from(
    administrator: User, client_with: MakeClient, proven: Store, other_store: Store
):
    api = client_with(administrator)

    assert truth_in(api.get(URL).json())[0] == "bad"
    assert truth_in(api.get(URL, {"store": proven.domain.upper()}).json())[0] == "good"
    assert truth_in(api.get(URL, {"store": f"{proven.pk},{other_store.domain}"}).json())[0] == "bad"
    assert truth_in(api.get(URL, {"store": proven.handle}).json())[0] == "good"
    assert truth_in(api.get(URL, {"q": f"store:{proven.handle} age>1d"}).json())[0] == "good"
    assert truth_in(api.get(URL, {"q": f"store:{proven.pk} OR tag:vip"}).json())[0] == "bad"
    assert truth_in(api.get(URL, {"q": f"-store:{proven.pk}"}).json())[0] == "bad"
    by_store = api.get(f"{URL}counts/", {"group_by": "store"}).json()["stores"]
    assert [truth_in(each)[0] for each in by_store] == ["good", "bad"]


def test_nothing_is_told_of_stores_out_of_reach(outsider: User, client_with: MakeClient, proven: Store):
    assert truth_in(client_with(outsider).get(URL).json()) == ("good", "", None, None)


@pytest.mark.row("FEAT-B1")
def test_an_order_names_the_fields_that_shopify_hides(api: Client, proven: Store):
    Store._base_manager.filter(pk=proven.pk).update(hidden_fields={"email": "2026-11-22T00:00:00+00:00"})

    assert api.get(f"{URL}{make_order(proven).pk}/").json()["hidden_fields"] == ["email"]


def test_the_list_of_stores_says_it_of_each_and_of_all(
    administrator: User, client_with: MakeClient, proven: Store, other_store: Store
):
    answer = client_with(administrator).get("/api/v1/stores/").json()

    assert truth_in(answer)[0] == "bad"
    assert [(each["name"], truth_in(each)[0]) for each in answer["results"]] == [("North", "good"), ("South", "bad")]
    one = client_with(administrator).get(f"/api/v1/stores/{proven.pk}/").json()
    assert truth_in(one) == ("good", "7 = 7", "2026-09-24", None)
