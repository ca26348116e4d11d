"""What a shop's answers say beside their data: kept once, acted upon, and taken back when it is over."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ
from django_scopes import scopes_disabled

from orders.models import Customer, Order
from stores.choices import StoreState, SyncPhase
from stores.features import features_of
from stores.heard import Listener
from stores.models import Store, SyncStream
from stores.services import facts, health
from stores.shopify.client import Heard
from stores.shopify.errors import NeedsPerson
from tests.conftest_shops import run_sync

NOT_APPROVED = "This app is not approved to use the email field. See the protected data page for details."


@pytest.fixture(autouse=True)
def _unscoped() -> Iterator[None]:
    with scopes_disabled():
        yield


def heard(
    *errors: dict[str, Any], served: str = "2026-10", deprecated: str = "", nodes: list[Any] | None = None
) -> Heard:
    return Heard("2026-10", served, deprecated, {"orders": {"nodes": nodes or []}}, errors)


def denied(scope: str) -> dict[str, Any]:
    required = f"`{scope}` access scope."
    return {
        "message": f"Access denied for returns field. Required access: {required}",
        "extensions": {"code": "ACCESS_DENIED", "requiredAccess": required},
        "path": ["nodes", 0, "returns"],
    }


def unapproved(row: int, field: str = "email") -> dict[str, Any]:
    return {"message": NOT_APPROVED, "extensions": {"code": "ACCESS_DENIED"}, "path": ["orders", "nodes", row, field]}


def told(store: Store) -> Store:
    return Store.objects.get(pk=store.pk)


def test_another_version_is_kept_and_logged_once(store: Store, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING, "stores.heard"):
        for _ in range(2):
            Listener(told(store))(heard(served="2027-01", deprecated="old field"))

    kept = told(store)
    assert (kept.api_asked, kept.api_version, kept.api_deprecated) == ("2026-10", "2027-01", "old field")
    assert [record.message for record in caplog.records] == [
        "Shopify answers with another API version",
        "Shopify calls our calls deprecated",
    ]


def test_calls_of_which_only_some_are_deprecated_write_once(store: Store):
    for deprecated in ("old field", "", "another field", ""):
        Listener(told(store))(heard(deprecated=deprecated))
    assert told(store).api_deprecated == "old field"
    Store.objects.filter(pk=store.pk).update(api_asked="2026-07")
    Listener(told(store))(heard())
    assert told(store).api_deprecated == ""
    Listener(told(store))(heard(deprecated="old field"))
    listener = Listener(told(store))
    with CaptureQueriesContext(connection) as queries:
        listener(heard(deprecated="another field"))
        listener(heard())
    assert len(queries) == 0


def test_a_version_that_ended_is_noticed_with_the_next_answer(connected: Store, shop):
    shop.faults("version_sunset", times=None, version="2027-01")

    run_sync(connected)
    assert (told(connected).api_asked, told(connected).api_version) == ("2026-10", "2027-01")

    shop.faults()
    run_sync(connected)
    assert told(connected).api_version == "2026-10"


def test_an_answer_like_the_last_costs_no_query(store: Store):
    listener = Listener(store)
    listener(heard())
    with CaptureQueriesContext(connection) as queries:
        listener(heard())
    assert len(queries) == 0


def test_a_granted_scope_that_is_refused_is_off_for_a_day(store: Store):
    Store.objects.filter(pk=store.pk).update(scopes=["read_orders", "write_returns"])

    Listener(told(store))(heard(denied("read_returns")))

    kept = told(store)
    assert (kept.has_scope("read_returns"), kept.has_scope("write_returns"), kept.has_scope("read_orders")) == (
        False,
        False,
        True,
    )
    (state,) = [each for each in features_of(kept) if each.feature.name == "returns"]
    assert (state.is_on, state.missing) == (False, ())
    assert state.refused_since is not None
    assert "Shopify refuses this although read_returns is granted" in state.sentence

    since = kept.refused_scopes["read_returns"]["since"]
    kept.refused_scopes = {"read_returns": {"since": since, "until": (timezone.now() - timedelta(1)).isoformat()}}
    assert kept.has_scope("read_returns")
    kept.save()
    Listener(kept)(heard(denied("read_returns")))
    assert told(store).refused_scopes["read_returns"]["since"] == since
    assert not told(store).has_scope("read_returns")


def test_a_scope_that_is_not_granted_and_one_without_which_nothing_works_are_not_learned(store: Store):
    Listener(told(store))(heard(denied("read_payment_terms"), denied("read_orders")))

    assert told(store).refused_scopes == {}


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("`read_returns` access scope.", StoreState.CONNECTED),
        ("`read_orders` access scope.", StoreState.NEEDS_ATTENTION),
        ("", StoreState.NEEDS_ATTENTION),
    ],
)
def test_a_refused_part_does_not_set_the_store_aside(store: Store, said: str, state: StoreState):
    health.note_trouble(store, NeedsPerson("missing_scope", facts={"required_access": said}))

    assert told(store).state == state


@pytest.mark.row("FEAT-B1")
def test_hidden_fields_are_remembered_and_forgotten_when_they_are_shown_again(store: Store):
    SyncStream.objects.create(store=store, resource="orders", phase=SyncPhase.FOLLOWING)
    Listener(told(store))(heard(unapproved(0), unapproved(1, "shippingAddress"), nodes=[{"email": None}]))
    assert set(told(store).hidden_fields) == {"email", "shipping_address"}
    since = told(store).hidden_fields["email"]

    # Shown for one order and refused for another proves nothing.
    Listener(told(store))(heard(unapproved(1), nodes=[{"email": "anna@example.com"}, {"email": None}]))
    assert told(store).hidden_fields["email"] == since
    Listener(told(store))(heard(nodes=[{"email": None, "shippingAddress": None}]))
    assert set(told(store).hidden_fields) == {"email", "shipping_address"}
    assert OrmQ.objects.count() == 0

    # One field comes back while another is refused: the others stay hidden.
    Listener(told(store))(heard(unapproved(0, "shippingAddress"), nodes=[{"email": "anna@example.com"}]))
    assert set(told(store).hidden_fields) == {"shipping_address"}
    Listener(told(store))(heard(nodes=[{"shippingAddress": {"zip": "1011 AA"}, "email": None}]))
    assert told(store).hidden_fields == {}
    assert OrmQ.objects.count() == 1
    facts.shown_again_job(store.pk)
    assert SyncStream.objects.get(store=store).phase == SyncPhase.FIRST_LOAD


def test_a_scope_that_vanished_unseen_costs_nothing_but_its_part(connected: Store, shop):
    named = Order.objects.exclude(customer=None).first()
    fewer = sorted(set(connected.scopes) - {"read_customers"})
    shop.oauth(scopes=fewer)
    for order in (named, Order.objects.live().exclude(pk=named.pk).first()):
        shop.act("edit_note", order=order.gid, note="later")

    run_sync(connected)

    named.refresh_from_db()
    assert (named.note, named.customer is not None) == ("later", True)
    assert Customer.objects.count() > 0
    connected.refresh_from_db()
    assert (connected.state, connected.has_scope("read_customers")) == (StoreState.CONNECTED, False)

    facts.look_job(connected.pk)
    connected.refresh_from_db()
    assert (connected.scopes, connected.refused_scopes) == (fewer, {})
    assert connected.api_versions == ["2026-01", "2026-04", "2026-07", "2026-10"]


def test_a_scope_that_serves_again_has_everything_read_once_more(connected: Store):
    long_ago = (timezone.now() - timedelta(days=2)).isoformat()
    refused = {"read_customers": {"since": long_ago, "until": long_ago}}
    Store.objects.filter(pk=connected.pk).update(refused_scopes=refused)

    facts.look_job(connected.pk)

    assert told(connected).refused_scopes == {}
    assert SyncStream.objects.get(store=connected, resource="orders").phase == SyncPhase.FIRST_LOAD


HOLLOW = {"countryCodeV2": "NL", "firstName": None, "lastName": None, "address1": None, "zip": None}


@pytest.mark.parametrize(
    ("addresses", "hidden"),
    [
        ([HOLLOW, HOLLOW, HOLLOW], {"email", "shipping_address"}),
        ([HOLLOW, HOLLOW], set()),
        ([HOLLOW, HOLLOW, HOLLOW, {**HOLLOW, "zip": "1011 AA"}], set()),
    ],
)
def test_what_is_withheld_without_a_word_is_told_by_hollow_addresses(
    store: Store, addresses: list[dict[str, str | None]], hidden: set[str]
):
    Listener(store)(heard(nodes=[{"shippingAddress": address, "email": None} for address in addresses]))

    assert set(told(store).hidden_fields) == hidden


@pytest.mark.row("FEAT-B1")
@pytest.mark.parametrize("level", [0, 1])
def test_nulls_of_an_app_that_lost_its_approval_overwrite_nothing(connected: Store, shop, level: int):
    def persons() -> dict[str, object]:
        named = Order.objects.exclude(customer=None).exclude(shipping_address=None).exclude(email="")
        columns = ("email", "phone", "customer_name", "customer", "customer__email", "customer__name")
        return {row["gid"]: row for row in named.values("gid", "note", "shipping_address", "billing_address", *columns)}

    before = persons()
    shop.act("approve", level=level)
    for gid in before:
        shop.act("edit_note", order=gid, note="later")

    run_sync(connected)

    assert persons() == {gid: {**row, "note": "later"} for gid, row in before.items()}
    hidden = set(told(connected).hidden_fields)
    assert {"email", "phone", "shipping_address"} <= hidden
    assert ("customer" in hidden) == (level == 0)
    assert told(connected).state == StoreState.CONNECTED

    new = shop.act("new_order")["orders"][0]
    run_sync(connected)
    assert Order.objects.get(gid=new).email == ""
    shop.act("approve", level=2)
    shop.act("edit_note", order=next(iter(before)), note="much later")
    run_sync(connected)
    assert told(connected).hidden_fields == {}
    facts.shown_again_job(connected.pk)
    run_sync(connected)
    assert Order.objects.get(gid=new).email != ""


def test_a_stream_whose_scope_vanished_goes_without_and_the_store_stays_connected(connected: Store, shop):
    fewer = [scope for scope in connected.scopes if "fulfillment_orders" not in scope]
    assert len(fewer) < len(connected.scopes)
    shop.oauth(scopes=fewer)

    run_sync(connected)

    clock = SyncStream.objects.get(store=connected, resource="fulfillment_orders")
    assert clock.error_code == "missing_scope"
    kept = told(connected)
    assert kept.state == StoreState.CONNECTED
    off = {each.feature.name for each in features_of(kept) if each.refused_since}
    assert {"fulfilment_orders", "fulfilment"} <= off

    facts.look_job(connected.pk)
    assert told(connected).scopes == sorted(fewer)
    SyncStream.objects.update(next_attempt_at=None)
    run_sync(connected)
    clock.refresh_from_db()
    assert clock.error_code == ""
