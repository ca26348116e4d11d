"""`webhookSubscriptionCreate`, `...Update`, `...Delete`. http is allowed for loopback addresses, and only here."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from stores.rehearsal.clock import iso
from stores.rehearsal.mutations.base import Mutation, Outcome, Refused
from stores.rehearsal.ops.document import Doc, Impossible, number
from stores.rehearsal.request import Info, Request
from stores.rehearsal.resolvers.access import FULFILLMENT_ORDERS
from stores.rehearsal.webhooks import API_VERSION, LOOPBACK

_NAME = re.compile(r"^[A-Za-z0-9_-]+$")
_ADDRESS = ["webhookSubscription", "callbackUrl"]
_MAX_ADDRESS = 64 * 1024
_FILTER = re.compile(r"^[-(]*[A-Za-z_][\w.]*:|^(AND|OR|NOT|[()]+)$")
_WORD = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""")
_PROJECT = re.compile(r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")
_ARN = re.compile(r"^arn:aws:events:[a-z0-9-]+::event-source/aws\.partner/shopify\.com/(\d+)/\S+$")
API_CLIENT_ID = "347082227713"
"""The app that every rehearsal shop is connected to; event sources and private namespaces carry it."""
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
        "metafieldNamespaces": _namespaces(given),
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
    if "metafieldNamespaces" in changes:
        changes["metafieldNamespaces"] = _namespaces(given)
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


def _namespaces(given: dict[str, Any]) -> list[str]:
    """`$app:x` is the app's own namespace, written out."""
    names = given.get("metafieldNamespaces") or []
    return [f"app--{API_CLIENT_ID}--{name[5:]}" if name.startswith("$app:") else name for name in names]


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
    problems = _address_problems(text)
    if problems:
        raise Refused([Impossible(message, field=_ADDRESS) for message in problems])
    return text


def _address_problems(text: str) -> list[str]:
    if text.startswith("arn:"):
        return _arn_problems(text)
    parts = urlsplit(text)
    if parts.scheme == "pubsub":
        return _pubsub_problems(parts.netloc)
    if parts.scheme == "kafka":
        return ["Address protocol kafka:// is not supported", "Address is not a valid kafka topic"]
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return []
    if parts.scheme and parts.scheme != "https":
        return [f"Address protocol {parts.scheme}:// is not supported"]
    return [] if parts.hostname else ["Address is invalid"]


def _pubsub_problems(place: str) -> list[str]:
    project, colon, topic = place.partition(":")
    if not colon:
        form = "Address is not a valid GCP pub/sub format. Format should be pubsub://project:topic"
        return ["Address protocol pubsub:// is not supported", form]
    if not _PROJECT.match(project):
        return ["Address is invalid", "Address is not a valid GCP project id."]
    if not topic or topic.startswith("goog"):
        return ["Address is invalid", "Address is not a valid GCP topic id."]
    return []


def _arn_problems(text: str) -> list[str]:
    match = _ARN.match(text)
    if match is None:
        return ["Address is invalid", "Address is not a valid AWS ARN"]
    if match[1] != API_CLIENT_ID:
        wrong = f"Address is an AWS ARN and includes api_client_id '{match[1]}' instead of '{API_CLIENT_ID}'"
        return ["Address is invalid", wrong]
    return []


def _check(context: Request, topic: str, address: str, given: dict[str, Any], *, own: str | None) -> None:
    if given.get("format") == "XML":
        if address.startswith(("arn:", "pubsub:")):
            raise Impossible("Format can only be used with format: 'json'", field=["webhookSubscription", "format"])
        raise Impossible(
            "Format 'xml' is invalid for this webhook topic. Allowed formats: json",
            field=["webhookSubscription", "format"],
        )
    wanted_filter = given.get("filter")
    if wanted_filter and not all(_FILTER.match(word) for word in _WORD.findall(wanted_filter)):
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
