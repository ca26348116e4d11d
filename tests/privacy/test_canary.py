"""One customer through everything that the product does, erased, and looked for in every column of every table.

The shop still has him: what it says afterwards, late or whole again, must not bring him back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.db.models import Count
from django.test import Client
from django.utils import timezone
from django_q.models import Task
from django_scopes import scopes_disabled

from backoffice.core import audit
from backoffice.core.actor import SYSTEM, Role
from backoffice.core.queue import enqueue
from notifications.services.batches import start_batch
from notifications.services.delivery import send_batch_job
from orders.choices import LIVE_STAGES, Source
from orders.models import Customer, Order
from orders.services import push
from orders.services.aside import set_aside
from orders.services.comments import add_comment, edit_comment
from orders.services.tags import add_tags
from stores.choices import ComplianceState, ProofState
from stores.models import ComplianceRequest, InboxMessage, Proof, Store
from stores.resources import Rejected
from stores.services import inbox, proof, sync
from stores.services.access import actor_of, create_token
from tests.builders.people import make_user
from tests.conftest_shops import run_sync
from tests.notifications.smtpx import Peer, running
from tests.stores.test_inbox import send

from .desk import notify, work_off
from .scan import Scan, scan

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _unscoped() -> Iterator[None]:
    with scopes_disabled():
        yield


@pytest.fixture
def mail(settings) -> Iterator[Peer]:
    with running() as peer:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", peer.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        yield peer


@dataclass(frozen=True)
class Canary:
    """A customer whom nobody else in the shop is like. `words`: what must not be found any more."""

    customer: Customer
    orders: list[Order]
    words: tuple[str, ...]

    @property
    def number(self) -> int:
        return int(self.customer.gid.rpartition("/")[2])


def choose(store: Store) -> Canary:
    """Two orders or more if the shop has such a customer, one of them live, with address and telephone."""
    names = Customer.objects.values("name").annotate(n=Count("pk")).filter(n=1).values("name")
    live = Order.objects.filter(stage__in=LIVE_STAGES).values("customer")
    found = Customer.objects.filter(name__in=names, pk__in=live).exclude(email="").annotate(n=Count("orders"))
    for customer in found.order_by("-n", "pk"):
        orders = list(customer.orders.order_by("stage", "pk"))
        with_address = [order for order in orders if order.shipping_address and order.stage in LIVE_STAGES]
        if with_address and customer.name.isascii() and " " in customer.name:
            orders.sort(key=lambda order: order not in with_address)
            address = with_address[0].shipping_address
            words = (customer.email, customer.name, address["address1"], "zzquartermain", "zzlarkspur")
            return Canary(customer, orders, tuple(word for word in words if word))
    raise AssertionError("the rehearsal shop has nobody to follow")


def live_through_everything(store: Store, shop, mail: Peer, canary: Canary) -> None:
    order = canary.orders[0]
    other = Order.objects.exclude(customer=canary.customer).filter(stage__in=LIVE_STAGES).first()
    agent = make_user(Role.MANAGER, store, username="canary-agent", is_staff=True)
    actor = actor_of(agent)

    # The shop: a note, a tag, and a webhook with his address
    shop.act("edit_note", order=order.gid, note=f"{canary.customer.name} of ZzQuartermain")
    shop.act("set_tags", order=order.gid, tags=["vip", f"called {canary.customer.name}"])
    payload = {"id": order.legacy_id, "email": canary.customer.email, "note": "ZzQuartermain"}
    assert send(payload, secret=shop.webhook_secret, webhook_id="before").status_code == 200
    inbox.work_inbox_job(store.pk)
    run_sync(store)

    # Staff: comments here and elsewhere, a tag asked of the shop, a read by page, search and API
    comment = add_comment(order, f"{canary.customer.name} rang about ZzLarkspur Lane", actor=actor, source=Source.STAFF)
    edit_comment(comment, f"{canary.customer.name} rang again", actor=actor, source=Source.STAFF)
    add_comment(other, f"Same parcel as {canary.customer.email}", actor=actor, source=Source.STAFF)
    add_tags(Order.objects.filter(pk=order.pk), [f"ask {canary.customer.name}"[:40]], actor=actor, source=Source.STAFF)
    push.push_changes_job(store.pk)
    browser = Client()
    browser.force_login(agent)
    assert canary.customer.name in browser.get(f"/admin/orders/order/{order.pk}/").content.decode()
    assert browser.get("/admin/orders/order/", {"q": canary.customer.email}).status_code == 200
    token = create_token(agent, name="t", role=Role.MANAGER, scopes=["orders:read", "orders:write"], actor=actor).secret
    program = Client(headers={"Authorization": f"Bearer {token}"})
    assert canary.customer.email in program.get(f"/api/v1/orders/{order.pk}/").content.decode()
    kept = program.post(
        f"/api/v1/orders/{order.pk}/comments/",
        {"body": f"{canary.customer.email} is ZzQuartermain"},
        content_type="application/json",
        headers={"Idempotency-Key": "canary"},
    )
    assert kept.status_code == 201

    # Mails: one that arrives, one that the server refuses with his address in its words
    words = {"subject": "About {{ order_names }}", "body": "<p>Dear {{ customer.first_name }}</p>"}
    words["only_to_fulfil"] = False
    send_batch_job(str(start_batch([order], **words, actor=actor).pk))
    mail.fault = lambda recipient, number: f"rcpt:550 5.1.1 <{recipient}> is nobody here"
    send_batch_job(str(start_batch([order], **words, actor=actor).pk))

    # What Django and the queue keep
    LogEntry.objects.create(
        user=agent, content_type=ContentType.objects.get_for_model(User), object_id="1",
        object_repr=canary.customer.email, action_flag=CHANGE, change_message=f"mailed {canary.customer.email}",
    )  # fmt: skip
    moment = timezone.now()
    Task.objects.create(
        id=uuid.uuid4().hex, name="t", func="f", started=moment, stopped=moment, success=False,
        result=f"ValueError: Key (email)=({canary.customer.email}) already exists",
    )  # fmt: skip
    session = SessionStore()
    session["draft"] = canary.customer.email
    session.save()
    enqueue("orders.services.push.push_changes_job", canary.customer.email)
    audit.record("someone.careless", actor=SYSTEM, store_id=store.pk, subject=canary.customer.email)

    # An answer that nobody can read
    raw = json.dumps({"id": order.gid, "customer": {"id": canary.customer.gid, "email": canary.customer.email}})
    set_aside(store, [Rejected(order.gid, "odd", raw=raw)])

    # Handed over once before
    person = {"id": canary.number, "email": canary.customer.email}
    notify(store, "customers/data_request", secret=shop.webhook_secret, customer=person, orders_requested=[])
    work_off(store)


def told_in_the_log(canary: Canary, caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the product wrote; the test's own mail server says aloud what it hears."""
    own = [one for one in caplog.records if not one.name.startswith("mail.log")]
    text = "\n".join(f"{one.getMessage()} {one.__dict__}" for one in own).casefold()
    assert "a privacy request is done" in text
    return [word for word in canary.words if word.casefold() in text]


@pytest.mark.row("REL-G01", "REL-G02", "REL-W15", "REL-G10", "DP1", "DP2", "DP5", "INV-C3")
def test_nothing_of_him_is_left_anywhere_and_nothing_comes_back(
    connected: Store, shop, mail: Peer, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG", logger="stores")
    canary = choose(connected)
    live_through_everything(connected, shop, mail, canary)
    before = scan(canary.words)
    assert before.tables_hit >= {
        "core_auditentry", "core_idempotencyrecord", "django_admin_log", "django_q_ormq", "django_q_task",
        "django_session", "notifications_message", "orders_comment", "orders_commentversion", "orders_customer",
        "orders_order", "orders_ordertag", "orders_remotechange", "orders_timelineentry", "stores_exportpiece",
        "stores_quarantined",
    }  # fmt: skip
    money = list(Order.objects.order_by("pk").values_list("name", "total_shop", "received_shop", "stage"))

    person = {"id": canary.number, "email": canary.customer.email, "phone": canary.customer.phone or None}
    numbers = [order.legacy_id for order in canary.orders]
    assert notify(
        connected, "customers/redact", secret=shop.webhook_secret, customer=person, orders_to_redact=numbers
    ) == 200  # fmt: skip
    work_off(connected)
    after = scan(canary.words)
    assert after.hits == {}
    assert list(Order.objects.order_by("pk").values_list("name", "total_shop", "received_shop", "stage")) == money
    receipt = ComplianceRequest.objects.get(kind="erase_person")
    assert receipt.state == ComplianceState.DONE
    assert receipt.receipt["orders"] == len(canary.orders)

    come_back(connected, shop, canary)
    again = scan(canary.words)
    assert again.hits == {}
    assert told_in_the_log(canary, caplog) == []
    _print(before, after)


def come_back(store: Store, shop, canary: Canary) -> None:
    """A late webhook, a change, both streams, a first load from the beginning, and the proof."""
    order = canary.orders[0]
    payload = {"id": order.legacy_id, "email": canary.customer.email}
    assert send(payload, secret=shop.webhook_secret, webhook_id="a day late").status_code == 200
    inbox.work_inbox_job(store.pk)
    shop.act("edit_note", order=order.gid, note="ZzQuartermain moved to ZzLarkspur Lane")
    run_sync(store)
    sync.load_again(store)
    run_sync(store)
    InboxMessage.objects.filter(state="pending").delete()
    asked = proof.request_proof(store, actor=SYSTEM)
    for _ in range(5):
        proof.prove_store_job(store.pk)
    found = Proof.objects.get(pk=asked.pk)
    assert (found.state, found.differing, found.missing) == (ProofState.EQUAL, 0, 0), found.details


def _print(before: Scan, after: Scan) -> None:
    print(f"tables scanned: {len(after.tables)}, rows: {sum(after.tables.values())}")
    for place, words in sorted(before.hits.items()):
        print(f"  before: {place} ({len(words)})")
    print(f"  after: {len(after.hits)}")


@pytest.mark.row("REL-G01", "REL-G02")
def test_a_shop_that_forgot_him_first_leaves_nothing_here_either(connected: Store, shop) -> None:
    """Shopify blanks its own orders, which the mirror reads, before it asks us to do the same."""
    canary = choose(connected)
    order = canary.orders[0]
    shop.act("edit_note", order=order.gid, note=f"{canary.customer.name} of ZzQuartermain")
    run_sync(connected)
    add_comment(order, f"{canary.customer.name} rang", actor=SYSTEM, source=Source.STAFF)
    shop.act("redact_customer", order=order.gid)
    run_sync(connected)
    order.refresh_from_db()
    assert (order.email, order.customer) == ("", None)
    assert scan(canary.words).tables_hit >= {"orders_customer", "orders_comment"}

    person = {"id": canary.number, "email": canary.customer.email}
    numbers = [one.legacy_id for one in canary.orders]
    notify(connected, "customers/redact", secret=shop.webhook_secret, customer=person, orders_to_redact=numbers)
    work_off(connected)
    assert scan(canary.words).hits == {}
