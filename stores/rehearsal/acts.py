"""What the shop's owner does behind our back: ships, cancels, refunds, is paid, edits, deletes, holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stores.rehearsal import derived
from stores.rehearsal.acts_beside import BESIDE_ACTS
from stores.rehearsal.announce import announce
from stores.rehearsal.fulfilment_acts import FULFILMENT_ACTS
from stores.rehearsal.gids import read
from stores.rehearsal.mutations.cancel import CANCELLED, after_cancelling, moment
from stores.rehearsal.mutations.fulfillments import shipped_topics, tracking
from stores.rehearsal.mutations.refunds import REFUNDED, transactions_of
from stores.rehearsal.ops import archive, fulfil
from stores.rehearsal.ops.document import Doc, Impossible, touch
from stores.rehearsal.ops.pay import transact
from stores.rehearsal.ops.refund import Return, cancel, refund
from stores.rehearsal.ops.tags import tidy
from stores.rehearsal.shop import Shop
from stores.rehearsal.shop_acts import SHOP_ACTS

Act = Callable[[Shop, Doc, dict[str, Any]], tuple[tuple[str, ...], dict[str, Any]]]
UPDATED = "ORDERS_UPDATED"


class UnknownAct(ValueError):
    """No such action, or no such order."""


def act(shop: Shop, wish: dict[str, Any]) -> dict[str, Any]:
    """Do `wish["action"]` to `wish["order"]` (a gid or a name) and tell the subscribers. Answers the order's id."""
    action = str(wish.get("action"))
    if action not in known():
        raise UnknownAct(f"unknown action {action!r}; known: {', '.join(known())}")
    with shop.busy, shop.store.transaction():
        if action == "new_order":
            return {"orders": [_new(shop) for _ in range(int(wish.get("count") or 1))]}
        if action in SHOP_ACTS:
            about = _find(shop, str(wish["order"]))[1] if wish.get("order") else None
            return {"orders": [], "done": SHOP_ACTS[action](shop, about, wish)}
        n, doc = _find(shop, str(wish.get("order") or ""))
        if action == "delete":
            shop.store.delete(n)
            shop.store.log_event(action="destroy", subject=doc["id"], message="Order deleted.", at=shop.clock.seconds())
            announce(shop, doc, ["ORDERS_DELETE"], details={})
            return {"orders": [doc["id"]]}
        topics, details = ACTS[action](shop, doc, wish)
        shop.store.save(doc)
        shop.store.set_meta("last_seen", str(shop.clock.now()))
        announce(shop, doc, topics, details=details)
        return {"orders": [doc["id"]], "updated_at": doc["updatedAt"]}


def known() -> tuple[str, ...]:
    """The names of all actions."""
    return ("new_order", "delete", *SHOP_ACTS, *ACTS)


def _find(shop: Shop, text: str) -> tuple[int, Doc]:
    gid = read(text)
    if gid is not None:
        n = shop.store.order_number(gid)
    else:
        rows = shop.store.query("SELECT n FROM orders WHERE name = ?", ("#" + text.lstrip("#"),))
        n = rows[0][0] if rows else 0
    doc = shop.store.order(n) if n else None
    if doc is None:
        raise UnknownAct(f"no order {text!r}")
    return n, doc


def _new(shop: Shop) -> str:
    n = shop.store.next_n()
    doc = shop.store.seed.fresh_order(n, shop.clock.seconds())
    shop.store.save(doc)
    topics = (
        "ORDERS_CREATE",
        "ORDERS_PAID",
        "ORDER_TRANSACTIONS_CREATE",
        "FULFILLMENT_ORDERS_ORDER_ROUTING_COMPLETE",
    )
    announce(shop, doc, topics, details={"transactions": doc["transactions"], "routed": doc["fulfillmentOrders"]})
    return str(doc["id"])


def _live(doc: Doc) -> list[Doc]:
    return [fo for fo in doc["fulfillmentOrders"] if fo["status"] in ("OPEN", "IN_PROGRESS")]


def _fulfil(shop: Shop, doc: Doc, wish: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Everything that is open, or `units` of the first line."""
    orders = _live(doc)
    if not orders:
        raise Impossible("Nothing can be shipped now.")
    units = wish.get("units")
    shipment: Doc = {}
    for fo in orders:
        lines = [(line, line["remainingQuantity"]) for line in fo["lineItems"] if line["remainingQuantity"]]
        if units:
            lines = [(lines[0][0], min(int(units), lines[0][1]))]
        given = {"company": "PostNL", "number": f"3S{doc['_base'] + doc['_k']}"}
        shipment = fulfil.fulfil(doc, [(fo, lines)], at=shop.clock.seconds(), tracking=tracking(given))
        if units:
            break
    return tuple(shipped_topics(doc)), {"fulfillment": shipment}


def _cancel(shop: Shop, doc: Doc, wish: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    if doc.get("cancelledAt"):
        raise Impossible("Cannot cancel an order that has already been canceled")
    reason = wish.get("reason") or "CUSTOMER"
    before = moment(doc)
    cancel(doc, at=shop.clock.seconds(), reason=reason, restock=True, pay_back=True)
    return CANCELLED, after_cancelling(doc, before)


def _refund(shop: Shop, doc: Doc, wish: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """One unit of the first line that has any left, or all with `all`."""
    left = [line for line in doc["lineItems"] if line["refundableQuantity"]]
    if not left:
        raise Impossible("Nothing is left to refund.")
    chosen = left if wish.get("all") else left[:1]
    returns = []
    for line in chosen:
        quantity = line["refundableQuantity"] if wish.get("all") else 1
        kind = "CANCEL" if line["unfulfilledQuantity"] >= quantity else "RETURN"
        returns.append(Return(line, quantity, kind))
    made = refund(doc, returns, at=shop.clock.seconds(), shipping=bool(wish.get("all")), note=wish.get("note"))
    return REFUNDED, {"refund": made, "transactions": transactions_of(doc, made)}


def _pay(shop: Shop, doc: Doc, wish: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    if not derived.can_mark_as_paid(doc):
        raise Impossible("Order cannot be marked as paid.")
    made = transact(doc, "SALE", derived.outstanding(doc), at=shop.clock.seconds(), gateway="manual")
    return ("ORDER_TRANSACTIONS_CREATE", "ORDERS_PAID", UPDATED), {"transaction": made}


def _edit_note(shop: Shop, doc: Doc, wish: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    doc["note"] = wish.get("note", "Edited by the shop's owner")
    touch(doc, shop.clock.seconds())
    return (UPDATED,), {}


def _tag(shop: Shop, doc: Doc, wish: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    doc["tags"] = tidy(wish.get("tags") or [])
    touch(doc, shop.clock.seconds())
    return (UPDATED,), {}


def _close(shop: Shop, doc: Doc, wish: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    return ((UPDATED,) if archive.close(doc, shop.clock.seconds()) else ()), {}


def _reopen(shop: Shop, doc: Doc, wish: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    return ((UPDATED,) if archive.reopen(doc, shop.clock.seconds()) else ()), {}


def _hold(shop: Shop, doc: Doc, wish: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Another app's hold; the order's own clock does not move."""
    orders = [fo for fo in doc["fulfillmentOrders"] if fo["status"] in ("OPEN", "ON_HOLD")]
    if not orders:
        raise Impossible("Nothing can be held now.")
    fo = orders[0]
    first = not fo["fulfillmentHolds"]
    entry = fulfil.hold(
        fo,
        doc,
        reason=wish.get("reason") or "OTHER",
        notes=wish.get("notes"),
        handle=wish.get("handle") or f"owner-{doc['_k']}",
        at=shop.clock.seconds(),
        ours=False,
    )
    topics = ("FULFILLMENT_HOLDS_ADDED", *(("FULFILLMENT_ORDERS_PLACED_ON_HOLD",) if first else ()))
    return topics, {"fulfillment_order": fo, "hold": entry}


def _release(shop: Shop, doc: Doc, wish: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    fo = next((fo for fo in doc["fulfillmentOrders"] if fo["fulfillmentHolds"]), None)
    if fo is None:
        raise Impossible("Nothing is on hold.")
    gone = fulfil.release(fo, doc, ids=None, at=shop.clock.seconds())
    topics = ("FULFILLMENT_HOLDS_RELEASED", "FULFILLMENT_ORDERS_HOLD_RELEASED")
    return topics, {"fulfillment_order": fo, "hold": gone[0]}


ACTS: dict[str, Act] = {
    "fulfil": _fulfil,
    "cancel": _cancel,
    "refund": _refund,
    "pay": _pay,
    "edit_note": _edit_note,
    "set_tags": _tag,
    "close": _close,
    "open": _reopen,
    "hold": _hold,
    "release": _release,
    **FULFILMENT_ACTS,
    **BESIDE_ACTS,
}
