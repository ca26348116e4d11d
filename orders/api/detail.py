"""One order as the API shows it: everything that the mirror holds of it, with its parts. A fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from orders.choices import UNSETTLED
from orders.models import (
    Beside,
    Fulfillment,
    FulfillmentOrder,
    LineItem,
    Order,
    Refund,
    RemoteChange,
    Return,
    Transaction,
)

from .output import COLUMNS, both, list_of

_ADDRESS = (
    "first_name",
    "last_name",
    "company",
    "address1",
    "address2",
    "zip",
    "city",
    "province",
    "province_code",
    "country",
    "country_code",
    "phone",
)
_AMOUNTS = {
    "original_total": "total",
    "subtotal": "subtotal",
    "discounts": "discounts",
    "shipping": "shipping",
    "tax": "tax",
    "received": "received",
    "refunded": "refunded",
    "net_payment": "net_payment",
}
_RETURN_LINE = (
    "gid",
    "line_item_gid",
    "quantity",
    "processed",
    "refundable",
    "refunded",
    "reason",
    "reason_note",
    "customer_note",
)
_PLAIN = (
    "confirmation_number",
    "po_number",
    "cancel_reason",
    "confirmed",
    "edited",
    "phone",
    "locale",
    "note",
    "source_name",
    "payment_gateways",
    "discount_codes",
    "shipping_title",
    "status_page_url",
    "requires_shipping",
    "dispute_status",
    "payment_due_at",
    "deleted_at",
    "first_seen_at",
    "mirrored_at",
)


def order_detail(order: Order) -> dict[str, Any]:
    """Needs `store` and `beside` loaded. The list's row and more; `pending_changes` names each change that is on its
    way."""
    beside: Beside | None = getattr(order, "beside", None)
    (row,) = list_of([{name: _column(order, name) for name in COLUMNS}])
    return {
        **row,
        **{name: getattr(order, name) for name in _PLAIN},
        "admin_url": order.admin_url,
        "amounts": {shown: _both(order, order, name) for shown, name in _AMOUNTS.items()},
        "custom_attributes": [{"key": str(key), "value": str(value)} for key, value in order.custom_attributes],
        "shipping_address": _address(order.shipping_address),
        "billing_address": _address(order.billing_address),
        "lines": [_line(order, line) for line in order.lines.order_by("position", "pk")],
        "fulfillment_orders": [_fulfillment_order(one) for one in order.fulfillment_orders.order_by("pk")],
        "fulfillments": [_fulfillment(one) for one in order.fulfillments.order_by("created_at", "pk")],
        "transactions": [_transaction(order, one) for one in order.transactions.order_by("created_at", "pk")],
        "refunds": [_refund(order, one) for one in order.refunds.order_by("created_at", "pk")],
        "returns": [_return(order, one) for one in order.returns.order_by("created_at", "pk")],
        "risk": _risk(order, beside),
        "disputes": [dict(one) for one in order.disputes],
        "payment_terms": beside.payment_terms if beside else None,
        "looked_at": beside.looked_at if beside else None,
        "pending_changes": [
            _change(change) for change in order.remote_changes.filter(state__in=UNSETTLED).order_by("pk")
        ],
    }


def _column(order: Order, name: str) -> Any:
    head, _, tail = name.partition("__")
    return getattr(getattr(order, head), tail) if tail else getattr(order, name)


def _both(order: Order, part: Any, name: str) -> dict[str, dict[str, str]]:
    return both(
        getattr(part, f"{name}_shop"),
        getattr(part, f"{name}_presentment"),
        order.shop_currency,
        order.presentment_currency,
    )


def _address(address: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if address is None else {name: address.get(name) or "" for name in _ADDRESS}


def _line(order: Order, line: LineItem) -> dict[str, Any]:
    return {
        "gid": line.gid,
        "title": line.title,
        "variant_title": line.variant_title,
        "sku": line.sku,
        "vendor": line.vendor,
        "quantity": line.quantity,
        "current_quantity": line.current_quantity,
        "unfulfilled_quantity": line.unfulfilled_quantity,
        "refundable_quantity": line.refundable_quantity,
        "requires_shipping": line.requires_shipping,
        "unit_price": _both(order, line, "unit_price"),
        "total": _both(order, line, "total"),
        "image_url": line.image_url,
    }


def _fulfillment_order(one: FulfillmentOrder) -> dict[str, Any]:
    return {
        "gid": one.gid,
        "status": one.status,
        "request_status": one.request_status,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "fulfill_at": one.fulfill_at,
        "fulfill_by": one.fulfill_by,
        "location_name": one.location_name,
        "delivery_method": one.delivery_method,
        "supported_actions": one.supported_actions,
        "holds": [
            {"gid": hold["gid"], "reason": hold["reason"], "notes": hold["notes"], "ours": hold["ours"]}
            for hold in one.holds
        ],
        "lines": [
            {"line_item_gid": line["line_item_gid"], "total": line["total"], "remaining": line["remaining"]}
            for line in one.lines
        ],
    }


def _fulfillment(one: Fulfillment) -> dict[str, Any]:
    return {
        "gid": one.gid,
        "name": one.name,
        "status": one.status,
        "display_status": one.display_status,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "delivered_at": one.delivered_at,
        "estimated_delivery_at": one.estimated_delivery_at,
        "tracking": [
            {"company": each["company"], "number": each["number"], "url": each["url"]} for each in one.tracking
        ],
        "lines": [{"line_item_gid": line["line_item_gid"], "quantity": line["quantity"]} for line in one.lines],
    }


def _transaction(order: Order, one: Transaction) -> dict[str, Any]:
    return {
        "gid": one.gid,
        "kind": one.kind,
        "status": one.status,
        "gateway": one.gateway,
        "error_code": one.error_code,
        "created_at": one.created_at,
        "processed_at": one.processed_at,
        "parent_gid": one.parent_gid,
        "test": one.test,
        "amount": _both(order, one, "amount"),
    }


def _refund(order: Order, one: Refund) -> dict[str, Any]:
    return {
        "gid": one.gid,
        "created_at": one.created_at,
        "note": one.note,
        "total": _both(order, one, "total"),
        "lines": [
            {
                "line_item_gid": line["line_item_gid"],
                "quantity": line["quantity"],
                "restock_type": line["restock_type"],
                "subtotal": both(
                    _amount(line["shop"]),
                    _amount(line["presentment"]),
                    order.shop_currency,
                    order.presentment_currency,
                ),
            }
            for line in one.lines
        ],
    }


def _risk(order: Order, beside: Beside | None) -> dict[str, Any]:
    return {
        "level": order.risk_level,
        "recommendation": order.risk_recommendation,
        "facts": beside.risk_facts if beside else [],
    }


def _return(order: Order, one: Return) -> dict[str, Any]:
    return {
        "gid": one.gid,
        "name": one.name,
        "status": one.status,
        "created_at": one.created_at,
        "approved_at": one.approved_at,
        "closed_at": one.closed_at,
        "decline_reason": one.decline_reason,
        "decline_note": one.decline_note,
        "quantity": one.quantity,
        "refund_gids": one.refund_gids,
        "lines": [
            {
                **{name: line[name] for name in _RETURN_LINE},
                "total": both(
                    _amount(line["shop"]),
                    _amount(line["presentment"]),
                    order.shop_currency,
                    order.presentment_currency,
                )
                if line["shop"]
                else None,
            }
            for line in one.lines
        ],
    }


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(0)


def _change(change: RemoteChange) -> dict[str, Any]:
    return {
        "verb": change.verb,
        "state": change.state,
        "actor": change.actor_label,
        "run_id": change.run_id,
        "created_at": change.created_at,
    }
