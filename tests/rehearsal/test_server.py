"""The shop as a process: tokens, versions, faults, and state that survives being killed."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stores.rehearsal.process import DidNotStart, RehearsalShop

CLOSE = "mutation($id: ID!) { orderClose(input: {id: $id}) { order { id closed } userErrors { message } } }"


def post(
    server: RehearsalShop, body: bytes, *, version: str = "2026-10", token: str | None = None
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    headers = {"X-Shopify-Access-Token": server.token if token is None else token}
    connection.request("POST", f"/admin/api/{version}/graphql.json", body=body, headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, content


SHOP = json.dumps({"query": "{ shop { myshopifyDomain } }"}).encode()


@pytest.fixture(scope="module")
def _shared() -> Iterator[RehearsalShop]:
    with RehearsalShop(orders=60) as child:
        yield child


@pytest.fixture
def server(_shared: RehearsalShop) -> Iterator[RehearsalShop]:
    """One shop for all tests here; no fault outlives its test."""
    yield _shared
    _shared.faults()


def first_open(server: RehearsalShop) -> str:
    answer = server.execute('{ orders(first: 1, query: "status:open") { nodes { id } } }')
    return str(answer["data"]["orders"]["nodes"][0]["id"])


@pytest.mark.parametrize("token", ["", "shpat_wrong"])
def test_a_wrong_or_missing_token_is_401_in_shopifys_words(server: RehearsalShop, token: str) -> None:
    status, _, body = post(server, SHOP, token=token)
    assert status == 401
    assert json.loads(body) == {
        "errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"
    }


@pytest.mark.parametrize(("asked", "ran"), [("2026-10", "2026-10"), ("2026-07", "2026-07"), ("2019-04", "2026-01")])
def test_an_old_version_falls_forward_and_says_so(server: RehearsalShop, asked: str, ran: str) -> None:
    status, headers, body = post(server, SHOP, version=asked)
    assert status == 200
    assert headers["x-shopify-api-version"] == ran
    assert headers["x-request-id"]
    assert json.loads(body)["data"]["shop"]["myshopifyDomain"] == server.domain


def test_the_connection_check_tells_identity_scopes_and_versions(server: RehearsalShop) -> None:
    data = server.execute(
        "{ shop { id name currencyCode ianaTimezone } currentAppInstallation { accessScopes { handle } } "
        "publicApiVersions { handle supported } }"
    )["data"]
    assert data["shop"]["currencyCode"] == "EUR"
    assert data["shop"]["ianaTimezone"] == "Europe/Amsterdam"
    assert "write_orders" in {s["handle"] for s in data["currentAppInstallation"]["accessScopes"]}
    assert {"handle": "2026-10", "supported": True} in data["publicApiVersions"]


def test_what_is_not_json_is_a_bad_request(server: RehearsalShop) -> None:
    assert post(server, b"not json")[0] == 400
    assert post(server, b"[]")[0] == 400


@pytest.mark.parametrize("status", [402, 403, 423, 429, 500, 502, 503, 504])
def test_a_status_fault_strikes_as_often_as_asked(server: RehearsalShop, status: int) -> None:
    server.faults("status", status=status, times=2)
    assert [post(server, SHOP)[0] for _ in range(3)] == [status, status, 200]


def test_faults_in_the_answer(server: RehearsalShop) -> None:
    server.faults("html")
    assert post(server, SHOP)[2].startswith(b"<!DOCTYPE html>")
    server.faults("throttled")
    assert server.execute("{ shop { id } }")["errors"][0]["extensions"]["code"] == "THROTTLED"
    server.faults("errors_and_data")
    both = server.execute("{ shop { id } }")
    assert both["data"]["shop"]
    assert both["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    server.faults("null_node")
    orders = server.execute("{ orders(first: 2, sortKey: ID) { nodes { id } } }")["data"]["orders"]["nodes"]
    assert orders[0] is None
    assert orders[1]["id"]
    server.faults("user_errors", count=1)
    assert server.execute(CLOSE, {"id": first_open(server)})["data"]["orderClose"]["userErrors"] != []
    server.faults("token_revoked")
    assert post(server, SHOP)[0] == 401
    assert post(server, SHOP)[0] == 401
    server.faults()
    assert post(server, SHOP)[0] == 200


@pytest.mark.parametrize("kind", ["reset", "hang"])
def test_a_connection_fault_leaves_no_answer(server: RehearsalShop, kind: str) -> None:
    server.faults(kind, seconds=0.2)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        post(server, SHOP)
    assert post(server, SHOP)[0] == 200


def test_a_cut_answer_is_shorter_than_it_says(server: RehearsalShop) -> None:
    server.faults("cut_after_bytes", bytes=20)
    with pytest.raises(http.client.IncompleteRead) as caught:
        post(server, SHOP)
    assert len(caught.value.partial) == 20


def test_a_mutation_whose_reply_is_lost_was_applied_and_is_listed_once(server: RehearsalShop) -> None:
    gid, before = first_open(server), len(server.mutations())
    server.faults("apply_then_drop_reply", only="orderClose")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        server.execute(CLOSE, {"id": gid})
    assert [(m["name"], m["ids"], m["effect"]) for m in server.mutations(after=before)] == [("orderClose", [gid], True)]
    closed = server.execute("query($id: ID!) { order(id: $id) { closed } }", {"id": gid})["data"]["order"]
    assert closed == {"closed": True}


def test_a_fault_by_chance_lasts_until_cleared(server: RehearsalShop) -> None:
    server.faults("status", status=500, probability=0.5)
    found = {post(server, SHOP)[0] for _ in range(40)}
    assert found == {200, 500}
    server.faults()
    assert {post(server, SHOP)[0] for _ in range(10)} == {200}


def test_an_unknown_fault_or_act_is_refused(server: RehearsalShop) -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        server.faults("gremlins")
    with pytest.raises(ValueError, match="unknown action"):
        server.act("explode", "#1001")
    with pytest.raises(ValueError, match="no order"):
        server.act("fulfil", "#9")


@pytest.mark.parametrize("kill", [False, True])
def test_a_restart_takes_up_where_it_was(tmp_path: Path, kill: bool) -> None:
    state = tmp_path / "shop.sqlite3"
    with RehearsalShop(orders=80, state=state) as server:
        gid = first_open(server)
        server.execute(CLOSE, {"id": gid})
        made = server.act("new_order")["orders"][0]
        server.execute(
            "mutation { webhookSubscriptionCreate(topic: ORDERS_UPDATED, webhookSubscription: "
            '{uri: "https://example.com/h"}) { webhookSubscription { id } } }'
        )
        before = _everything(server)
        log = server.mutations()
        server.stop(kill=kill)
    with RehearsalShop(orders=5, seed=99, state=state) as server:
        assert _everything(server) == before
        assert server.mutations() == log
        assert made in {node["id"] for node in before["orders"]["nodes"]}
        assert server.act("new_order")["orders"][0] not in {node["id"] for node in before["orders"]["nodes"]}


def _everything(server: RehearsalShop) -> dict[str, Any]:
    data = server.execute(
        "{ orders(first: 250, sortKey: UPDATED_AT) { nodes { id name closed closedAt updatedAt tags email "
        "currentTotalPriceSet { shopMoney { amount } } } } webhookSubscriptions(first: 5) { nodes { id uri } } }"
    )["data"]
    return dict(data)


def test_two_thousand_orders_are_served_within_the_time_promised() -> None:
    started = time.monotonic()
    with RehearsalShop(orders=2_000) as server:
        assert server.state()["orders"] == 2_000
        assert time.monotonic() - started < 10, "2 s on an idle machine; this only catches a slip of a size"


def test_a_shop_that_cannot_start_says_why() -> None:
    with RehearsalShop(orders=1) as server, pytest.raises(DidNotStart, match="Address already in use"):
        RehearsalShop(orders=1, port=server.port)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_the_shop_dies_with_whoever_started_it() -> None:
    script = (
        "import time\nfrom stores.rehearsal.process import RehearsalShop\n"
        "shop = RehearsalShop(orders=1)\nprint(shop.pid, flush=True)\ntime.sleep(60)\n"
    )
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=root) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        os.kill(pid, 0)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        deadline = time.monotonic() + 5
        while _alive(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
