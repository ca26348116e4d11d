"""Reading what stands beside orders: events, risk, returns, terms of payment, and what a shop refuses of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from stores.shopify.aside_snapshots import (
    EventSnapshot,
    PaymentScheduleSnapshot,
    PaymentTermsSnapshot,
    ReturnLineSnapshot,
    ReturnSnapshot,
    RiskFactSnapshot,
)
from stores.shopify.asides import read_asides, read_older_events
from stores.shopify.client import Client
from stores.shopify.errors import NeedsPerson
from stores.shopify.following import GaveUp
from stores.shopify.markup import LONGEST, plain_text
from stores.shopify.snapshots import DisputeSnapshot, Money, MoneyBag, RiskSnapshot
from stores.shopify.throttle import Lane
from tests.stores.shopify import answers
from tests.stores.shopify.stub import Stub

PLAIN = frozenset({"read_orders"})
ALL = PLAIN | {"read_returns", "read_payment_terms", "read_users"}
GID = "gid://shopify/Order/1"
AT = datetime(2026, 10, 4, 8, tzinfo=UTC)


def basic(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "__typename": "BasicEvent",
        "id": f"gid://shopify/BasicEvent/{number}",
        "action": "mail_sent",
        "message": 'Order confirmation was sent to <a href="/x">Ada &amp; co</a>.',
        "createdAt": "2026-10-04T08:00:00Z",
        "appTitle": "Online Store",
        "criticalAlert": False,
        "author": "Shopify",
    } | changes


def comment(number: int = 2, **changes: Any) -> dict[str, Any]:
    return {
        "__typename": "CommentEvent",
        "id": f"gid://shopify/CommentEvent/{number}",
        "action": "create",
        "message": "Ring first<br>and leave it",
        "createdAt": "2026-10-04T08:00:00Z",
        "appTitle": None,
        "criticalAlert": False,
        "edited": True,
        "attachments": [{"name": "photo.png"}, {"name": None}],
        "staff": {"name": "Jo Bakker"},
    } | changes


def beside(*events: Mapping[str, Any], gid: str = GID, cursor: str | None = None, **changes: Any) -> dict[str, Any]:
    fact = {"description": "Countries differ", "sentiment": "NEGATIVE"}
    return {
        "id": gid,
        "disputes": [{"id": "gid://shopify/OrderDisputeSummary/1", "status": "WON", "initiatedAs": "INQUIRY"}],
        "risk": {"recommendation": "CANCEL", "assessments": [{"riskLevel": "HIGH", "facts": [fact]}]},
        "events": answers.connection(*events, cursor=cursor),
    } | changes


def return_line(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/ReturnLineItem/{number}",
        "quantity": 2,
        "processedQuantity": 1,
        "unprocessedQuantity": 1,
        "refundableQuantity": 2,
        "refundedQuantity": 0,
        "returnReasonNote": "Too wide",
        "customerNote": None,
        "returnReasonDefinition": {"handle": "size-too-large", "name": "Size too large"},
        "fulfillmentLineItem": {"lineItem": {"id": "gid://shopify/LineItem/1"}},
        "withCodeDiscountedTotalPriceSet": answers.bag("25.0", "4000"),
    } | changes


def a_return(number: int = 1, *, cursor: str | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Return/{number}",
        "name": f"#1001-R{number}",
        "status": "DECLINED",
        "createdAt": "2026-10-04T08:00:00Z",
        "requestApprovedAt": None,
        "closedAt": None,
        "totalQuantity": 2,
        "decline": {"reason": "FINAL_SALE", "note": None},
        "refunds": answers.connection({"id": "gid://shopify/Refund/1"}),
        "returnLineItems": answers.connection(return_line(), cursor=cursor),
    } | changes


def nodes(*found: object) -> dict[str, Any]:
    return {"data": {"nodes": list(found)}}


def returned(*found: Mapping[str, Any], cursor: str | None = None) -> dict[str, Any]:
    return nodes({"id": GID, "returns": answers.connection(*found, cursor=cursor)})


TERMS = {
    "id": "gid://shopify/PaymentTerms/1",
    "paymentTermsName": "Net 30",
    "paymentTermsType": "NET",
    "dueInDays": 30,
    "paymentSchedules": answers.connection(
        {
            "id": "gid://shopify/PaymentSchedule/1",
            "issuedAt": "2026-10-04T08:00:00Z",
            "dueAt": "2026-11-03T08:00:00Z",
            "completedAt": None,
            "balanceDue": {"amount": "42.5", "currencyCode": "EUR"},
            "totalBalance": {"amount": "42.5", "currencyCode": "EUR"},
        }
    ),
}


def test_everything_beside_an_order_is_read_and_its_words_lose_their_markup(stub: Stub, client: Client) -> None:
    stub.will_say(nodes(beside(comment(), basic())), returned(a_return()), nodes({"id": GID, "paymentTerms": TERMS}))

    one = read_asides(client, [GID], scopes=ALL, lane=Lane.BACKGROUND)[GID]

    assert one is not None
    assert one.events == (
        EventSnapshot(
            gid="gid://shopify/CommentEvent/2",
            action="create",
            text="Ring first\nand leave it",
            created_at=AT,
            author="Jo Bakker",
            app="",
            is_comment=True,
            is_edited=True,
            attachments=("photo.png", ""),
        ),
        EventSnapshot(
            gid="gid://shopify/BasicEvent/1",
            action="mail_sent",
            text="Order confirmation was sent to Ada & co.",
            created_at=AT,
            author="Shopify",
            app="Online Store",
            is_comment=False,
        ),
    )
    assert one.risk == RiskSnapshot("CANCEL", "HIGH")
    assert one.risk_facts == (RiskFactSnapshot("Countries differ", "NEGATIVE"),)
    assert one.disputes == (DisputeSnapshot("gid://shopify/OrderDisputeSummary/1", "WON", "INQUIRY"),)
    assert one.returns == (
        ReturnSnapshot(
            gid="gid://shopify/Return/1",
            name="#1001-R1",
            status="DECLINED",
            created_at=AT,
            approved_at=None,
            closed_at=None,
            decline_reason="FINAL_SALE",
            decline_note="",
            quantity=2,
            refund_gids=("gid://shopify/Refund/1",),
            lines=(
                ReturnLineSnapshot(
                    gid="gid://shopify/ReturnLineItem/1",
                    line_item_gid="gid://shopify/LineItem/1",
                    quantity=2,
                    processed=1,
                    unprocessed=1,
                    refundable=2,
                    refunded=0,
                    reason="Size too large",
                    reason_handle="size-too-large",
                    reason_note="Too wide",
                    customer_note="",
                    total=MoneyBag(Money(Decimal("25.0"), "EUR"), Money(Decimal(4000), "JPY")),
                ),
            ),
        ),
    )
    owed = Money(Decimal("42.5"), "EUR")
    due = datetime(2026, 11, 3, 8, tzinfo=UTC)
    schedule = PaymentScheduleSnapshot("gid://shopify/PaymentSchedule/1", AT, due, None, owed, owed)
    assert one.payment_terms == PaymentTermsSnapshot(TERMS["id"], "Net 30", "NET", 30, (schedule,))
    assert (one.unread, one.older) == (frozenset(), None)
    assert stub.calls[0].variables == {"ids": [GID], "events": 10, "withStaff": True}


def test_only_what_the_scopes_open_is_asked_for(stub: Stub, client: Client) -> None:
    stub.will_say(nodes(beside(comment(staff=None) | {"staff": None}), None))

    found = read_asides(client, [GID, "gid://shopify/Order/2"], scopes=PLAIN, lane=Lane.BACKGROUND)

    assert len(stub.calls) == 1
    assert stub.calls[0].variables["withStaff"] is False
    assert found["gid://shopify/Order/2"] is None
    one = found[GID]
    assert one is not None
    assert (one.unread, one.returns, one.payment_terms) == ({"returns", "payment_terms", "staff"}, (), None)
    assert one.events[0].author == ""


def test_what_is_refused_although_it_seems_granted_costs_nothing_else(stub: Stub, client: Client) -> None:
    refused = answers.failed("ACCESS_DENIED", path=["nodes", 0, "events", "nodes", 0, "staff"], data={"nodes": [None]})
    stub.will_say(refused, nodes(beside(basic())), refused, nodes({"id": GID, "paymentTerms": None}))

    one = read_asides(client, [GID], scopes=ALL, lane=Lane.BACKGROUND)[GID]

    assert one is not None
    assert one.unread == {"staff", "returns"}
    assert [event.action for event in one.events] == ["mail_sent"]
    assert [call.variables.get("withStaff") for call in stub.calls] == [True, False, None, None]


def test_orders_that_may_not_be_read_at_all_are_the_stores_trouble(stub: Stub, client: Client) -> None:
    stub.will_say(answers.failed("ACCESS_DENIED", path=["nodes"]))

    with pytest.raises(NeedsPerson):
        read_asides(client, [GID], scopes=PLAIN, lane=Lane.BACKGROUND)


def test_lists_of_returns_and_their_lines_are_read_to_their_end(stub: Stub, client: Client) -> None:
    more = {"data": {"order": {"returns": answers.connection(a_return(2))}}}
    lines = {"data": {"return": {"returnLineItems": answers.connection(return_line(7))}}}
    unverified = {"fulfillmentLineItem", "withCodeDiscountedTotalPriceSet"}
    bare = {name: value for name, value in return_line(9).items() if name not in unverified}
    stub.will_say(
        nodes(beside()),
        returned(a_return(1, cursor="l1", returnLineItems=answers.connection(bare, cursor="l1")), cursor="r1"),
        more,
        lines,
    )

    one = read_asides(client, [GID], scopes=PLAIN | {"read_returns"}, lane=Lane.BACKGROUND)[GID]

    assert one is not None
    assert [found.gid for found in one.returns] == ["gid://shopify/Return/1", "gid://shopify/Return/2"]
    assert [line.gid for line in one.returns[0].lines] == [
        "gid://shopify/ReturnLineItem/9",
        "gid://shopify/ReturnLineItem/7",
    ]
    assert (one.returns[0].lines[0].line_item_gid, one.returns[0].lines[0].total) == ("", None)
    assert [call.variables.get("after") for call in stub.calls] == [None, None, "r1", "l1"]


def test_an_order_that_cannot_be_read_is_left_out_and_the_others_are_read(
    stub: Stub, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    other = "gid://shopify/Order/2"
    stub.will_say(nodes(beside(basic(message=7)), beside(gid=other)))

    with caplog.at_level(logging.WARNING):
        found = read_asides(client, [GID, other], scopes=PLAIN, lane=Lane.BACKGROUND)

    assert list(found) == [other]
    assert [record.order for record in caplog.records if hasattr(record, "order")] == [GID]


def test_a_chunk_that_is_too_dear_is_halved(stub: Stub, client: Client) -> None:
    too_dear = answers.failed("MAX_COST_EXCEEDED")
    other = "gid://shopify/Order/2"
    stub.will_say(too_dear, nodes(beside()), nodes(beside(gid=other)))

    found = read_asides(client, [GID, other], scopes=PLAIN, lane=Lane.BACKGROUND)

    assert list(found) == [GID, other]
    assert [call.variables["ids"] for call in stub.calls] == [[GID, other], [GID], [other]]


def test_older_events_follow_page_by_page_and_end_with_the_order(stub: Stub, client: Client) -> None:
    page = {"data": {"order": {"events": answers.connection(basic(5), cursor="e2")}}}
    stub.will_say(page, {"data": {"order": None}})

    pages = read_older_events(client, GID, "e1", scopes=PLAIN, lane=Lane.BACKGROUND)

    assert [event.gid for event in next(pages)] == ["gid://shopify/BasicEvent/5"]
    with pytest.raises(GaveUp):
        next(pages)
    assert [call.variables["after"] for call in stub.calls] == ["e1", "e2"]


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("plain & simple", "plain & simple"),
        ("<b>a</b>&nbsp;b", "a b"),
        ("one<p>two</p><ul><li>three</li></ul>", "one\ntwo\nthree"),
        ("a<script>alert('x')</script>b<style>p{}</style>", "ab"),
        ("<scr<script>ipt>alert(1)", "ipt>alert(1)"),
        ('<img src=x onerror="alert(1)">seen', "seen"),
        ("&lt;b&gt;", "<b>"),
        ("x" * (LONGEST + 1), "x" * LONGEST),
        ("", ""),
    ],
)
def test_markup_leaves_nothing_but_words(markup: str, words: str) -> None:
    assert plain_text(markup) == words
