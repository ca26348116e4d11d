"""From a snapshot to rows: pure, without database or clock. Called by ingest alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from backoffice.core.text import fold
from orders.stage import dispute_status, facts_of_snapshot, stage_of, unfulfilled_quantity
from stores.shopify.snapshots import Address, CustomerSnapshot, FulfillmentOrderSnapshot, MoneyBag, OrderSnapshot

# Changes without anybody having changed the order: a signed link.
_NOT_STATE = frozenset({"status_page_url", "complete"})
SUMMARY_LACKS: Mapping[str, frozenset[str]] = {"Fulfillment": frozenset({"lines"}), "Refund": frozenset({"lines"})}
"""The columns of each part that a bulk file cannot fill."""
# Where these are withheld, no name does not mean that there is none.
_NAMING = frozenset({"customer.name", "shipping_address", "billing_address"})
_FINISHED = frozenset({"CLOSED", "CANCELLED"})


def canonical(order: OrderSnapshot) -> str:
    """The state as text: equal for equal states, whatever way they were read. Field order is that of the classes."""
    state = {name: getattr(order, name) for name in _FIELDS[OrderSnapshot] if name not in _NOT_STATE}
    return json.dumps(state, separators=(",", ":"), default=_plain)


def state_hash(order: OrderSnapshot) -> str:
    return hash_of(canonical(order))


def hash_of(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=32).hexdigest()


class _FieldNames(dict[type, tuple[str, ...]]):
    """The fields of each class, looked up once: a thousand orders hold a hundred thousand small values."""

    def __missing__(self, kind: type) -> tuple[str, ...]:
        names = tuple(field.name for field in fields(kind))
        self[kind] = names
        return names


_FIELDS = _FieldNames()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        # "12.5" and "12.50" are one amount; the exponent is the answer's, not the order's.
        return format(value.normalize(), "f")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, CustomerSnapshot):
        # His next order makes it one more, without anything having happened to this one.
        return [getattr(value, name) for name in _FIELDS[CustomerSnapshot] if name != "number_of_orders"]
    if is_dataclass(value):
        return [getattr(value, name) for name in _FIELDS[type(value)]]
    raise TypeError(type(value).__name__)


def customer_row(customer: CustomerSnapshot) -> dict[str, Any]:
    return {
        "gid": customer.gid,
        "name": customer.display_name[:255],
        "first_name": customer.first_name[:255],
        "last_name": customer.last_name[:255],
        "email": customer.email[:320],
        "phone": customer.phone[:50],
        "locale": customer.locale[:20],
        "number_of_orders": customer.number_of_orders,
        "tags": list(customer.tags),
    }


def order_row(order: OrderSnapshot) -> dict[str, Any]:
    """The mirror columns. What the shop refused to show (`redacted`) is left out, so that nothing overwrites it."""
    row = {
        "gid": order.gid,
        "legacy_id": order.legacy_id,
        "name": order.name[:100],
        "number": order.number,
        "confirmation_number": order.confirmation_number[:100],
        "po_number": order.po_number[:255],
        "created_at": order.created_at,
        "processed_at": order.processed_at,
        "updated_at": order.updated_at,
        "closed": order.closed,
        "closed_at": order.closed_at,
        "cancelled_at": order.cancelled_at,
        "cancel_reason": order.cancel_reason,
        "test": order.test,
        "confirmed": order.confirmed,
        "edited": order.edited,
        "financial_status": order.financial_status,
        "fulfillment_status": order.fulfillment_status,
        "return_status": order.return_status,
        "risk_level": order.risk.level[:40],
        "risk_recommendation": order.risk.recommendation[:40],
        "locale": order.locale[:20],
        "note": order.note,
        "tags": list(order.tags),
        "custom_attributes": [list(pair) for pair in order.custom_attributes],
        "source_name": order.source_name[:100],
        "payment_gateways": [name[:100] for name in order.payment_gateways],
        "discount_codes": [code[:255] for code in order.discount_codes],
        "shipping_title": order.shipping_title[:255],
        "status_page_url": order.status_page_url,
        "requires_shipping": order.requires_shipping,
        "shop_currency": order.shop_currency,
        "presentment_currency": order.presentment_currency,
        **_amounts("total", order.total),
        **_amounts("current_total", order.current_total),
        **_amounts("subtotal", order.current_subtotal),
        **_amounts("outstanding", order.outstanding),
        **_amounts("received", order.received),
        **_amounts("refunded", order.refunded),
        **_amounts("net_payment", order.net_payment),
        **_amounts("discounts", order.discounts),
        **_amounts("shipping", order.shipping),
        **_amounts("tax", order.tax),
        "stage": stage_of(facts_of_snapshot(order)).value,
        "unfulfilled_quantity": unfulfilled_quantity(order),
        "dispute_status": dispute_status(order)[:40],
        "disputes": [{"gid": one.gid, "status": one.status, "type": one.initiated_as} for one in order.disputes],
        "line_count": len(order.lines),
    }
    if "fulfillment_orders" not in order.redacted:
        row |= _waiting(order.fulfillment_orders)
    return row | _personal(order)


def _personal(order: OrderSnapshot) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "email" not in order.redacted:
        found["email"] = order.email[:320]
    if "phone" not in order.redacted:
        found["phone"] = order.phone[:50]
    if "shipping_address" not in order.redacted:
        found["shipping_address"] = _address(order.shipping_address)
        found["country_code"] = order.shipping_address.country_code if order.shipping_address else ""
    if "billing_address" not in order.redacted:
        found["billing_address"] = _address(order.billing_address)
    name = _name(order)
    if "customer" not in order.redacted and (name or not order.redacted & _NAMING):
        found["customer_name"] = name[:255]
    return found


def _name(order: OrderSnapshot) -> str:
    """The customer's name; a guest is called as his parcel is."""
    if order.customer and order.customer.display_name:
        return order.customer.display_name
    address = order.shipping_address or order.billing_address
    return f"{address.first_name} {address.last_name}".strip() if address else ""


def _address(address: Address | None) -> dict[str, str] | None:
    return None if address is None else {name: getattr(address, name) for name in _FIELDS[Address]}


def _amounts(name: str, bag: MoneyBag) -> dict[str, Decimal]:
    return {f"{name}_shop": bag.shop.amount, f"{name}_presentment": bag.presentment.amount}


def _waiting(fulfillment_orders: Sequence[FulfillmentOrderSnapshot]) -> dict[str, Any]:
    """What the open fulfilment orders say: holds, the next scheduled date, the nearest deadline."""
    waiting = [one for one in fulfillment_orders if one.status not in _FINISHED]
    reasons = sorted({hold.reason for one in waiting for hold in one.holds})
    scheduled = [one.fulfill_at for one in waiting if one.status == "SCHEDULED" and one.fulfill_at]
    deadlines = [one.fulfill_by for one in waiting if one.fulfill_by]
    return {
        "on_hold": any(one.holds or one.status == "ON_HOLD" for one in waiting),
        "hold_reasons": reasons,
        "fulfill_at": min(scheduled, default=None),
        "fulfill_by": min(deadlines, default=None),
    }


def part_rows(order: OrderSnapshot) -> Mapping[str, list[dict[str, Any]]]:
    """The rows of each part, by model name; `order` and `store` are added by the writer."""
    return {
        "LineItem": [_line(position, line) for position, line in enumerate(order.lines)],
        "FulfillmentOrder": [_fulfillment_order(one) for one in order.fulfillment_orders],
        "Fulfillment": [_fulfillment(one) for one in order.fulfillments],
        "Transaction": [_transaction(one) for one in order.transactions],
        "Refund": [_refund(one) for one in order.refunds],
        "OrderTag": [{"name": tag[:255], "folded": fold(tag)[:255]} for tag in dict.fromkeys(order.tags)],
    }


def _line(position: int, line: Any) -> dict[str, Any]:
    return {
        "gid": line.gid,
        "position": position,
        "title": line.title[:500],
        "variant_title": line.variant_title[:500],
        "sku": line.sku[:255],
        "vendor": line.vendor[:255],
        "quantity": line.quantity,
        "current_quantity": line.current_quantity,
        "unfulfilled_quantity": line.unfulfilled_quantity,
        "refundable_quantity": line.refundable_quantity,
        "requires_shipping": line.requires_shipping,
        **_amounts("unit_price", line.original_unit_price),
        **_amounts("total", line.discounted_total),
        "image_url": line.image_url,
    }


def _fulfillment_order(one: FulfillmentOrderSnapshot) -> dict[str, Any]:
    return {
        "gid": one.gid,
        "status": one.status,
        "request_status": one.request_status,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "fulfill_at": one.fulfill_at,
        "fulfill_by": one.fulfill_by,
        "location_name": one.location_name[:255],
        "delivery_method": one.delivery_method,
        "supported_actions": list(one.supported_actions),
        "holds": [
            {
                "gid": hold.gid,
                "reason": hold.reason,
                "notes": hold.reason_notes,
                "display": hold.display_reason,
                "handle": hold.handle,
                "ours": hold.ours,
            }
            for hold in one.holds
        ],
        "lines": [
            {
                "gid": line.gid,
                "line_item_gid": line.line_item_gid,
                "total": line.total_quantity,
                "remaining": line.remaining_quantity,
            }
            for line in one.lines
        ],
    }


def _fulfillment(one: Any) -> dict[str, Any]:
    return {
        "gid": one.gid,
        "name": one.name[:100],
        "status": one.status,
        "display_status": one.display_status,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "delivered_at": one.delivered_at,
        "estimated_delivery_at": one.estimated_delivery_at,
        "tracking": [asdict(tracking) for tracking in one.tracking],
        "lines": [{"line_item_gid": line.line_item_gid, "quantity": line.quantity} for line in one.lines],
    }


def _transaction(one: Any) -> dict[str, Any]:
    return {
        "gid": one.gid,
        "kind": one.kind,
        "status": one.status,
        "gateway": one.gateway[:100],
        "error_code": one.error_code,
        "created_at": one.created_at,
        "processed_at": one.processed_at,
        "parent_gid": one.parent_gid,
        "test": one.test,
        **_amounts("amount", one.amount),
    }


def _refund(one: Any) -> dict[str, Any]:
    return {
        "gid": one.gid,
        "created_at": one.created_at,
        "note": one.note,
        **_amounts("total", one.total),
        "lines": [
            {
                "line_item_gid": line.line_item_gid,
                "quantity": line.quantity,
                "restock_type": line.restock_type,
                "shop": str(line.subtotal.shop.amount),
                "presentment": str(line.subtotal.presentment.amount),
            }
            for line in one.lines
        ],
    }
