"""Bulk operations in this process: what is refused, what comes out, how one ends."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from stores.rehearsal.bulk.worker import LONGEST_SECONDS, Worker
from stores.rehearsal.shop import Settings, Shop
from tests.rehearsal.conftest import Execute

RUN = """mutation($q: String!, $g: Boolean! = false) { bulkOperationRunQuery(query: $q, groupObjects: $g) {
  bulkOperation { id status objectCount rootObjectCount fileSize url completedAt query type }
  userErrors { field message code } } }"""
READ = """query($id: ID!) { bulkOperation(id: $id) {
  id status errorCode objectCount rootObjectCount fileSize url partialDataUrl completedAt } }"""
CANCEL = """mutation($id: ID!) { bulkOperationCancel(id: $id) {
  bulkOperation { id status completedAt } userErrors { field message } } }"""
MONEY = "{ shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"
ORDER = f"""id name tags note createdAt closed displayFinancialStatus displayFulfillmentStatus returnStatus
  customAttributes {{ key value }} totalPriceSet {MONEY} currentTotalPriceSet {MONEY} totalOutstandingSet {MONEY}
  shippingAddress {{ firstName city countryCodeV2 }} customer {{ id displayName tags }}
  transactions(first: 50) {{ id kind amountSet {MONEY} parentTransaction {{ id }} }}
  fulfillments(first: 50) {{ id status trackingInfo(first: 10) {{ number url }} }}
  refunds(first: 50) {{ id note }}"""
LINE = f"id name sku quantity unfulfilledQuantity originalUnitPriceSet {MONEY} product {{ id title }}"
HELD = "id status fulfillAt supportedActions { action } fulfillmentHolds { id reason }"
FO_LINE = "id remainingQuantity lineItem { id sku }"
BULK = f"""{{ orders {{ edges {{ node {{ {ORDER}
  lineItems {{ edges {{ node {{ {LINE} }} }} }}
  fulfillmentOrders {{ edges {{ node {{ {HELD} lineItems {{ edges {{ node {{ {FO_LINE} }} }} }} }} }} }} }} }} }} }}"""
PAGE = f"""query($after: String) {{ orders(first: 80, after: $after, sortKey: ID) {{
  pageInfo {{ endCursor }} nodes {{ {ORDER}
    lineItems(first: 60) {{ nodes {{ {LINE} }} }}
    fulfillmentOrders(first: 3) {{ nodes {{ {HELD} lineItems(first: 60) {{ nodes {{ {FO_LINE} }} }} }} }} }} }} }}"""
IDS = "{ orders { edges { node { id lineItems { edges { node { id } } } } } } }"

Bulk = Callable[..., dict[str, Any]]


@pytest.fixture
def worker(shop: Shop) -> Worker:
    return Worker(shop)


@pytest.fixture
def ask(execute: Execute) -> Bulk:
    """Start a bulk query; its row as answered."""

    def call(query: str = IDS, *, grouped: bool = False) -> dict[str, Any]:
        payload = execute(RUN, q=query, g=grouped)["data"]["bulkOperationRunQuery"]
        assert payload["userErrors"] == []
        return dict(payload["bulkOperation"])

    return call


@pytest.fixture
def read(execute: Execute) -> Bulk:
    def call(gid: str) -> dict[str, Any]:
        return dict(execute(READ, id=gid)["data"]["bulkOperation"])

    return call


def result(shop: Shop, gid: str) -> list[dict[str, Any]]:
    """The lines of an operation's file."""
    return [json.loads(line) for line in raw(shop, gid).splitlines()]


def raw(shop: Shop, gid: str) -> bytes:
    found = shop.bulk.get(int(gid.rsplit("/", 1)[1]))
    assert found is not None
    assert found.file is not None
    return shop.files.path(found.file).read_bytes()


def refusals(execute: Execute, query: str) -> list[tuple[Any, str, Any]]:
    payload = execute(RUN, q=query)["data"]["bulkOperationRunQuery"]
    assert payload["bulkOperation"] is None
    return [(e["field"], e["message"], e["code"]) for e in payload["userErrors"]]


# -- what is refused ---------------------------------------------------------------------------------------------------

SIX = " ".join(f"a{i}: lineItems {{ edges {{ node {{ id }} }} }}" for i in range(6))
WITHOUT_ID = (
    "The parent 'node' field for a nested connection must select the 'id' field without an alias and must be of 'ID' "
    "return type. Connection fields without 'id': orders."
)


def nested(*names: str, own: str = "id") -> str:
    """Connections within each other."""
    inner = "".join(f" {name} {{ edges {{ node {{ {own}" for name in names)
    return f"{{{inner} {'} } }' * len(names)} }}"


REFUSED = {
    "{ shop { id } }": "Bulk queries must contain at least one connection.",
    "": "Invalid bulk query: syntax error, unexpected end of file",
    "{ orders { nodes { id } } }": "All connection fields in a bulk query must select their contents using 'edges' > "
    "'node', e.g: 'orders { edges { node {'. Selecting via 'nodes' is not supported. Invalid connection fields: "
    "'orders'.",
    nested("orders", own=f"id {SIX}"): "Bulk queries cannot contain more than 5 connections.",
    nested("a", "b", "c", "d"): "Bulk queries cannot contain connections with a nesting depth greater than 2.",
    nested("orders", "lineItems", own="name"): WITHOUT_ID,
    nested("orders", "lineItems", own="key: id"): WITHOUT_ID,
    "mutation { orderClose(input: {id: 1}) { order { id } } }": "Invalid operation type. Only `query` operations are "
    "supported.",
    nested("orders", own="id fulfillments { events { edges { node { id } } } }"): "Queries that contain a connection "
    "field within a list field are not currently supported.",
    "#" + "a" * 65_535: "Query is too large (65536 bytes; maximum is 65535 bytes)",
    nested("orders", own="id shoeSize"): "Invalid bulk query: Cannot query field 'shoeSize' on type 'Order'.",
}


@pytest.mark.parametrize("query", REFUSED, ids=range(len(REFUSED)))
def test_what_shopify_refuses_is_refused_in_its_words(execute: Execute, shop: Shop, query: str) -> None:
    assert refusals(execute, query) == [(["query"], REFUSED[query], "INVALID")]
    assert shop.bulk.alive() == []


def test_a_node_at_the_top_is_refused_beside_the_missing_connection(execute: Execute) -> None:
    assert refusals(execute, '{ node(id: "gid://shopify/Order/1") { id } }') == [
        (["query"], "Bulk queries cannot contain a top level `node` field.", "INVALID"),
        (["query"], "Bulk queries must contain at least one connection.", "INVALID"),
    ]


def test_a_sixth_at_the_same_time_is_refused_and_names_the_five(execute: Execute, ask: Bulk, worker: Worker) -> None:
    five = [ask()["id"] for _ in range(5)]
    message = f"A bulk query operation for this app and shop is already in progress: {', '.join(five)}."
    assert refusals(execute, IDS) == [(None, message, "OPERATION_IN_PROGRESS")]
    worker.finish_all()
    assert ask()["status"] == "CREATED"


# -- what comes out ----------------------------------------------------------------------------------------------------


def assembled(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Pages' nodes made of lines; children may be anywhere."""
    fields = {"LineItem": "lineItems", "FulfillmentOrder": "fulfillmentOrders", "FulfillmentOrderLineItem": "lineItems"}
    known = {line["id"]: line for line in lines}
    assert len(known) == len(lines)
    for line in lines:
        kind = line["id"].split("/")[3]
        if kind == "Order":
            line["lineItems"], line["fulfillmentOrders"] = {"nodes": []}, {"nodes": []}
        if kind == "FulfillmentOrder":
            line["lineItems"] = {"nodes": []}
    for line in lines:
        parent = line.pop("__parentId", None)
        if parent is not None:
            known[parent][fields[line["id"].split("/")[3]]]["nodes"].append(line)
    return [line for line in lines if "/Order/" in line["id"]]


def test_a_bulk_result_says_exactly_what_pages_say(execute: Execute, worker: Worker, ask: Bulk, read: Bulk) -> None:
    shop = worker._shop
    made = ask(BULK)
    assert (made["status"], made["objectCount"], made["url"]) == ("CREATED", "0", None)
    worker.finish_all()
    done = read(made["id"])
    lines = result(shop, made["id"])
    assert (done["status"], done["errorCode"], done["partialDataUrl"]) == ("COMPLETED", None, None)
    assert (int(done["objectCount"]), int(done["rootObjectCount"])) == (len(lines), 400)
    assert int(done["fileSize"]) == len(raw(shop, made["id"]))
    orders = assembled(lines)
    pages: list[dict[str, Any]] = []
    after = None
    for _ in range(5):
        found = execute(PAGE, after=after)["data"]["orders"]
        pages += found["nodes"]
        after = found["pageInfo"]["endCursor"]
    assert orders == pages


def test_children_come_after_all_parents_of_their_page_unless_grouped(shop: Shop, worker: Worker, ask: Bulk) -> None:
    loose, grouped = ask()["id"], ask(grouped=True)["id"]
    worker.finish_all()
    first = result(shop, loose)[:50]
    assert all("__parentId" not in line for line in first)
    parent = ""
    for line in result(shop, grouped):
        assert line.get("__parentId", parent) == parent or "__parentId" not in line
        parent = line.get("__parentId", line["id"])
    assert Counter(line["id"] for line in result(shop, loose)) == Counter(line["id"] for line in result(shop, grouped))


def test_lines_are_written_as_shopify_writes_them(shop: Shop, worker: Worker, ask: Bulk) -> None:
    gid = ask("{ products { edges { node { id } } } }")["id"]
    worker.finish_all()
    assert raw(shop, gid).splitlines(keepends=True)[0] == b'{"id":"gid:\\/\\/shopify\\/Product\\/7000"}\n'


def test_a_window_by_creation_date_holds_what_the_count_says(
    execute: Execute, shop: Shop, worker: Worker, ask: Bulk
) -> None:
    window = "created_at:>='2026-01-01T00:00:00Z' created_at:<='2099-01-01T00:00:00Z' status:open"
    gid = ask(f'{{ orders(query: "{window}") {{ edges {{ node {{ id }} }} }} }}')["id"]
    worker.finish_all()
    counted = execute("query($q: String!) { ordersCount(query: $q) { count } }", q=window)["data"]["ordersCount"][
        "count"
    ]
    assert len(result(shop, gid)) == counted > 0


def test_nothing_found_is_a_success_without_a_link(worker: Worker, ask: Bulk, read: Bulk) -> None:
    gid = ask('{ orders(query: "name:nobody") { edges { node { id } } } }')["id"]
    worker.finish_all()
    done = read(gid)
    assert (done["status"], done["objectCount"], done["url"]) == ("COMPLETED", "0", None)


def test_a_sorted_query_loses_orders_that_share_a_second(shop: Shop, worker: Worker, ask: Bulk) -> None:
    gid = ask("{ orders(sortKey: UPDATED_AT) { edges { node { id } } } }")["id"]
    shop.store.execute("UPDATE orders SET updated_at = 1")
    worker.finish_all()
    assert len(result(shop, gid)) == 50


def test_without_a_scope_that_a_field_needs_the_operation_fails(
    execute: Execute, worker: Worker, ask: Bulk, read: Bulk
) -> None:
    shop = worker._shop
    shop.scopes = shop.scopes - {"read_customers"}
    gid = ask("{ orders { edges { node { id customer { id } } } } }")["id"]
    worker.finish_all()
    done = read(gid)
    assert (done["status"], done["errorCode"], done["url"], done["partialDataUrl"]) == (
        "FAILED", "ACCESS_DENIED", None, None,
    )  # fmt: skip


# -- how one ends ------------------------------------------------------------------------------------------------------


def test_a_canceled_operation_is_canceling_until_the_background_let_go(
    execute: Execute, worker: Worker, ask: Bulk, read: Bulk
) -> None:
    gid = ask()["id"]
    worker.step()
    worker.step()
    assert int(read(gid)["rootObjectCount"]) == 50
    payload = execute(CANCEL, id=gid)["data"]["bulkOperationCancel"]
    assert payload == {"bulkOperation": {"id": gid, "status": "CANCELING", "completedAt": None}, "userErrors": []}
    worker.finish_all()
    done = read(gid)
    assert (done["status"], done["completedAt"], done["url"], done["rootObjectCount"]) == ("CANCELED", None, None, "50")


def test_what_has_ended_cannot_be_canceled_and_what_never_was_neither(
    execute: Execute, worker: Worker, ask: Bulk
) -> None:
    gid = ask()["id"]
    worker.finish_all()
    payload = execute(CANCEL, id=gid)["data"]["bulkOperationCancel"]
    assert payload["bulkOperation"]["status"] == "COMPLETED"
    message = "A bulk operation cannot be canceled when it is completed"
    assert payload["userErrors"] == [{"field": None, "message": message}]
    payload = execute(CANCEL, id="gid://shopify/BulkOperation/1")["data"]["bulkOperationCancel"]
    assert payload["userErrors"] == [{"field": ["id"], "message": "Bulk operation does not exist"}]


def test_operations_are_listed_newest_first_and_found_by_state(execute: Execute, worker: Worker, ask: Bulk) -> None:
    first = ask()["id"]
    worker.finish_all()
    second = ask()["id"]
    listing = "query($q: String) { bulkOperations(first: 5, query: $q) { nodes { id } } }"

    def ids(query: str) -> list[str]:
        return [node["id"] for node in execute(listing, q=query)["data"]["bulkOperations"]["nodes"]]

    assert ids("") == [second, first]
    assert ids("status:created operation_type:query") == [second]
    assert ids("status:completed") == [first]
    assert ids("status:EXPIRED") == []
    by_node = execute("query($id: ID!) { node(id: $id) { id ... on BulkOperation { status } } }", id=first)
    assert by_node["data"]["node"] == {"id": first, "status": "COMPLETED"}


def test_links_die_after_seven_days_and_an_operation_after_ten(
    monkeypatch: pytest.MonkeyPatch, worker: Worker, ask: Bulk, read: Bulk
) -> None:
    shop = worker._shop
    done, stuck = ask()["id"], ""
    worker.finish_all()
    shop.faults.add({"kind": "bulk_stuck"})
    stuck = ask()["id"]
    worker.finish_all()
    assert (read(done)["status"], read(stuck)["status"]) == ("COMPLETED", "RUNNING")
    later = shop.clock.now() + LONGEST_SECONDS + 1
    monkeypatch.setattr(shop.clock, "now", lambda: later)
    worker.finish_all()
    assert (read(done)["status"], read(done)["url"]) == ("EXPIRED", None)
    assert (read(stuck)["status"], read(stuck)["errorCode"]) == ("FAILED", "TIMEOUT")


def test_files_whose_links_have_ended_are_let_go(
    monkeypatch: pytest.MonkeyPatch, shop: Shop, worker: Worker, ask: Bulk, read: Bulk
) -> None:
    old = ask()["id"]
    worker.finish_all()
    path = shop.files.path(shop.bulk.get(int(old.rsplit("/", 1)[1])).file or "")  # type: ignore[union-attr]
    assert path.exists()
    later = shop.clock.now() + 8 * 86_400
    monkeypatch.setattr(shop.clock, "now", lambda: later)
    new = ask()["id"]
    worker.finish_all()
    assert not path.exists()
    assert read(old)["status"] == "EXPIRED"
    assert len(result(shop, new)) > 0


def test_an_operation_begins_again_after_a_restart(tmp_path: Any, execute: Execute) -> None:
    settings = Settings(orders=120, state=tmp_path / "shop.sqlite3")
    shop = Shop(settings)
    made = shop.bulk.create(IDS, grouped=False)
    half = Worker(shop)
    half.step()
    half.step()
    shop.close()
    again = Shop(settings)
    Worker(again).finish_all()
    found = again.bulk.get(made.id)
    assert found is not None
    assert (found.status, found.roots) == ("COMPLETED", 120)
    assert len({line["id"] for line in result(again, made.gid)}) == found.objects
    again.close()
