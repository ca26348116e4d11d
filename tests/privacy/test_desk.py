"""The privacy desk: what the shop asks for is believed when it is the shop's, kept once, and carried out."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db.models import F
from django_scopes import scopes_disabled

from backoffice.core import privacy
from backoffice.core.actor import SYSTEM, Actor
from backoffice.core.errors import Invalid, NotAllowed
from backoffice.core.models import AuditEntry
from orders.models import Customer, Order, Tombstone
from stores.choices import ComplianceKind, ComplianceState, StoreState
from stores.models import ComplianceRequest, Credential, ExportPiece, InboxMessage, RetiredSigner, Store
from stores.services import compliance, compliance_work
from stores.services.connect import disconnect_store
from stores.services.health_facts import facts_of
from stores.services.health_lines import lines_of
from tests.builders.orders import make_customer, make_order

from .desk import notify, redact, work_off

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


def number(gid: str) -> int:
    return int(gid.rpartition("/")[2])


def zenobia(store: Store, *, orders: int = 2) -> Customer:
    customer = make_customer(store, name="Zenobia Quartermain", email="zenobia@example.com")
    for _ in range(orders):
        make_order(store, customer=customer, note="for Zenobia")
    return customer


def test_a_notice_is_kept_encrypted_answered_and_carried_out(store: Store) -> None:
    customer, other = zenobia(store), make_order(store, email="anna@example.com")

    assert redact(store, customer=number(customer.gid), email="zenobia@example.com") == 200
    request = ComplianceRequest.objects.get()
    assert (request.kind, request.state, request.store) == (ComplianceKind.ERASE_PERSON, ComplianceState.WAITING, store)
    assert request.due_at - request.received_at == pytest.approx(timedelta(days=30), abs=timedelta(minutes=1))
    work_off(store)

    request.refresh_from_db()
    assert (request.state, request.payload, request.error_code) == (ComplianceState.DONE, "", "")
    assert request.receipt == {"tombstones": 2, "orders": 2, "orders.mirror": 3}
    assert "zenobia" not in json.dumps(request.receipt).lower()
    assert set(Order.objects.exclude(pk=other.pk).values_list("email", "note", "customer")) == {("", "", None)}
    assert Order.objects.get(pk=other.pk).email == "anna@example.com"
    assert not InboxMessage.objects.exists()
    assert [one.action for one in AuditEntry.objects.order_by("pk")] == ["privacy.requested", "privacy.done"]


@pytest.mark.row("REL-W04", "REL-G03")
def test_the_same_delivery_is_kept_once_and_a_second_request_finds_nothing(store: Store) -> None:
    customer = zenobia(store)
    person = {"customer": {"id": number(customer.gid)}, "orders_to_redact": []}

    answers = [notify(store, "customers/redact", webhook_id="one", **person) for _ in range(3)]
    assert answers == [200, 200, 200]
    work_off(store)
    assert notify(store, "customers/redact", webhook_id="two", **person) == 200
    work_off(store)

    receipts = list(ComplianceRequest.objects.order_by("pk").values_list("webhook_id", "state", "receipt"))
    assert receipts == [
        ("one", "done", {"tombstones": 2, "orders": 2, "orders.mirror": 3}),
        ("two", "done", {}),
    ]


@pytest.mark.row("REL-G03")
def test_an_unknown_customer_is_kept_away_for_the_future(store: Store) -> None:
    assert redact(store, customer=12345, orders=[777]) == 200
    work_off(store)
    assert ComplianceRequest.objects.get().receipt == {"tombstones": 2}
    assert Tombstone.objects.count() == 2


@pytest.mark.row("REL-G03")
def test_only_an_address_finds_the_customer_and_orders_without_one(store: Store) -> None:
    zenobia(store, orders=1)
    guest = make_order(store, email="Zenobia@Example.com")
    others = make_order(store, customer=make_customer(store, name="Her Aunt"), email="zenobia@example.com")

    assert redact(store, email="zenobia@example.com") == 200
    work_off(store)

    guest.refresh_from_db()
    assert guest.email == ""
    assert Order.objects.filter(email="").count() == 2
    others.refresh_from_db()
    assert others.email == "zenobia@example.com", "another customer's order is that customer's"
    assert not Customer.objects.filter(name="Zenobia Quartermain").exists()


@pytest.mark.parametrize(
    "payload",
    [
        {"customer": {"id": "191167"}, "orders_to_redact": ["299938"]},
        {"customer": {"id": "gid://shopify/Customer/191167"}, "orders_to_redact": [{"id": 299938}], "new": {"x": 1}},
        {"customer": {"id": 191167, "email": None, "phone": None}},
        {"customer": None, "orders_to_redact": [299938]},
    ],
)
def test_payloads_of_other_shapes_name_the_same_person(store: Store, payload: dict[str, object]) -> None:
    assert notify(store, "customers/redact", **payload) == 200
    about = json.loads(ComplianceRequest.objects.get().payload)
    assert about["customer_gid"] in ("gid://shopify/Customer/191167", "")
    assert about["order_gids"] in (["gid://shopify/Order/299938"], [])


@pytest.mark.row("REL-W03")
def test_a_header_that_names_another_shop_is_refused_and_noted(store: Store, other_store: Store) -> None:
    """Both shops' apps share a secret: only the body tells them apart."""
    customer = zenobia(other_store)
    person = {"customer": {"id": number(customer.gid)}, "orders_to_redact": []}

    assert notify(other_store, "customers/redact", domain=store.domain, **person) == 401
    assert not ComplianceRequest.objects.exists()
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.store_id) == ("privacy.refused", other_store.pk)


@pytest.mark.row("REL-W03")
@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("customers/redact", {"customer": {"id": 5}, "orders_requested": [1], "data_request": {"id": 9}}),
        ("shop/redact", {"customer": {"id": 5}, "orders_to_redact": []}),
        ("customers/data_request", {"customer": {"id": 5}, "orders_to_redact": [1]}),
        ("customers/redact", {}),
        ("customers/redact", {"shop_domain": None, "id": 1, "customer": {"id": 5}}),
    ],
)
def test_a_signed_body_under_another_topic_is_refused_and_noted(
    store: Store, topic: str, payload: dict[str, object]
) -> None:
    assert notify(store, topic, **payload) == 401
    assert not ComplianceRequest.objects.exists()
    assert AuditEntry.objects.get().action == "privacy.refused"


@pytest.mark.row("REL-W01")
def test_a_wrong_signature_or_an_unknown_shop_leaves_no_trace(store: Store) -> None:
    assert notify(store, "shop/redact", secret="guessed") == 401
    assert notify(Store(domain="nobody.myshopify.com"), "shop/redact") == 401
    assert (ComplianceRequest.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_a_store_that_was_let_go_still_hears_its_shop(store: Store) -> None:
    customer = zenobia(store)
    disconnect_store(store, actor=SYSTEM)
    assert not Credential.objects.filter(store=store).exists()
    assert "builder-secret" not in str(RetiredSigner.objects.annotate(raw=F("secret")).values("retired_at"))

    assert redact(store, customer=number(customer.gid)) == 200
    work_off(store)
    assert set(Order.objects.values_list("email", flat=True)) == {""}


@pytest.mark.row("REL-G05")
@pytest.mark.parametrize("at", range(1, 9))
def test_killed_anywhere_the_next_worker_ends_it_and_counts_right(
    store: Store, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Death before a step's end: what the step did is undone with it. (test_large.py kills for real.)"""

    class Killed(BaseException):
        pass

    monkeypatch.setattr(compliance_work, "CHUNK", 2)
    customer = zenobia(store, orders=5)
    redact(store, customer=number(customer.gid))
    real, calls = compliance_work._save, []

    def dying(*words: object, **changes: object) -> None:
        calls.append(1)
        if len(calls) == at:
            raise Killed
        real(*words, **changes)

    monkeypatch.setattr(compliance_work, "_save", dying)
    if at <= 7:
        with pytest.raises(Killed):
            compliance_work.work_compliance_job(store.pk)
        assert ComplianceRequest.objects.get().state == ComplianceState.RUNNING
        compliance_work.work_compliance_job(store.pk)
        assert ComplianceRequest.objects.get().state == ComplianceState.RUNNING, "the lease of the dead still holds"
        ComplianceRequest.objects.update(leased_until=F("leased_until") - timedelta(hours=1))
    work_off(store)

    request = ComplianceRequest.objects.get()
    assert request.receipt == {"tombstones": 2, "orders": 5, "orders.mirror": 6}
    assert set(Order.objects.values_list("email", "note", "customer")) == {("", "", None)}


def test_trouble_is_tried_again_for_as_long_as_it_takes_and_told_without_data(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    customer = zenobia(store)
    redact(store, customer=number(customer.gid))

    def broken(*words: object) -> int:
        raise ValueError("Key (email)=(zenobia@example.com) already exists")

    with monkeypatch.context() as patched:
        patched.setattr(compliance_work, "_treat", broken)
        for _ in range(12):
            ComplianceRequest.objects.update(next_attempt_at=None)
            compliance_work.work_compliance_job(store.pk)
    request = ComplianceRequest.objects.get()
    assert (request.state, request.error_code, request.error_message) == ("running", "internal_error", "ValueError")
    assert request.next_attempt_at is not None
    assert "zenobia" not in caplog.text

    ComplianceRequest.objects.update(next_attempt_at=None)
    work_off(store)
    assert ComplianceRequest.objects.get().error_code == ""


@pytest.mark.row("DP1")
def test_an_export_holds_all_of_the_person_and_nobody_else(store: Store) -> None:
    customer = zenobia(store)
    make_order(store, email="anna@example.com")
    person = {"id": number(customer.gid), "email": "zenobia@example.com"}
    assert notify(store, "customers/data_request", customer=person, orders_requested=[], data_request={"id": 9}) == 200
    work_off(store)

    request = ComplianceRequest.objects.get()
    assert (request.state, request.kind) == (ComplianceState.DONE, ComplianceKind.EXPORT)
    assert request.expires_at - request.finished_at == pytest.approx(timedelta(days=7), abs=timedelta(minutes=1))
    held = [one for piece in ExportPiece.objects.order_by("number") for one in json.loads(piece.content)]
    assert sorted((one["part"], one["kind"]) for one in held) == [
        ("orders.mirror", "customer"),
        ("orders.mirror", "order"),
        ("orders.mirror", "order"),
    ]
    assert {one["email"] for one in held} == {"zenobia@example.com"}
    assert held[0]["lineitem"][0]["title"] == "Blue mug"
    assert Order.objects.filter(email="zenobia@example.com").count() == 2, "an export erases nothing"

    ComplianceRequest.objects.update(expires_at=F("expires_at") - timedelta(days=8))
    compliance.sweep()
    assert not ExportPiece.objects.exists()


def test_an_erasure_takes_the_exports_that_were_made_before(store: Store) -> None:
    customer = zenobia(store)
    asked = compliance.ask_for(store, ComplianceKind.EXPORT, who="zenobia@example.com", confirmation="", actor=SYSTEM)
    work_off(store)
    assert ExportPiece.objects.filter(request=asked).exists()
    redact(store, customer=number(customer.gid))
    work_off(store)
    assert not ExportPiece.objects.exists()


def test_staff_ask_by_hand_with_the_managers_right_and_typing_twice(
    store: Store, manager_actor: Actor, agent_actor: Actor
) -> None:
    zenobia(store)
    erase = {"who": "zenobia@example.com", "confirmation": "zenobia@example.com"}
    with pytest.raises(NotAllowed):
        compliance.ask_for(store, ComplianceKind.ERASE_PERSON, **erase, actor=agent_actor)
    for wrong in ({"confirmation": "yes"}, {"who": "Zenobia", "confirmation": "Zenobia"}, {"who": ""}):
        with pytest.raises(Invalid):
            compliance.ask_for(store, ComplianceKind.ERASE_PERSON, **(erase | wrong), actor=manager_actor)
    assert not ComplianceRequest.objects.exists()

    asked = compliance.ask_for(store, ComplianceKind.ERASE_PERSON, **erase, actor=manager_actor)
    work_off(store)
    asked.refresh_from_db()
    assert (asked.requested_by, asked.state) == ("manager", "done")
    assert set(Order.objects.values_list("email", flat=True)) == {""}


def test_requests_of_a_paused_store_are_carried_out(store: Store) -> None:
    customer = zenobia(store)
    Store.objects.update(state=StoreState.PAUSED)
    redact(store, customer=number(customer.gid))
    work_off(store)
    assert set(Order.objects.values_list("email", flat=True)) == {""}


def test_every_application_that_holds_personal_data_is_asked() -> None:
    assert {part.name for part in privacy.all_parts()} >= {
        "notifications.messages",
        "orders.mirror",
        "stores.quarantine",
    }


@pytest.mark.parametrize(
    ("changes", "tone"),
    [({}, "info"), ({"error_message": "ValueError"}, "warning"), ({"due_at": datetime(2026, 1, 1, tzinfo=UTC)}, "bad")],
)
def test_what_is_owed_stands_in_the_stores_health_until_it_is_done(
    store: Store, changes: dict[str, object], tone: str
) -> None:
    redact(store, customer=1)
    ComplianceRequest.objects.update(**changes)
    found = {line.key: line.tone.value for line in lines_of(facts_of([store])[store.pk])}
    assert found["privacy"] == tone
    work_off(store)
    assert "privacy" not in {line.key for line in lines_of(facts_of([store])[store.pk])}


# Payloads as Shopify publishes them, one file a topic, where they are given.
SAMPLES = [
    path
    for path in sorted(Path(os.environ.get("SHOPIFY_WEBHOOK_SAMPLES", "samples-not-given")).glob("*.json"))
    if path.stem in ("customers__data_request", "customers__redact", "shop__redact")
]


def test_the_published_payloads_are_kept_and_carried_out(store: Store) -> None:
    if not SAMPLES:
        pytest.skip("SHOPIFY_WEBHOOK_SAMPLES names no folder with payloads")
    disconnect_store(store, actor=SYSTEM)
    for path in SAMPLES:
        sample = json.loads(path.read_text())
        assert notify(store, sample["topic"], **(sample["payload"] | {"shop_domain": store.domain})) == 200
    work_off(store)
    assert sorted(ComplianceRequest.objects.values_list("kind", "state")) == [
        ("erase_person", "done"),
        ("erase_shop", "done"),
        ("export", "done"),
    ]
