"""The fields of the query root, and of the shop and the app's installation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stores.rehearsal import listings
from stores.rehearsal.clock import iso, parse
from stores.rehearsal.connections import Page
from stores.rehearsal.data.goods import TAGS
from stores.rehearsal.listings import Listing
from stores.rehearsal.ops.document import Doc, number
from stores.rehearsal.request import OLD_ORDERS, Info
from stores.rehearsal.resolvers.things import our_app
from stores.rehearsal.search import Found, Handler, compile_query
from stores.rehearsal.search_fields import EVENT_FIELDS, FULFILLMENT_ORDER_FIELDS, order_fields
from stores.rehearsal.shop import CANDIDATE, VERSIONS

_SPELLINGS = {tag.casefold(): tag for tag in TAGS}


def _search(info: Info, query: str | None, handlers: dict[str, Handler]) -> Found:
    """Compile a search text and note its warnings for `extensions.search`."""
    found = compile_query(query, handlers)
    if found.warnings:
        info.context.search.append({"path": info.path.as_list(), "query": query, "warnings": found.warnings})
    return found


def orders_listing(info: Info, query: str | None, sort: str, *, reverse: bool) -> Listing:
    """The orders that a query is about and this app may see."""
    context = info.context
    found = _search(info, query, order_fields(context.shop.settings.currency))
    extra = "1" if context.sees_old_orders else f"created_at >= {context.at - OLD_ORDERS}"
    return Listing("orders", "n", listings.ORDER_SORT[sort], found, reverse, extra)


def _orders(
    _: Any,
    info: Info,
    *,
    query: str | None = None,
    sortKey: str = "PROCESSED_AT",
    reverse: bool = False,
    **arguments: Any,
) -> Page:
    listing = orders_listing(info, query, sortKey, reverse=reverse)
    page = listings.page(info.context.shop.store, listing, arguments, reach=info.context.reach)
    return Page(info.context.docs(page.nodes), page.cursors, page.has_next, page.has_previous)


def _orders_count(_: Any, info: Info, *, query: str | None = None, limit: int | None = 10_000, **arguments: Any) -> Doc:
    return listings.count(info.context.shop.store, orders_listing(info, query, "ID", reverse=False), limit=limit)


def _pending_orders_count(_: Any, info: Info) -> Doc:
    return _orders_count(_, info, query="status:open fulfillment_status:unshipped")


def _order(_: Any, info: Info, *, id: str) -> Doc | None:
    gid = info.context.gid(id, "Order")
    doc: Doc | None = info.context.order(gid)
    return doc if doc is not None and doc["id"] == id else None


def _order_by_identifier(_: Any, info: Info, *, identifier: dict[str, Any]) -> Doc | None:
    return _order(_, info, id=identifier["id"]) if identifier.get("id") else None


def _by_id(*types: str) -> Callable[..., Doc | None]:
    def resolve(_: Any, info: Info, *, id: str) -> Doc | None:
        info.context.gid(id, *types)
        found: Doc | None = info.context.find(id)
        return found

    return resolve


def _nodes(_: Any, info: Info, *, ids: list[str]) -> list[Doc | None]:
    """One read for all orders among the ids."""
    context = info.context
    numbers = [context.shop.store.order_number(context.gid(text)) for text in ids]
    context.docs([n for n in dict.fromkeys(numbers) if n])
    return [context.find(text) for text in ids]


def _fulfillment_order_listing(
    info: Info, query: str | None, sort: str, *, reverse: bool, closed: bool, extra: str = "1"
) -> Listing:
    found = _search(info, query, FULFILLMENT_ORDER_FIELDS)
    alive = "1" if closed else "status NOT IN ('CLOSED', 'CANCELLED', 'INCOMPLETE')"
    column = "updated_at" if sort == "UPDATED_AT" else "id"
    return Listing("fulfillment_orders", "id", column, found, reverse, f"({alive}) AND ({extra})")


def _fulfillment_order_page(info: Info, listing: Listing, arguments: dict[str, Any]) -> Page:
    context = info.context
    page = listings.page(context.shop.store, listing, arguments, reach=context.reach)
    gids = [f"gid://shopify/FulfillmentOrder/{key}" for key in page.nodes]
    context.docs([context.shop.store.order_number(context.gid(gid)) for gid in gids])
    return Page([context.find(gid) for gid in gids], page.cursors, page.has_next, page.has_previous)


def _fulfillment_orders(
    _: Any,
    info: Info,
    *,
    query: str | None = None,
    sortKey: str = "ID",
    reverse: bool = False,
    includeClosed: bool = False,
    **arguments: Any,
) -> Page:
    listing = _fulfillment_order_listing(info, query, sortKey, reverse=reverse, closed=includeClosed)
    return _fulfillment_order_page(info, listing, arguments)


def _holds(_: Any, info: Info, *, query: str | None = None, reverse: bool = False, **arguments: Any) -> Page:
    listing = _fulfillment_order_listing(info, None, "ID", reverse=reverse, closed=False, extra="status = 'ON_HOLD'")
    return _fulfillment_order_page(info, listing, arguments)


def _event(row: tuple[Any, ...]) -> Doc:
    key, at, action, subject, subject_type, message = row
    return {
        "__typename": "BasicEvent",
        "id": f"gid://shopify/BasicEvent/{900_000_000_000_000 + key}",
        "createdAt": iso(at),
        "action": action,
        "message": message,
        "subjectId": subject,
        "subjectType": subject_type,
        "attributeToUser": True,
    }


def _events(
    _: Any, info: Info, *, query: str | None = None, sortKey: str = "ID", reverse: bool = False, **arguments: Any
) -> Page:
    """What happened since the shop was made up; the timeline of a seeded order is `Order.events`."""
    store = info.context.shop.store
    column = "at" if sortKey == "CREATED_AT" else "id"
    page = listings.page(store, Listing("events", "id", column, _search(info, query, EVENT_FIELDS), reverse), arguments)
    marks = ",".join("?" * len(page.nodes))
    rows = {
        row[0]: row
        for row in store.query(f"SELECT * FROM events WHERE id IN ({marks})", page.nodes)  # noqa: S608
    }
    return Page([_event(rows[key]) for key in page.nodes], page.cursors, page.has_next, page.has_previous)


def _events_count(_: Any, info: Info, *, query: str | None = None) -> Doc:
    return listings.count(
        info.context.shop.store, Listing("events", "id", "id", _search(info, query, EVENT_FIELDS), False), limit=10_000
    )


def _locations(_: Any, info: Info, **arguments: Any) -> list[Doc]:
    return info.context.shop.places  # type: ignore[no-any-return]


def _products(_: Any, info: Info, **arguments: Any) -> list[Doc]:
    return info.context.shop.products()  # type: ignore[no-any-return]


def _subscriptions(
    _: Any,
    info: Info,
    *,
    topics: list[str] | None = None,
    uri: str | None = None,
    query: str | None = None,
    **arguments: Any,
) -> list[Doc]:
    """Filtered by topic, address, and the comparisons on times and ids that `query` allows."""
    found: list[Doc] = info.context.shop.webhooks.subscriptions()
    if topics:
        found = [doc for doc in found if doc["topic"] in topics]
    if uri:
        found = [doc for doc in found if doc["uri"] == uri]
    for term in (query or "").split():
        name, _, value = term.partition(":")
        found = [doc for doc in found if _matches(doc, name, value.strip("'\""))]
    return found


def _matches(doc: Doc, name: str, value: str) -> bool:
    if name == "id":
        return str(number(doc["id"])) == value
    if name in ("created_at", "updated_at"):
        own = parse(doc["createdAt" if name == "created_at" else "updatedAt"]) or 0
        at = parse(value.lstrip("<>=").strip("'\""))
        if at is None:
            return True
        return own <= at if value.startswith("<") else own >= at
    return True


def _subscriptions_count(_: Any, info: Info, **arguments: Any) -> Doc:
    return {"count": len(info.context.shop.webhooks.subscriptions()), "precision": "EXACT"}


def _shop(_: Any, info: Info) -> Doc:
    shop = info.context.shop
    settings, created = shop.settings, iso(shop.store.seed.start - 900 * 86_400)
    return {
        "id": shop.id,
        "name": shop.name,
        "myshopifyDomain": settings.domain,
        "email": f"hello@{shop.handle}.example.com",
        "contactEmail": f"hello@{shop.handle}.example.com",
        "currencyCode": settings.currency,
        "ianaTimezone": settings.timezone,
        "timezoneAbbreviation": "CET",
        "timezoneOffset": "+0100",
        "orderNumberFormatPrefix": "#",
        "orderNumberFormatSuffix": "",
        "plan": {
            "publicDisplayName": settings.plan.capitalize(),
            "shopifyPlus": settings.plan == "plus",
            "partnerDevelopment": True,
        },
        "primaryDomain": {
            "id": "gid://shopify/Domain/1",
            "host": f"{shop.handle}.example.com",
            "url": f"https://{shop.handle}.example.com",
            "sslEnabled": True,
        },
        "url": f"https://{shop.handle}.example.com",
        "createdAt": created,
        "updatedAt": created,
        "taxesIncluded": True,
        "shopOwnerName": "Rehearsal Owner",
        "weightUnit": "KILOGRAMS",
        "enabledPresentmentCurrencies": [settings.currency],
        "currencyFormats": {
            "moneyFormat": "{{amount}}",
            "moneyInEmailsFormat": "{{amount}}",
            "moneyWithCurrencyFormat": f"{{{{amount}}}} {settings.currency}",
            "moneyWithCurrencyInEmailsFormat": f"{{{{amount}}}} {settings.currency}",
        },
        "shopAddress": {
            "id": "gid://shopify/ShopAddress/1",
            "address1": "Kade 1",
            "city": "Utrecht",
            "zip": "3500 AA",
            "country": "Netherlands",
            "countryCodeV2": "NL",
        },
    }


def _order_tags(_: Any, info: Info, *, first: int, sort: str = "ALPHABETICAL") -> list[str]:
    counts: dict[str, int] = {}
    for packed, times in info.context.shop.store.query(
        "SELECT tags, count(*) FROM orders WHERE tags <> '||' GROUP BY tags"
    ):
        for tag in packed.strip("|").split("|"):
            counts[tag] = counts.get(tag, 0) + times
    ordered = sorted(counts, key=(lambda tag: (-counts[tag], tag)) if sort == "POPULAR" else str)
    return [_SPELLINGS.get(tag, tag) for tag in ordered]


def _installation(_: Any, info: Info) -> Doc:
    shop = info.context.shop
    return {
        "id": "gid://shopify/AppInstallation/1",
        "app": our_app(shop.handle),
        "accessScopes": [{"handle": scope, "description": scope.replace("_", " ")} for scope in sorted(shop.scopes)],
        "launchUrl": f"https://{shop.handle}.example.com/app",
        "uninstallUrl": None,
    }


def _versions(_: Any, info: Info) -> list[Doc]:
    handles = [(handle, True) for handle in VERSIONS] + [(CANDIDATE, False), ("unstable", False)]
    return [
        {"handle": h, "displayName": h if s else f"{h} (Release candidate)" if h != "unstable" else h, "supported": s}
        for h, s in handles
    ]


ROOT_FIELDS: dict[tuple[str, str], Callable[..., Any]] = {
    ("QueryRoot", "orders"): _orders,
    ("QueryRoot", "ordersCount"): _orders_count,
    ("QueryRoot", "pendingOrdersCount"): _pending_orders_count,
    ("QueryRoot", "order"): _order,
    ("QueryRoot", "orderByIdentifier"): _order_by_identifier,
    ("QueryRoot", "node"): _by_id(),
    ("QueryRoot", "nodes"): _nodes,
    ("QueryRoot", "job"): _by_id("Job"),
    ("QueryRoot", "customer"): _by_id("Customer"),
    ("QueryRoot", "location"): _by_id("Location"),
    ("QueryRoot", "locations"): _locations,
    ("QueryRoot", "products"): _products,
    ("QueryRoot", "fulfillment"): _by_id("Fulfillment"),
    ("QueryRoot", "fulfillmentOrder"): _by_id("FulfillmentOrder"),
    ("QueryRoot", "refund"): _by_id("Refund"),
    ("QueryRoot", "return"): _by_id("Return"),
    ("QueryRoot", "fulfillmentOrders"): _fulfillment_orders,
    ("QueryRoot", "manualHoldsFulfillmentOrders"): _holds,
    ("QueryRoot", "events"): _events,
    ("QueryRoot", "eventsCount"): _events_count,
    ("QueryRoot", "webhookSubscription"): _by_id("WebhookSubscription"),
    ("QueryRoot", "webhookSubscriptions"): _subscriptions,
    ("QueryRoot", "webhookSubscriptionsCount"): _subscriptions_count,
    ("QueryRoot", "shop"): _shop,
    ("QueryRoot", "currentAppInstallation"): _installation,
    ("QueryRoot", "publicApiVersions"): _versions,
    ("Shop", "orderTags"): _order_tags,
}
