"""The client over real HTTP: what it sends, what it accepts, and what every fault of the wire becomes."""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import ClassVar

import pytest

from stores.shopify.client import Client, Cost, Heard
from stores.shopify.clock import SystemClock
from stores.shopify.errors import Final, NeedsPerson, ShopifyError, TooExpensive, TryAgain, Uncertain
from stores.shopify.throttle import BucketState, Lane, MemoryBudget, ThrottleStatus
from stores.shopify.transport import Limits
from tests.stores.shopify import answers
from tests.stores.shopify.conftest import TOKEN, FakeClock
from tests.stores.shopify.stub import Stub, cuts, drips, resets, sends

QUERY = "query Q($x: String) { shop { name } }"
MUTATION = "mutation M($id: ID!) { orderClose(input: {id: $id}) { order { id } } }"
LANE = Lane.INTERACTIVE
Connect = Callable[..., Client]


def test_a_document_goes_out_with_the_token_and_the_answer_comes_back(stub: Stub, client: Client) -> None:
    stub.will(
        sends(
            {"data": {"shop": {"name": "Noord"}}, "extensions": answers.extensions(7, 1993)},
            X_Request_Id="r-1",
            X_Shopify_API_Version="2026-10",
        )
    )

    answer = client.execute(QUERY, {"x": "é"}, lane=LANE)

    assert answer.data == {"shop": {"name": "Noord"}}
    assert answer.cost == Cost(7, 7, ThrottleStatus(2000, 1993, 100))
    assert (answer.request_id, answer.api_version, answer.errors, answer.warnings) == ("r-1", "2026-10", (), ())
    (call,) = stub.calls
    assert (call.path, call.query, call.variables) == ("/admin/api/2026-10/graphql.json", QUERY, {"x": "é"})
    assert call.headers["x-shopify-access-token"] == TOKEN
    assert call.headers["content-type"] == "application/json"


def test_money_is_exact_and_never_a_float(stub: Stub, client: Client) -> None:
    stub.will(sends(body=b'{"data": {"amount": 0.1000000000000000055511151231257827}}'))

    answer = client.execute(QUERY, {}, lane=LANE)

    assert str(answer.data["amount"]) == "0.1000000000000000055511151231257827"


class Ear:
    """A witness that only listens."""

    hidden: ClassVar = ("email",)

    def __init__(self) -> None:
        self.heard: list[Heard] = []

    def __call__(self, heard: Heard) -> None:
        self.heard.append(heard)


def test_a_witness_hears_the_version_that_ran_and_what_is_deprecated(stub: Stub, connect: Connect) -> None:
    ear = Ear()
    client = connect(stub.base_url, witness=ear)
    stub.will(sends({"data": {}}, X_Shopify_API_Version="2027-01", X_Shopify_API_Deprecated_Reason="old field"))

    assert client.execute(QUERY, {}, lane=LANE).api_version == "2027-01"

    assert ear.heard == [Heard("2026-10", "2027-01", "old field", {}, ())]
    assert client.hidden == ("email",)


def test_a_witness_hears_of_a_call_that_fails_too(stub: Stub, connect: Connect) -> None:
    ear = Ear()
    refused = answers.failed("ACCESS_DENIED", path=["orders"])
    stub.will_say(refused)

    with pytest.raises(NeedsPerson):
        connect(stub.base_url, witness=ear).execute(QUERY, {}, lane=LANE)

    assert [heard.errors for heard in ear.heard] == [tuple(refused["errors"])]


def test_a_gzipped_answer_is_read(stub: Stub, client: Client) -> None:
    stub.will(sends(body=gzip.compress(b'{"data": {"a": "' + b"b" * 100_000 + b'"}}'), Content_Encoding="gzip"))

    assert len(client.execute(QUERY, {}, lane=LANE).data["a"]) == 100_000


def test_what_a_search_ignored_is_handed_on(stub: Stub, client: Client) -> None:
    warning = {"field": "colour", "code": "invalid_field"}
    stub.will_say({"data": {}, "extensions": {"search": [{"path": ["orders"], "warnings": [warning]}]}})

    assert client.execute(QUERY, {}, lane=LANE).warnings == (warning,)


def test_errors_beside_data_fail_the_call_unless_the_caller_handles_each_of_them(stub: Stub, client: Client) -> None:
    stub.will_say(answers.failed("ACCESS_DENIED", path=["a"], data={"a": None, "b": 1}))

    with pytest.raises(NeedsPerson):
        client.execute(QUERY, {}, lane=LANE)
    with pytest.raises(NeedsPerson):
        client.execute(QUERY, {}, lane=LANE, tolerates=lambda error: error["path"] == ["b"])
    answer = client.execute(QUERY, {}, lane=LANE, tolerates=lambda error: error["path"] == ["a"])

    assert answer.data == {"a": None, "b": 1}
    assert [error["path"] for error in answer.errors] == [["a"]]


def test_errors_without_data_are_never_tolerated(stub: Stub, client: Client) -> None:
    stub.will_say(answers.failed("ACCESS_DENIED", path=["a"]))

    with pytest.raises(NeedsPerson):
        client.execute(QUERY, {}, lane=LANE, tolerates=lambda error: True)


BIG = Limits(connect_seconds=2, read_seconds=2, seconds=5, sent_bytes=50_000, unpacked_bytes=200_000)


@pytest.mark.row("REL-S07", "REL-O04")
@pytest.mark.parametrize(
    ("answer", "of_query", "because"),
    [
        (resets(), TryAgain, "connection_lost"),
        (cuts(b'{"data": {"shop"', promised=4000), TryAgain, "connection_lost"),
        (cuts(b"", promised=10), TryAgain, "connection_lost"),
        (sends(body=b"<html>busy</html>", Content_Type="text/html"), TryAgain, "garbage_answer"),
        (sends(body=b"not gzip", Content_Encoding="gzip"), TryAgain, "garbage_answer"),
        (sends(body=gzip.compress(b'{"data": {}}')[:-9], Content_Encoding="gzip"), TryAgain, "garbage_answer"),
        (sends(body=b"?", Content_Encoding="br"), TryAgain, "garbage_answer"),
        (sends(body=b" " * 60_000), Final, "answer_too_large"),
        (sends(body=gzip.compress(b" " * 5_000_000), Content_Encoding="gzip"), Final, "answer_too_large"),
        (sends({}, status=503), TryAgain, "shop_unavailable"),
    ],
)
def test_a_broken_answer_fails_a_query_and_leaves_a_mutation_uncertain(
    answer: Callable[..., None],
    of_query: type[ShopifyError],
    because: str,
    stub: Stub,
    connect: Callable[..., Client],
) -> None:
    client = connect(stub.base_url, limits=BIG)
    stub.will(answer)

    with pytest.raises(of_query) as query:
        client.execute(QUERY, {}, lane=LANE)
    with pytest.raises(Uncertain) as mutation:
        client.execute(MUTATION, {"id": "x"}, lane=LANE)

    assert query.value.code == because
    assert mutation.value.facts["because"] == because
    assert len(stub.calls) == 2


@pytest.mark.parametrize("document", [QUERY, MUTATION])
def test_a_refused_connection_changed_nothing(document: str, connect: Callable[..., Client]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = connect(f"http://127.0.0.1:{unused.getsockname()[1]}")

        with pytest.raises(TryAgain) as refusal:
            client.execute(document, {"id": "x"}, lane=LANE)

    assert refusal.value.code == "unreachable"


@pytest.mark.parametrize("document", [QUERY, MUTATION])
def test_speaking_tls_to_a_server_without_it_is_an_error_like_any_other(
    document: str, stub: Stub, connect: Callable[..., Client]
) -> None:
    stub.will(sends({"data": {}}))
    client = connect(stub.base_url.replace("http://", "https://"))

    with pytest.raises((TryAgain, Uncertain)):
        client.execute(document, {"id": "x"}, lane=LANE)

    assert stub.calls == []


@pytest.mark.row("REL-O04")
@pytest.mark.parametrize(
    "before_body",
    [b"HTTP/1.1 200 OK\r\nX-Drip: ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"],
    ids=["headers", "body"],
)
def test_a_dripping_answer_holds_a_worker_no_longer_than_the_deadline(
    before_body: bytes, stub: Stub, connect: Callable[..., Client]
) -> None:
    stop = threading.Event()
    stub.will(drips(stop, before_body=before_body, every_seconds=0.05))
    limits = Limits(connect_seconds=1, read_seconds=0.4, seconds=0.4)
    client = connect(stub.base_url, limits=limits, clock=SystemClock())

    started = time.monotonic()
    with pytest.raises(TryAgain):
        client.execute(QUERY, {}, lane=LANE)
    took = time.monotonic() - started
    stop.set()

    assert 0.3 < took < 2.0


def test_a_silent_shop_times_out(stub: Stub, connect: Callable[..., Client]) -> None:
    stop = threading.Event()
    stub.will(lambda handler, asked: stop.wait(5) and None)
    client = connect(stub.base_url, limits=Limits(connect_seconds=1, read_seconds=0.2, seconds=1), clock=SystemClock())

    with pytest.raises(Uncertain) as mutation:
        client.execute(MUTATION, {"id": "x"}, lane=LANE)
    stop.set()

    assert mutation.value.facts["because"] in ("timed_out", "connection_lost")


def test_redirects_are_not_followed(stub: Stub, client: Client) -> None:
    stub.will(sends({}, status=302, Location=f"{stub.base_url}/elsewhere"))

    with pytest.raises(NeedsPerson) as refusal:
        client.execute(QUERY, {}, lane=LANE)

    assert refusal.value.code == "redirected"
    assert len(stub.calls) == 1


def test_proxies_of_the_environment_are_not_used(stub: Stub, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    stub.will_say({"data": {}})

    assert client.execute(QUERY, {}, lane=LANE).data == {}


@pytest.mark.parametrize("answer", [sends({}, status=401), sends(body=b"<html>"), resets()])
def test_the_token_is_in_no_error_log_or_repr(
    answer: Callable[..., None], stub: Stub, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    stub.will(answer)

    with caplog.at_level(logging.DEBUG), pytest.raises(ShopifyError) as refusal:
        client.execute(QUERY, {}, lane=LANE)

    error = refusal.value
    shown = f"{error!r} {error} {error.facts} {error.__dict__} {client!r} {caplog.text}"
    assert TOKEN not in shown
    assert error.__cause__ is None
    assert error.__context__ is None


def test_every_call_passes_the_budget_and_settles_it(stub: Stub, connect: Callable[..., Client]) -> None:
    client = connect(stub.base_url)
    budget = client._budget
    assert isinstance(budget, MemoryBudget)
    stub.will_say({"data": {}, "extensions": answers.extensions(1, 1500)})

    client.execute(QUERY, {}, lane=LANE)

    assert (budget.state.available, budget.state.reserved) == (1500, 0)


@pytest.mark.parametrize("answer", [resets(), sends({}, status=500), sends({"data": {}})])
def test_an_answer_that_says_nothing_of_the_bucket_still_ends_its_reservation(
    answer: Callable[..., None], stub: Stub, client: Client
) -> None:
    stub.will(answer)

    with contextlib.suppress(TryAgain):
        client.execute("query Q { ordersCount { count } }", {}, lane=LANE)

    budget = client._budget
    assert isinstance(budget, MemoryBudget)
    assert (budget.state.available, budget.state.reserved) == (1990, 0)


def test_nothing_is_sent_that_the_bucket_cannot_hold(stub: Stub, connect: Callable[..., Client]) -> None:
    client = connect(stub.base_url)
    client._budget = MemoryBudget(
        clock=client.clock, patience_seconds=1, state=BucketState(available=5, at=client.clock.now())
    )

    with pytest.raises(TryAgain) as refusal:
        client.execute("query Q { orders(first: 250) { nodes { a { b } c { d } e { f } } } }", {}, lane=Lane.BACKGROUND)

    assert (refusal.value.code, stub.calls) == ("budget_busy", [])


def test_a_document_dearer_than_shopify_allows_is_never_sent(stub: Stub, client: Client) -> None:
    fields = " ".join(f"f{at} {{ x }}" for at in range(100))

    with pytest.raises(TooExpensive):
        client.execute(f"query Q {{ orders(first: 250) {{ nodes {{ {fields} }} }} }}", {}, lane=LANE)

    assert stub.calls == []


def test_the_price_that_the_shop_asked_is_reserved_the_next_time(stub: Stub, client: Client, clock: FakeClock) -> None:
    stub.will_say({"data": {}, "extensions": answers.extensions(900, 2000)})
    client.execute(QUERY, {}, lane=LANE)
    budget = client._budget
    assert isinstance(budget, MemoryBudget)
    budget.state = BucketState(available=899, at=client.clock.now())

    client.execute(QUERY, {"x": "other"}, lane=LANE)

    assert 0.01 <= sum(clock.slept) <= 0.012


def test_the_body_is_plain_json(stub: Stub, client: Client) -> None:
    stub.will_say({"data": {}})

    client.execute(QUERY, {"x": "\u202e🔔"}, lane=LANE)

    assert json.loads(json.dumps(stub.calls[0].variables)) == {"x": "\u202e🔔"}
