"""Webhook subscriptions: which topics we want, which the scopes allow, and making a shop's list agree.

Shopify deletes a subscription after eight failed deliveries in a row, so `ensure_subscriptions` is run again and again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from stores.shopify import documents
from stores.shopify.asking import ask
from stores.shopify.client import Client
from stores.shopify.errors import NeedsPerson
from stores.shopify.retry import PATIENCE, with_retries
from stores.shopify.scopes import FULFILLMENT_ORDER_SCOPES, has_any
from stores.shopify.shapes import Part
from stores.shopify.throttle import Lane

_PER_PAGE = 100
_MOST_PAGES = 20


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as GraphQL names it, as deliveries name it, and the scopes of which it needs any one."""

    name: str
    header: str
    scopes: frozenset[str] = frozenset()


def _topics(scopes: frozenset[str], *headers: str) -> tuple[Topic, ...]:
    return tuple(Topic(header.replace("/", "_").upper(), header, scopes) for header in headers)


TOPICS: tuple[Topic, ...] = (
    *_topics(
        frozenset({"read_orders"}),
        "orders/create",
        "orders/updated",
        "orders/edited",
        "orders/cancelled",
        "orders/delete",
        "orders/risk_assessment_changed",
        "refunds/create",
        "order_transactions/create",
    ),
    *_topics(
        frozenset({"read_fulfillments"}),
        "fulfillments/create",
        "fulfillments/update",
        "fulfillment_events/create",
        "fulfillment_events/delete",
    ),
    *_topics(
        FULFILLMENT_ORDER_SCOPES,
        "fulfillment_holds/added",
        "fulfillment_holds/released",
        "fulfillment_orders/cancellation_request_accepted",
        "fulfillment_orders/cancellation_request_rejected",
        "fulfillment_orders/cancellation_request_submitted",
        "fulfillment_orders/cancelled",
        "fulfillment_orders/fulfillment_request_accepted",
        "fulfillment_orders/fulfillment_request_rejected",
        "fulfillment_orders/fulfillment_request_submitted",
        "fulfillment_orders/fulfillment_service_failed_to_complete",
        "fulfillment_orders/hold_released",
        "fulfillment_orders/line_items_prepared_for_local_delivery",
        "fulfillment_orders/line_items_prepared_for_pickup",
        "fulfillment_orders/manually_reported_progress_stopped",
        "fulfillment_orders/merged",
        "fulfillment_orders/moved",
        "fulfillment_orders/order_routing_complete",
        "fulfillment_orders/placed_on_hold",
        "fulfillment_orders/progress_reported",
        "fulfillment_orders/rescheduled",
        "fulfillment_orders/scheduled_fulfillment_order_ready",
        "fulfillment_orders/split",
    ),
    *_topics(
        frozenset({"read_returns"}),
        "returns/approve",
        "returns/decline",
        "returns/process",
        "returns/request",
        "returns/update",
    ),
    *_topics(frozenset({"read_orders", "read_returns"}), "returns/close", "returns/cancel", "returns/reopen"),
    *_topics(frozenset({"read_shopify_payments_disputes"}), "disputes/create", "disputes/update"),
    *_topics(
        frozenset({"read_payment_terms"}),
        "payment_schedules/due",
        "payment_terms/create",
        "payment_terms/delete",
        "payment_terms/update",
    ),
    *_topics(frozenset({"read_customers"}), "customers/update", "customers/delete"),
    *_topics(frozenset({"read_customer_merge"}), "customers/merge"),
    *_topics(frozenset(), "app/uninstalled", "app/scopes_update", "bulk_operations/finish", "shop/update"),
)
"""What we subscribe to; docs/webhooks.md says why, and why not to the others. Archiving, tags and notes come as
orders/updated; there are no topics for them."""


@dataclass(frozen=True, slots=True)
class SubscriptionSnapshot:
    """WebhookSubscription made by the API for this shop."""

    gid: str
    topic: str
    uri: str
    plain: bool
    """JSON, whole payload, unfiltered: as we make them."""


@dataclass(frozen=True, slots=True)
class Ensured:
    """What `ensure_subscriptions` found and did, by topic name."""

    created: tuple[str, ...]
    existing: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    """Topic and Shopify's sentence."""
    removed: tuple[str, ...] = ()
    """Subscriptions of ours that were stale: at a former address, altered, or to what is no longer wanted."""


def topics_for(scopes: Collection[str]) -> tuple[Topic, ...]:
    """The topics that a token with these scopes may subscribe to."""
    return tuple(topic for topic in TOPICS if has_any(scopes, topic.scopes))


def read_subscriptions(client: Client, *, lane: Lane) -> list[SubscriptionSnapshot]:
    """All subscriptions that the API made for this shop; those of the app's configuration file are not listed."""
    found: list[SubscriptionSnapshot] = []
    after: str | None = None
    for _ in range(_MOST_PAGES):
        answer = ask(client, "webhook_subscription_list", {"first": _PER_PAGE, "after": after}, lane=lane)
        page = Part(answer.data).part("webhookSubscriptions")
        found += [_subscription(node) for node in page.parts("nodes")]
        info = page.part("pageInfo")
        if not info.flag("hasNextPage"):
            break
        after = info.text("endCursor")
    return found


def ensure_subscriptions(
    client: Client, uri: str, topics: Iterable[Topic], *, former: Collection[str] = (), lane: Lane
) -> Ensured:
    """Every topic is subscribed to at `uri`, whole and unfiltered, and nothing else of ours is there; running it again
    changes nothing. Ours is what points to `uri`, to that host and path in another writing, or to an address in
    `former`. Others' subscriptions stay.

    Raises `ShopifyError` when the shop cannot be asked; a topic that it refuses is only reported.
    """
    wanted = {topic.name: topic for topic in topics}
    there: dict[str, SubscriptionSnapshot] = {}
    altered, stale = [], []
    for one in read_subscriptions(client, lane=lane):
        if one.uri != uri:
            stale += [one] if one.uri in former or _place(one.uri) == _place(uri) else []
        elif one.plain and one.topic in wanted and one.topic not in there:
            there[one.topic] = one
        else:
            altered.append(one)
    # Shopify takes a subscription that differs in its fields alone for the same: it has to go before ours can come.
    removed = [one.topic for one in altered if delete_subscription(client, one.gid, lane=lane)]
    created, existing, refused = [], [], []
    for name, topic in wanted.items():
        if name in there:
            existing.append(name)
            continue
        says = _create(client, topic, uri, lane)
        if not says:
            created.append(name)
        elif "already been taken" in says:
            existing.append(name)
        else:
            refused.append((name, says))
    # Only now: until here they told us of what the new ones did not know yet.
    removed += [one.topic for one in stale if delete_subscription(client, one.gid, lane=lane)]
    return Ensured(tuple(created), tuple(existing), tuple(refused), tuple(removed))


def _place(uri: str) -> tuple[str | None, str]:
    parts = urlsplit(uri)
    return parts.hostname, parts.path.rstrip("/")


def delete_subscription(client: Client, gid: str, *, lane: Lane) -> bool:
    """Whether the subscription was there to be deleted."""
    payload = _mutate(client, "webhook_subscription_delete", {"id": gid}, lane).part("webhookSubscriptionDelete")
    return payload.has("deletedWebhookSubscriptionId")


def _create(client: Client, topic: Topic, uri: str, lane: Lane) -> str:
    """Shopify's objections, or nothing. A topic that the token may not have must not cost the others."""
    try:
        answer = _mutate(client, "webhook_subscription_create", {"topic": topic.name, "uri": uri}, lane)
    except NeedsPerson as error:
        if error.code != "missing_scope":
            raise
        return str(error.facts.get("shopify_says") or error)
    refusals = answer.part("webhookSubscriptionCreate").parts("userErrors")
    return " ".join(one.text("message") for one in refusals)


def _mutate(client: Client, name: str, variables: dict[str, str], lane: Lane) -> Part:
    answer = with_retries(
        lambda: client.execute(documents.load(name), variables, lane=lane),
        clock=client.clock,
        patience=PATIENCE[lane],
    )
    return Part(answer.data)


def _subscription(node: Part) -> SubscriptionSnapshot:
    plain = node.text("format") == "JSON" and not node.text_or_empty("filter") and not node.texts("includeFields")
    return SubscriptionSnapshot(node.text("id"), node.text("topic"), node.text("uri"), plain)
