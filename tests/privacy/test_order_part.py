"""The order floor's part: what is emptied, what stays, and that the same order read again stays empty."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django_scopes import scopes_disabled

from backoffice.core.privacy import Person
from backoffice.core.traces import Traces, without
from orders.models import Beside, Comment, CommentVersion, Customer, Order, Return, TimelineEntry, Tombstone
from orders.resources import OrdersResource
from orders.services.aside import set_aside
from orders.services.beside import write_besides
from orders.services.ingest import ingest_orders
from orders.services.privacy import PART
from orders.services.privacy_rows import models_of_orders
from stores.models import Quarantined, Store
from stores.resources import Rejected
from stores.shopify.aside_snapshots import (
    AsideSnapshot,
    EventSnapshot,
    ReturnLineSnapshot,
    ReturnSnapshot,
    RiskFactSnapshot,
)
from stores.shopify.snapshots import (
    Address,
    FulfillmentSnapshot,
    OrderSnapshot,
    RefundSnapshot,
    RiskSnapshot,
    TrackingSnapshot,
)
from tests.builders.snapshots import PLACED, a_customer, a_fulfillment_order, a_hold, an_order, bag

pytestmark = pytest.mark.django_db
ADDRESS = Address(
    "Zenobia", "Quartermain", "Quartermain Ltd", "Larkspur Lane 77", "", "Utrecht", "", "", "3511ZQ", "Netherlands",
    "NL", "+31687654321",
)  # fmt: skip
SECRETS = ("zenobia", "quartermain", "larkspur", "3511zq", "87654321", "3szq")


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


def zenobias(number: int = 1, **fields: Any) -> OrderSnapshot:
    customer = a_customer(
        7,
        display_name="Zenobia Quartermain",
        first_name="Zenobia",
        last_name="Quartermain",
        email="zenobia@example.com",
    )
    hold = a_hold(number)
    values: dict[str, Any] = {
        "customer": customer,
        "email": "zenobia@example.com",
        "phone": "+31687654321",
        "note": "Leave it with Zenobia's neighbour",
        "custom_attributes": (("gift for", "Zenobia"),),
        "shipping_address": ADDRESS,
        "billing_address": ADDRESS,
        "tags": ("vip", "called Zenobia"),
        "status_page_url": "https://example.com/orders/zenobia",
        "fulfillments": (
            FulfillmentSnapshot(
                f"gid://shopify/Fulfillment/{number}", "#1-F1", "SUCCESS", "IN_TRANSIT", PLACED, PLACED, None, None,
                (TrackingSnapshot("PostNL", "3SZQ1", "https://track.example/3SZQ1"),), (),
            ),
        ),
        "refunds": (RefundSnapshot(f"gid://shopify/Refund/{number}", PLACED, "Zenobia sent it back", bag("5.00"), ()),),
        "fulfillment_orders": (
            a_fulfillment_order(number, holds=(type(hold)(hold.gid, "OTHER", "Ask Zenobia", "Other", "", ours=False),)),
        ),
    }  # fmt: skip
    return an_order(number, **(values | fields))


def read(store: Store, *snapshots: OrderSnapshot, by_id: bool = True, seconds: int = 0) -> None:
    asked_at = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(seconds=seconds)
    ingest_orders(store, list(snapshots), fetched_at=asked_at, by_id=by_id)


def everything(store: Store) -> str:
    """All that the order floor holds of the store, as text."""
    models = [*models_of_orders(), Order, Customer, CommentVersion, Tombstone]
    return "\n".join(str(row) for model in models for row in model._base_manager.values_list()).casefold()


def secrets_in(store: Store) -> list[str]:
    text = everything(store)
    return [secret for secret in SECRETS if secret in text]


def erase(store: Store, *, gid: str = "gid://shopify/Customer/7", email: str = "", orders: tuple[str, ...] = ()) -> int:
    """What the desk does, without its rows."""
    asked = Person(store.pk, gid, email, orders)
    traces = PART.find(asked)
    PART.forbid(asked)
    pages = PART.orders(asked, 0, 500)
    changed = PART.erase(Person(store.pk, "", "", tuple(gid for _, gid in pages), traces=traces))
    return changed + PART.erase(Person(store.pk, gid, email, traces=traces))


def test_what_is_personal_goes_and_money_and_numbers_stay(store: Store) -> None:
    read(store, zenobias(1), zenobias(2, name="#1002"), an_order(3))
    order = Order.objects.get(gid="gid://shopify/Order/1")
    comment = Comment.objects.create(store=store, order=order, author_label="Bo", body="Zenobia called twice")
    kept = Comment.objects.create(store=store, order=order, author_label="Bo", body="Shipped from the second shelf")
    elsewhere = Comment.objects.create(
        store=store,
        order=Order.objects.get(gid="gid://shopify/Order/3"),
        author_label="Bo",
        body="Same parcel as zenobia  quartermain's",
    )
    assert secrets_in(store) == list(SECRETS)

    assert erase(store) > 0

    assert secrets_in(store) == []
    order.refresh_from_db()
    assert (order.name, str(order.total_shop), order.tags, order.country_code) == ("#1001", "25.0000", ["vip"], "NL")
    assert not Customer.objects.filter(gid="gid://shopify/Customer/7").exists()
    bodies = Comment.objects.filter(pk__in=[comment.pk, kept.pk, elsewhere.pk]).order_by("pk")
    assert list(bodies.values_list("body", flat=True)) == ["…", "Shipped from the second shelf", "…"]
    other = Order.objects.get(gid="gid://shopify/Order/3")
    assert (other.email, other.customer_name) == ("anna-1@example.com", "Anna de Vries")
    assert erase(store) == 0


@pytest.mark.row("REL-G02", "REL-W15", "INV-C3")
@pytest.mark.parametrize("by_id", [True, False])
def test_what_is_read_again_stays_empty_and_the_proof_agrees(store: Store, by_id: bool) -> None:
    read(store, zenobias(1))
    erase(store)
    evidence = OrdersResource.evidence
    assert evidence.shown(store, [zenobias(1)]) == {"gid://shopify/Order/1"}

    read(store, zenobias(1), seconds=60, by_id=True)
    read(store, zenobias(1, updated_at=PLACED + timedelta(hours=1), closed=True), seconds=120, by_id=by_id)

    order = Order.objects.get()
    assert order.closed is True
    assert secrets_in(store) == []
    changed = zenobias(1, updated_at=PLACED + timedelta(hours=1), closed=True)
    assert evidence.shown(store, [changed]) == {order.gid}
    before = order.mirrored_at
    read(store, changed, seconds=180)
    order.refresh_from_db()
    assert order.mirrored_at == before, "the same state must not be written for ever"


@pytest.mark.row("REL-G02")
def test_an_order_that_was_not_here_comes_without_its_buyer(store: Store) -> None:
    """A first load that reaches an old order after the erasure; by the customer, by the order's id, by an address."""
    erase(store, orders=("gid://shopify/Order/5",), email="guest@example.com")
    read(
        store,
        zenobias(4),
        zenobias(5, customer=None, email="zenobia@example.com"),
        zenobias(6, customer=None, email="Guest@Example.com", phone="", note=""),
        zenobias(8, customer=None, email="guest@example.com", created_at=datetime(2126, 1, 1, tzinfo=UTC)),
        by_id=False,
    )
    blanked = Order.objects.filter(email="", shipping_address__address1="", customer=None)
    assert set(blanked.values_list("legacy_id", flat=True)) == {4, 5, 6}
    assert Order.objects.get(legacy_id=8).email == "guest@example.com", "who buys again is a customer again"


@pytest.mark.row("REL-G02")
def test_the_shop_forgets_the_buyer_first_and_nothing_comes_back(store: Store) -> None:
    """Known by its customer when it was read first, and by nothing but its own id afterwards."""
    erase(store)
    read(store, zenobias(4))
    read(store, zenobias(4, customer=None, email="", phone="", tags=("vip",)), seconds=60)
    assert secrets_in(store) == []


def test_a_tag_that_named_him_stays_away_after_the_shop_forgot_the_name(store: Store) -> None:
    read(store, zenobias(1))
    erase(store)
    anonymous = zenobias(1, customer=None, email="", phone="", shipping_address=None, billing_address=None)
    read(store, anonymous, seconds=60)
    assert Order.objects.get().tags == ["vip"]
    assert not TimelineEntry.objects.filter(kind__startswith="tags.").exists()


def test_another_store_keeps_its_customer_of_the_same_name(store: Store, other_store: Store) -> None:
    read(store, zenobias(1))
    read(other_store, zenobias(1))
    erase(store)
    order = Order.objects.get(store=other_store)
    assert (order.email, order.customer.name) == ("zenobia@example.com", "Zenobia Quartermain")


def test_tombstones_say_nothing_without_the_key(store: Store) -> None:
    read(store, zenobias(1))
    erase(store, email="zenobia@example.com")
    rows = Tombstone.objects.values_list("digest", "tags")
    assert all(len(digest) == 64 and all(len(tag) == 64 for tag in tags) for digest, tags in rows)
    assert set(Tombstone.objects.values_list("kind", flat=True)) == {"order", "customer", "address"}


@pytest.mark.parametrize(
    "text",
    ["call +31 6 8765 4321", "06-87654321 please", "0031687654321", "+31687654321", "(06) 87 65 43 21"],
)
def test_a_telephone_number_is_found_however_it_is_written(text: str) -> None:
    pattern = Traces.of(identifiers=["+31687654321"]).anywhere()
    assert "8765" not in without(text, pattern).replace(" ", "").replace("-", "")


@pytest.mark.parametrize("text", ["order 1001", "87654", "186876543219", "Anna", ""])
def test_other_texts_stay_as_they_are(text: str) -> None:
    traces = Traces.of(identifiers=["+31687654321", "zenobia@example.com"], names=["Zenobia Quartermain", "12"])
    assert without(text, traces.on_own()) is text


@pytest.mark.row("REL-G02", "FEAT-C15")
def test_an_unreadable_answer_about_the_erased_is_not_kept(store: Store) -> None:
    erase(store)
    raw = '{"id": "gid://shopify/Order/9", "customer": {"id": "gid://shopify/Customer/7", "firstName": "Zenobia"}}'
    others = '{"id": "gid://shopify/Order/10", "customer": {"id": "gid://shopify/Customer/77"}}'
    set_aside(
        store,
        [Rejected("gid://shopify/Order/9", "odd", raw=raw), Rejected("gid://shopify/Order/10", "odd", raw=others)],
    )
    assert dict(Quarantined.objects.values_list("gid", "raw")) == {
        "gid://shopify/Order/9": "",
        "gid://shopify/Order/10": others,
    }


@pytest.mark.row("REL-G01", "REL-G02")
def test_what_stands_beside_his_orders_goes_and_is_not_taken_over_again(store: Store) -> None:
    read(store, zenobias(1))
    event = EventSnapshot(
        "gid://shopify/BasicEvent/1", "note", "Zenobia called", PLACED, "Zenobia", "", is_comment=True
    )
    line = ReturnLineSnapshot("g", "l", 1, 0, 1, 1, 0, "Too small", "size", "says Zenobia", "Zenobia", None)
    back = ReturnSnapshot("r", "#1-R1", "OPEN", PLACED, None, None, "", "", 1, (), (line,))
    fact = RiskFactSnapshot("Zenobia's card was used before", "NEGATIVE")
    beside = AsideSnapshot("gid://shopify/Order/1", (), RiskSnapshot(), (fact,), (event,), None, (back,))
    look = datetime(2026, 11, 20, tzinfo=UTC)
    write_besides(store, {beside.order_gid: beside}, looked_at=look)
    assert Beside.objects.get().risk_facts[0]["description"] == "Zenobia's card was used before"
    assert TimelineEntry.objects.get(kind="shop.comment").actor_label == "Zenobia"

    erase(store)
    assert secrets_in(store) == []
    write_besides(store, {beside.order_gid: beside}, looked_at=look + timedelta(days=1))

    assert secrets_in(store) == []
    assert Return.objects.get().status == "OPEN"
