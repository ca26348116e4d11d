"""Bulk files made from answers of a page: the same orders, as a bulk operation would write them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from typing import Any

from stores.shopify.asking import ask
from stores.shopify.bulk_file import Group
from stores.shopify.client import Client
from stores.shopify.reading import CHUNK_SIZES
from stores.shopify.throttle import Lane


def read_nodes(client: Client, *, customers: bool = True, fulfillment_orders: bool = True) -> list[dict[str, Any]]:
    """Every order of the shop as the page document shows it, with nested lists long enough for all."""
    sizes = {**CHUNK_SIZES, "withCustomer": customers, "withFulfillmentOrders": fulfillment_orders}
    nodes: list[dict[str, Any]] = []
    after = None
    while True:
        page = {"first": 10, "after": after, "query": "", "sortKey": "CREATED_AT", "reverse": True}
        found = ask(client, "orders_page", page | sizes, lane=Lane.INTERACTIVE).data["orders"]
        nodes += found["nodes"]
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            return nodes


def objects_of(node: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The order, then the nodes of its connections with their parent's id; connections inside plain lists are gone."""
    order = copy.deepcopy(dict(node))
    children = [{**line, "__parentId": order["id"]} for line in order.pop("lineItems")["nodes"]]
    grandchildren: list[dict[str, Any]] = []
    for waiting in order.pop("fulfillmentOrders", {"nodes": []})["nodes"]:
        grandchildren += [{**line, "__parentId": waiting["id"]} for line in waiting.pop("lineItems")["nodes"]]
        children.append({**waiting, "__parentId": order["id"]})
    for shipment in order["fulfillments"]:
        del shipment["fulfillmentLineItems"]
    for refund in order["refunds"]:
        del refund["refundLineItems"]
    return [order, *children, *grandchildren]


def group_of(objects: Iterable[Mapping[str, Any]]) -> Group:
    """`objects` begin with the order."""
    found = list(objects)
    return Group(str(found[0]["id"]), tuple(json.dumps(one).encode() for one in found))


def groups_of(nodes: Iterable[Mapping[str, Any]]) -> list[Group]:
    return [group_of(objects_of(node)) for node in nodes]
