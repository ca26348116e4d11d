"""Stores and mirrored orders with their parts, written straight into the mirror's tables.

Every builder works outside any store scope and returns the row. Money is in the store's currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django_scopes import scopes_disabled

from backoffice.core.text import fold
from orders.choices import Stage
from orders.models import Beside, Customer, FulfillmentOrder, LineItem, Order, OrderTag, Return
from stores.models import Credential, Merchant, Store

_stores, _orders, _lines, _customers, _fulfillment_orders = count(1), count(1001), count(1), count(1), count(1)

ALL_SCOPES = (
    "read_all_orders",
    "read_customers",
    "write_merchant_managed_fulfillment_orders",
    "write_orders",
)
PLACED = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
"""When the first built order was placed; each later one a minute after."""


@scopes_disabled()
def make_store(
    name: str = "", *, merchant: Merchant | None = None, token: str = "shpat_builder", **fields: Any
) -> Store:
    """A connected store with every scope that the product uses, and its credential."""
    number = next(_stores)
    values: dict[str, Any] = {
        "gid": f"gid://shopify/Shop/{number}",
        "domain": f"shop-{number}.myshopify.com",
        "name": name or f"Shop {number}",
        "currency": "EUR",
        "timezone": "Europe/Amsterdam",
        "email": f"shop-{number}@example.com",
        "scopes": list(ALL_SCOPES),
        "api_version": "2026-10",
        "merchant": merchant,
    }
    store: Store = Store.objects.create(**(values | fields))
    Credential.objects.create(store=store, token=token, webhook_secret="builder-secret")
    return store


@scopes_disabled()
def make_customer(store: Store, *, name: str = "Anna de Vries", email: str = "", **fields: Any) -> Customer:
    number = next(_customers)
    first, _, last = name.partition(" ")
    customer: Customer = Customer.objects.create(
        store=store,
        gid=f"gid://shopify/Customer/{number}",
        name=name,
        first_name=first,
        last_name=last,
        email=email or f"customer-{number}@example.com",
        **fields,
    )
    return customer


@scopes_disabled()
def make_order(
    store: Store,
    *,
    lines: Sequence[Mapping[str, Any]] | None = None,
    customer: Customer | None = None,
    tags: Sequence[str] = (),
    stage: Stage = Stage.TO_FULFIL,
    total: Decimal | str = "25.00",
    **fields: Any,
) -> Order:
    """An order in the given stage, with what that stage implies (`archived` is closed, `cancelled` has its time, ...),
    its lines and tags. `lines` are fields of LineItem; by default one line of two pieces. Anything in `fields` wins."""
    number = next(_orders)
    amount = Decimal(total)
    placed = PLACED + timedelta(minutes=number - 1001)
    lines = [{}] if lines is None else lines
    to_fulfil = stage is Stage.TO_FULFIL
    rows = [_line(store, position, to_fulfil=to_fulfil, **line) for position, line in enumerate(lines)]
    values: dict[str, Any] = {
        "gid": f"gid://shopify/Order/{number}",
        "legacy_id": number,
        "name": f"#{number}",
        "number": number,
        "created_at": placed,
        "processed_at": placed,
        "updated_at": placed,
        "fetched_at": placed,
        "financial_status": "PAID",
        "fulfillment_status": "UNFULFILLED" if stage is Stage.TO_FULFIL else "FULFILLED",
        "return_status": "NO_RETURN",
        "customer": customer,
        "customer_name": customer.name if customer else "",
        "email": customer.email if customer else "",
        "tags": list(tags),
        "shop_currency": store.currency,
        "presentment_currency": store.currency,
        "stage": stage,
        "unfulfilled_quantity": sum(row.unfulfilled_quantity for row in rows),
        "line_count": len(rows),
        "state_hash": f"built-{number}",
    }
    for kind in ("total", "current_total", "subtotal", "received", "net_payment"):
        values[f"{kind}_shop"] = values[f"{kind}_presentment"] = amount
    values |= _implied(stage, placed)
    order: Order = Order.objects.create(store=store, **(values | fields))
    for row in rows:
        row.order = order
    LineItem.objects.bulk_create(rows)
    OrderTag.objects.bulk_create(OrderTag(store=store, order=order, name=tag, folded=fold(tag)) for tag in order.tags)
    return order


def make_orders(store: Store, number: int, **fields: Any) -> list[Order]:
    """So many alike, oldest first."""
    return [make_order(store, **fields) for _ in range(number)]


@scopes_disabled()
def make_fulfillment_order(order: Order, *, status: str = "OPEN", holds: Sequence[str] = ()) -> FulfillmentOrder:
    """One fulfilment order over all lines; `holds` are reasons, such as `INCORRECT_ADDRESS`."""
    number = next(_fulfillment_orders)
    gid = f"gid://shopify/FulfillmentOrder/{number}"
    row: FulfillmentOrder = FulfillmentOrder.objects.create(
        store_id=order.store_id,
        order=order,
        gid=gid,
        status="ON_HOLD" if holds else status,
        created_at=order.created_at,
        updated_at=order.created_at,
        location_name="Warehouse",
        delivery_method="SHIPPING",
        supported_actions=["RELEASE_HOLD"] if holds else ["CREATE_FULFILLMENT", "HOLD"],
        holds=[
            {
                "gid": f"gid://shopify/FulfillmentHold/{number}-{position}",
                "reason": reason,
                "notes": "",
                "display": reason.replace("_", " ").capitalize(),
                "handle": "",
                "ours": False,
            }
            for position, reason in enumerate(holds)
        ],
        lines=[
            {
                "gid": f"gid://shopify/FulfillmentOrderLineItem/{line.pk}",
                "line_item_gid": line.gid,
                "total": line.quantity,
                "remaining": line.unfulfilled_quantity,
            }
            for line in order.lines.order_by("position")
        ],
    )
    if holds:
        Order.objects.filter(pk=order.pk).update(on_hold=True, hold_reasons=list(holds))
    return row


@scopes_disabled()
def make_beside(order: Order, **fields: Any) -> Beside:
    """What stands beside an order: looked at when it was placed, with an open return of one piece of its first line."""
    line = order.lines.order_by("position").first()
    values: dict[str, Any] = {"looked_at": order.created_at, "store_id": order.store_id}
    row: Beside = Beside.objects.create(order=order, **(values | fields))
    Return.objects.create(
        store_id=order.store_id,
        order=order,
        gid=f"gid://shopify/Return/{order.pk}",
        name=f"{order.name}-R1",
        status="OPEN",
        created_at=order.created_at,
        approved_at=order.created_at,
        quantity=1,
        lines=[
            {
                "gid": f"gid://shopify/ReturnLineItem/{order.pk}",
                "line_item_gid": line.gid if line else "",
                "quantity": 1,
                "processed": 0,
                "refundable": 1,
                "refunded": 0,
                "reason": "Size too small",
                "reason_note": "Pinches",
                "customer_note": "Please hurry",
                "shop": "12.50",
                "presentment": "12.50",
            }
        ],
    )
    return row


def _line(store: Store, position: int, *, to_fulfil: bool, **fields: Any) -> LineItem:
    number = next(_lines)
    quantity = int(fields.get("quantity", 2))
    price = Decimal(str(fields.pop("price", "12.50")))
    values: dict[str, Any] = {
        "gid": f"gid://shopify/LineItem/{number}",
        "position": position,
        "title": "Blue mug",
        "sku": f"MUG-{number}",
        "quantity": quantity,
        "current_quantity": quantity,
        "unfulfilled_quantity": quantity if to_fulfil else 0,
        "refundable_quantity": quantity,
        "unit_price_shop": price,
        "unit_price_presentment": price,
        "total_shop": price * quantity,
        "total_presentment": price * quantity,
    }
    return LineItem(store=store, **(values | fields))


def _implied(stage: Stage, placed: datetime) -> dict[str, Any]:
    later = placed + timedelta(hours=5)
    if stage is Stage.ARCHIVED:
        return {"closed": True, "closed_at": later, "updated_at": later}
    if stage is Stage.CANCELLED:
        return {"cancelled_at": later, "cancel_reason": "CUSTOMER", "updated_at": later}
    if stage is Stage.DELETED:
        return {"deleted_at": later}
    if stage is Stage.TEST:
        return {"test": True}
    return {}
