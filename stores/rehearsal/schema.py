"""The executable schema: Shopify's SDL with resolvers that read order documents.

A field is answered by, in this order: a resolver of its own, the value in the document, what `derived.py` computes, the
empty value of its type. References (gids) become objects, lists become connections.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from graphql import (
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    is_leaf_type,
)

from stores.rehearsal import connections, resolvers
from stores.rehearsal.connections import MAX_PAGE, Page
from stores.rehearsal.errors import not_approved
from stores.rehearsal.gids import read
from stores.rehearsal.mutations import resolve_mutation
from stores.rehearsal.request import Info
from stores.rehearsal.resolvers import ACCESS, FIELDS, PERSONAL, SELECTING

Resolver: TypeAlias = Callable[..., Any]
_EMPTY = {
    "Boolean": False,
    "Int": 0,
    "String": "",
    "Float": 0.0,
    "UnsignedInt64": "0",
    "FormattedString": "",
    "DateTime": "",
}


@cache
def executable() -> GraphQLSchema:
    """The one schema of this process."""
    schema = build_schema((Path(__file__).parent / "schema.graphql").read_text())
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            kind.resolve_type = type_name
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        for name, field in kind.fields.items():
            if kind is schema.mutation_type:
                field.resolve = resolve_mutation
            else:
                field.resolve = _guarded(kind.name, name, _resolver(kind.name, name, field.type))
    return schema


def type_name(value: Any, *_: Any) -> str:
    """The concrete type of an object: said, or read from its id."""
    if "__typename" in value:
        return str(value["__typename"])
    gid = read(value["id"])
    return gid.type if gid else "Order"


def _resolver(owner: str, name: str, kind: Any) -> Resolver:
    own = FIELDS.get((owner, name)) or FIELDS.get(("*", name))
    named = get_named_type(kind)
    if own is not None and (owner in ("MoneyBag", "MoneyV2") or (owner, name) in SELECTING):
        return own
    if owner.endswith("Connection"):
        return _connection_field(name)
    if owner.endswith("Edge"):
        return lambda source, info: source[name]
    if named.name.endswith("Connection"):
        return _connection(name, own)
    empty = _empty(kind)
    if is_leaf_type(named):
        return _leaf(name, own, empty)
    if isinstance(kind, GraphQLNonNull) and isinstance(kind.of_type, GraphQLList):
        return _objects(name, own)
    return _object(name, own, empty)


def _guarded(owner: str, name: str, resolver: Resolver) -> Resolver:
    resolver = _discreet(owner, name, resolver)
    scopes = ACCESS.get((owner, name))
    if scopes is None:
        return resolver

    def guarded(source: Any, info: Info, **arguments: Any) -> Any:
        info.context.require(name, *scopes)
        return resolver(source, info, **arguments)

    return guarded


def _discreet(owner: str, name: str, resolver: Resolver) -> Resolver:
    """Keeps protected data from an app that is not approved for it."""
    level = PERSONAL.get((owner, name))
    if level is None:
        return resolver
    hidden = "" if name == "displayName" else None

    def discreet(source: Any, info: Info, **arguments: Any) -> Any:
        if info.context.shop.approved >= level:
            return resolver(source, info, **arguments)
        if level == 1 and (owner == "QueryRoot" or source.get(name)):
            raise not_approved("Customer")
        return hidden

    return discreet


def _leaf(name: str, own: Resolver | None, empty: Any) -> Resolver:
    def leaf(source: Any, info: Info, **arguments: Any) -> Any:
        if name in source:
            return source[name]
        return own(source, info, **arguments) if own else empty

    return leaf


def _object(name: str, own: Resolver | None, empty: Any) -> Resolver:
    def value(source: Any, info: Info, **arguments: Any) -> Any:
        found = source.get(name) if source else None
        if found is None:
            found = own(source, info, **arguments) if own and name not in (source or ()) else None
        if isinstance(found, str):
            return info.context.find(found)
        return empty if found is None else found

    return value


def _objects(name: str, own: Resolver | None) -> Resolver:
    def values(source: Any, info: Info, **arguments: Any) -> Any:
        found = source[name] if source and name in source else own(source, info, **arguments) if own else []
        if arguments.get("first") is not None:
            found = found[: arguments["first"]]
        return [info.context.find(item) if isinstance(item, str) else item for item in found]

    return values


def _connection(name: str, own: Resolver | None) -> Resolver:
    def connection(source: Any, info: Info, **arguments: Any) -> Page:
        found = own(source, info, **arguments) if own else (source or {}).get(name) or []
        if isinstance(found, Page):
            return found
        page = connections.slice_list(found, arguments)
        nodes = [
            info.context.find(item) if isinstance(item, str) and item.startswith("gid:") else item
            for item in page.nodes
        ]
        return Page(nodes, page.cursors, page.has_next, page.has_previous)

    return connection


@dataclass(frozen=True, slots=True)
class Stored:
    """A field that is read from the document as it stands, `otherwise` where it is missing."""

    name: str
    otherwise: Any


def stored(owner: str, name: str, kind: Any) -> Stored | None:
    """Whether nothing stands between a leaf field and the document: no resolver, no scope, nobody's protection."""
    own = FIELDS.get((owner, name)) or FIELDS.get(("*", name))
    if own or (owner, name) in ACCESS or (owner, name) in PERSONAL or not is_leaf_type(get_named_type(kind)):
        return None
    return Stored(name, _empty(kind))


def whole(owner: str, name: str) -> Resolver:
    """A resolver for everything in a connection, however long: what a bulk query reads. Asks for the same scopes."""
    own = FIELDS.get((owner, name))

    def everything(source: Any, info: Info, **arguments: Any) -> list[Any]:
        found = own(source, info, first=MAX_PAGE, **arguments) if own else (source or {}).get(name) or []
        if isinstance(found, Page):
            nodes = list(found.nodes)
            while own and found.has_next:
                found = own(source, info, first=MAX_PAGE, after=found.cursors[-1], **arguments)
                nodes += found.nodes
            return nodes
        nodes = [
            info.context.find(item) if isinstance(item, str) and item.startswith("gid:") else item for item in found
        ]
        return nodes[::-1] if arguments.get("reverse") else nodes

    return _guarded(owner, name, everything)


def _connection_field(name: str) -> Resolver:
    if name == "nodes":
        return lambda page, info: page.nodes
    if name == "edges":
        return lambda page, info: [
            {"node": node, "cursor": cursor} for node, cursor in zip(page.nodes, page.cursors, strict=True)
        ]
    return lambda page, info: {
        "hasNextPage": page.has_next,
        "hasPreviousPage": page.has_previous,
        "startCursor": page.cursors[0] if page.cursors else None,
        "endCursor": page.cursors[-1] if page.cursors else None,
    }


def _empty(kind: Any) -> Any:
    """What a field without a value answers: null where it may, else the nearest thing to nothing."""
    if not isinstance(kind, GraphQLNonNull):
        return None
    if isinstance(kind.of_type, GraphQLList):
        return []
    named = get_named_type(kind)
    if named.name == "MoneyBag":
        return resolvers.NO_MONEY
    return _EMPTY.get(named.name)
