"""The health of a store: each line's colour and what to do, the worst of them, the figures, and the diagnostics."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_scopes import scopes_disabled

from stores import counts
from stores.choices import (
    Counted,
    CredentialKind,
    InboxState,
    ProofState,
    Purpose,
    RunKind,
    StoreState,
    SubscriptionState,
    SyncPhase,
)
from stores.models import (
    Credential,
    InboxMessage,
    Proof,
    Quarantined,
    ShopBudget,
    Store,
    Subscription,
    SubscriptionCheck,
    SyncRun,
    SyncStream,
)
from stores.services.diagnostics import diagnostics_of
from stores.services.health_lines import Line
from stores.services.health_report import health_of, overviews_of
from stores.shopify.scopes import WANTED
from tests.admin.conftest import text_of
from tests.api.conftest import client_with  # noqa: F401 - a fixture
from tests.builders.orders import make_order, make_store

pytestmark = pytest.mark.django_db
NOW = timezone.now
SECRETS = ("shpat_canary_1", "hush-canary", "client-canary", "anna.canary@example.com")


@pytest.fixture(autouse=True)
def _unscoped():
    cache.clear()
    with scopes_disabled():
        yield
    cache.clear()


@pytest.fixture
def well(store: Store) -> Store:
    """A store with nothing to complain of."""
    return make_well(store)


def make_well(store: Store) -> Store:
    Store.objects.filter(pk=store.pk).update(scopes=sorted(WANTED), api_asked="2026-10", last_webhook_at=NOW())
    store.refresh_from_db()
    for resource in ("orders", "fulfillment_orders"):
        SyncStream.objects.create(
            store=store, resource=resource, phase=SyncPhase.FOLLOWING, true_as_of=NOW(), first_loaded_at=NOW()
        )
    SubscriptionCheck.objects.create(store=store, uri="https://x/webhooks/shopify/", checked_at=NOW(), tried_at=NOW())
    Subscription.objects.create(store=store, topic="orders/updated", state=SubscriptionState.PRESENT, since=NOW())
    Proof.objects.create(
        store=store,
        state=ProofState.EQUAL,
        requested_by="system",
        live_there=3,
        live_here=3,
        finished_at=NOW(),
    )
    return store


def lines(store: Store) -> dict[str, Line]:
    return {line.key: line for line in health_of(store).lines}


def test_a_store_that_is_well_is_green_in_every_line(well):
    report = health_of(well)
    assert {line.key: line.tone.value for line in report.lines if line.tone.value != "good"} == {}
    assert (report.colour.tone.value, report.colour.key, report.colour.reason) == ("good", "", "")
    assert [line.todo for line in report.lines if line.todo] == []
    assert {"connection", "token", "features", "api_version", "stream.orders", "webhooks", "inbox", "proof"} < {
        line.key for line in report.lines
    }


@pytest.mark.parametrize(
    ("state", "tone", "todo"),
    [
        (StoreState.PAUSED, "warning", "Resume the store"),
        (StoreState.NEEDS_ATTENTION, "bad", "The token is refused."),
        (StoreState.DISCONNECTED, "bad", "The token is refused."),
    ],
)
def test_a_store_that_is_not_connected_says_what_to_do_and_is_not_called_behind(well, state, tone, todo):
    Store.objects.filter(pk=well.pk).update(state=state, state_message="The token is refused.")
    SyncStream.objects.update(true_as_of=NOW() - timedelta(days=3))
    well.refresh_from_db()
    found = lines(well)
    assert found["connection"].tone.value == tone
    assert found["connection"].todo.startswith(todo)
    assert "stream.orders" not in found
    assert overviews_of([well])[well.pk].colour.key == "connection"


def test_a_token_that_cannot_be_renewed_is_amber_while_it_serves_and_red_after(well):
    Credential.objects.update(
        kind=CredentialKind.CLIENT_CREDENTIALS,
        client_id="id",
        expires_at=NOW() + timedelta(minutes=4),
        error_at=NOW(),
        error_code="shop_unavailable",
        error_message="The shop does not answer.",
    )
    assert (lines(well)["token"].tone.value, lines(well)["token"].todo) == ("warning", "The shop does not answer.")
    Credential.objects.update(expires_at=NOW() - timedelta(minutes=1))
    assert lines(well)["token"].tone.value == "bad"
    Credential.objects.all().delete()
    assert lines(well)["token"].todo == "Reconnect the store."


def test_a_permission_that_is_missing_is_a_line_with_where_to_add_it(well):
    Store.objects.filter(pk=well.pk).update(scopes=[scope for scope in WANTED if scope != "write_orders"])
    well.refresh_from_db()
    found = lines(well)
    assert found["feature.order_changes"].tone.value == "warning"
    assert "write_orders" in found["feature.order_changes"].todo
    assert "features" not in found
    assert health_of(well).missing == ("write_orders",)


@pytest.mark.row("FEAT-A40")
@pytest.mark.parametrize(
    ("behind", "tone"),
    [(timedelta(seconds=100), "good"), (timedelta(minutes=10), "warning"), (timedelta(hours=2), "bad")],
)
@pytest.mark.parametrize("resource", ["orders", "fulfillment_orders"])
def test_each_clock_shows_its_own_lag(well, behind, tone, resource):
    SyncStream.objects.filter(resource=resource).update(true_as_of=NOW() - behind)
    found = lines(well)[f"stream.{resource}"]
    assert found.tone.value == tone
    assert ("manage.py work" in found.todo) == (tone != "good")


@pytest.mark.parametrize(
    ("behind", "tone", "says_why"),
    [(timedelta(minutes=50), "good", False), (timedelta(hours=5), "warning", True)],
)
def test_what_takes_its_turn_is_given_an_hour_and_then_says_why_it_is_slow(well, behind, tone, says_why):
    SyncStream.objects.update_or_create(
        store=well,
        resource="timelines",
        defaults={
            "phase": SyncPhase.FOLLOWING,
            "true_as_of": NOW() - behind,
            "next_attempt_at": NOW() + timedelta(seconds=7),
        },
    )

    line = lines(well)["stream.timelines"]

    assert (line.tone, "a tenth of this shop's budget" in line.todo) == (tone, says_why)


def test_an_error_of_a_stream_is_what_to_do_about_its_lag(well):
    SyncStream.objects.update(
        true_as_of=NOW() - timedelta(minutes=10), error_code="x", error_message="The shop answers with nonsense."
    )
    assert lines(well)["stream.orders"].todo == "The shop answers with nonsense."


def test_a_first_load_is_for_information(well):
    SyncStream.objects.filter(resource="orders").update(phase=SyncPhase.FIRST_LOAD, loaded=40, expected=100)
    found = lines(well)["stream.orders"]
    assert (found.tone.value, found.says) == ("info", "first load 40 %")


def test_webhooks_that_are_refused_missing_or_not_looked_at_are_said(well):
    Subscription.objects.create(
        store=well, topic="returns/update", state=SubscriptionState.REFUSED, refusal="No.", since=NOW()
    )
    found = lines(well)["webhooks"]
    assert (found.tone.value, found.says) == ("warning", "1 of 2 topics")
    assert found.todo == "Shopify refuses returns/update: No."

    Subscription.objects.filter(topic="returns/update").delete()
    SubscriptionCheck.objects.update(checked_at=NOW() - timedelta(hours=5))
    assert lines(well)["webhooks"].tone.value == "warning"

    SubscriptionCheck.objects.update(error_code="no_secret", error_message="Without a secret it lives from polling.")
    assert lines(well)["webhooks"].todo == "Without a secret it lives from polling."


def deliver(store: Store, number: int, **fields) -> InboxMessage:
    return InboxMessage.objects.create(store=store, webhook_id=f"w{number}", topic="orders/updated", **fields)


@pytest.mark.parametrize(("age", "tone"), [(1, "good"), (10, "warning"), (90, "bad")])
def test_the_inbox_goes_by_its_oldest(well, age, tone):
    for number in (1, 2):
        deliver(well, number)
    InboxMessage.objects.filter(webhook_id="w1").update(received_at=NOW() - timedelta(minutes=age))
    deliver(well, 3, state=InboxState.DONE)
    InboxMessage.objects.filter(webhook_id="w3").update(received_at=NOW() - timedelta(days=9))
    found = lines(well)["inbox"]
    assert (found.tone.value, found.says) == (tone, "2 webhooks wait")


def test_webhooks_that_were_given_up_are_amber_with_what_makes_up_for_them(well):
    deliver(well, 1, state=InboxState.FAILED)
    found = lines(well)["inbox"]
    assert (found.tone.value, found.says) == ("warning", "0 webhooks wait, 1 was given up")
    assert "proof" in found.todo


def test_what_is_set_aside_and_a_proof_that_differs_are_said(well):
    Quarantined.objects.create(store=well, resource="orders", gid="g", reason="odd")
    Proof.objects.update(state=ProofState.DIFFERS, remaining=1)
    found = lines(well)
    assert (found["quarantine"].tone.value, found["quarantine"].says) == ("warning", "1 order")
    assert found["proof"].tone.value == "bad"
    assert "Prove the store again" in found["proof"].todo
    colour = overviews_of([well])[well.pk].colour
    assert (colour.tone.value, colour.key) == ("bad", "proof")
    assert colour.reason.startswith("Proof: 3 = 3")


def test_what_shopify_hides_is_a_line(well):
    Store.objects.filter(pk=well.pk).update(hidden_fields={"email": "2026-11-20T09:00:00+00:00"})
    well.refresh_from_db()
    assert lines(well)["hidden_fields"].says == "Shopify hides since 2026-11-20: e-mail address"


def test_the_figures_are_what_was_counted_and_what_is_left(well):
    at = NOW().timestamp()
    ShopBudget.objects.create(store=well, maximum=2000, restore_rate=100, available=500, at=at - 5)
    counts.add(well.pk, {counts.points_of(Purpose.FOLLOW): 30, counts.points_of(Purpose.PROOF): 70})
    counts.add(well.pk, {Counted.HEALED_BY_POLLING: 2})
    report = health_of(well)
    assert [(one.purpose, one.hour, one.day) for one in report.spent] == [
        (Purpose.PROOF, 70, 70),
        (Purpose.FOLLOW, 30, 30),
    ]
    assert {one.counted: one.day for one in report.counted if one.day} == {Counted.HEALED_BY_POLLING: 2}
    assert report.budget is not None
    assert 999 < report.budget.available < 1200


def fill(store: Store) -> Store:
    """Everything a report shows, with secrets and a customer's data all around."""
    make_well(store)
    make_order(store, email="anna.canary@example.com", note="anna.canary@example.com")
    Store.objects.filter(pk=store.pk).update(email="anna.canary@example.com")
    Credential.objects.filter(store=store).update(
        token="shpat_canary_1", webhook_secret="hush-canary", client_secret="client-canary"
    )
    Quarantined.objects.create(
        store=store, resource="orders", gid="g1", reason="odd", raw='{"email":"anna.canary@example.com"}'
    )
    SyncRun.objects.create(
        store=store, resource="orders", kind=RunKind.FOLLOW, started_at=NOW(), changed=7, errors=1, error_code="timeout"
    )
    deliver(store, 1)
    store.refresh_from_db()
    return store


def test_diagnostics_hold_the_facts_and_no_secret_and_nobodys_data(store):
    text = diagnostics_of(health_of(fill(store)))
    for words in (
        store.domain,
        "token: static",
        "warning quarantine",
        "orders/updated: present",
        "changed 7",
        "errors 1 timeout",
        "waiting 1 since 2",
    ):
        assert words in text, words
    for secret in SECRETS:
        assert secret not in text


def test_diagnostics_are_the_same_in_every_language(store):
    from django.utils.translation import override

    report = health_of(fill(store))
    with override("nl"):
        assert diagnostics_of(report) == diagnostics_of(report)
        dutch = diagnostics_of(report)
    assert dutch == diagnostics_of(report)


def test_a_report_costs_as_many_queries_whatever_the_store_holds(well):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            diagnostics_of(health_of(well))
        return len(queries)

    few = cost()
    for number in range(30):
        deliver(well, number, state=[InboxState.PENDING, InboxState.FAILED, InboxState.DONE][number % 3])
        Quarantined.objects.create(store=well, resource="orders", gid=f"g{number}", reason="odd")
        Subscription.objects.create(store=well, topic=f"t{number}", state=SubscriptionState.REFUSED, since=NOW())
        SyncRun.objects.create(
            store=well, resource="orders", kind=RunKind.FOLLOW, started_at=NOW() - timedelta(minutes=number)
        )
        counts.add(well.pk, {f"points.{number}": 1})
    assert cost() == few


def test_the_overviews_of_thirty_stores_cost_as_many_queries_as_of_three():
    stores = [make_well(make_store()) for _ in range(3)]

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert len(overviews_of(stores)) == len(stores)
        return len(queries)

    few = cost()
    stores += [make_well(make_store()) for _ in range(27)]
    assert cost() == few


def browser_of(person: User) -> Client:
    browser = Client()
    browser.force_login(person)
    return browser


def test_the_page_shows_it_all_and_offers_the_diagnostics(agent, store):
    fill(store)
    text = text_of(browser_of(agent).get(f"/admin/stores/store/{store.pk}/"))
    for words in ("Health", "Set aside", "1 order", "orders/updated", "Budget and counts", "Copy diagnostics"):
        assert words in text, words
    assert f"store {store.pk} {store.domain}" in text
    for secret in SECRETS[:3]:
        assert secret not in text


def test_the_list_shows_the_worst_of_each_store(agent, store):
    make_well(store)
    browser = browser_of(agent)
    assert 'bo-badge bo-good">Connected' in text_of(browser.get("/admin/stores/store/"))
    Quarantined.objects.create(store=store, resource="orders", gid="g", reason="odd")
    text = text_of(browser.get("/admin/stores/store/"))
    assert 'bo-badge bo-warning">Connected' in text
    assert "Set aside: 1 order" in text


def test_the_api_gives_the_same(agent, client_with, store):  # noqa: F811 - the fixture
    fill(store)
    client = client_with(agent)
    body = client.get(f"/api/v1/stores/{store.pk}/health/").json()
    assert (body["tone"], body["reason"]) == ("warning", "Set aside: 1 order")
    assert {line["key"]: line["tone"] for line in body["lines"]}["connection"] == "good"
    assert body["token"] == {
        "kind": "static",
        "expires_at": None,
        "minted_at": None,
        "error_at": None,
        "error_code": "",
        "error_message": "",
    }
    assert (body["webhooks"]["wanted"], body["webhooks"]["present"], body["webhooks"]["refused"]) == (1, 1, 0)
    assert (body["inbox"]["waiting"], body["inbox"]["failed"]) == (1, 0)
    assert (body["runs"][0]["changed"], body["runs"][0]["errors"]) == (7, 1)
    assert body["scopes"]["missing"] == []
    assert body["mirror"]["quarantined"] == 1
    text = client.get(f"/api/v1/stores/{store.pk}/diagnostics/").json()["text"]
    for secret in SECRETS:
        assert secret not in text
        assert secret not in str(body)
