"""`webhookSubscriptionCreate`, `...Update`, `...Delete`. http is allowed for loopback addresses, and only here."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from stores.rehearsal.clock import iso
from stores.rehearsal.mutations.base import Mutation, Outcome
from stores.rehearsal.ops.document import Doc, Impossible, number
from stores.rehearsal.request import Info, Request
from stores.rehearsal.resolvers.access import FULFILLMENT_ORDERS
from stores.rehearsal.webhooks import API_VERSION, LOOPBACK

_NAME = re.compile(r"^[A-Za-z0-9_-]+$")
_ADDRESS = ["webhookSubscription", "callbackUrl"]
_MAX_ADDRESS = 64 * 1024
_FILTER = re.compile(r"[A-Za-z_][\w.]*:")
_TOPIC_SCOPES = (
    ("FULFILLMENT_ORDERS_", FULFILLMENT_ORDERS),
    ("FULFILLMENT_HOLDS_", FULFILLMENT_ORDERS),
    ("FULFILLMENT", ("read_fulfillments",)),
    ("RETURNS_", ("read_returns",)),
    ("ORDER", ("read_orders",)),
    ("REFUNDS_", ("read_orders",)),
    ("CUSTOMERS_", ("read_customers",)),
    ("LOCATIONS_", ("read_locations",)),
    ("DISPUTES_", ("read_shopify_payments_disputes",)),
    ("PRODUCTS_", ("read_products",)),
)


def create(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    topic, given = arguments["topic"], arguments["webhookSubscription"]
    _check_topic(context, topic)
    address = _address(given.get("uri"))
    _check(context, topic, address, given, own=None)
    store = context.shop.store
    rows = store.query("SELECT COALESCE(max(id), 0) FROM subscriptions")
    key = max(int(store.meta("last_subscription") or 0), rows[0][0], 1_900_000_000_000) + 32_768
    store.set_meta("last_subscription", str(key))
    doc: Doc = {
        "id": f"gid://shopify/WebhookSubscription/{key}",
        "topic": topic,
        "uri": address,
        "format": given.get("format") or "JSON",
        "filter": given.get("filter"),
        "includeFields": given.get("includeFields") or [],
        "metafieldNamespaces": given.get("metafieldNamespaces") or [],
        "metafields": [dict(item) for item in given.get("metafields") or ()],
        "name": given.get("name"),
        "createdAt": iso(context.at),
        "updatedAt": iso(context.at),
        "apiVersion": {"handle": API_VERSION, "displayName": API_VERSION, "supported": True},
    }
    context.shop.webhooks.put(key, doc)
    return Outcome({"webhookSubscription": doc}, [doc["id"]], True)


def update(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    doc, given = _existing(context, arguments["id"]), arguments["webhookSubscription"]
    address = _address(given["uri"]) if "uri" in given else doc["uri"]
    _check(context, doc["topic"], address, {**doc, **given}, own=doc["id"])
    names = ("format", "filter", "includeFields", "metafieldNamespaces", "metafields", "name")
    changes = {name: given[name] for name in names if name in given} | {"uri": address}
    effect = any(doc.get(name) != value for name, value in changes.items())
    doc.update(changes)
    if effect:
        doc["updatedAt"] = iso(context.at)
        context.shop.webhooks.put(number(doc["id"]), doc)
    return Outcome({"webhookSubscription": doc}, [doc["id"]], effect)


def delete(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    doc = _existing(context, arguments["id"])
    context.shop.webhooks.drop(number(doc["id"]))
    return Outcome({"deletedWebhookSubscriptionId": doc["id"]}, [doc["id"]], True)


def _existing(context: Request, text: str) -> Doc:
    gid = context.gid(text, "WebhookSubscription")
    doc = context.shop.webhooks.subscription(gid.number)
    if doc is None:
        raise Impossible("Webhook subscription does not exist", field=["id"])
    return doc


def _check_topic(context: Request, topic: str) -> None:
    for prefix, scopes in _TOPIC_SCOPES:
        if topic.startswith(prefix):
            if not context.shop.allows(*scopes):
                context.require("webhookSubscriptionCreate", *scopes)
            return


def _address(uri: str | None) -> str:
    """The trimmed address; refused in Shopify's words when it is none."""
    text = (uri or "").strip()
    if not text:
        raise Impossible("Address can't be blank", field=_ADDRESS)
    if len(text.encode()) > _MAX_ADDRESS:
        raise Impossible("Address is too big (maximum is 64 KB)", field=_ADDRESS)
    if text.startswith("arn:"):
        return text
    parts = urlsplit(text)
    if parts.scheme == "pubsub":
        raise (
            Impossible("Address protocol pubsub:// is not supported", field=_ADDRESS)
            if ":" not in parts.netloc
            else _no_cloud()
        )
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return text
    if parts.scheme and parts.scheme != "https":
        raise Impossible(f"Address protocol {parts.scheme}:// is not supported", field=_ADDRESS)
    if not parts.hostname:
        raise Impossible("Address is invalid", field=_ADDRESS)
    return text


def _no_cloud() -> Impossible:
    return Impossible("Address is not a valid GCP project id.", field=_ADDRESS)


def _check(context: Request, topic: str, address: str, given: dict[str, Any], *, own: str | None) -> None:
    if given.get("format") == "XML":
        if address.startswith(("arn:", "pubsub:")):
            raise Impossible("Format can only be used with format: 'json'", field=["webhookSubscription", "format"])
        raise Impossible(
            "Format 'xml' is invalid for this webhook topic. Allowed formats: json",
            field=["webhookSubscription", "format"],
        )
    wanted_filter = given.get("filter")
    if wanted_filter and not _FILTER.search(wanted_filter):
        raise Impossible(
            "The specified filter is invalid, please ensure you specify the field(s) you wish to filter on.",
            field=["webhookSubscription"],
        )
    others = [doc for doc in context.shop.webhooks.subscriptions() if doc["id"] != own]
    _check_name(given.get("name"), others)
    same = (topic, address, given.get("format") or "JSON", wanted_filter)
    if any((doc["topic"], doc["uri"], doc["format"], doc["filter"]) == same for doc in others):
        raise Impossible("Address for this topic has already been taken", field=_ADDRESS)


def _check_name(name: str | None, others: list[Doc]) -> None:
    field = ["webhookSubscription", "name"]
    if name is None:
        return
    if name == "":
        raise Impossible("Name is too short (minimum is 1 character)", field=field)
    if not _NAME.match(name):
        raise Impossible(
            "Name name field can only contain alphanumeric characters, underscores, and hyphens", field=field
        )
    if any(doc["name"] == name for doc in others):
        raise Impossible("Name already exists, no duplicate allowed", field=field)


MUTATIONS = {
    "webhookSubscriptionCreate": Mutation(create, (), field=_ADDRESS),
    "webhookSubscriptionUpdate": Mutation(update, (), field=_ADDRESS),
    "webhookSubscriptionDelete": Mutation(delete, ()),
}
