"""What a shop said, as frozen values: the only shape in which Shopify's data leaves the gateway.

Times are aware UTC datetimes, amounts `Decimal` with their ISO currency, ids the opaque `gid://shopify/...` text,
enum values plain strings (Shopify adds values every quarter; an unknown one is kept and shown as it is).
Source of names and meanings: Admin GraphQL 2026-10, the types named in each docstring.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Money:
    """MoneyV2: an amount and its ISO 4217 currency."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class MoneyBag:
    """MoneyBag: the same value in the shop's currency and in the one the buyer saw."""

    shop: Money
    presentment: Money


@dataclass(frozen=True, slots=True)
class Address:
    """MailingAddress. `country_code` is `countryCodeV2`; every field may be empty text."""

    first_name: str = ""
    last_name: str = ""
    company: str = ""
    address1: str = ""
    address2: str = ""
    city: str = ""
    province: str = ""
    province_code: str = ""
    zip: str = ""
    country: str = ""
    country_code: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class CustomerSnapshot:
    """Customer, as far as an order names it."""

    gid: str
    display_name: str
    first_name: str
    last_name: str
    email: str
    phone: str
    locale: str
    number_of_orders: int
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LineItemSnapshot:
    """LineItem. `quantity` as ordered, `current_quantity` after removals and refunds, `unfulfilled_quantity` to go."""

    gid: str
    title: str
    variant_title: str
    name: str
    sku: str
    vendor: str
    quantity: int
    current_quantity: int
    unfulfilled_quantity: int
    refundable_quantity: int
    requires_shipping: bool
    original_unit_price: MoneyBag
    discounted_total: MoneyBag
    image_url: str = ""


@dataclass(frozen=True, slots=True)
class HoldSnapshot:
    """FulfillmentHold. `ours` is `heldByRequestingApp`: only such a hold may we release unasked."""

    gid: str
    reason: str
    reason_notes: str
    display_reason: str
    handle: str
    ours: bool


@dataclass(frozen=True, slots=True)
class FulfillmentOrderLineSnapshot:
    """FulfillmentOrderLineItem."""

    gid: str
    line_item_gid: str
    total_quantity: int
    remaining_quantity: int


@dataclass(frozen=True, slots=True)
class FulfillmentOrderSnapshot:
    """FulfillmentOrder: what is to be shipped from one place."""

    gid: str
    status: str
    request_status: str
    created_at: datetime
    updated_at: datetime
    fulfill_at: datetime | None
    fulfill_by: datetime | None
    location_name: str
    delivery_method: str
    supported_actions: tuple[str, ...]
    holds: tuple[HoldSnapshot, ...]
    lines: tuple[FulfillmentOrderLineSnapshot, ...]


@dataclass(frozen=True, slots=True)
class TrackingSnapshot:
    """FulfillmentTrackingInfo."""

    company: str
    number: str
    url: str


@dataclass(frozen=True, slots=True)
class FulfillmentLineSnapshot:
    """FulfillmentLineItem."""

    gid: str
    line_item_gid: str
    quantity: int


@dataclass(frozen=True, slots=True)
class FulfillmentSnapshot:
    """Fulfillment: one shipment. `status` SUCCESS is not delivered; that is `display_status` DELIVERED."""

    gid: str
    name: str
    status: str
    display_status: str
    created_at: datetime
    updated_at: datetime
    delivered_at: datetime | None
    estimated_delivery_at: datetime | None
    tracking: tuple[TrackingSnapshot, ...]
    lines: tuple[FulfillmentLineSnapshot, ...]


@dataclass(frozen=True, slots=True)
class TransactionSnapshot:
    """OrderTransaction."""

    gid: str
    kind: str
    status: str
    gateway: str
    error_code: str
    created_at: datetime
    processed_at: datetime | None
    parent_gid: str
    test: bool
    amount: MoneyBag


@dataclass(frozen=True, slots=True)
class RefundLineSnapshot:
    """RefundLineItem."""

    line_item_gid: str
    quantity: int
    restock_type: str
    subtotal: MoneyBag


@dataclass(frozen=True, slots=True)
class RefundSnapshot:
    """Refund."""

    gid: str
    created_at: datetime | None
    note: str
    total: MoneyBag
    lines: tuple[RefundLineSnapshot, ...]


@dataclass(frozen=True, slots=True)
class DisputeSnapshot:
    """OrderDisputeSummary."""

    gid: str
    status: str
    initiated_as: str


@dataclass(frozen=True, slots=True)
class RiskSnapshot:
    """OrderRiskSummary. `level` is the gravest of its assessments, empty while there is none."""

    recommendation: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class OrderSnapshot:
    """Order with everything that the mirror keeps of it.

    `complete` is false when a nested list was cut and could not be followed up; such a snapshot is never ingested.
    """

    gid: str
    legacy_id: int
    name: str
    number: int
    confirmation_number: str
    po_number: str
    created_at: datetime
    processed_at: datetime
    updated_at: datetime
    closed: bool
    closed_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str
    test: bool
    confirmed: bool
    edited: bool
    financial_status: str
    fulfillment_status: str
    return_status: str
    fully_paid: bool
    unpaid: bool
    requires_shipping: bool
    email: str
    phone: str
    locale: str
    note: str
    tags: tuple[str, ...]
    custom_attributes: tuple[tuple[str, str], ...]
    source_name: str
    payment_gateways: tuple[str, ...]
    discount_codes: tuple[str, ...]
    shipping_title: str
    shop_currency: str
    presentment_currency: str
    total: MoneyBag
    current_total: MoneyBag
    current_subtotal: MoneyBag
    outstanding: MoneyBag
    received: MoneyBag
    refunded: MoneyBag
    net_payment: MoneyBag
    discounts: MoneyBag
    shipping: MoneyBag
    tax: MoneyBag
    status_page_url: str
    customer: CustomerSnapshot | None
    shipping_address: Address | None
    billing_address: Address | None
    lines: tuple[LineItemSnapshot, ...]
    fulfillment_orders: tuple[FulfillmentOrderSnapshot, ...]
    fulfillments: tuple[FulfillmentSnapshot, ...]
    transactions: tuple[TransactionSnapshot, ...]
    refunds: tuple[RefundSnapshot, ...]
    disputes: tuple[DisputeSnapshot, ...] = ()
    risk: RiskSnapshot = RiskSnapshot()
    redacted: frozenset[str] = field(default_factory=frozenset)
    """Paths that came back null because Shopify refused them, such as `customer` or `email`: never overwrite these."""
    complete: bool = True


@dataclass(frozen=True, slots=True)
class ShopSnapshot:
    """Shop with the access that the token has. `scopes` as granted (`write_x` implies `read_x`), `versions` the stable
    API versions that Shopify supports."""

    gid: str
    name: str
    domain: str
    currency: str
    timezone: str
    email: str
    plan: str
    scopes: frozenset[str]
    api_version: str
    primary_url: str = ""
    versions: tuple[str, ...] = ()
