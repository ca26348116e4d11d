"""Webhooks are subscribed when a store is connected, again when the shop dropped them, and only where it can send."""

from __future__ import annotations

import pytest
from django_scopes import scopes_disabled

from backoffice.core.models import AuditEntry
from stores.gateway import client_for
from stores.models import Credential, Proof, Store, Subscription, SubscriptionCheck
from stores.services import webhooks
from stores.shopify.subscriptions import delete_subscription, read_subscriptions, topics_for
from stores.shopify.throttle import Lane


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


def subscribed(store: Store) -> dict[str, str]:
    return {one.topic: one.uri for one in read_subscriptions(client_for(store), lane=Lane.INTERACTIVE)}


def test_every_topic_that_the_scopes_allow_is_subscribed_to_once(connected):
    for _ in range(2):
        webhooks.subscribe_job(connected.pk)

    there = subscribed(connected)
    assert set(there) == {topic.name for topic in topics_for(connected.scopes)}
    assert set(there.values()) == {webhooks.address_for(connected)}


@pytest.mark.row("REL-W16")
def test_a_subscription_that_the_shop_dropped_comes_back(connected):
    webhooks.subscribe_job(connected.pk)
    client = client_for(connected)
    gone = next(one for one in read_subscriptions(client, lane=Lane.INTERACTIVE) if one.topic == "ORDERS_UPDATED")
    delete_subscription(client, gone.gid, lane=Lane.INTERACTIVE)

    webhooks.subscribe_job(connected.pk)

    assert "ORDERS_UPDATED" in subscribed(connected)


def test_without_a_secret_nothing_is_subscribed(connected):
    Credential.objects.filter(store=connected).update(webhook_secret="")

    webhooks.subscribe_job(connected.pk)

    assert subscribed(connected) == {}


def test_a_shop_at_shopify_is_not_told_an_address_without_tls(connected, settings):
    settings.REHEARSAL_SHOPS = {}

    assert webhooks.address_for(connected) == ""
    settings.WEBHOOK_URL = "https://backoffice.example.com"
    assert webhooks.address_for(connected) == "https://backoffice.example.com/webhooks/shopify/"


def rows(store: Store) -> dict[str, tuple[str, bool]]:
    """What is kept: state, and whether it was lost once."""
    return {row.topic: (row.state, row.lost_at is not None) for row in Subscription.objects.filter(store=store)}


@pytest.mark.row("REL-W16")
def test_a_dropped_subscription_is_noted_and_what_was_missed_is_fetched(connected):
    webhooks.subscribe_job(connected.pk)
    assert Proof.objects.count() == 0
    client = client_for(connected)
    gone = next(one for one in read_subscriptions(client, lane=Lane.INTERACTIVE) if one.topic == "ORDERS_DELETE")
    delete_subscription(client, gone.gid, lane=Lane.INTERACTIVE)

    webhooks.subscribe_job(connected.pk)

    assert {topic for topic, (_, lost) in rows(connected).items() if lost} == {"orders/delete"}
    assert AuditEntry.objects.get(action="store.webhooks_restored").facts == {"topics": ["orders/delete"]}
    assert Proof.objects.get().store == connected
    webhooks.subscribe_job(connected.pk)
    assert AuditEntry.objects.filter(action="store.webhooks_restored").count() == 1


def test_what_the_look_found_is_kept(connected):
    webhooks.subscribe_job(connected.pk)

    check = SubscriptionCheck.objects.get(store=connected)
    assert check.uri == webhooks.address_for(connected)
    assert check.checked_at is not None
    assert rows(connected) == {topic.header: ("present", False) for topic in topics_for(connected.scopes)}


def test_at_a_new_address_the_old_subscriptions_go_and_none_counts_as_lost(connected, settings):
    webhooks.subscribe_job(connected.pk)
    settings.WEBHOOK_URL = "https://moved.example.com"

    webhooks.subscribe_job(connected.pk)

    assert set(subscribed(connected).values()) == {"https://moved.example.com/webhooks/shopify/"}
    assert not any(lost for _, lost in rows(connected).values())
    assert Proof.objects.count() == 0


def test_why_nothing_can_be_subscribed_is_kept(connected, settings):
    Credential.objects.filter(store=connected).update(webhook_secret="")
    webhooks.subscribe_job(connected.pk)
    assert SubscriptionCheck.objects.get(store=connected).error_code == "no_secret"

    settings.REHEARSAL_SHOPS = {}
    webhooks.subscribe_job(connected.pk)
    assert SubscriptionCheck.objects.get(store=connected).error_code == "no_address"
