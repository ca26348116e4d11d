"""Webhooks: verified, kept once, answered, and worked off by fetching; nothing they say is believed."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from django_scopes import scopes_disabled

from orders.models import Order
from stores.choices import InboxState, StoreState
from stores.models import Credential, InboxMessage, Store
from stores.services import inbox
from tests.stores.webhooks_sent import about, send


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


def test_a_webhook_is_kept_answered_and_its_order_fetched(connected, shop):
    order = Order.objects.live().first()
    shop.act("edit_note", order=order.gid, note="from the shop itself")

    assert send(about(order), secret=shop.webhook_secret).status_code == 200
    assert InboxMessage.objects.get().state == InboxState.PENDING
    inbox.work_inbox_job(connected.pk)

    order.refresh_from_db()
    assert order.note == "from the shop itself"
    assert InboxMessage.objects.get().state == InboxState.DONE


@pytest.mark.row("REL-W04")
def test_the_same_delivery_twice_is_one_row(connected, shop):
    order = Order.objects.live().first()

    answers = [send(about(order), secret=shop.webhook_secret).status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    assert InboxMessage.objects.count() == 1


@pytest.mark.row("REL-W01")
@pytest.mark.parametrize("signature", ["", "AAAA", "not base64 !", "0" * 64])
def test_a_wrong_signature_is_refused_and_nothing_kept(connected, shop, signature):
    assert send({"id": 1}, secret=shop.webhook_secret, signature=signature).status_code == 401
    assert InboxMessage.objects.count() == 0


@pytest.mark.row("REL-W02")
def test_the_signature_covers_the_bytes_not_the_meaning(connected, shop):
    body, spaced = b'{"id":1}', b'{"id": 1}'
    digest = base64.b64encode(hmac.new(shop.webhook_secret.encode(), body, hashlib.sha256).digest()).decode()

    assert send(spaced, secret=shop.webhook_secret, signature=digest).status_code == 401


def test_an_unknown_or_disconnected_shop_is_refused(connected, shop):
    assert send({"id": 1}, secret=shop.webhook_secret, domain="another.myshopify.com").status_code == 401

    Store.objects.update(state=StoreState.DISCONNECTED)
    assert send({"id": 1}, secret=shop.webhook_secret).status_code == 401


@pytest.mark.row("REL-W03")
def test_headers_of_another_store_reach_only_that_stores_own_shop(connected, shop, other_store):
    """The signature covers the body alone: with a shared secret a delivery can be given another store's name."""
    Credential.objects.filter(store=other_store).update(webhook_secret=shop.webhook_secret)
    order = Order.objects.live().first()
    before = order.mirrored_at

    assert send(about(order), secret=shop.webhook_secret, domain=other_store.domain).status_code == 200
    order.refresh_from_db()

    assert order.mirrored_at == before
    assert Order.objects.filter(store=other_store).count() == 0


@pytest.mark.row("REL-W12")
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 100_000, b'{"id": "\\u0000"}', b'{"id": 1e999}']
)
def test_signed_nonsense_is_answered_and_does_nothing(connected, shop, body):
    assert send(body, secret=shop.webhook_secret).status_code == 200
    assert InboxMessage.objects.exclude(subject_gid="").count() == 0


def test_a_topic_about_nothing_of_ours_is_kept_as_ignored(connected, shop):
    send({"id": 7}, secret=shop.webhook_secret, topic="products/update")

    assert InboxMessage.objects.get().state == InboxState.IGNORED


def test_a_large_body_is_taken_and_a_huge_one_refused(connected, shop):
    order = Order.objects.live().first()

    assert send({**about(order), "pad": "x" * 3_000_000}, secret=shop.webhook_secret).status_code == 200
    assert send(b"x" * (21 * 1024 * 1024), secret=shop.webhook_secret, webhook_id="w-2").status_code == 413


def test_a_webhook_waits_while_its_shop_is_away_and_is_given_up_after_eight_tries(connected, shop, monkeypatch):
    from stores.shopify import retry
    from stores.shopify.throttle import Lane

    monkeypatch.setitem(retry.PATIENCE, Lane.INTERACTIVE, retry.Patience(tries=1, seconds=0))
    send(about(Order.objects.live().first()), secret=shop.webhook_secret)
    shop.faults("status", status=503, times=100)
    for _ in range(8):
        InboxMessage.objects.update(next_attempt_at=None)
        inbox.work_inbox_job(connected.pk)

    message = InboxMessage.objects.get()
    assert (message.state, message.attempts) == (InboxState.FAILED, 8)
    assert "Shopify could not answer" in message.reason
