"""Webhooks are subscribed when a store is connected, again when the shop dropped them, and only where it can send."""

from __future__ import annotations

import pytest
from django_scopes import scopes_disabled

from stores.gateway import client_for
from stores.models import Credential, Store
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
