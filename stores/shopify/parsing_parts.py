"""From answers to snapshots: what an order consists of, and the lists in it that were cut."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from stores.shopify.shapes import Part
from stores.shopify.snapshots import (
    Address,
    DisputeSnapshot,
    FulfillmentLineSnapshot,
    FulfillmentOrderLineSnapshot,
    FulfillmentOrderSnapshot,
    FulfillmentSnapshot,
    HoldSnapshot,
    LineItemSnapshot,
    RefundLineSnapshot,
    RefundSnapshot,
    RiskSnapshot,
    TrackingSnapshot,
    TransactionSnapshot,
)

Item = TypeVar("Item")

PLAIN_LIST = 250
"""`first` of the lists without pageInfo in the documents: one as long as this counts as cut."""


_GRAVEST_FIRST = ("HIGH", "MEDIUM", "PENDING", "LOW", "NONE")
"""RiskAssessmentResult. One that is still being assessed may yet turn out grave."""


class CutList(enum.Enum):
    """The nested lists that can be followed up: their document, its root field and the connection in it."""

    LINES = ("order_lines", "order", "lineItems")
    FULFILLMENT_ORDERS = ("order_fulfillment_orders", "order", "fulfillmentOrders")
    FULFILLMENT_ORDER_LINES = ("fulfillment_order_lines", "fulfillmentOrder", "lineItems")
    FULFILLMENT_LINES = ("fulfillment_lines", "fulfillment", "fulfillmentLineItems")
    REFUND_LINES = ("refund_lines", "refund", "refundLineItems")


@dataclass(frozen=True, slots=True)
class Cut:
    """One list that ended at its page: which one, of which object, and where to go on."""

    kind: CutList
    owner: str
    cursor: str


@dataclass(frozen=True, slots=True)
class Rows(Generic[Item]):
    """What a list held, with the cuts in and below it."""

    items: tuple[Item, ...]
    cuts: tuple[Cut, ...]


def connection(owner: Part, name: str, parse: Callable[[Part], Item], kind: CutList, gid: str) -> Rows[Item]:
    """A nested connection of simple items."""
    found = owner.part(name)
    return Rows(tuple(parse(node) for node in found.parts("nodes")), _cuts(found, kind, gid))


def fulfillment_orders(owner: Part, gid: str) -> Rows[FulfillmentOrderSnapshot]:
    """The connection `fulfillmentOrders` of an order, with the lines of each."""
    found = owner.part("fulfillmentOrders")
    rows = [_fulfillment_order(node) for node in found.parts("nodes")]
    below = tuple(cut for row in rows for cut in row.cuts)
    return Rows(
        tuple(item for row in rows for item in row.items), _cuts(found, CutList.FULFILLMENT_ORDERS, gid) + below
    )


def fulfillments(order: Part) -> Rows[FulfillmentSnapshot]:
    rows = [_fulfillment(one) for one in order.parts("fulfillments")]
    return Rows(tuple(item for row in rows for item in row.items), tuple(cut for row in rows for cut in row.cuts))


def refunds(order: Part) -> Rows[RefundSnapshot]:
    rows = [_refund(one) for one in order.parts("refunds")]
    return Rows(tuple(item for row in rows for item in row.items), tuple(cut for row in rows for cut in row.cuts))


def transactions(order: Part) -> tuple[TransactionSnapshot, ...]:
    return tuple(_transaction(one) for one in order.parts("transactions"))


def attributes(order: Part) -> tuple[tuple[str, str], ...]:
    return tuple((one.text("key"), one.text_or_empty("value")) for one in order.parts("customAttributes"))


def disputes(order: Part) -> tuple[DisputeSnapshot, ...]:
    found = order.parts("disputes")
    return tuple(DisputeSnapshot(one.text("id"), one.text("status"), one.text("initiatedAs")) for one in found)


def risk(order: Part) -> RiskSnapshot:
    found = order.part("risk")
    levels = {one.text("riskLevel") for one in found.parts("assessments")}
    gravest = next((level for level in _GRAVEST_FIRST if level in levels), min(levels, default=""))
    return RiskSnapshot(recommendation=found.text("recommendation"), level=gravest)


def address(found: Part | None) -> Address | None:
    if found is None:
        return None
    return Address(
        first_name=found.text_or_empty("firstName"),
        last_name=found.text_or_empty("lastName"),
        company=found.text_or_empty("company"),
        address1=found.text_or_empty("address1"),
        address2=found.text_or_empty("address2"),
        city=found.text_or_empty("city"),
        province=found.text_or_empty("province"),
        province_code=found.text_or_empty("provinceCode"),
        zip=found.text_or_empty("zip"),
        country=found.text_or_empty("country"),
        country_code=found.text_or_empty("countryCodeV2"),
        phone=found.text_or_empty("phone"),
    )


def line_item(line: Part) -> LineItemSnapshot:
    image = line.part_or_none("image")
    return LineItemSnapshot(
        gid=line.text("id"),
        title=line.text("title"),
        variant_title=line.text_or_empty("variantTitle"),
        name=line.text("name"),
        sku=line.text_or_empty("sku"),
        vendor=line.text_or_empty("vendor"),
        quantity=line.whole("quantity"),
        current_quantity=line.whole("currentQuantity"),
        unfulfilled_quantity=line.whole("unfulfilledQuantity"),
        refundable_quantity=line.whole("refundableQuantity"),
        requires_shipping=line.flag("requiresShipping"),
        original_unit_price=line.bag("originalUnitPriceSet"),
        discounted_total=line.bag("discountedTotalSet"),
        image_url=image.text("url") if image else "",
    )


def fulfillment_order_line(line: Part) -> FulfillmentOrderLineSnapshot:
    return FulfillmentOrderLineSnapshot(
        gid=line.text("id"),
        line_item_gid=line.part("lineItem").text("id"),
        total_quantity=line.whole("totalQuantity"),
        remaining_quantity=line.whole("remainingQuantity"),
    )


def fulfillment_line(line: Part) -> FulfillmentLineSnapshot:
    return FulfillmentLineSnapshot(
        gid=line.text("id"),
        line_item_gid=line.part("lineItem").text("id"),
        quantity=line.whole("quantity") if line.has("quantity") else 0,
    )


def refund_line(line: Part) -> RefundLineSnapshot:
    return RefundLineSnapshot(
        line_item_gid=line.part("lineItem").text("id"),
        quantity=line.whole("quantity"),
        restock_type=line.text("restockType"),
        subtotal=line.bag("subtotalSet"),
    )


def _fulfillment_order(found: Part) -> Rows[FulfillmentOrderSnapshot]:
    gid, method = found.text("id"), found.part_or_none("deliveryMethod")
    lines = connection(found, "lineItems", fulfillment_order_line, CutList.FULFILLMENT_ORDER_LINES, gid)
    snapshot = FulfillmentOrderSnapshot(
        gid=gid,
        status=found.text("status"),
        request_status=found.text("requestStatus"),
        created_at=found.moment("createdAt"),
        updated_at=found.moment("updatedAt"),
        fulfill_at=found.moment_or_none("fulfillAt"),
        fulfill_by=found.moment_or_none("fulfillBy"),
        location_name=found.part("assignedLocation").text("name"),
        delivery_method=method.text("methodType") if method else "",
        supported_actions=tuple(one.text("action") for one in found.parts("supportedActions")),
        holds=tuple(_hold(one) for one in found.parts("fulfillmentHolds")),
        lines=lines.items,
    )
    return Rows((snapshot,), lines.cuts)


def _hold(hold: Part) -> HoldSnapshot:
    return HoldSnapshot(
        gid=hold.text("id"),
        reason=hold.text("reason"),
        reason_notes=hold.text_or_empty("reasonNotes"),
        display_reason=hold.text("displayReason"),
        handle=hold.text_or_empty("handle"),
        ours=hold.flag("heldByRequestingApp"),
    )


def _fulfillment(found: Part) -> Rows[FulfillmentSnapshot]:
    gid = found.text("id")
    lines = connection(found, "fulfillmentLineItems", fulfillment_line, CutList.FULFILLMENT_LINES, gid)
    snapshot = FulfillmentSnapshot(
        gid=gid,
        name=found.text("name"),
        status=found.text("status"),
        display_status=found.text_or_empty("displayStatus"),
        created_at=found.moment("createdAt"),
        updated_at=found.moment("updatedAt"),
        delivered_at=found.moment_or_none("deliveredAt"),
        estimated_delivery_at=found.moment_or_none("estimatedDeliveryAt"),
        tracking=tuple(
            TrackingSnapshot(one.text_or_empty("company"), one.text_or_empty("number"), one.text_or_empty("url"))
            for one in found.parts("trackingInfo")
        ),
        lines=lines.items,
    )
    return Rows((snapshot,), lines.cuts)


def _transaction(found: Part) -> TransactionSnapshot:
    parent = found.part_or_none("parentTransaction")
    return TransactionSnapshot(
        gid=found.text("id"),
        kind=found.text("kind"),
        status=found.text("status"),
        gateway=found.text_or_empty("gateway"),
        error_code=found.text_or_empty("errorCode"),
        created_at=found.moment("createdAt"),
        processed_at=found.moment_or_none("processedAt"),
        parent_gid=parent.text("id") if parent else "",
        test=found.flag("test"),
        amount=found.bag("amountSet"),
    )


def _refund(found: Part) -> Rows[RefundSnapshot]:
    gid = found.text("id")
    lines = connection(found, "refundLineItems", refund_line, CutList.REFUND_LINES, gid)
    snapshot = RefundSnapshot(
        gid=gid,
        created_at=found.moment_or_none("createdAt"),
        note=found.text_or_empty("note"),
        total=found.bag("totalRefundedSet"),
        lines=lines.items,
    )
    return Rows((snapshot,), lines.cuts)


def _cuts(found: Part, kind: CutList, owner: str) -> tuple[Cut, ...]:
    info = found.part("pageInfo")
    cursor = info.text_or_empty("endCursor")
    if not info.flag("hasNextPage"):
        return ()
    if not cursor:
        raise info.unreadable("endCursor")
    return (Cut(kind, owner, cursor),)
