"""Bulk operations: what is asked for, and what each answer means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import (
    FieldNode,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    validate,
)

from stores.shopify import documents
from stores.shopify.bulk import (
    BulkOperation,
    cancel_bulk_operation,
    latest_bulk_queries,
    read_bulk_operation,
    start_bulk_query,
)
from stores.shopify.bulk_query import bulk_document
from stores.shopify.client import Client
from stores.shopify.errors import Final, NeedsPerson, TryAgain, Uncertain
from stores.shopify.throttle import Lane
from tests.stores.shopify.stub import Stub, resets, sends

ALL = frozenset({"write_orders", "read_customers", "read_merchant_managed_fulfillment_orders"})
START, END = datetime(2026, 10, 1, 12, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC)
GID = "gid://shopify/BulkOperation/7"


def said(**changes: Any) -> dict[str, Any]:
    """An operation as Shopify writes it just after its start."""
    return {
        "id": GID,
        "type": "QUERY",
        "status": "CREATED",
        "errorCode": None,
        "createdAt": "2026-11-01T10:00:00Z",
        "completedAt": None,
        "objectCount": "0",
        "rootObjectCount": "0",
        "fileSize": None,
        "url": None,
        "partialDataUrl": None,
        **changes,
    }


def started(operation: dict[str, Any] | None, *errors: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"bulkOperationRunQuery": {"bulkOperation": operation, "userErrors": list(errors)}}}


def document(**changes: Any) -> str:
    return bulk_document(**({"created_from": START, "created_to": END, "scopes": ALL} | changes))


def fields(selection: SelectionSetNode | None) -> Iterator[FieldNode]:
    for one in selection.selections if selection else ():
        assert isinstance(one, FieldNode), "a bulk query has no fragments"
        yield one


def connections(selection: SelectionSetNode | None, depth: int = 0) -> Iterator[tuple[str, int, list[str]]]:
    """(name, nesting, names selected in its node) of every connection."""
    for one in fields(selection):
        edges = [child for child in fields(one.selection_set) if child.name.value == "edges"]
        if not edges:
            yield from connections(one.selection_set, depth)
            continue
        (node,) = fields(edges[0].selection_set)
        assert [child.name.value for child in fields(one.selection_set)] == ["edges"]
        yield one.name.value, depth, [child.name.value for child in fields(node.selection_set)]
        yield from connections(node.selection_set, depth + 1)


@pytest.mark.parametrize(
    ("scopes", "found"),
    [
        (ALL, {("orders", 0), ("lineItems", 1), ("fulfillmentOrders", 1), ("lineItems", 2)}),
        ({"read_orders"}, {("orders", 0), ("lineItems", 1)}),
    ],
)
def test_the_query_keeps_to_what_shopify_runs_in_bulk(
    scopes: frozenset[str], found: set[tuple[str, int]], schema: GraphQLSchema
) -> None:
    text = document(scopes=scopes)
    parsed = parse(text)

    assert validate(schema, parsed) == []
    (operation,) = parsed.definitions
    assert isinstance(operation, OperationDefinitionNode)
    assert not operation.variable_definitions
    there = list(connections(operation.selection_set))
    assert {(name, depth) for name, depth, _ in there} == found
    assert len(there) <= 5
    assert [name for name, _, selected in there if "id" not in selected] == []
    assert "@" not in text
    assert "sortKey" not in text
    assert len(text.encode()) <= 65_535


def test_the_query_asks_for_the_window_to_the_second() -> None:
    assert document().startswith(
        """{ orders(query: "created_at:>='2026-10-01T12:00:00Z' AND created_at:<='2026-10-31T00:00:00Z'") {"""
    )


def test_the_query_brings_what_a_page_brings_but_for_the_lists_in_lists() -> None:
    page, bulk = (set(paths(documents.inlined(name))) for name in ("orders_page", "bulk_orders"))

    lists_in_lists = {path for path in page if "fulfillmentLineItems" in path or "refundLineItems" in path}
    assert len(lists_in_lists) > 10
    assert bulk == page - lists_in_lists


def paths(document: str) -> Iterator[str]:
    """The dotted names of everything selected of an order; how a connection is unpacked makes no difference."""

    def below(selection: SelectionSetNode | None, path: str) -> Iterator[str]:
        for one in fields(selection):
            name = one.name.value
            if name in ("edges", "node", "nodes"):
                yield from below(one.selection_set, path)
            elif name != "pageInfo":
                yield f"{path}.{name}"
                yield from below(one.selection_set, f"{path}.{name}")

    (operation,) = parse(document).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return below(operation.selection_set, "")


def test_starting_returns_the_operation(stub: Stub, client: Client) -> None:
    stub.will_say(started(said()))

    operation = start_bulk_query(client, document(), lane=Lane.BACKGROUND)

    assert operation == BulkOperation(
        gid=GID,
        status="CREATED",
        error_code="",
        object_count=0,
        root_object_count=0,
        file_size=None,
        url=None,
        partial_url=None,
        created_at=datetime(2026, 11, 1, 10, tzinfo=UTC),
        completed_at=None,
    )
    assert stub.calls[0].variables == {"query": document()}
    assert "groupObjects: false" in stub.calls[0].query


@pytest.mark.parametrize("code", ["OPERATION_IN_PROGRESS", "LIMIT_REACHED"])
def test_a_shop_that_runs_enough_is_asked_again_later(stub: Stub, client: Client, code: str) -> None:
    stub.will_say(started(None, {"field": None, "message": "A bulk query operation is in progress", "code": code}))

    with pytest.raises(TryAgain) as raised:
        start_bulk_query(client, document(), lane=Lane.BACKGROUND)

    assert (raised.value.code, raised.value.after_seconds, len(stub.calls)) == ("bulk_busy", 30.0, 1)


def test_a_query_that_is_refused_is_final_and_says_why(stub: Stub, client: Client) -> None:
    refusal = {"field": ["query"], "message": "Bulk queries must contain at least one connection.", "code": "INVALID"}
    stub.will_say(started(None, refusal))

    with pytest.raises(Final) as raised:
        start_bulk_query(client, "{ shop { id } }", lane=Lane.BACKGROUND)

    assert raised.value.code == "bulk_refused"
    assert raised.value.facts["shopify_says"] == "Bulk queries must contain at least one connection."


def test_a_token_that_may_not_is_told_so(stub: Stub, client: Client) -> None:
    denied = {"message": "Access denied", "path": ["bulkOperationRunQuery"], "extensions": {"code": "ACCESS_DENIED"}}
    stub.will_say({"data": {"bulkOperationRunQuery": None}, "errors": [denied]})

    with pytest.raises(NeedsPerson) as raised:
        start_bulk_query(client, document(), lane=Lane.BACKGROUND)

    assert raised.value.code == "missing_scope"


@pytest.mark.row("REL-S07")
def test_a_start_whose_answer_was_lost_is_uncertain_and_not_repeated(stub: Stub, client: Client) -> None:
    stub.will(resets())

    with pytest.raises(Uncertain):
        start_bulk_query(client, document(), lane=Lane.BACKGROUND)

    assert len(stub.calls) == 1


def test_a_lost_operation_is_found_by_its_query(stub: Stub, client: Client) -> None:
    other = "gid://shopify/BulkOperation/8"
    nodes = [
        {**said(id=other), "query": document(created_to=START)},
        {**said(), "query": document()},
        {**said(id=other, type="MUTATION"), "query": document()},
    ]
    stub.will_say({"data": {"bulkOperations": {"nodes": nodes}}})

    found = latest_bulk_queries(client, document(), lane=Lane.BACKGROUND)

    assert [one.gid for one in found] == [GID]


def test_reading_tells_what_came_of_it(stub: Stub, client: Client) -> None:
    done = said(
        status="COMPLETED",
        completedAt="2026-11-01T10:01:00Z",
        objectCount="1456",
        rootObjectCount="182",
        fileSize="115969",
        url="https://storage.googleapis.com/x?Signature=s",
    )
    stub.will_say({"data": {"bulkOperation": done}})

    operation = read_bulk_operation(client, GID, lane=Lane.BACKGROUND)

    assert operation is not None
    assert (operation.object_count, operation.root_object_count, operation.file_size) == (1456, 182, 115969)
    assert (operation.is_completed, operation.is_open) == (True, False)
    assert operation.url == "https://storage.googleapis.com/x?Signature=s"


@pytest.mark.parametrize(
    ("status", "is_open"),
    [
        ("CREATED", True),
        ("RUNNING", True),
        ("CANCELING", True),
        ("CANCELED", False),
        ("COMPLETED", False),
        ("EXPIRED", False),
        ("FAILED", False),
    ],
)
def test_only_some_operations_may_still_come_to_an_end(stub: Stub, client: Client, status: str, is_open: bool) -> None:
    stub.will_say({"data": {"bulkOperation": said(status=status)}})

    operation = read_bulk_operation(client, GID, lane=Lane.BACKGROUND)

    assert operation is not None
    assert operation.is_open is is_open


def test_an_unknown_operation_is_none(stub: Stub, client: Client) -> None:
    stub.will_say({"data": {"bulkOperation": None}})

    assert read_bulk_operation(client, GID, lane=Lane.BACKGROUND) is None


def test_cancelling_what_is_over_is_no_error(stub: Stub, client: Client) -> None:
    over = {"field": None, "message": "A bulk operation cannot be canceled when it is completed"}
    stub.will(
        sends({"data": {"bulkOperationCancel": {"bulkOperation": said(status="CANCELING"), "userErrors": []}}}),
        sends({"data": {"bulkOperationCancel": {"bulkOperation": None, "userErrors": [over]}}}),
    )

    cancelled = cancel_bulk_operation(client, GID, lane=Lane.BACKGROUND)

    assert cancelled is not None
    assert cancelled.status == "CANCELING"
    assert cancel_bulk_operation(client, GID, lane=Lane.BACKGROUND) is None
