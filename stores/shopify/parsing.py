"""From answers to snapshots: the order and the shop. Shipping, payment and lists are in parsing_parts.py.

Enum values are kept as they come; a missing or misshapen field raises `GarbageAnswer` with its path.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from stores.shopify import parsing_parts as parts
from stores.shopify.parsing_parts import PLAIN_LIST, Cut, CutList, Rows
from stores.shopify.shapes import Part
from stores.shopify.snapshots import (
    CustomerSnapshot,
    FulfillmentOrderSnapshot,
    Money,
    MoneyBag,
    OrderSnapshot,
    ShopSnapshot,
)
from stores.shopify.versions import is_stable


@dataclass(frozen=True, slots=True)
class ParsedOrder:
    """An order and the nested lists of it that were cut. `snapshot.complete` is false while there are any."""

    snapshot: OrderSnapshot
    cuts: tuple[Cut, ...]


def parse_order(order: Part, *, redacted: Collection[str] = (), left_out: Collection[str] = ()) -> ParsedOrder:
    """One `OrderState`. `redacted` and `left_out` name snapshot fields that Shopify refused or that we did not ask
    for (`customer`, `fulfillment_orders`); both end in the snapshot's `redacted`.
    """
    gid = order.text("id")
    lines = parts.connection(order, "lineItems", parts.line_item, CutList.LINES, gid)
    fulfillment_orders: Rows[FulfillmentOrderSnapshot] = Rows((), ())
    if "fulfillment_orders" not in left_out:
        fulfillment_orders = parts.fulfillment_orders(order, gid)
    fulfillments, transactions, refunds = (
        parts.fulfillments(order),
        parts.transactions(order),
        parts.refunds(order),
    )
    cuts = lines.cuts + fulfillment_orders.cuts + fulfillments.cuts + refunds.cuts
    cut_for_good = any(len(rows) >= PLAIN_LIST for rows in (fulfillments.items, transactions, refunds.items))
    shop_currency, presentment_currency = order.text("currencyCode"), order.text("presentmentCurrencyCode")
    nothing = MoneyBag(Money(Decimal(0), shop_currency), Money(Decimal(0), presentment_currency))
    shipping_line = order.part_or_none("shippingLine")
    snapshot = OrderSnapshot(
        gid=gid,
        legacy_id=order.whole("legacyResourceId"),
        name=order.text("name"),
        number=order.whole("number"),
        confirmation_number=order.text_or_empty("confirmationNumber"),
        po_number=order.text_or_empty("poNumber"),
        created_at=order.moment("createdAt"),
        processed_at=order.moment("processedAt"),
        updated_at=order.moment("updatedAt"),
        closed=order.flag("closed"),
        closed_at=order.moment_or_none("closedAt"),
        cancelled_at=order.moment_or_none("cancelledAt"),
        cancel_reason=order.text_or_empty("cancelReason"),
        test=order.flag("test"),
        confirmed=order.flag("confirmed"),
        edited=order.flag("edited"),
        financial_status=order.text_or_empty("displayFinancialStatus"),
        fulfillment_status=order.text("displayFulfillmentStatus"),
        return_status=order.text("returnStatus"),
        fully_paid=order.flag("fullyPaid"),
        unpaid=order.flag("unpaid"),
        requires_shipping=order.flag("requiresShipping"),
        email=order.text_or_empty("email"),
        phone=order.text_or_empty("phone"),
        locale=order.text_or_empty("customerLocale"),
        note=order.text_or_empty("note"),
        tags=order.texts("tags"),
        custom_attributes=tuple(
            (one.text("key"), one.text_or_empty("value")) for one in order.parts("customAttributes")
        ),
        source_name=order.text_or_empty("sourceName"),
        payment_gateways=order.texts("paymentGatewayNames"),
        discount_codes=order.texts("discountCodes"),
        shipping_title=shipping_line.text("title") if shipping_line else "",
        shop_currency=shop_currency,
        presentment_currency=presentment_currency,
        total=order.bag("totalPriceSet"),
        current_total=order.bag("currentTotalPriceSet"),
        current_subtotal=order.bag("currentSubtotalPriceSet"),
        outstanding=order.bag("totalOutstandingSet"),
        received=order.bag("totalReceivedSet"),
        refunded=order.bag("totalRefundedSet"),
        net_payment=order.bag("netPaymentSet"),
        discounts=order.bag("totalDiscountsSet") if order.has("totalDiscountsSet") else nothing,
        shipping=order.bag("totalShippingPriceSet"),
        tax=order.bag("totalTaxSet") if order.has("totalTaxSet") else nothing,
        status_page_url=order.text("statusPageUrl"),
        customer=None if "customer" in left_out else parse_customer(order.part_or_none("customer")),
        shipping_address=parts.address(order.part_or_none("shippingAddress")),
        billing_address=parts.address(order.part_or_none("billingAddress")),
        lines=lines.items,
        fulfillment_orders=fulfillment_orders.items,
        fulfillments=fulfillments.items,
        transactions=transactions,
        refunds=refunds.items,
        disputes=parts.disputes(order),
        risk=parts.risk(order),
        redacted=frozenset(redacted) | frozenset(left_out),
        complete=not cuts and not cut_for_good,
    )
    # A plain list as long as asked for cannot be followed up, so its other cuts need not be either.
    return ParsedOrder(snapshot, () if cut_for_good else cuts)


def parse_customer(customer: Part | None) -> CustomerSnapshot | None:
    if customer is None:
        return None
    email, phone = customer.part_or_none("defaultEmailAddress"), customer.part_or_none("defaultPhoneNumber")
    return CustomerSnapshot(
        gid=customer.text("id"),
        display_name=customer.text("displayName"),
        first_name=customer.text_or_empty("firstName"),
        last_name=customer.text_or_empty("lastName"),
        email=email.text("emailAddress") if email else "",
        phone=phone.text("phoneNumber") if phone else "",
        locale=customer.text("locale"),
        number_of_orders=customer.whole("numberOfOrders"),
        tags=customer.texts("tags"),
    )


def parse_shop(data: Mapping[str, object], *, api_version: str) -> ShopSnapshot:
    """The answer of `connection_check`."""
    root = Part(data)
    shop = root.part("shop")
    return ShopSnapshot(
        gid=shop.text("id"),
        name=shop.text("name"),
        domain=shop.text("myshopifyDomain"),
        currency=shop.text("currencyCode"),
        timezone=shop.text("ianaTimezone"),
        email=shop.text("email"),
        plan=shop.part("plan").text("publicDisplayName"),
        scopes=frozenset(one.text("handle") for one in root.part("currentAppInstallation").parts("accessScopes")),
        api_version=api_version,
        primary_url=shop.part("primaryDomain").text("url"),
        versions=_versions(root),
    )


def _versions(root: Part) -> tuple[str, ...]:
    listed = root.parts("publicApiVersions") if root.holds("publicApiVersions") else []
    return tuple(
        sorted(one.text("handle") for one in listed if one.flag("supported") and is_stable(one.text("handle")))
    )
