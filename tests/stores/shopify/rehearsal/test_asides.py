"""What stands beside orders, read from the rehearsal shop over HTTP: seeded, caused by acts, priced, refused."""

from __future__ import annotations

import pytest

from stores.rehearsal.process import RehearsalShop
from stores.shopify.aside_snapshots import AsideSnapshot
from stores.shopify.asides import read_asides, read_older_events
from stores.shopify.client import Client
from stores.shopify.reading import iterate_orders, read_orders
from stores.shopify.snapshots import ShopSnapshot
from tests.stores.shopify.rehearsal.conftest import LANE, connect, every_order, unfinished

EVERYTHING = ("read_payment_terms", "read_users")


def look(client: Client, identity: ShopSnapshot, gid: str, **options: int) -> AsideSnapshot:
    found = read_asides(client, [gid], scopes=identity.scopes, lane=LANE, **options)[gid]
    assert found is not None
    return found


def shipped(client: Client, identity: ShopSnapshot) -> str:
    """An order of which everything was sent and nothing came back."""
    return next(
        gid
        for gid, order in every_order(client, identity).items()
        if order.fulfillments and order.return_status == "NO_RETURN" and not order.refunds
    )


def test_seeded_orders_have_a_timeline_returns_and_risks_of_every_kind(client: Client, identity: ShopSnapshot) -> None:
    orders = every_order(client, identity)

    found = read_asides(client, list(orders), scopes=identity.scopes, lane=LANE, events=50)

    asides = [one for one in found.values() if one is not None]
    assert len(asides) == len(orders)
    assert {"confirmed", "mail_sent", "create"} <= {event.action for one in asides for event in one.events}
    assert any(event.is_comment and event.author == "" for one in asides for event in one.events)
    assert not any("<b>" in event.text for one in asides for event in one.events)
    for one in asides:
        order = orders[one.order_gid]
        assert (one.risk, one.disputes) == (order.risk, order.disputes)
        assert bool(one.returns) == (order.return_status != "NO_RETURN")
    assert {line.reason for one in asides for back in one.returns for line in back.lines} == {"Size too small"}


def test_the_shop_charges_for_a_look_what_the_model_says(client: Client, identity: ShopSnapshot) -> None:
    read_asides(client, list(every_order(client, identity))[:30], scopes=identity.scopes, lane=LANE)

    assert client._prices._measured == {}


def test_a_return_goes_its_way_and_the_orders_own_word_follows(
    shop: RehearsalShop, client: Client, identity: ShopSnapshot
) -> None:
    gid = shipped(client, identity)

    def state() -> tuple[str, str]:
        order = read_orders(client, [gid], scopes=identity.scopes, lane=LANE)[gid]
        assert order is not None
        return look(client, identity, gid).returns[-1].status, order.return_status

    shop.act("request_return", order=gid, reason="defective", note="Cracked", said="Second time!")
    (line,) = look(client, identity, gid).returns[-1].lines
    assert (line.reason, line.reason_note, line.customer_note) == ("Damaged or defective", "Cracked", "Second time!")
    steps = [state()]
    for step in ("approve", "close", "reopen", "cancel"):
        shop.act(f"{step}_return", order=gid)
        steps.append(state())

    assert steps == [
        ("REQUESTED", "RETURN_REQUESTED"),
        ("OPEN", "IN_PROGRESS"),
        ("CLOSED", "RETURNED"),
        ("OPEN", "IN_PROGRESS"),
        ("CANCELED", "NO_RETURN"),
    ]
    with pytest.raises(ValueError, match="no return that can go this way"):
        shop.act("approve_return", order=gid)


def test_a_declined_return_says_why(shop: RehearsalShop, client: Client, identity: ShopSnapshot) -> None:
    gid = shipped(client, identity)
    shop.act("request_return", order=gid)
    shop.act("decline_return", order=gid, reason="FINAL_SALE", note="Sorry.")

    one = look(client, identity, gid).returns[-1]
    assert (one.status, one.decline_reason, one.decline_note) == ("DECLINED", "FINAL_SALE", "Sorry.")


def test_comments_risk_and_disputes_move_no_clock(shop: RehearsalShop, client: Client, identity: ShopSnapshot) -> None:
    (gid,) = unfinished(client, identity, 1)
    before = read_orders(client, [gid], scopes=identity.scopes, lane=LANE)[gid]
    assert before is not None

    shop.act("comment", order=gid, text="Call <i>first</i>", files=["a.png"])
    shop.act("edit_comment", order=gid, text="Call later")
    shop.act("set_risk", order=gid, level="PENDING")
    shop.act("dispute", order=gid, status="NEEDS_RESPONSE", type="INQUIRY")
    shop.act("dispute", order=gid, status="WON")

    after = read_orders(client, [gid], scopes=identity.scopes, lane=LANE)[gid]
    one = look(client, identity, gid)
    assert after is not None
    assert after.updated_at == before.updated_at
    newest = one.events[0]
    assert (newest.text, newest.is_edited, newest.attachments) == ("Call later", True, ("a.png",))
    assert (one.risk.level, [(each.status, each.initiated_as) for each in one.disputes[-1:]]) == (
        "PENDING",
        [("WON", "INQUIRY")],
    )
    shop.act("delete_comment", order=gid)
    assert newest.gid not in [event.gid for event in look(client, identity, gid).events]


def test_older_events_go_on_where_the_glance_ended(client: Client, identity: ShopSnapshot) -> None:
    gid = shipped(client, identity)
    whole = look(client, identity, gid, events=100)
    glance = look(client, identity, gid, events=1)

    assert glance.older is not None
    rest = [event for page in read_older_events(client, gid, glance.older, scopes=identity.scopes, lane=LANE)
            for event in page]  # fmt: skip
    assert [event.gid for event in (*glance.events, *rest)] == [event.gid for event in whole.events]


def test_a_scope_that_only_seems_granted_takes_nothing_else_with_it(client: Client, identity: ShopSnapshot) -> None:
    """The shop promises a comment's author, so a refused one would take the whole order out of the answer."""
    gids = [gid for gid, one in every_order(client, identity).items() if one.number < 1031]

    found = read_asides(client, gids, scopes={*identity.scopes, *EVERYTHING}, lane=LANE, events=50)

    assert all(one is not None and one.unread == {"staff", "payment_terms"} for one in found.values())
    assert any(event.is_comment for one in found.values() if one for event in one.events)


def test_with_every_scope_the_staff_are_named_and_terms_of_payment_read() -> None:
    scopes = ("read_orders", "read_all_orders", "read_returns", *EVERYTHING)
    with RehearsalShop(orders=80, seed=7, plan="plus", scopes=scopes) as shop:
        client = connect(shop)
        orders = read_asides(client, _gids(client, scopes), scopes=scopes, lane=LANE, events=50)
        client.close()

    asides = [one for one in orders.values() if one is not None]
    assert all(one.unread == frozenset() for one in asides)
    assert "Jo Bakker" in {event.author for one in asides for event in one.events if event.is_comment}
    (schedule, *_), name = next(
        (one.payment_terms.schedules, one.payment_terms.name) for one in asides if one.payment_terms
    )
    assert name in ("Net 7", "Net 30")
    assert schedule.completed_at is None
    assert schedule.balance == schedule.total
    assert schedule.due_at is not None


def _gids(client: Client, scopes: tuple[str, ...]) -> list[str]:
    pages = iterate_orders(client, scopes=scopes, lane=LANE)
    return [order.gid for page in pages for order in page.items]
