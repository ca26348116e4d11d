"""The first load: orders of a bulk file become the rows that ingest would write; nothing that is there gives way."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import models
from django_scopes import scopes_disabled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.core import events
from backoffice.core.clock import db_now
from orders.choices import Level
from orders.models import Customer, FulfillmentOrder, Order, TimelineEntry
from orders.services import erased
from orders.services.ingest import ingest_orders, mark_deleted
from orders.services.load import load_groups
from orders.services.mirror_write import PARTS
from stores.gateway import client_for
from stores.models import Quarantined, Store
from stores.shopify.parsing import parse_order
from stores.shopify.shapes import Part
from stores.shopify.snapshots import OrderSnapshot
from tests.builders.bulk import group_of, groups_of, objects_of, read_nodes
from tests.builders.orders import ALL_SCOPES, make_store
from tests.stores.shopify import answers

T0 = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
# What no shop says: whose row it is and when it was written.
OURS = {"id", "store_id", "order_id", "customer_id", "first_seen_at", "mirrored_at", "recorded_at"}
HOSTILE = "tab\there, new\nline, \r, back\\slash, \\N, \\., {\"a\",NULL}, 'quote', 🌻 ẞ \u2028 \x7f"


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


def snapshots_of(nodes: list[dict[str, Any]]) -> list[OrderSnapshot]:
    return [parse_order(Part(node)).snapshot for node in nodes]


def rows_of(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Every row of the mirror, without what no shop says; parts name their order, orders their customer."""
    tables: Mapping[str, type[models.Model]] = {"Order": Order, "Customer": Customer, "Entry": TimelineEntry, **PARTS}
    found = {}
    for name, model in tables.items():
        rows = []
        for row in model._base_manager.filter(store=store):
            values = {field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields}
            shown = {key: value for key, value in values.items() if key not in OURS}
            if name == "Order":
                shown["customer"] = row.customer.gid if row.customer else None
            elif name != "Customer":
                shown["order"] = row.order.gid
            rows.append(shown)
        found[name] = sorted(rows, key=_place)
    return found


def _place(row: Mapping[str, Any]) -> tuple[str, str]:
    return row.get("order", ""), row.get("gid") or row.get("dedupe") or row["name"]


def without(rows: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key not in names} for row in rows]


@pytest.fixture
def nodes(connected) -> list[dict[str, Any]]:
    """Sixty orders of a shop, of every kind."""
    return read_nodes(client_for(connected))


@pytest.mark.row("INV-C1")
def test_a_loaded_order_equals_an_ingested_one_but_for_what_a_summary_lacks(nodes):
    by_file, by_page = make_store(), make_store()

    loaded = load_groups(by_file, groups_of(nodes), fetched_at=T0)
    ingest_orders(by_page, snapshots_of(nodes), fetched_at=T0, by_id=False, backfilled=True)

    assert (loaded.created, loaded.changed, loaded.unchanged, loaded.refetch) == (len(nodes), 0, 0, ())
    told, known = rows_of(by_file), rows_of(by_page)
    for name in ("Customer", "LineItem", "FulfillmentOrder", "Transaction", "OrderTag"):
        assert told[name] == known[name], name
        assert told[name], name
    for name in ("Fulfillment", "Refund"):
        assert without(told[name], "lines") == without(known[name], "lines")
        assert {tuple(row["lines"]) for row in told[name]} == {()}
    assert without(told["Order"], "level", "state_hash") == without(known["Order"], "level", "state_hash")
    assert {(row["level"], row["state_hash"]) for row in told["Order"]} == {(Level.SUMMARY, "")}
    assert {row["level"] for row in known["Order"]} == {Level.FULL}
    told_later = ("fulfilment.", "refund.")
    assert told["Entry"] == [row for row in known["Entry"] if not row["kind"].startswith(told_later)]
    assert any(row["kind"].startswith("fulfilment.") for row in known["Entry"])
    assert any(row["kind"].startswith("refund.") for row in known["Entry"])


def test_reading_by_id_makes_a_summary_what_ingest_makes_and_its_past_triggers_nothing(nodes, monkeypatch):
    by_file, by_page, now = make_store(), make_store(), db_now()
    load_groups(by_file, groups_of(nodes), fetched_at=now)
    ingest_orders(by_page, snapshots_of(nodes), fetched_at=now, by_id=False, backfilled=True)
    heard: list[events.Event] = []
    monkeypatch.setitem(events._listeners, "*", [heard.extend])

    done = ingest_orders(by_file, snapshots_of(nodes), fetched_at=now, by_id=True)

    assert (done.changed, done.refetch) == (len(nodes), ())
    assert rows_of(by_file) == rows_of(by_page)
    assert heard == []


def test_what_happens_after_the_summary_is_news(store):
    node = answers.order()
    load_groups(store, groups_of([node]), fetched_at=T0)
    (known,) = snapshots_of([node])
    later = known.updated_at + timedelta(days=3000)
    (shipment, *_rest) = known.fulfillments
    arrived = replace(shipment, delivered_at=later)

    ingest_orders(store, [replace(known, updated_at=later, fulfillments=(arrived,))], fetched_at=later, by_id=True)

    told = dict(TimelineEntry.objects.filter(kind__startswith="fulfilment.").values_list("kind", "backfilled"))
    assert told == {"fulfilment.created": True, "fulfilment.delivered": False}


@pytest.mark.row("REL-S04")
def test_the_same_file_twice_gives_the_same_rows(nodes):
    store = make_store()
    load_groups(store, groups_of(nodes), fetched_at=T0)
    before, ids = rows_of(store), set(Order.objects.filter(store=store).values_list("pk", flat=True))

    again = load_groups(store, groups_of(nodes), fetched_at=T0)
    later = load_groups(store, groups_of(nodes), fetched_at=T0 + SECOND)

    assert (again.created, again.unchanged, again.refetch) == (0, len(nodes), ())
    assert (later.created, later.unchanged, later.refetch) == (0, len(nodes), ())
    assert rows_of(store) == before
    assert set(Order.objects.filter(store=store).values_list("pk", flat=True)) == ids


@pytest.mark.row("REL-S05")
@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize(
    ("asked", "told", "note", "refetched"),
    [
        (-SECOND, SECOND, "the file's", False),  # the row was read after the file was asked for
        (0 * SECOND, SECOND, "the file's", False),
        (SECOND, -SECOND, "the file's", False),
        (SECOND, 0 * SECOND, "the row's", False),
        (SECOND, 0 * SECOND, "the file's", True),
        (SECOND, SECOND, "the row's", True),
    ],
)
def test_an_order_never_goes_back_in_time(store, level, asked, told, note, refetched):
    node = {**answers.order(), "note": "the row's"}
    if level == Level.FULL:
        ingest_orders(store, snapshots_of([node]), fetched_at=T0, by_id=True)
    else:
        load_groups(store, groups_of([node]), fetched_at=T0)
    before = rows_of(store)
    updated_at = datetime.fromisoformat(node["updatedAt"]) + told
    line = {**node, "note": note, "updatedAt": updated_at.isoformat()}

    done = load_groups(store, groups_of([line]), fetched_at=T0 + asked)

    assert done.refetch == ((node["id"],) if refetched else ())
    assert (done.created, done.unchanged) == (0, 0 if refetched else 1)
    assert rows_of(store) == before


def test_a_deleted_order_that_the_file_still_shows_is_looked_at(store):
    node = answers.order()
    load_groups(store, groups_of([node]), fetched_at=T0)
    mark_deleted(store, [node["id"]], fetched_at=T0)

    assert load_groups(store, groups_of([node]), fetched_at=T0 - SECOND).refetch == ()
    assert load_groups(store, groups_of([node]), fetched_at=T0 + SECOND).refetch == (node["id"],)


@pytest.mark.row("REL-S02")
def test_parts_may_come_in_any_order_and_twice(nodes):
    straight, shuffled = make_store(), make_store()
    mixed = []
    for node in nodes:
        order, *parts = objects_of(node)
        parts += parts[:1]
        random.Random(node["id"]).shuffle(parts)  # not a secret
        mixed.append(group_of([order, *parts]))

    load_groups(straight, groups_of(nodes), fetched_at=T0)
    load_groups(shuffled, mixed, fetched_at=T0)

    assert Order.objects.filter(store=shuffled).count() == len(nodes)
    lines = rows_of(shuffled)["LineItem"]
    assert without(lines, "position") == without(rows_of(straight)["LineItem"], "position")
    waiting = FulfillmentOrder.objects.filter(store=shuffled)
    assert sum(len(one.lines) for one in waiting) == sum(
        len(one.lines) for one in FulfillmentOrder.objects.filter(store=straight)
    )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda objects: objects[0].pop("name"),
        lambda objects: objects[0].update(updatedAt="yesterday"),
        lambda objects: objects[1].update(__parentId="gid://shopify/Order/404"),
        lambda objects: objects[1].update(id="gid://shopify/Teapot/1"),
        lambda objects: objects[1].pop("__parentId"),
        lambda objects: objects[0].update(totalPriceSet={"shopMoney": None}),
    ],
)
def test_an_order_that_cannot_be_read_is_parked_and_the_others_go_on(store, spoil):
    objects = objects_of(answers.order())
    spoil(objects)
    good = {**answers.order(), "id": "gid://shopify/Order/77", "legacyResourceId": "77"}

    done = load_groups(store, [group_of(objects), *groups_of([good])], fetched_at=T0)

    assert done.created == 1
    assert list(Order.objects.values_list("gid", flat=True)) == ["gid://shopify/Order/77"]
    parked = Quarantined.objects.get()
    assert (parked.gid, parked.resource) == (answers.ORDER, "orders")
    assert parked.reason.startswith("The shop's bulk file could not be read at ")


def test_an_order_that_the_database_refuses_is_parked_and_the_others_go_on(store):
    refused = {**answers.order(), "shippingAddress": {**answers.order()["shippingAddress"], "countryCodeV2": "NLD"}}
    others = [
        {**answers.order(), "id": f"gid://shopify/Order/{number}", "legacyResourceId": str(number)}
        for number in range(100, 106)
    ]

    done = load_groups(store, groups_of([*others[:2], refused, *others[2:]]), fetched_at=T0)

    assert done.created == 6
    parked = Quarantined.objects.get()
    assert parked.gid == answers.ORDER
    assert "character varying(2)" in parked.reason


def test_an_order_that_was_parked_and_loads_is_parked_no_more(store):
    Quarantined.objects.create(store=store, resource="orders", gid=answers.ORDER, reason="odd")

    load_groups(store, groups_of([answers.order()]), fetched_at=T0)

    assert not Quarantined.objects.exists()


def test_an_order_with_a_list_as_long_as_asked_for_is_read_by_id(store):
    (payment, *_rest) = answers.order()["transactions"]
    many = [{**payment, "id": f"gid://shopify/OrderTransaction/{number}"} for number in range(250)]

    done = load_groups(store, groups_of([{**answers.order(), "transactions": many}]), fetched_at=T0)

    assert (done.created, done.refetch) == (0, (answers.ORDER,))
    assert not Order.objects.exists()


def test_what_the_scopes_do_not_open_is_left_alone(connected):
    nodes = read_nodes(client_for(connected), customers=False, fulfillment_orders=False)
    store = make_store(scopes=[scope for scope in ALL_SCOPES if "order" in scope and "fulfillment" not in scope])

    load_groups(store, groups_of(nodes), fetched_at=T0)

    assert Order.objects.filter(store=store).count() == len(nodes)
    assert not Customer.objects.filter(store=store).exists()
    assert not FulfillmentOrder.objects.filter(store=store).exists()
    assert set(Order.objects.filter(store=store).values_list("customer_name", "on_hold")) == {("", False)}


def test_every_text_arrives_as_it_was_sent(store):
    node = answers.order()
    node["note"], node["tags"] = HOSTILE, [HOSTILE, "", '"', "\\", "NULL", "a,b", "{}"]
    node["customAttributes"] = [{"key": HOSTILE, "value": HOSTILE}]
    node["customer"]["lastName"] = HOSTILE

    load_groups(store, groups_of([node]), fetched_at=T0)

    order = Order.objects.get()
    assert order.note == HOSTILE
    assert order.tags == [HOSTILE, "", '"', "\\", "NULL", "a,b", "{}"]
    assert order.custom_attributes == [[HOSTILE, HOSTILE]]
    assert order.customer.last_name == HOSTILE
    assert set(order.tag_rows.values_list("name", flat=True)) == set(order.tags)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(max_size=40), min_size=1, max_size=20))
def test_any_text_arrives_as_ingest_would_keep_it(store, texts):
    Order.objects.all().delete()
    nodes = [
        {**answers.order(), "id": f"gid://shopify/Order/{at}", "note": text, "tags": [text], "poNumber": text}
        for at, text in enumerate(texts)
    ]

    load_groups(store, groups_of(nodes), fetched_at=db_now())

    kept = {order.gid: order for order in Order.objects.all()}
    for snapshot in snapshots_of(nodes):
        order = kept[snapshot.gid]
        assert (order.note, order.tags, order.po_number) == (snapshot.note, list(snapshot.tags), snapshot.po_number)


@pytest.mark.row("REL-G02")
@pytest.mark.parametrize("later", [timedelta(0), SECOND])
def test_a_file_does_not_bring_back_who_was_erased(store, later):
    node = answers.order()
    erased.bury_person(store.pk, customer_gids=[node["customer"]["id"]], emails=[])

    load_groups(store, groups_of([node]), fetched_at=T0)
    again = load_groups(store, groups_of([node]), fetched_at=T0 + later)

    order = Order.objects.get()
    assert (order.customer, order.email, order.phone, order.note, order.customer_name) == (None, "", "", "", "")
    assert order.shipping_address["address1"] == ""
    assert not Customer.objects.exists()
    assert (order.level, again.unchanged, again.refetch) == (Level.SUMMARY, 1, ())
