"""The words that a template may use, named as in Shopify's own notifications.

This is the whole of what a mail can say: tags, notes, comments, hold reasons and payment details are not in it, so no
template can reach them. Amounts and values that may be empty are marked for the child, see `liquid_env.decoded`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.lists import format_list

from orders.models import Customer, Fulfillment, LineItem, Order
from stores.models import Store

from .liquid_env import parsed_locale

Words = dict[str, Any]

WORDS = frozenset(
    """
    billing_address cancelled_at closed_at confirmation_number created_at currency customer discounts_savings email
    financial_status fulfillment_status fulfillments id item_count line_items locale name now order order_name
    order_names order_number order_status_url orders po_number processed_at requires_shipping
    scheduled_fulfillment_at shipping_address shipping_method shipping_price shop shop_name subtotal_line_items
    subtotal_price tax_price today total_outstanding total_price unfulfilled_line_items
    """.split()  # noqa: SIM905 - a list of words reads better so
)
"""The first words; a template that uses another one is refused when it is saved."""


def words_of(
    orders: Sequence[Order], *, store: Store, address: str, recipient_name: str, locale: str, now: datetime
) -> Words:
    """Everything for one mail. `orders` are of one store and one person, oldest first, with `customer`, `lines` and
    `fulfillments` loaded. The first order's words are also there without `order.`, as in Shopify's templates."""
    zone = ZoneInfo(store.timezone or "UTC")
    described = [_order(order, zone) for order in orders]
    first = described[0]
    shop = {
        "name": store.name,
        "email": _needed("shop.email", store.sender_email or store.email),
        "domain": store.domain,
        "url": store.primary_url or f"https://{store.domain}",
        "currency": store.currency,
    }
    return {
        **first,
        "order": first,
        "orders": described,
        "order_names": listed([order.name for order in orders], locale),
        "shop": shop,
        "shop_name": store.name,
        "customer": _customer(orders[-1], address=address, recipient_name=recipient_name),
        "email": address,
        "locale": locale,
        "now": _at(now, zone),
        "today": _at(now, zone),
    }


def listed(names: Sequence[str], locale: str) -> str:
    """`#1`, `#1 and #2`, `#1, #2 and #3` in that language."""
    return format_list(list(names), locale=parsed_locale(locale))


def _order(order: Order, zone: ZoneInfo) -> Words:
    currency = order.presentment_currency
    lines = sorted(order.lines.all(), key=lambda line: (line.position, line.pk))
    described = [_line(line, currency) for line in lines]
    unfulfilled = [
        word | {"quantity": line.unfulfilled_quantity}
        for line, word in zip(lines, described, strict=True)
        if line.unfulfilled_quantity and line.requires_shipping
    ]
    shipments = sorted(order.fulfillments.all(), key=lambda shipment: (shipment.created_at, shipment.pk))
    by_gid = {line.gid: word for line, word in zip(lines, described, strict=True)}
    return {
        "id": order.legacy_id,
        "name": order.name,
        "order_name": order.name,
        "order_number": order.number,
        "confirmation_number": order.confirmation_number or None,
        "po_number": order.po_number or None,
        "created_at": _at(order.created_at, zone),
        "processed_at": _at(order.processed_at, zone),
        "cancelled_at": _at(order.cancelled_at, zone),
        "closed_at": _at(order.closed_at, zone),
        "currency": currency,
        "total_price": _money(order.current_total_presentment, currency),
        "subtotal_price": _money(order.subtotal_presentment, currency),
        "shipping_price": _money(order.shipping_presentment, currency),
        "tax_price": _money(order.tax_presentment, currency),
        "discounts_savings": _money(order.discounts_presentment, currency),
        "total_outstanding": _money(order.outstanding_presentment, currency),
        "financial_status": order.financial_status.lower(),
        "fulfillment_status": order.fulfillment_status.lower(),
        "item_count": sum(line.current_quantity for line in lines),
        "line_items": described,
        "subtotal_line_items": described,
        "unfulfilled_line_items": unfulfilled,
        "shipping_address": _address(order.shipping_address),
        "billing_address": _address(order.billing_address),
        "shipping_method": {"title": order.shipping_title or None},
        "requires_shipping": order.requires_shipping,
        "order_status_url": _needed("order_status_url", order.status_page_url),
        "scheduled_fulfillment_at": _at(order.fulfill_at, zone),
        "fulfillments": [_shipment(shipment, by_gid, zone) for shipment in shipments if shipment.status != "CANCELLED"],
    }


def _line(line: LineItem, currency: str) -> Words:
    variant = line.variant_title or None
    return {
        "title": line.title if variant is None else f"{line.title} - {variant}",
        "product": {"title": line.title},
        "variant": {"title": variant},
        "variant_title": variant,
        "sku": line.sku or None,
        "vendor": line.vendor or None,
        "quantity": line.current_quantity,
        "unfulfilled_quantity": line.unfulfilled_quantity,
        "requires_shipping": line.requires_shipping,
        "price": _money(line.unit_price_presentment, currency),
        "line_price": _money(line.total_presentment, currency),
        "image_url": line.image_url or None,
    }


def _shipment(shipment: Fulfillment, lines: Mapping[str, Words], zone: ZoneInfo) -> Words:
    tracking = [entry for entry in shipment.tracking if isinstance(entry, dict)]
    numbers = [entry["number"] for entry in tracking if entry.get("number")]
    urls = [entry["url"] for entry in tracking if entry.get("url")]
    return {
        "created_at": _at(shipment.created_at, zone),
        "delivered_at": _at(shipment.delivered_at, zone),
        "estimated_delivery_at": _at(shipment.estimated_delivery_at, zone),
        "item_count": sum(part.get("quantity", 0) for part in shipment.lines),
        "fulfillment_line_items": [
            {"line_item": lines[part["line_item_gid"]], "quantity": part.get("quantity", 0)}
            for part in shipment.lines
            if part.get("line_item_gid") in lines
        ],
        "tracking_company": next((entry["company"] for entry in tracking if entry.get("company")), None),
        "tracking_number": _needed("tracking_number", numbers[0] if numbers else ""),
        "tracking_numbers": numbers,
        "tracking_url": _needed("tracking_url", urls[0] if urls else ""),
        "tracking_urls": urls,
    }


def _customer(order: Order, *, address: str, recipient_name: str) -> Words:
    customer: Customer | None = order.customer
    first = customer.first_name if customer else ""
    last = customer.last_name if customer else ""
    return {
        "first_name": _needed("customer.first_name", first),
        "last_name": _needed("customer.last_name", last),
        "name": _needed("customer.name", recipient_name),
        "email": address,
    }


_ADDRESS = (
    "first_name", "last_name", "company", "address1", "address2", "zip", "city", "province", "province_code", "country",
    "country_code", "phone",
)  # fmt: skip


def _address(address: Mapping[str, Any] | None) -> Words | None:
    if not address:
        return None
    known = {word: address.get(word) or None for word in _ADDRESS}
    return known | {"name": " ".join(filter(None, (known["first_name"], known["last_name"]))) or None}


def _money(amount: Decimal, currency: str) -> Words:
    return {"$money": [str(amount), currency]}


def _needed(name: str, value: str) -> Any:
    """A word that leaves a hole in a sentence when it is empty: printing it then is an error, see `Absent`."""
    return value or {"$absent": name}


def _at(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return moment.astimezone(zone).isoformat(timespec="seconds") if moment else None
