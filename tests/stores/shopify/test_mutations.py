"""Writing: one outcome per order, whatever happens to the call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from stores.shopify.client import Client
from stores.shopify.mutations import (
    MutatedOrder,
    Outcome,
    OutcomeKind,
    add_tags,
    close_orders,
    open_orders,
    remove_tags,
    update_order_notes,
)
from stores.shopify.throttle import Lane
from tests.stores.shopify import answers
from tests.stores.shopify.conftest import FakeClock
from tests.stores.shopify.stub import Stub, resets, sends

LANE = Lane.BACKGROUND
DONE, REFUSED, UNCERTAIN = OutcomeKind.DONE, OutcomeKind.REFUSED, OutcomeKind.UNCERTAIN
TRY_AGAIN, NEEDS_PERSON = OutcomeKind.TRY_AGAIN, OutcomeKind.NEEDS_PERSON


def gid(number: int) -> str:
    return f"gid://shopify/Order/{number}"


def after(order: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": order,
        "closed": True,
        "closedAt": "2026-10-05T10:00:00Z",
        "updatedAt": "2026-10-05T10:00:00Z",
        "cancelledAt": None,
        "tags": ["a", "B"],
        "note": None,
    } | changes


def shop(refuse: dict[str, str] | None = None) -> Callable[..., None]:
    """Carries everything out, but for the orders that it is told to refuse."""

    def answer(handler: Any, asked: Any) -> None:
        data = {}
        for name, value in asked["variables"].items():
            field, _, at = name.rpartition("_")
            if field not in ("id", "input"):
                continue
            order = value["id"] if field == "input" else value
            says = (refuse or {}).get(order)
            node = "node" if "tags" in asked["query"].split("{")[1] else "order"
            payload = {node: None if says else after(order), "userErrors": []}
            if says:
                payload["userErrors"] = [{"field": ["id"], "message": says}]
            data[f"m{at}"] = payload
        sends({"data": data, "extensions": answers.extensions(10 * len(data))}, X_Request_Id="r-9")(handler, asked)

    return answer


def test_orders_are_closed_twenty_to_a_document_and_shown_as_the_shop_has_them(stub: Stub, client: Client) -> None:
    stub.will(shop())

    outcomes = close_orders(client, [gid(n) for n in range(45)], lane=LANE)

    assert [outcome.gid for outcome in outcomes] == [gid(n) for n in range(45)]
    assert {outcome.kind for outcome in outcomes} == {DONE}
    assert outcomes[44] == Outcome(
        gid(44),
        DONE,
        "done",
        request_id="r-9",
        order=MutatedOrder(
            gid=gid(44),
            closed=True,
            closed_at=datetime(2026, 10, 5, 10, tzinfo=UTC),
            updated_at=datetime(2026, 10, 5, 10, tzinfo=UTC),
            cancelled_at=None,
            tags=("a", "B"),
            note="",
        ),
    )
    assert [len(call.variables) for call in stub.calls] == [20, 20, 5]


@pytest.mark.parametrize(
    ("act", "field", "variables"),
    [
        (lambda c: open_orders(c, [gid(1)], lane=LANE), "m0: orderOpen(", {"id_0": gid(1)}),
        (
            lambda c: add_tags(c, [(gid(1), ["x", "y"])], lane=LANE),
            "m0: tagsAdd(",
            {"id_0": gid(1), "tags_0": ["x", "y"]},
        ),
        (lambda c: remove_tags(c, [(gid(1), ["x"])], lane=LANE), "m0: tagsRemove(", {"id_0": gid(1), "tags_0": ["x"]}),
        (
            lambda c: update_order_notes(c, [(gid(1), "hi")], lane=LANE),
            "m0: orderUpdate(",
            {"input_0": {"id": gid(1), "note": "hi"}},
        ),
    ],
)
def test_each_change_has_its_own_document(
    act: Callable[[Client], list[Outcome]], field: str, variables: dict[str, Any], stub: Stub, client: Client
) -> None:
    stub.will(shop())

    outcomes = act(client)

    assert [outcome.kind for outcome in outcomes] == [DONE]
    assert field in stub.calls[0].query
    assert stub.calls[0].variables == variables


def test_nothing_to_do_asks_nothing(stub: Stub, client: Client) -> None:
    assert close_orders(client, [], lane=LANE) == []
    assert stub.calls == []


@pytest.mark.row("REL-A03")
def test_refused_orders_have_shopifys_words_and_the_others_are_done(stub: Stub, client: Client) -> None:
    stub.will(shop({gid(1): "Order does not exist", gid(3): "Order is locked"}))

    outcomes = close_orders(client, [gid(n) for n in range(5)], lane=LANE)

    assert [(outcome.kind, outcome.code, outcome.messages) for outcome in outcomes] == [
        (DONE, "done", ()),
        (REFUSED, "not_found", ("Order does not exist",)),
        (DONE, "done", ()),
        (REFUSED, "refused", ("Order is locked",)),
        (DONE, "done", ()),
    ]


def test_an_error_at_one_field_is_that_orders_alone(stub: Stub, client: Client) -> None:
    good = {"order": after(gid(0)), "userErrors": []}
    errors = [
        answers.failed("RESOURCE_NOT_FOUND", "invalid id", ["m1"])["errors"][0],
        answers.failed("ACCESS_DENIED", "Access denied for orderClose field.", ["m2"])["errors"][0],
        answers.failed("INTERNAL_SERVER_ERROR", "oops", ["m3", "order"])["errors"][0],
        answers.failed("BAD_REQUEST", "too long", ["m4"])["errors"][0],
    ]
    stub.will_say({"data": {"m0": good} | {f"m{at}": None for at in range(1, 5)}, "errors": errors})

    outcomes = close_orders(client, [gid(n) for n in range(5)], lane=LANE)

    assert [(outcome.kind, outcome.code) for outcome in outcomes] == [
        (DONE, "done"),
        (REFUSED, "not_found"),
        (NEEDS_PERSON, "missing_scope"),
        (UNCERTAIN, "outcome_unknown"),
        (REFUSED, "refused"),
    ]
    assert outcomes[1].messages == ("invalid id",)
    assert outcomes[2].messages[1] == "Access denied for orderClose field."


@pytest.mark.row("REL-A02")
@pytest.mark.parametrize(
    "answer", [resets(), sends({}, status=504), sends(body=b"<html>"), sends(body=b'{"data": {"m0')]
)
def test_a_lost_answer_leaves_its_orders_uncertain_and_the_rest_unsent(
    answer: Callable[..., None], stub: Stub, client: Client, clock: FakeClock
) -> None:
    stub.will(shop(), answer, shop())

    outcomes = close_orders(client, [gid(n) for n in range(60)], lane=LANE)

    kinds = [outcome.kind for outcome in outcomes]
    assert (kinds[:20], kinds[20:40], kinds[40:]) == ([DONE] * 20, [UNCERTAIN] * 20, [TRY_AGAIN] * 20)
    assert len(stub.calls) == 2
    assert "Look at the order" in outcomes[20].messages[0]
    assert outcomes[40].after_seconds > 0
    assert clock.slept == []


@pytest.mark.parametrize(
    "payload",
    [
        None,
        {},
        {"order": None, "userErrors": []},
        {"order": after(gid(999)), "userErrors": []},
        {"order": {"id": gid(0)}, "userErrors": []},
        {"order": after(gid(0)), "userErrors": None},
    ],
)
def test_a_payload_that_proves_nothing_is_uncertain(payload: object, stub: Stub, client: Client) -> None:
    stub.will_say({"data": {"m0": payload}})

    assert [one.kind for one in close_orders(client, [gid(0)], lane=LANE)] == [UNCERTAIN]


@pytest.mark.row("REL-S06")
def test_a_throttled_document_did_not_run_and_is_sent_again(stub: Stub, client: Client, clock: FakeClock) -> None:
    stub.will(sends(answers.throttled(20, 0)), shop())

    outcomes = close_orders(client, [gid(0), gid(1)], lane=Lane.INTERACTIVE)

    assert [outcome.kind for outcome in outcomes] == [DONE, DONE]
    assert len(stub.calls) == 2
    assert sum(clock.slept) >= 1.0


def test_a_shop_that_stays_throttled_hands_every_order_back(stub: Stub, client: Client) -> None:
    stub.will(sends({}, status=429, Retry_After="600"))

    outcomes = close_orders(client, [gid(n) for n in range(25)], lane=LANE)

    assert {(one.kind, one.code, one.after_seconds) for one in outcomes} == {(TRY_AGAIN, "rate_limited", 600.0)}
    assert len(stub.calls) == 1


@pytest.mark.row("REL-S09")
def test_a_revoked_token_stops_the_run_after_one_call(stub: Stub, client: Client) -> None:
    stub.will(sends({"errors": "[API] Invalid API key or access token"}, status=401))

    outcomes = close_orders(client, [gid(n) for n in range(65)], lane=LANE)

    assert {(one.kind, one.code) for one in outcomes} == {(NEEDS_PERSON, "bad_token")}
    assert len(outcomes) == 65
    assert len(stub.calls) == 1


def test_a_rejected_document_refuses_its_own_orders_only(stub: Stub, client: Client) -> None:
    stub.will(sends(answers.failed("INVALID_VARIABLE", "Variable $id_0")), shop())

    outcomes = close_orders(client, [gid(n) for n in range(21)], lane=LANE)

    assert [one.kind for one in outcomes] == [REFUSED] * 20 + [DONE]
    assert outcomes[0].code == "request_rejected"
