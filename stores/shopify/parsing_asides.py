"""From answers to snapshots: what stands beside an order."""

from __future__ import annotations

from stores.shopify import parsing_parts as parts
from stores.shopify.aside_snapshots import (
    AsideSnapshot,
    EventSnapshot,
    PaymentScheduleSnapshot,
    PaymentTermsSnapshot,
    ReturnLineSnapshot,
    ReturnSnapshot,
    RiskFactSnapshot,
)
from stores.shopify.markup import plain_text
from stores.shopify.shapes import Part


def aside(order: Part) -> AsideSnapshot:
    """One node of `order_asides`."""
    events = order.part("events")
    return AsideSnapshot(
        order_gid=order.text("id"),
        disputes=parts.disputes(order),
        risk=parts.risk(order),
        risk_facts=tuple(
            RiskFactSnapshot(fact.text("description"), fact.text("sentiment"))
            for assessment in order.part("risk").parts("assessments")
            for fact in assessment.parts("facts")
        ),
        events=tuple(event(node) for node in events.parts("nodes")),
        older=cursor_of(events),
    )


def event(found: Part) -> EventSnapshot:
    is_comment = found.text("__typename") == "CommentEvent"
    if is_comment:
        staff = found.part_or_none("staff") if found.holds("staff") else None
        author = staff.text("name") if staff else ""
    else:
        author = found.text_or_empty("author") if found.holds("author") else ""
    return EventSnapshot(
        gid=found.text("id"),
        action=found.text("action"),
        text=plain_text(found.text("message")),
        created_at=found.moment("createdAt"),
        author=author,
        app=found.text_or_empty("appTitle"),
        is_comment=is_comment,
        is_edited=is_comment and found.flag("edited"),
        is_critical=found.flag("criticalAlert"),
        attachments=tuple(one.text_or_empty("name") for one in found.parts("attachments")) if is_comment else (),
    )


def one_return(found: Part) -> ReturnSnapshot:
    decline = found.part_or_none("decline")
    return ReturnSnapshot(
        gid=found.text("id"),
        name=found.text("name"),
        status=found.text("status"),
        created_at=found.moment("createdAt"),
        approved_at=found.moment_or_none("requestApprovedAt"),
        closed_at=found.moment_or_none("closedAt"),
        decline_reason=decline.text("reason") if decline else "",
        decline_note=decline.text_or_empty("note") if decline else "",
        quantity=found.whole("totalQuantity"),
        refund_gids=tuple(one.text("id") for one in found.part("refunds").parts("nodes")),
        lines=tuple(return_line(node) for node in found.part("returnLineItems").parts("nodes")),
    )


def return_line(line: Part) -> ReturnLineSnapshot:
    shipped = line.part("fulfillmentLineItem") if line.holds("fulfillmentLineItem") else None
    reason = line.part_or_none("returnReasonDefinition")
    return ReturnLineSnapshot(
        gid=line.text("id"),
        line_item_gid=shipped.part("lineItem").text("id") if shipped else "",
        quantity=line.whole("quantity"),
        processed=line.whole("processedQuantity"),
        unprocessed=line.whole("unprocessedQuantity"),
        refundable=line.whole("refundableQuantity"),
        refunded=line.whole("refundedQuantity"),
        reason=reason.text("name") if reason else "",
        reason_handle=reason.text("handle") if reason else "",
        reason_note=line.text("returnReasonNote"),
        customer_note=line.text_or_empty("customerNote"),
        total=line.bag("withCodeDiscountedTotalPriceSet") if shipped else None,
    )


def payment_terms(found: Part | None) -> PaymentTermsSnapshot | None:
    if found is None:
        return None
    return PaymentTermsSnapshot(
        gid=found.text("id"),
        name=found.text("paymentTermsName"),
        kind=found.text("paymentTermsType"),
        due_in_days=found.whole("dueInDays") if found.has("dueInDays") else None,
        schedules=tuple(
            PaymentScheduleSnapshot(
                gid=one.text("id"),
                issued_at=one.moment_or_none("issuedAt"),
                due_at=one.moment_or_none("dueAt"),
                completed_at=one.moment_or_none("completedAt"),
                balance=one.money("balanceDue"),
                total=one.money("totalBalance"),
            )
            for one in found.part("paymentSchedules").parts("nodes")
        ),
    )


def cursor_of(connection: Part) -> str | None:
    """Where a list goes on, None at its end."""
    info = connection.part("pageInfo")
    return info.text("endCursor") if info.flag("hasNextPage") else None
