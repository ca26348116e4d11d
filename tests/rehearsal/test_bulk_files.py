"""Result files over HTTP: length, ranges, links that end, no token wanted; and the finish webhook."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from stores.rehearsal.process import RehearsalShop
from tests.rehearsal.conftest import Receiver

QUERY = "{ orders { edges { node { id lineItems { edges { node { id } } } } } } }"
RUN = """mutation($q: String!) { bulkOperationRunQuery(query: $q) {
  bulkOperation { id createdAt } userErrors { message } } }"""
READ = "query($id: ID!) { bulkOperation(id: $id) { status url fileSize createdAt completedAt } }"
SUBSCRIBE = """mutation($w: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: BULK_OPERATIONS_FINISH, webhookSubscription: $w) { userErrors { message } } }"""


def finished(server: RehearsalShop) -> dict[str, Any]:
    """One bulk operation, waited for."""
    made = server.execute(RUN, {"q": QUERY})["data"]["bulkOperationRunQuery"]["bulkOperation"]
    until = time.monotonic() + 20
    while time.monotonic() < until:
        found = server.execute(READ, {"id": made["id"]})["data"]["bulkOperation"]
        if found["status"] == "COMPLETED":
            return {**found, "id": made["id"]}
    raise AssertionError("the operation did not end")


def get(url: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers=headers)
        answer = connection.getresponse()
        try:
            return answer, answer.read()
        except http.client.IncompleteRead as short:
            return answer, short.partial
    finally:
        connection.close()


@pytest.fixture
def done(server: RehearsalShop) -> dict[str, Any]:
    return finished(server)


def test_a_file_is_served_whole_with_its_length(server: RehearsalShop, done: dict[str, Any]) -> None:
    assert done["url"].startswith(f"{server.base_url}/_files/")
    answer, body = get(done["url"])
    assert (answer.status, answer.headers["Content-Length"], len(body)) == (
        200,
        done["fileSize"],
        int(done["fileSize"]),
    )
    assert all(json.loads(line)["id"] for line in body.splitlines())
    assert server.state()["files"] == {"requests": 1, "with_token": 0}


def test_a_range_goes_on_where_a_download_broke_off(done: dict[str, Any]) -> None:
    _, whole = get(done["url"])
    size = len(whole)
    answer, rest = get(done["url"], Range="bytes=100-")
    assert (answer.status, answer.headers["Content-Range"]) == (206, f"bytes 100-{size - 1}/{size}")
    assert rest == whole[100:]
    assert get(done["url"], Range="bytes=5-9")[1] == whole[5:10]
    assert get(done["url"], Range="bytes=-7")[1] == whole[-7:]
    assert get(done["url"], Range="lines=1-2")[0].status == 200
    assert get(done["url"], Range=f"bytes={size}-")[0].status == 416


def test_a_link_that_was_changed_or_has_ended_opens_nothing(server: RehearsalShop, done: dict[str, Any]) -> None:
    answer, body = get(done["url"].replace("Expires=", "Expires=9"))
    assert (answer.status, b"SignatureDoesNotMatch" in body) == (403, True)
    assert get(done["url"].split("?")[0])[0].status == 403
    assert get(f"{server.base_url}/_files/../state.sqlite3?Expires=1&Signature=x")[0].status == 404
    server.faults("bulk_expired_url")
    answer, body = get(finished(server)["url"])
    assert (answer.status, b"ExpiredToken" in body) == (400, True)


def test_a_token_sent_to_the_file_host_is_counted(server: RehearsalShop, done: dict[str, Any]) -> None:
    assert get(done["url"], **{"X-Shopify-Access-Token": server.token})[0].status == 200
    assert server.state()["files"] == {"requests": 1, "with_token": 1}


def test_a_download_can_be_cut_and_refused(server: RehearsalShop, done: dict[str, Any]) -> None:
    server.faults("status", status=503)
    server.faults("cut_after_bytes", bytes=40, only="file")
    answer, body = get(done["url"])
    assert (answer.status, len(body)) == (200, 40)
    server.faults("status", status=503, only="file")
    assert get(done["url"])[0].status == 503
    assert get(done["url"])[0].status == 200


def test_the_end_of_an_operation_is_announced(server: RehearsalShop, receiver: Receiver) -> None:
    server.execute(SUBSCRIBE, {"w": {"uri": receiver.uri}})
    done = finished(server)
    ((headers, body),) = receiver.wait_for(1)
    assert headers["x-shopify-topic"] == "bulk_operations/finish"
    told = json.loads(body)
    assert told.pop("completed_at")[:10] == done["completedAt"][:10]
    assert told.pop("created_at")[:10] == done["createdAt"][:10]
    assert told == {
        "admin_graphql_api_id": done["id"],
        "error_code": None,
        "status": "completed",
        "type": "query",
    }


def test_the_announcement_can_get_lost(server: RehearsalShop, receiver: Receiver) -> None:
    server.execute(SUBSCRIBE, {"w": {"uri": receiver.uri}})
    server.faults("webhook_drop", only="bulk_operations/finish")
    finished(server)
    second = finished(server)
    ((_, body),) = receiver.wait_for(1)
    assert json.loads(body)["admin_graphql_api_id"] == second["id"]
    assert [entry["kind"] for entry in server.struck()] == ["webhook_drop"]


def test_an_operation_and_its_file_outlive_a_killed_shop(tmp_path: Any) -> None:
    state = tmp_path / "shop.sqlite3"
    with RehearsalShop(orders=60, state=state) as first:
        done = finished(first)
        _, whole = get(done["url"])
        first.stop(kill=True)
    with RehearsalShop(orders=60, state=state) as second:
        found = second.execute(READ, {"id": done["id"]})["data"]["bulkOperation"]
        assert found["url"].startswith(second.base_url)
        assert get(found["url"])[1] == whole
