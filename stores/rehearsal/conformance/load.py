"""Turns objects of recorded answers into state: the start that a scenario implies."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    get_named_type,
    is_leaf_type,
)

from stores.rehearsal import money
from stores.rehearsal.conformance import bulk
from stores.rehearsal.conformance.beyond import recorded_schema
from stores.rehearsal.gids import STRIDE, read
from stores.rehearsal.money import Bag
from stores.rehearsal.ops.document import Doc
from stores.rehearsal.shop import Shop
from stores.rehearsal.webhooks import API_VERSION

_BY_ID = ("order", "fulfillment", "fulfillmentOrder")
_SUBSCRIPTION: Doc = {
    "format": "JSON",
    "filter": None,
    "includeFields": [],
    "metafieldNamespaces": [],
    "metafields": [],
    "name": None,
    "apiVersion": {"handle": API_VERSION, "displayName": API_VERSION, "supported": True},
}
_LISTS = {
    "Fulfillment": "fulfillments",
    "FulfillmentOrder": "fulfillmentOrders",
    "Refund": "refunds",
    "Return": "returns",
    "OrderTransaction": "transactions",
}


class Loader:
    """Takes in the orders, customers and subscriptions of answers, until the scenario itself changes them."""

    def __init__(self, shop: Shop, given_out: Mapping[str, str]) -> None:
        self._shop = shop
        self._given_out = given_out
        self._orders: dict[str, Doc] = {}
        self.changed: set[str] = set()
        self.made_later: set[str] = set()
        """Bulk operations that the scenario itself starts."""

    def take(self, document: DocumentNode, data: Any, variables: dict[str, Any]) -> None:
        """Load what an answer shows."""
        self._variables = variables
        operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        schema = recorded_schema()
        root = schema.mutation_type if operation.operation is OperationType.MUTATION else schema.query_type
        self._object(operation.selection_set, root, data, owner=None)
        for doc in self._orders.values():
            if doc["id"] not in self.changed:
                self._shop.store.load(doc)

    def _fields(self, selection: Any, kind: Any, typename: str | None) -> Iterator[FieldNode]:
        for node in selection.selections if selection else ():
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                yield from self._fields(node.selection_set, kind, typename)
            elif isinstance(node, FragmentSpreadNode):
                yield from self._fields(self._fragments[node.name.value].selection_set, kind, typename)

    def _object(self, selection: Any, kind: Any, value: Any, *, owner: Doc | None) -> Any:
        """An answer's object as a document's; orders and customers are kept on their own and referred to."""
        if not isinstance(value, dict):
            return value
        gid = read(value["id"]) if isinstance(value.get("id"), str) else None
        kind = recorded_schema().type_map.get(gid.type, kind) if gid and not hasattr(kind, "fields") else kind
        if gid and kind is not None and kind.name == "Node":
            kind = recorded_schema().type_map.get(gid.type, kind)
        doc: Doc = {}
        if gid and gid.type == "Order":
            doc = self._order(value["id"])
            owner = doc
        for node in list(self._fields(selection, kind, gid.type if gid else None)):
            key = node.alias.value if node.alias else node.name.value
            field = getattr(kind, "fields", {}).get(node.name.value)
            if field is None or key not in value or node.name.value.startswith("__"):
                continue
            if owner is None and node.name.value in _BY_ID and isinstance(value[key], dict) and "id" not in value[key]:
                value[key] = {"id": self._asked(node), **value[key]}
            loaded = self._value(node, field.type, value[key], owner=owner)
            if node.name.value == "metafield" or (node.arguments and is_leaf_type(get_named_type(field.type))):
                continue
            doc[node.name.value] = loaded
        return self._placed(gid, doc, owner)

    def _asked(self, node: FieldNode) -> Any:
        """The id that a root field was asked for; its answer need not repeat it."""
        argument = next((a.value for a in node.arguments or () if a.name.value == "id"), None)
        if isinstance(argument, VariableNode):
            return self._variables.get(argument.name.value)
        return getattr(argument, "value", None)

    def knows(self, gid: str) -> bool:
        """Whether an answer has shown this object."""
        found = read(gid)
        return found is not None and (gid in self._orders or self._shop.store.order_number(found) > 0)

    def settle(self, gids: Iterable[str]) -> None:
        """The shop changed these itself: what later answers show of their orders is to be compared, not loaded."""
        for gid in gids:
            found = read(gid)
            doc = self._shop.store.order(self._shop.store.order_number(found)) if found else None
            if doc is not None:
                self.changed.add(doc["id"])

    def reopen(self, gids: Iterable[str]) -> None:
        """Something unknown happened to these: what later answers show of them is state again."""
        for gid in gids:
            found = read(gid)
            n = self._shop.store.order_number(found) if found else 0
            doc = self._shop.store.order(n) if n else None
            if doc is not None:
                self.changed.discard(doc["id"])
                self._orders[doc["id"]] = doc

    def _placed(self, gid: Any, doc: Doc, owner: Doc | None) -> Any:
        """Where an object belongs: a reference for what lives on its own, the object itself otherwise."""
        if gid is None:
            return doc
        text = doc.get("id", "")
        if gid.type == "Order":
            self._currencies(doc)
            return text
        if gid.type == "Customer":
            name = f"{doc.get('firstName') or ''} {doc.get('lastName') or ''}".strip()
            full = {"displayName": name, "tags": [], "locale": "en", **doc}
            self._shop.store.execute("INSERT OR REPLACE INTO customers VALUES (?, ?)", (text, json.dumps(full)))
            return text
        if gid.type == "Location":
            known = next((place for place in self._shop.places if place["id"] == text), None)
            if known is None:
                self._shop.places.append({"name": "Recorded", "isActive": True, **doc})
            elif not self._given_out:
                known.update(doc)
            return text
        if gid.type == "BulkOperation":
            if text not in self._given_out and text not in self.made_later:
                bulk.load(self._shop, doc)
            return doc
        if gid.type == "WebhookSubscription":
            if text not in self._given_out and "topic" in doc and "uri" in doc:
                self._shop.webhooks.put(gid.number, {**_SUBSCRIPTION, **doc})
            return doc
        if gid.type == "LineItem" and owner is not None:
            lines = owner.setdefault("lineItems", [])
            known = next((line for line in lines if line["id"] == text), None)
            if known is None:
                lines.append(doc)
            else:
                known.update(doc)
            return text
        if gid.type == "FulfillmentOrder":
            doc.setdefault("lineItems", [])
            doc.setdefault("assignedLocation", {"name": "Recorded"})
        if gid.type in _LISTS:
            self._attach(gid.type, doc, owner)
        return doc

    def _attach(self, kind: str, doc: Doc, owner: Doc | None) -> None:
        """A part that was asked for by itself goes into its order's list."""
        if owner is not None:
            doc.setdefault("order", owner["id"])
        elif (order := self._orders.get(doc.get("order", ""))) is not None:
            siblings = order.setdefault(_LISTS[kind], [])
            known = next((entry for entry in siblings if entry["id"] == doc["id"]), None)
            if known is None:
                siblings.append(doc)
            else:
                known.update(doc)

    def _order(self, gid: str) -> Doc:
        if gid not in self._orders:
            n = self._shop.store.next_n()
            base = self._shop.store.numbering.base + n * STRIDE
            self._orders[gid] = {"_base": base, "_k": 0, "id": gid, "currencyCode": "USD"}
        return self._orders[gid]

    def _value(self, node: FieldNode, kind: Any, value: Any, *, owner: Doc | None) -> Any:
        named: Any = get_named_type(kind)
        if value is None or is_leaf_type(named):
            return value
        if named.name == "MoneyBag":
            return _bag(value)
        if named.name == "MoneyV2":
            return (
                money.minor(value.get("amount", 0), value.get("currencyCode", "USD")),
                value.get("currencyCode", "USD"),
            )
        if named.name.endswith("Connection"):
            return self._connection(node, named, value, owner=owner)
        if isinstance(value, list):
            loaded = [self._object(node.selection_set, named, item, owner=owner) for item in value]
            return [self._whole(item, owner) for item in loaded]
        return self._object(node.selection_set, named, value, owner=owner)

    def _connection(self, node: FieldNode, kind: Any, value: Any, *, owner: Doc | None) -> list[Any]:
        found: list[Any] = []
        for child in self._fields(node.selection_set, kind, None):
            key = child.alias.value if child.alias else child.name.value
            if child.name.value == "nodes":
                inner: Any = get_named_type(kind.fields["nodes"].type)
                found = [self._object(child.selection_set, inner, item, owner=owner) for item in value.get(key) or ()]
            elif child.name.value == "edges":
                edge: Any = get_named_type(kind.fields["edges"].type)
                for inner_node in self._fields(child.selection_set, edge, None):
                    if inner_node.name.value == "node":
                        named: Any = get_named_type(edge.fields["node"].type)
                        items = [item.get("node") for item in value.get(key) or ()]
                        found = [self._object(inner_node.selection_set, named, item, owner=owner) for item in items]
        return [self._whole(item, owner) for item in found]

    def _whole(self, item: Any, owner: Doc | None) -> Any:
        """Lines are lists of the order itself, so a reference among them becomes the line again."""
        if isinstance(item, str) and "/LineItem/" in item and owner is not None:
            return next((line for line in owner.get("lineItems", ()) if line["id"] == item), item)
        return item

    def _currencies(self, doc: Doc) -> None:
        bag = next((v for v in doc.values() if isinstance(v, tuple) and len(v) == 4 and v[1]), None)
        if bag is not None:
            doc.setdefault("presentmentCurrencyCode", bag[3])
            doc["currencyCode"] = bag[1]


def _bag(value: dict[str, Any]) -> Bag:
    shop = value.get("shopMoney") or value.get("presentmentMoney") or {}
    buyer = value.get("presentmentMoney") or shop
    currency, other = shop.get("currencyCode", "USD"), buyer.get("currencyCode", shop.get("currencyCode", "USD"))
    return (money.minor(shop.get("amount", 0), currency), currency, money.minor(buyer.get("amount", 0), other), other)
