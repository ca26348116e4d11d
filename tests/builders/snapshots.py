"""What a shop says, made up: snapshots in the shape in which the gateway gives them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from stores.shopify.snapshots import (
    CustomerSnapshot,
    FulfillmentOrderSnapshot,
    HoldSnapshot,
    LineItemSnapshot,
    Money,
    MoneyBag,
    OrderSnapshot,
    TransactionSnapshot,
)

PLACED = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def bag(amount: str = "25.00", *, presentment: str = "", shop: str = "EUR", seen: str = "") -> MoneyBag:
    return MoneyBag(Money(Decimal(amount), shop), Money(Decimal(presentment or amount), seen or shop))


def a_line(number: int = 1, *, unfulfilled: int = 2, **fields: Any) -> LineItemSnapshot:
    values: dict[str, Any] = {
        "gid": f"gid://shopify/LineItem/{number}",
        "title": f"Mug {number}",
        "variant_title": "Blue",
        "name": f"Mug {number} - Blue",
        "sku": f"MUG-{number}",
        "vendor": "Kiln",
        "quantity": 2,
        "current_quantity": 2,
        "unfulfilled_quantity": unfulfilled,
        "refundable_quantity": 2,
        "requires_shipping": True,
        "original_unit_price": bag("12.50"),
        "discounted_total": bag("25.00"),
    }
    return LineItemSnapshot(**(values | fields))


def a_customer(number: int = 1, **fields: Any) -> CustomerSnapshot:
    values: dict[str, Any] = {
        "gid": f"gid://shopify/Customer/{number}",
        "display_name": "Anna de Vries",
        "first_name": "Anna",
        "last_name": "de Vries",
        "email": f"anna-{number}@example.com",
        "phone": "",
        "locale": "nl",
        "number_of_orders": 1,
    }
    return CustomerSnapshot(**(values | fields))


def a_hold(number: int = 1, *, reason: str = "INVENTORY_OUT_OF_STOCK") -> HoldSnapshot:
    return HoldSnapshot(f"gid://shopify/FulfillmentHold/{number}", reason, "", "Out of stock", "", ours=False)


def a_fulfillment_order(number: int = 1, **fields: Any) -> FulfillmentOrderSnapshot:
    values: dict[str, Any] = {
        "gid": f"gid://shopify/FulfillmentOrder/{number}",
        "status": "OPEN",
        "request_status": "UNSUBMITTED",
        "created_at": PLACED,
        "updated_at": PLACED,
        "fulfill_at": None,
        "fulfill_by": None,
        "location_name": "Warehouse",
        "delivery_method": "SHIPPING",
        "supported_actions": ("CREATE_FULFILLMENT", "HOLD"),
        "holds": (),
        "lines": (),
    }
    return FulfillmentOrderSnapshot(**(values | fields))


def a_transaction(number: int = 1, **fields: Any) -> TransactionSnapshot:
    values: dict[str, Any] = {
        "gid": f"gid://shopify/OrderTransaction/{number}",
        "kind": "SALE",
        "status": "SUCCESS",
        "gateway": "ideal",
        "error_code": "",
        "created_at": PLACED,
        "processed_at": PLACED,
        "parent_gid": "",
        "test": False,
        "amount": bag(),
    }
    return TransactionSnapshot(**(values | fields))


def an_order(number: int = 1, **fields: Any) -> OrderSnapshot:
    """A paid, unfulfilled order of 25.00 with one line of two pieces."""
    values: dict[str, Any] = {
        "gid": f"gid://shopify/Order/{number}",
        "legacy_id": number,
        "name": f"#{1000 + number}",
        "number": 1000 + number,
        "confirmation_number": "",
        "po_number": "",
        "created_at": PLACED,
        "processed_at": PLACED,
        "updated_at": PLACED,
        "closed": False,
        "closed_at": None,
        "cancelled_at": None,
        "cancel_reason": "",
        "test": False,
        "confirmed": True,
        "edited": False,
        "financial_status": "PAID",
        "fulfillment_status": "UNFULFILLED",
        "return_status": "NO_RETURN",
        "fully_paid": True,
        "unpaid": False,
        "requires_shipping": True,
        "email": "anna-1@example.com",
        "phone": "",
        "locale": "nl",
        "note": "",
        "tags": (),
        "custom_attributes": (),
        "source_name": "web",
        "payment_gateways": ("ideal",),
        "discount_codes": (),
        "shipping_title": "Standard",
        "shop_currency": "EUR",
        "presentment_currency": "EUR",
        **dict.fromkeys(("total", "current_total", "current_subtotal", "received", "net_payment"), bag()),
        **dict.fromkeys(("outstanding", "refunded", "discounts", "shipping", "tax"), bag("0.0")),
        "status_page_url": "https://example.com/orders/1",
        "customer": a_customer(),
        "shipping_address": None,
        "billing_address": None,
        "lines": (a_line(),),
        "fulfillment_orders": (a_fulfillment_order(),),
        "fulfillments": (),
        "transactions": (a_transaction(),),
        "refunds": (),
    }
    return OrderSnapshot(**(values | fields))
