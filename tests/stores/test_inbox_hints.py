"""What webhooks lead to: as few questions as there can be, and none about what is known already."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django_scopes import scopes_disabled

from backoffice.core.clock import db_now
from orders.models import Customer, FulfillmentOrder, Order
from stores.choices import InboxOutcome, InboxState
from stores.models import InboxMessage, Store, Subscription
from stores.services import inbox, sync
from stores.shopify import documents
from stores.shopify.client import Client
from tests.orders.pushing import archive, push
from tests.stores.webhooks_sent import about, announce, send

CHANGED, UNCHANGED, PASS = InboxOutcome.CHANGED, InboxOutcome.UNCHANGED, InboxOutcome.PASS


@pytest.fixture(autouse=True)
def _unscoped() -> Iterator[None]:
    with scopes_disabled():
        yield


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each document was sent to a shop."""
    counted: Counter[str] = Counter()
    execute = Client.execute

    def counting(self, document, variables, **options):
        counted[documents.operation_name(document)] += 1
        return execute(self, document, variables, **options)

    monkeypatch.setattr(Client, "execute", counting)
    return counted


def outcomes() -> Counter[str]:
    return Counter(InboxMessage.objects.values_list("outcome", flat=True))


def live(number: int = 1) -> list[Order]:
    return list(Order.objects.live().order_by("pk")[:number])


def test_twenty_deliveries_about_one_order_are_one_question(connected, shop, asked):
    (order,) = live()
    shop.act("edit_note", order=order.gid, note="changed")
    for number in range(20):
        send(about(order), secret=shop.webhook_secret, webhook_id=f"w-{number}")
    asked.clear()

    inbox.work_inbox_job(connected.pk)

    assert asked == {"OrdersByIds": 1}
    assert outcomes() == {CHANGED: 1, InboxOutcome.COALESCED: 19}
    assert Order.objects.get(pk=order.pk).note == "changed"


def test_forty_orders_are_one_question(connected, shop, asked):
    orders = list(Order.objects.order_by("pk")[:40])
    for order in orders:
        send(about(order), secret=shop.webhook_secret, webhook_id=f"w-{order.pk}")
    asked.clear()

    inbox.work_inbox_job(connected.pk)

    assert asked == {"OrdersByIds": 1}
    assert outcomes() == {UNCHANGED: 40}


def test_what_came_after_the_group_was_taken_and_before_the_question_needs_none(connected, shop, asked, monkeypatch):
    (order,) = live()
    send(about(order), secret=shop.webhook_secret, webhook_id="first")
    monkeypatch.setattr(inbox, "_BATCH", 1)
    send(about(order), secret=shop.webhook_secret, webhook_id="second")
    asked.clear()

    inbox.work_inbox_job(connected.pk)

    assert asked == {"OrdersByIds": 1}
    assert outcomes() == {UNCHANGED: 1, InboxOutcome.COALESCED: 1}


def test_while_one_job_works_on_a_store_another_leaves_it_alone(connected, shop, asked):
    send(about(live()[0]), secret=shop.webhook_secret)
    InboxMessage.objects.update(leased_until=db_now() + timedelta(seconds=30))
    send(about(live()[0]), secret=shop.webhook_secret, webhook_id="later")
    asked.clear()

    inbox.work_inbox_job(connected.pk)

    assert asked == {}
    assert InboxMessage.objects.filter(state=InboxState.PENDING).count() == 2


@pytest.mark.row("REL-W04")
def test_how_often_one_delivery_came_is_counted(connected, shop):
    for _ in range(3):
        send(about(live()[0]), secret=shop.webhook_secret)

    assert InboxMessage.objects.get().deliveries == 3


# What is known already.


def test_a_late_delivery_about_an_older_state_is_not_asked_about(connected, shop, asked):
    (order,) = live()
    announce(shop, order, webhook_id="late", updated_at=order.updated_at - timedelta(hours=3))
    asked.clear()

    inbox.work_inbox_job(connected.pk)

    assert asked == {}
    assert outcomes() == {InboxOutcome.KNOWN: 1}


def test_a_delivery_about_the_state_that_was_read_after_its_second_is_not_asked_about(connected, shop, asked):
    (order,) = live()
    Order.objects.filter(pk=order.pk).update(fetched_at=order.updated_at + timedelta(seconds=4))
    announce(shop, order, webhook_id="again", updated_at=order.updated_at)
    asked.clear()

    inbox.work_inbox_job(connected.pk)

    assert asked == {}
    assert outcomes() == {InboxOutcome.KNOWN: 1}


@pytest.mark.row("INV-C1")
@pytest.mark.parametrize(
    ("read_after", "sent_after", "hash_is_known"),
    [(1, 0, True), (4, 30, True), (4, 0, False)],
    ids=["read within the second", "sent for a change without a time", "read in part"],
)
def test_a_delivery_that_may_tell_of_more_is_asked_about(connected, shop, asked, read_after, sent_after, hash_is_known):
    (order,) = live()
    Order.objects.filter(pk=order.pk).update(
        fetched_at=order.updated_at + timedelta(seconds=read_after),
        state_hash=order.state_hash if hash_is_known else "",
    )
    sent_at = order.updated_at + timedelta(seconds=sent_after)
    announce(shop, order, webhook_id="w", updated_at=order.updated_at, triggered_at=sent_at)
    asked.clear()

    inbox.work_inbox_job(connected.pk)

    assert asked == {"OrdersByIds": 1}


def test_the_echo_of_our_own_change_is_not_asked_about(connected, shop, asked, administrator_actor):
    (order,) = live()
    archive(administrator_actor, [order])
    asked.clear()
    push(connected)
    order.refresh_from_db()
    assert asked == {"OrderClose": 1, "OrdersByIds": 1}

    announce(shop, order, webhook_id="echo", updated_at=order.updated_at)
    inbox.work_inbox_job(connected.pk)

    assert asked == {"OrderClose": 1, "OrdersByIds": 1}
    assert outcomes() == {InboxOutcome.ECHO: 1}


def test_an_echo_that_is_faster_than_our_own_look_is_that_look(connected, shop, asked, administrator_actor):
    (order,) = live()
    archive(administrator_actor, [order])
    push(connected)
    Order.objects.filter(pk=order.pk).update(state_hash="")
    order.refresh_from_db()
    asked.clear()

    announce(shop, order, webhook_id="echo", updated_at=order.updated_at)
    inbox.work_inbox_job(connected.pk)

    assert asked == {"OrdersByIds": 1}
    assert Order.objects.get(pk=order.pk).state_hash != ""


# What leads to orders.


def test_a_fulfilment_order_that_is_mirrored_leads_to_its_order_without_a_question(connected, shop, asked):
    held = FulfillmentOrder.objects.filter(store=connected, order__in=Order.objects.live()).first()
    send(
        {"fulfillment_order": {"id": held.gid, "status": "open"}},
        secret=shop.webhook_secret,
        topic="fulfillment_orders/rescheduled",
    )
    asked.clear()

    inbox.work_inbox_job(connected.pk)

    assert asked == {"OrdersByIds": 1}


def test_a_fulfilment_order_that_is_unknown_is_asked_for(connected, shop, asked):
    held = FulfillmentOrder.objects.filter(store=connected, order__in=Order.objects.live()).first()
    gid, order = held.gid, held.order
    held.delete()
    Order.objects.filter(pk=order.pk).update(state_hash="")
    send(
        {"fulfillment_order": {"id": gid}, "fulfillment_hold": {"id": "gid://shopify/FulfillmentHold/1"}},
        secret=shop.webhook_secret,
        topic="fulfillment_holds/added",
    )
    asked.clear()

    inbox.work_inbox_job(connected.pk)

    assert asked == {"FulfillmentOrdersByIds": 1, "OrdersByIds": 1}
    assert FulfillmentOrder.objects.filter(gid=gid, order=order).exists()


def test_a_fulfilment_order_that_is_gone_sends_us_to_the_streams(connected, shop, monkeypatch):
    rung: list[Store] = []
    monkeypatch.setattr(sync, "ring_all", rung.append)
    send(
        {"fulfillment_order": {"id": "gid://shopify/FulfillmentOrder/404"}},
        secret=shop.webhook_secret,
        topic="fulfillment_orders/merged",
    )

    inbox.work_inbox_job(connected.pk)

    assert rung == [connected]
    assert outcomes() == {PASS: 1}


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("orders/risk_assessment_changed", {"risk_level": "medium", "order_id": None}),
        ("returns/process", {}),
        ("payment_schedules/due", {"id": 1}),
    ],
)
def test_a_delivery_that_names_nothing_makes_every_stream_look(connected, shop, asked, monkeypatch, topic, payload):
    rung: list[Store] = []
    monkeypatch.setattr(sync, "ring_all", rung.append)
    send(payload, secret=shop.webhook_secret, topic=topic)
    asked.clear()

    inbox.work_inbox_job(connected.pk)

    assert rung == [connected]
    assert asked == {}
    assert outcomes() == {PASS: 1}


def test_a_customer_who_is_as_we_know_him_costs_one_small_question(connected, shop, asked):
    customer = Customer.objects.filter(store=connected, orders__isnull=False).first()
    Customer.objects.filter(pk=customer.pk).update(number_of_orders=99)
    send({"id": int(customer.gid.rsplit("/", 1)[1])}, secret=shop.webhook_secret, topic="customers/update")
    asked.clear()

    inbox.work_inbox_job(connected.pk)

    assert asked == {"CustomersByIds": 1}
    assert outcomes() == {UNCHANGED: 1}


def test_a_customer_who_changed_has_his_orders_read_again(connected, shop, asked):
    order = Order.objects.filter(store=connected, customer__isnull=False).first()
    customer, name = order.customer, order.customer.name
    Customer.objects.filter(pk=customer.pk).update(name="As he was called before")
    Order.objects.filter(customer=customer).update(customer_name="As he was called before", state_hash="other")
    send({"admin_graphql_api_id": customer.gid}, secret=shop.webhook_secret, topic="customers/update")
    asked.clear()

    inbox.work_inbox_job(connected.pk)

    customer.refresh_from_db()
    assert asked == {"CustomersByIds": 1, "OrdersByIds": 1}
    assert customer.name == name
    assert not Order.objects.filter(customer_name="As he was called before").exists()
    assert outcomes() == {CHANGED: 1}


def test_a_customer_of_no_order_of_ours_costs_nothing(connected, shop, asked):
    send({"id": 404}, secret=shop.webhook_secret, topic="customers/update")
    asked.clear()

    inbox.work_inbox_job(connected.pk)

    assert asked == {}
    assert outcomes() == {UNCHANGED: 1}


def test_a_deleted_order_is_marked_by_its_webhook(connected, shop):
    (order,) = live()
    shop.act("delete", order=order.gid)
    send({"id": order.legacy_id}, secret=shop.webhook_secret, topic="orders/delete")

    inbox.work_inbox_job(connected.pk)

    order.refresh_from_db()
    assert order.deleted_at is not None
    assert outcomes() == {CHANGED: 1}


def test_the_last_delivery_of_each_topic_is_kept(connected, shop):
    for topic in ("orders/updated", "orders/cancelled"):
        Subscription.objects.create(store=connected, topic=topic, state="present", since=db_now())
    send(about(live()[0]), secret=shop.webhook_secret)

    inbox.work_inbox_job(connected.pk)

    heard = dict(Subscription.objects.values_list("topic", "last_delivery_at"))
    assert heard["orders/updated"] is not None
    assert heard["orders/cancelled"] is None


# Payloads as Shopify publishes them, one file a topic, where they are given.
SAMPLES = sorted(Path(os.environ.get("SHOPIFY_WEBHOOK_SAMPLES", "samples-not-given")).glob("*.json"))
ABOUT_OTHERS = {"customers/create", "customers/disable", "customers/purchasing_summary"}
COMPLIANCE = {"customers/data_request", "customers/redact", "shop/redact"}


def test_every_published_payload_is_kept_and_worked_off(connected, shop):
    if not SAMPLES:
        pytest.skip("SHOPIFY_WEBHOOK_SAMPLES names no folder with payloads")
    samples = [json.loads(path.read_text()) for path in SAMPLES]
    samples = [sample for sample in samples if sample["topic"] not in {*COMPLIANCE, "app/uninstalled"}]
    for sample in samples:
        sample["payload"].pop("myshopify_domain", None)
        answer = send(sample["payload"], secret=shop.webhook_secret, topic=sample["topic"], webhook_id=sample["topic"])
        assert answer.status_code == 200

    inbox.work_inbox_job(connected.pk)

    found = {message.topic: message for message in InboxMessage.objects.all()}
    assert set(found) == {sample["topic"] for sample in samples}
    assert {topic for topic, message in found.items() if message.state != InboxState.DONE} <= {
        *ABOUT_OTHERS,
        "customers/merge",  # of the samples, one that failed
    }
    assert found["bulk_operations/finish"].outcome == InboxOutcome.SHOP
    assert found["shop/update"].outcome == InboxOutcome.SHOP
