"""Tells an order's story with the ops: how it was paid, what was shipped, what came back."""

from __future__ import annotations

import random
from typing import Any

from stores.rehearsal import money
from stores.rehearsal.clock import iso, parse
from stores.rehearsal.data import goods
from stores.rehearsal.data.calendar import DAY, Calendar
from stores.rehearsal.derived import total
from stores.rehearsal.ops import fulfil as shipping
from stores.rehearsal.ops.beside import reason_definition
from stores.rehearsal.ops.document import Doc, mint, touch
from stores.rehearsal.ops.pay import transact
from stores.rehearsal.ops.refund import Return, cancel, refund

PLACES = ("Warehouse Zuid", "Shop Oude Gracht")
_HOLD_NOTES = (None, None, "Buyer asked to wait", "Stock count differs – check bin 14", "كلم العميل")


def _at(doc: Doc) -> int:
    return parse(doc["updatedAt"]) or 0


def pay_for(doc: Doc, rng: random.Random, calendar: Calendar, how: str) -> None:
    """Record the order's payments; see `Story.pay`."""
    amount, at = total(doc), _at(doc)
    gateway = rng.choice(goods.GATEWAYS)
    if how == "paid":
        if rng.random() < 0.05:
            transact(doc, "SALE", amount, at=at, gateway="ideal", status="FAILURE", error="CARD_DECLINED")
        if rng.random() < 0.15:
            held = transact(doc, "AUTHORIZATION", amount, at=at, gateway="shopify_payments")
            transact(
                doc, "CAPTURE", amount, at=calendar.later(at, rng, hours=3), gateway="shopify_payments", parent=held
            )
        else:
            transact(doc, "SALE", amount, at=at, gateway=gateway)
    elif how == "pending":
        transact(doc, "SALE", amount, at=at, gateway="manual", status="PENDING")
    elif how == "failed":
        error = rng.choice(("CARD_DECLINED", "INSUFFICIENT_FUNDS", "EXPIRED_CARD"))
        transact(doc, "SALE", amount, at=at, gateway="shopify_payments", status="FAILURE", error=error)
    elif how in ("authorized", "expired"):
        transact(doc, "AUTHORIZATION", amount, at=at, gateway="shopify_payments")
        doc["_expired"] = how == "expired"
    elif how == "partial":
        transact(doc, "SALE", money.share(amount, 0, 2, 5), at=at, gateway=gateway)


def ship(doc: Doc, rng: random.Random, calendar: Calendar, how: str) -> None:
    """Make the fulfilment orders and bring them where `Story.ship` says."""
    goods_lines = [line for line in doc["lineItems"] if line["requiresShipping"]]
    if not goods_lines:
        return
    created = parse(doc["createdAt"]) or 0
    split = len(goods_lines) > 1 and rng.random() < 0.12
    groups = [goods_lines[::2], goods_lines[1::2]] if split else [goods_lines]
    orders = [_fulfillment_order(doc, group, place, created) for place, group in enumerate(groups)]
    at = calendar.later(_at(doc), rng, hours=60)
    if how == "all":
        for fo in orders:
            _ship(doc, rng, calendar, fo, [(line, line["remainingQuantity"]) for line in fo["lineItems"]], at)
    elif how == "some":
        lines = orders[0]["lineItems"]
        units = sum(line["remainingQuantity"] for fo in orders for line in fo["lineItems"])
        if units > 1:
            first = lines[0]
            count = first["remainingQuantity"] if len(goods_lines) > 1 else first["remainingQuantity"] // 2
            _ship(doc, rng, calendar, orders[0], [(first, count)], at)
    elif how == "hold":
        for number in range(2 if rng.random() < 0.15 else 1):
            reason = rng.choice(tuple(shipping.HOLD_TEXTS))
            notes = rng.choice(_HOLD_NOTES)
            shipping.hold(orders[0], doc, reason=reason, notes=notes, handle=f"hold-{number}", at=at, ours=False)
    elif how == "scheduled":
        for fo in orders:
            fo["status"] = "SCHEDULED"
            fo["fulfillAt"] = iso(calendar.start + int(rng.random() * 40 + 1) * DAY)
    elif how == "progress":
        orders[0]["status"] = "IN_PROGRESS"
        orders[0]["requestStatus"] = "ACCEPTED"
        orders[0]["updatedAt"] = iso(at)


def _fulfillment_order(doc: Doc, lines: list[Doc], place: int, at: int) -> Doc:
    title = doc["shippingLines"][0]["title"] if doc["shippingLines"] else None
    fo: Doc = {
        "id": mint(doc, "FulfillmentOrder"),
        "order": doc["id"],
        "status": "OPEN",
        "requestStatus": "UNSUBMITTED",
        "createdAt": iso(at),
        "updatedAt": iso(at),
        "fulfillAt": iso(at - at % 3600),
        "fulfillBy": None,
        "assignedLocation": {
            "name": PLACES[place],
            "countryCode": "NL",
            "location": f"gid://shopify/Location/{61 + place}",
        },
        "deliveryMethod": {
            "id": mint(doc, "DeliveryMethod"),
            "methodType": "SHIPPING" if title else "RETAIL",
            "presentedName": title,
        },
        "fulfillmentHolds": [],
        "lineItems": [
            {
                "id": mint(doc, "FulfillmentOrderLineItem"),
                "lineItem": line["id"],
                "totalQuantity": line["quantity"],
                "remainingQuantity": line["quantity"],
            }
            for line in lines
        ],
    }
    doc["fulfillmentOrders"].append(fo)
    return fo


def _ship(doc: Doc, rng: random.Random, calendar: Calendar, fo: Doc, lines: list[tuple[Doc, int]], at: int) -> None:
    company, url = rng.choice(goods.CARRIERS)
    tracking: list[dict[str, Any]] = []
    for _ in range(2 if rng.random() < 0.04 else 1):
        number = f"3S{rng.randrange(10**11):011d}"
        tracking.append({"company": company, "number": number, "url": url.format(number)})
    if rng.random() < 0.1:
        tracking = []
    shipment = shipping.fulfil(doc, [(fo, lines)], at=at, tracking=tracking)
    delivered = at + int((1 + rng.random() * 4) * DAY)
    if not tracking or delivered > calendar.start:
        return
    shipment["displayStatus"] = "DELIVERED"
    shipment["deliveredAt"] = iso(delivered)
    shipment["inTransitAt"] = iso(at + DAY // 2)
    shipment["events"] = [
        {"id": mint(doc, "FulfillmentEvent"), "status": status, "happenedAt": iso(when), "createdAt": iso(when)}
        for status, when in (("IN_TRANSIT", at + DAY // 2), ("DELIVERED", delivered))
    ]


def settle_after(doc: Doc, rng: random.Random, calendar: Calendar, what: str) -> None:
    """Refunds, returns and cancellations; see `Story.after`."""
    at = calendar.later(_at(doc), rng, hours=200)
    lines = [line for line in doc["lineItems"] if line["requiresShipping"]]
    if not what or not lines:
        return
    if what == "refund_some":
        if len(lines) == 1 and lines[0]["quantity"] == 1:
            half = money.share(total(doc), 0, 1, 4)
            refund(doc, [], at=at, amount=half, note="Compensation for the delay")
        else:
            refund(doc, [Return(lines[0], 1, "RETURN")], at=at, note="Damaged in transit")
    elif what == "refund_unshipped":
        refund(doc, [Return(lines[0], 1, "CANCEL")], at=at, note="Not in stock any more")
    elif what == "refund_all":
        refund(doc, [Return(line, line["quantity"], "RETURN") for line in doc["lineItems"]], at=at, shipping=True)
    elif what == "cancelled":
        reason = rng.choice(("CUSTOMER", "FRAUD", "INVENTORY", "DECLINED", "OTHER"))
        cancel(doc, at=at, reason=reason, restock=True, pay_back=True)
    else:
        _return(doc, {"return_requested": "REQUESTED", "return_open": "OPEN", "return_closed": "CLOSED"}[what], at)


def _return(doc: Doc, status: str, at: int) -> None:
    shipped = doc["fulfillments"][0]["fulfillmentLineItems"][0]
    entry: Doc = {
        "id": mint(doc, "Return"),
        "order": doc["id"],
        "name": f"{doc['name']}-R1",
        "status": status,
        "createdAt": iso(at),
        "requestApprovedAt": None if status == "REQUESTED" else iso(at),
        "closedAt": iso(at) if status == "CLOSED" else None,
        "decline": None,
        "totalQuantity": 1,
        "refunds": [],
        "returnLineItems": [
            {
                "__typename": "ReturnLineItem",
                "id": mint(doc, "ReturnLineItem"),
                "fulfillmentLineItem": shipped["id"],
                "quantity": 1,
                "processedQuantity": 1 if status == "CLOSED" else 0,
                "unprocessedQuantity": 0 if status == "CLOSED" else 1,
                "refundedQuantity": 0,
                "refundableQuantity": 1,
                "returnReasonNote": "Te klein",
                "returnReasonDefinition": reason_definition("size-too-small"),
                "customerNote": None,
            }
        ],
    }
    doc["returns"].append(entry)
    if status == "CLOSED":
        line = next(item for item in doc["lineItems"] if item["id"] == shipped["lineItem"])
        made = refund(doc, [Return(line, 1, "RETURN")], at=at, note="Return received")
        made["return"] = entry["id"]
        entry["refunds"] = [made["id"]]
        entry["returnLineItems"][0]["refundedQuantity"] = 1
        entry["returnLineItems"][0]["refundableQuantity"] = 0
    touch(doc, at)
