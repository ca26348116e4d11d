"""Scopes as features: each says what it needs, what is lost without it, and what to do in each way of connecting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scopes_disabled

from stores.choices import CredentialKind
from stores.features import FEATURES, FeatureLevel, FeatureState, features_of, lacking
from stores.models import Credential, Store
from stores.services.api_version import version_status
from stores.services.proof_status import Level
from stores.shopify.scopes import WANTED, named_in, spelled_out, without
from stores.shopify.subscriptions import TOPICS
from tests.builders.orders import make_store


@pytest.fixture(autouse=True)
def _unscoped() -> Iterator[None]:
    with scopes_disabled():
        yield


def state(store: Store, name: str) -> FeatureState:
    return next(each for each in features_of(store) if each.feature.name == name)


def test_every_scope_that_an_app_is_asked_for_serves_a_feature():
    needed = {scope for feature in FEATURES.values() for scope in feature.scopes}

    assert spelled_out(WANTED) >= {scope for f in FEATURES.values() if not f.optional for scope in f.scopes}
    assert needed >= WANTED


def test_every_webhook_that_needs_a_scope_belongs_to_a_feature(store: Store):
    store.scopes = []
    named = {topic for each in features_of(store) for topic in each.topics}

    assert named == {topic.header for topic in TOPICS if topic.scopes}


@pytest.mark.row("FEAT-B1")
@pytest.mark.parametrize(
    ("kind", "todo"),
    [
        (CredentialKind.STATIC, "Develop apps, add read_returns under Configuration"),
        (CredentialKind.CLIENT_CREDENTIALS, "release a version of the app with read_returns and accept it"),
        (CredentialKind.AUTHORIZATION_CODE, "then reconnect the store by authorization"),
        (None, "Reconnect the store with an app that has read_returns."),
    ],
)
def test_a_missing_scope_says_what_is_lost_and_what_to_do(store: Store, kind: CredentialKind | None, todo: str):
    rows = Credential.objects.filter(store=store)
    _ = rows.update(kind=kind, client_id="app") if kind else rows.delete()

    found = state(store, "returns")

    assert (found.is_on, found.missing, found.level) == (False, ("read_returns",), FeatureLevel.WARNING)
    assert found.sentence.startswith("Orders say that a return is open, but not of what and why. ")
    assert todo in found.sentence
    assert "returns/approve" in found.topics


def test_writing_implies_reading_and_optional_features_are_no_warning(store: Store):
    assert state(store, "orders").is_on
    assert state(store, "fulfilment_orders").is_on
    assert (state(store, "orders").sentence, state(store, "staff_names").level) == ("", FeatureLevel.INFO)


def test_topics_that_another_scope_still_opens_are_not_missed(store: Store):
    store.scopes = ["read_orders", "read_third_party_fulfillment_orders"]

    assert not state(store, "fulfilment_orders").is_on
    assert state(store, "fulfilment_orders").topics == ()


def test_asking_about_many_stores_costs_one_query_and_none_when_nothing_lacks(store: Store, other_store: Store):
    with CaptureQueriesContext(connection) as queries:
        assert lacking([store, other_store], "order_changes") == {}
    assert len(queries) == 0
    poor = make_store("Poor", scopes=["read_orders"])
    with CaptureQueriesContext(connection) as queries:
        found = lacking([store, poor, make_store_like(poor)], "order_changes")
    assert len(queries) == 1
    assert set(found) == {poor.pk, poor.pk + 1}


def make_store_like(store: Store) -> Store:
    return Store(pk=store.pk + 1, scopes=store.scopes, name="Poorer")


def test_scopes_are_compared_by_what_they_open():
    assert spelled_out(["write_orders", "read_customers"]) == {"write_orders", "read_orders", "read_customers"}
    assert without(["write_orders", "read_customers"], ["read_orders"]) == {"read_customers"}
    assert without(["write_orders"], ["write_orders"]) == {"read_orders"}
    assert named_in("Required access: `read_assigned_fulfillment_orders` or `read_orders` access scopes.") == {
        "read_assigned_fulfillment_orders",
        "read_orders",
    }


@pytest.mark.parametrize(
    ("now", "versions", "level", "days"),
    [
        (datetime(2026, 11, 22, tzinfo=UTC), [], Level.GOOD, 313),
        (datetime(2027, 7, 4, 17, tzinfo=UTC), [], Level.WARNING, 89),
        (datetime(2027, 7, 3, 17, tzinfo=UTC), ["2026-10"], Level.WARNING, 90),
        (datetime(2027, 7, 3, 16, tzinfo=UTC), ["2027-01", "2027-04"], Level.BAD, 90),
        (datetime(2027, 10, 1, 17, tzinfo=UTC), [], Level.BAD, 0),
        (datetime(2027, 10, 1, 17, tzinfo=UTC), ["2026-10", "2027-01"], Level.WARNING, 0),
    ],
)
def test_the_version_counts_down_to_its_end(store: Store, now: datetime, versions: list[str], level: Level, days: int):
    store.api_versions = versions

    status = version_status(store, now=now)

    assert (status.level, status.days_left) == (level, days)
    assert status.ends_at == datetime(2027, 10, 1, 17, tzinfo=UTC)
    assert bool(status.sentence) == (level is not Level.GOOD)


def test_falling_forward_is_amber_with_its_sentence(store: Store):
    store.api_asked, store.api_version = "2026-10", "2027-04"

    status = version_status(store, now=datetime(2026, 11, 22, tzinfo=UTC))

    assert (status.fell_forward, status.level) == (True, Level.WARNING)
    assert "answers with version 2027-04 although 2026-10 was asked for" in status.sentence
    # What was heard of the version that an older release asked for says nothing.
    store.api_asked = "2026-07"
    assert not version_status(store, now=datetime(2026, 11, 22, tzinfo=UTC)).fell_forward
