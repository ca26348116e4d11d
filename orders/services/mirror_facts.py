"""What a snapshot tells about the past of an order: pure, from the snapshot and the row as it was.

Every fact has a key, so that it enters the timeline once, however often and from wherever it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orders.models import Order
from orders.timeline import closed_key, opened_key, tags_key
from stores.shopify.mutations import MutatedOrder
from stores.shopify.snapshots import FulfillmentSnapshot, HoldSnapshot, MoneyBag, OrderSnapshot

Holds = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Fact:
    kind: str
    at: datetime
    key: str
    data: Mapping[str, Any] = field(default_factory=dict)


def facts_of(order: OrderSnapshot, *, summary: bool = False) -> list[Fact]:
    """What the snapshot itself dates: creation, payments, shipments, refunds, cancellation, archiving. A summary knows
    neither what was shipped nor what was given back: these are told when the details are here, because an entry that
    is written stays as it is."""
    titles = {line.gid: line.title for line in order.lines}
    found = [Fact("order.created", order.created_at, "created", {"source": order.source_name})]
    found += [
        Fact(
            f"payment.{one.kind.lower()}",
            one.processed_at or one.created_at,
            f"tx:{one.gid}:{one.status}",
            {
                "status": one.status,
                "gateway": one.gateway,
                "error_code": one.error_code,
                **_money(one.amount),
            },
        )
        for one in order.transactions
    ]
    for shipment in order.fulfillments if not summary else ():
        found += _shipment(shipment, titles)
    found += [
        Fact(
            "refund.created",
            one.created_at or order.updated_at,
            f"refund:{one.gid}",
            {
                "note": one.note,
                "lines": [
                    {
                        "title": titles.get(line.line_item_gid, ""),
                        "quantity": line.quantity,
                        "restock": line.restock_type,
                    }
                    for line in one.lines
                ],
                **_money(one.total),
            },
        )
        for one in (order.refunds if not summary else ())
    ]
    for waiting in order.fulfillment_orders:
        found += [Fact("hold.added", waiting.updated_at, f"hold:{hold.gid}", _hold(hold)) for hold in waiting.holds]
    if order.cancelled_at:
        reason = {"reason": order.cancel_reason}
        found.append(Fact("order.cancelled", order.cancelled_at, f"cancelled:{order.cancelled_at.isoformat()}", reason))
    if order.closed_at and order.closed_at != order.cancelled_at:
        found.append(Fact("order.archived", order.closed_at, closed_key(order.closed_at)))
    return found


def changes(old: Order, old_holds: Holds, new: OrderSnapshot, *, seen_at: datetime) -> list[Fact]:
    """What only the comparison shows, dated by the shop's own time of change. The risk and disputes have none: they are
    dated by when we asked (`seen_at`)."""
    at = new.updated_at
    found: list[Fact] = []
    if old.deleted_at:
        found.append(Fact("order.restored", at, f"restored:{at.isoformat()}"))
    if old.closed and not new.closed:
        found.append(Fact("order.unarchived", at, opened_key(at)))
    found += _tag_changes(old.tags, new.tags, at) + _note_change(old.note, new.note, at)
    found += _address_change(old, new)
    if "email" not in new.redacted and old.email != new.email:
        found.append(Fact("order.updated", at, _key("email", at, new.email), {"field": "email"}))
    if old.return_status != new.return_status:
        found.append(Fact("return.changed", at, _key("return", at, new.return_status), {"status": new.return_status}))
    found += _risk_change(old, new, seen_at) + _dispute_changes(old, new, seen_at)
    if "fulfillment_orders" not in new.redacted:
        now_held = {hold.gid for one in new.fulfillment_orders for hold in one.holds}
        latest = max((one.updated_at for one in new.fulfillment_orders), default=at)
        found += [
            Fact("hold.released", latest, f"released:{gid}", dict(hold))
            for gid, hold in old_holds.items()
            if gid not in now_held
        ]
    return found


def read_back_changes(old: Order, new: MutatedOrder) -> list[Fact]:
    """What a mutation's answer shows besides our own change: somebody else's tags and note. Ours has its entry already,
    under the same key."""
    return _tag_changes(old.tags, new.tags, new.updated_at) + _note_change(old.note, new.note, new.updated_at)


def _tag_changes(old: Sequence[str], new: Sequence[str], at: datetime) -> list[Fact]:
    was, now, key = set(old), set(new), tags_key(at, new)
    steps = (("tags.added", "+", sorted(now - was)), ("tags.removed", "-", sorted(was - now)))
    return [Fact(kind, at, f"{key}:{sign}", {"tags": tags}) for kind, sign, tags in steps if tags]


def _note_change(old: str, new: str, at: datetime) -> list[Fact]:
    if old == new:
        return []
    return [Fact("order.updated", at, _key("note", at, new), {"field": "note", "was": old})]


def _address_change(old: Order, new: OrderSnapshot) -> list[Fact]:
    if "shipping_address" in new.redacted:
        return []
    address = new.shipping_address
    was = old.shipping_address or {}
    now = {name: getattr(address, name) for name in was} if address else {}
    if not was or was == now:
        return []
    key = _key("address", new.updated_at, repr(sorted(now.items())))
    return [Fact("order.updated", new.updated_at, key, {"field": "shipping_address"})]


def _risk_change(old: Order, new: OrderSnapshot, seen_at: datetime) -> list[Fact]:
    # A row that was written before the risk was mirrored knows neither word: that is no change.
    if not old.risk_recommendation or old.risk_level == new.risk.level:
        return []
    data = {"level": new.risk.level, "recommendation": new.risk.recommendation}
    return [Fact("risk.changed", seen_at, _key("risk", seen_at, new.risk.level), data)]


def _dispute_changes(old: Order, new: OrderSnapshot, seen_at: datetime) -> list[Fact]:
    if old.dispute_status and not old.disputes:
        return []  # written before the single disputes were mirrored
    was = {one["gid"]: one["status"] for one in old.disputes}
    return [
        Fact(
            "dispute.changed",
            seen_at,
            f"dispute:{one.gid}:{one.status}",
            {"status": one.status, "type": one.initiated_as, "was": was.get(one.gid, "")},
        )
        for one in new.disputes
        if was.get(one.gid) != one.status
    ]


def _shipment(one: FulfillmentSnapshot, titles: Mapping[str, str]) -> list[Fact]:
    data = {
        "name": one.name,
        "lines": [{"title": titles.get(line.line_item_gid, ""), "quantity": line.quantity} for line in one.lines],
        "tracking": [
            {"company": tracking.company, "number": tracking.number, "url": tracking.url} for tracking in one.tracking
        ],
    }
    found = [Fact("fulfilment.created", one.created_at, f"fulfilment:{one.gid}", data)]
    if one.status == "CANCELLED":
        found.append(Fact("fulfilment.cancelled", one.updated_at, f"fulfilment:{one.gid}:cancelled", data))
    if one.delivered_at:
        found.append(Fact("fulfilment.delivered", one.delivered_at, f"fulfilment:{one.gid}:delivered", data))
    return found


def _hold(hold: HoldSnapshot) -> dict[str, Any]:
    return {"reason": hold.reason, "notes": hold.reason_notes, "display": hold.display_reason, "ours": hold.ours}


def _money(bag: MoneyBag) -> dict[str, str]:
    return {
        "amount": str(bag.presentment.amount),
        "currency": bag.presentment.currency,
        "shop_amount": str(bag.shop.amount),
        "shop_currency": bag.shop.currency,
    }


def _key(field_name: str, at: datetime, value: str) -> str:
    digest = hashlib.blake2b(value.encode(), digest_size=8).hexdigest()
    return f"{field_name}:{at.isoformat()}:{digest}"
