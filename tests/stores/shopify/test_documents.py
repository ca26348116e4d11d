"""Every document that we send is valid against the schema, and what it costs is known."""

from __future__ import annotations

import pytest
from graphql import FieldNode, GraphQLSchema, OperationDefinitionNode, Visitor, parse, validate, visit

from stores.shopify import documents
from stores.shopify.asides import EVENTS_AT_A_GLANCE, RETURN_SIZES, SCHEDULES
from stores.shopify.cost import requested_cost
from stores.shopify.reading import CHUNK_SIZES, ORDERS_PER_PAGE, PAGE_SIZES

MUTATIONS = ("order_close", "order_open", "order_update", "tags_add", "tags_remove")
SWITCHES = {"withCustomer": True, "withFulfillmentOrders": True}


@pytest.mark.parametrize("name", documents.names())
def test_a_document_is_valid_against_the_schema(name: str, schema: GraphQLSchema) -> None:
    assert validate(schema, parse(documents.load(name))) == []


@pytest.mark.parametrize("name", MUTATIONS)
@pytest.mark.parametrize("count", [1, 2, 20])
def test_an_aliased_mutation_is_valid_and_has_a_field_and_variables_per_order(
    name: str, count: int, schema: GraphQLSchema
) -> None:
    document = parse(documents.aliased(name, count))

    assert validate(schema, document) == []
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    fields = [field for field in operation.selection_set.selections if isinstance(field, FieldNode)]
    assert [field.alias.value for field in fields if field.alias] == [f"m{at}" for at in range(count)]
    variables = {one.variable.name.value for one in operation.variable_definitions or ()}
    assert len(variables) == count * len({name.rsplit("_", 1)[0] for name in variables})


def test_a_query_cannot_be_aliased() -> None:
    with pytest.raises(ValueError, match="orders_page is no mutation"):
        documents.aliased("orders_page", 2)


@pytest.mark.parametrize("name", documents.names())
def test_every_connection_says_whether_it_was_cut(name: str) -> None:
    uninformed: list[str] = []

    class Connections(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            inside = [
                one.name.value for one in (node.selection_set or _Nothing).selections if isinstance(one, FieldNode)
            ]
            if "nodes" in inside and "pageInfo" not in inside:
                uninformed.append(node.name.value)

    visit(parse(documents.load(name)), Connections())

    assert uninformed == []


class _Nothing:
    selections = ()


@pytest.mark.parametrize(
    ("name", "variables", "cost"),
    [
        ("orders_page", {"first": ORDERS_PER_PAGE, **PAGE_SIZES, **SWITCHES}, 562),
        ("orders_page", {"first": 50, **PAGE_SIZES, "withCustomer": False, "withFulfillmentOrders": False}, 317),
        ("orders_by_ids", {**CHUNK_SIZES, **SWITCHES}, 175),
        ("order_asides", {"events": EVENTS_AT_A_GLANCE, "withStaff": True}, 19),
        ("order_asides", {"events": EVENTS_AT_A_GLANCE, "withStaff": False}, 15),
        ("order_returns", RETURN_SIZES, 61),
        ("order_payment_terms", {"schedules": SCHEDULES}, 19),
        ("connection_check", {}, 6),
        ("orders_count", {}, 10),
        ("order_lines", {"first": 250}, 25),
        ("order_fulfillment_orders", {"first": 20, "parts": 50}, 108),
        ("fulfillment_orders_page", {"first": 250}, 13),
        ("webhook_subscription_list", {"first": 100}, 11),
        ("webhook_subscription_create", {}, 10),
        ("order_close", {}, 10),
        ("bulk_operation_run_query", {}, 10),
        ("bulk_operation", {}, 1),
        ("bulk_operations_latest", {"first": 50}, 9),
    ],
)
def test_the_cost_of_a_document_is_known(name: str, variables: dict[str, object], cost: int) -> None:
    assert requested_cost(documents.load(name), variables) == cost


@pytest.mark.parametrize("name", MUTATIONS)
def test_twenty_orders_in_one_document_cost_two_hundred_points(name: str) -> None:
    assert requested_cost(documents.aliased(name, 20), {}) == 200


@pytest.mark.parametrize("name", documents.names())
def test_no_document_may_cost_more_than_the_smallest_bucket_leaves_to_background_work(name: str) -> None:
    sizes = CHUNK_SIZES if name == "orders_by_ids" else PAGE_SIZES
    first = {"orders_page": ORDERS_PER_PAGE, "order_fulfillment_orders": 20}.get(name, 250)

    asides = {"events": 100, **RETURN_SIZES, "schedules": 250, "withStaff": True}
    asked = {"first": first, **asides, **sizes, **SWITCHES}

    assert requested_cost(documents.load(name), asked) <= 600


def test_mutations_are_told_from_queries_by_the_document_itself() -> None:
    writing = {name for name in documents.names() if documents.is_mutation(documents.load(name))}

    assert writing == {
        *MUTATIONS,
        "bulk_operation_cancel",
        "bulk_operation_run_query",
        "webhook_subscription_create",
        "webhook_subscription_delete",
    }
    assert documents.operation_name(documents.load("tags_add")) == "TagsAdd"
    assert documents.is_mutation(documents.aliased("tags_add", 3))
