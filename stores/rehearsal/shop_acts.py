"""What happens to the shop rather than to one order: its name, the app's scopes, a buyer's wishes; and any webhook."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from stores.rehearsal import notices
from stores.rehearsal.announce import announce
from stores.rehearsal.gids import read
from stores.rehearsal.ops.document import Doc, Impossible, number, touch
from stores.rehearsal.shop import Shop
from stores.rehearsal.webhooks import header_topic

ShopAct = Callable[[Shop, Doc | None, dict[str, Any]], list[str]]
_PERSONAL = ("email", "phone", "customer", "note", "clientIp", "shippingAddress", "billingAddress")


def _order(doc: Doc | None) -> Doc:
    if doc is None:
        raise Impossible("This needs an order.")
    return doc


def _enum(topic: Any) -> str:
    """`returns/approve` as GraphQL names it."""
    return str(topic or "").replace("/", "_").replace(".", "_").upper()


def emit(shop: Shop, doc: Doc | None, wish: dict[str, Any]) -> list[str]:
    """Send `topic` (`returns/approve` or `RETURNS_APPROVE`) without anything having happened, about an order or about
    none; `payload` replaces what it would say."""
    topic = _enum(wish.get("topic"))
    if not topic:
        raise Impossible("Which topic?")
    body = wish["payload"] if "payload" in wish else notices.payload(topic, shop, doc or {}, {})
    shop.webhooks.emit(topic, body, event_id=str(uuid.uuid4()))
    return [header_topic(topic)]


def uninstall(shop: Shop, doc: Doc | None, wish: dict[str, Any]) -> list[str]:
    """The token dies at once, and with it the subscriptions."""
    announce(shop, {}, ["APP_UNINSTALLED"], details={})
    shop.token_revoked = True
    shop.webhooks.drop_all()
    return []


def redact_shop(shop: Shop, doc: Doc | None, wish: dict[str, Any]) -> list[str]:
    """What Shopify sends two days after an uninstall."""
    announce(shop, {}, ["SHOP_REDACT"], details={})
    return []


def rename(shop: Shop, doc: Doc | None, wish: dict[str, Any]) -> list[str]:
    shop.store.set_meta("name", str(wish.get("name") or "Renamed"))
    announce(shop, {}, ["SHOP_UPDATE"], details={})
    return []


def scopes(shop: Shop, doc: Doc | None, wish: dict[str, Any]) -> list[str]:
    """The owner grants `scopes` (a list) from now on; `add` and `remove` change those that are granted."""
    before = shop.scopes
    given = frozenset(wish["scopes"]) if "scopes" in wish else before
    shop.grant((given | frozenset(wish.get("add") or ())) - frozenset(wish.get("remove") or ()))
    announce(shop, {}, ["APP_SCOPES_UPDATE"], details={"previous": before})
    return sorted(shop.scopes)


def drop_subscriptions(shop: Shop, doc: Doc | None, wish: dict[str, Any]) -> list[str]:
    """Shopify deletes the app's subscriptions, or those to one `topic`, and tells nobody."""
    wanted = _enum(wish.get("topic"))
    gone = [found for found in shop.webhooks.subscriptions() if not wanted or found["topic"] == wanted]
    for found in gone:
        shop.webhooks.drop(number(found["id"]))
    return [header_topic(found["topic"]) for found in gone]


def expire_tokens(shop: Shop, doc: Doc | None, wish: dict[str, Any]) -> list[str]:
    """All tokens that were given end now; the pasted one stays."""
    shop.oauth.expire()
    return []


def rotate_secret(shop: Shop, doc: Doc | None, wish: dict[str, Any]) -> list[str]:
    """The app has another `secret` at once; webhooks are signed with the old one for `seconds` more (Shopify: up to an
    hour)."""
    secret = str(wish.get("secret") or "")
    if not secret:
        raise Impossible("Which secret?")
    shop.oauth.client_secret = secret
    shop.webhooks.sign_with(secret, after_seconds=float(wish.get("seconds") or 0))
    return []


def approve(shop: Shop, doc: Doc | None, wish: dict[str, Any]) -> list[str]:
    """How much of its buyers' data Shopify lets the app see: level 0, 1 or 2."""
    level = int(wish.get("level", 2))
    if level not in (0, 1, 2):
        raise Impossible("The level is 0, 1 or 2.")
    shop.approved = level
    shop.store.set_meta("approved", str(level))
    return []


def _buyer_of(shop: Shop, doc: Doc | None) -> tuple[str, Doc]:
    gid = _order(doc).get("customer")
    found = shop.customer(read(gid)) if gid and read(gid) else None  # type: ignore[arg-type]  # read just before
    if gid is None or found is None:
        raise Impossible("This order has no customer.")
    return gid, found


def _orders_of(shop: Shop, gid: str) -> list[Doc]:
    numbers = [row[0] for row in shop.store.query("SELECT n FROM orders WHERE customer = ?", (number(gid),))]
    return list(shop.store.orders(numbers).values())


def update_customer(shop: Shop, doc: Doc | None, wish: dict[str, Any]) -> list[str]:
    """The order's buyer changes: `firstName`, `lastName`, `note`, `tags` or `email`. The orders' own words stay."""
    gid, buyer = _buyer_of(shop, doc)
    given: Doc = {name: wish[name] for name in ("firstName", "lastName", "note", "tags") if name in wish}
    changed = {**buyer, **given}
    if "email" in wish:
        changed["defaultEmailAddress"] = {**(buyer.get("defaultEmailAddress") or {}), "emailAddress": wish["email"]}
    changed["displayName"] = f"{changed['firstName']} {changed['lastName']}"
    shop.store.execute("INSERT OR REPLACE INTO customers VALUES (?, ?)", (gid, json.dumps(changed, ensure_ascii=False)))
    announce(shop, {}, ["CUSTOMERS_UPDATE"], details={"customer": gid})
    return [gid]


def delete_customer(shop: Shop, doc: Doc | None, wish: dict[str, Any]) -> list[str]:
    """His orders stay, without him."""
    gid, _ = _buyer_of(shop, doc)
    for order in _orders_of(shop, gid):
        order["customer"] = None
        touch(order, shop.clock.seconds())
        shop.store.save(order)
    announce(shop, {}, ["CUSTOMERS_DELETE"], details={"customer": gid})
    return [gid]


def data_request(shop: Shop, doc: Doc | None, wish: dict[str, Any]) -> list[str]:
    gid, buyer = _buyer_of(shop, doc)
    orders = [order["id"] for order in _orders_of(shop, gid)]
    announce(shop, {}, ["CUSTOMERS_DATA_REQUEST"], details={"buyer": buyer, "orders": orders})
    return orders


def redact_customer(shop: Shop, doc: Doc | None, wish: dict[str, Any]) -> list[str]:
    """Shopify blanks the buyer in his orders and asks the app to do the same."""
    gid, buyer = _buyer_of(shop, doc)
    orders = _orders_of(shop, gid)
    for order in orders:
        for name in _PERSONAL:
            order[name] = None
        touch(order, shop.clock.seconds())
        shop.store.save(order)
    gids = [order["id"] for order in orders]
    announce(shop, {}, ["CUSTOMERS_REDACT"], details={"buyer": buyer, "orders": gids})
    return gids


SHOP_ACTS: dict[str, ShopAct] = {
    "emit": emit,
    "uninstall": uninstall,
    "redact_shop": redact_shop,
    "rename": rename,
    "scopes": scopes,
    "approve": approve,
    "drop_subscriptions": drop_subscriptions,
    "expire_tokens": expire_tokens,
    "rotate_secret": rotate_secret,
    "update_customer": update_customer,
    "delete_customer": delete_customer,
    "data_request": data_request,
    "redact_customer": redact_customer,
}
