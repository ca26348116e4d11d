"""While the database is away every door says so, and the ones that need none go on answering."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """A web process whose database is a port where nobody listens."""
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgres://nobody:secret-word@127.0.0.1:{free_port()}/none",
        "VAR_DIR": str(tmp_path_factory.mktemp("var")),
    }
    command = [sys.executable, "-m", "backoffice.web", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as web:
        try:
            until = time.monotonic() + 60
            while time.monotonic() < until:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz/live", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            web.terminate()


def ask(url: str, *, body: bytes | None = None, **headers: str) -> tuple[int, str, dict[str, str]]:
    """Status, text and headers of an answer. With the cookie of somebody who was signed in."""
    request = urllib.request.Request(url, data=body, headers={"Cookie": f"sessionid={'a' * 32}", **headers})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/orders/order/"])
def test_staff_read_a_sentence_and_are_told_when_to_come_back(address, path):
    status, text, headers = ask(address + path)

    assert status == 503
    assert "The database does not answer; try again in a moment." in text
    assert headers["retry-after"]
    assert "secret-word" not in text
    assert "Traceback" not in text


def test_the_api_answers_its_one_error_shape(address):
    status, text, headers = ask(address + "/api/v1/orders/", Authorization="Bearer bo_12345678_x")

    assert (status, json.loads(text)["code"], headers["content-type"]) == (
        503,
        "database_away",
        "application/problem+json",
    )


def test_who_asks_whether_it_lives_is_answered(address):
    assert ask(address + "/healthz/live")[0] == 200
    status, text, _ = ask(address + "/healthz/ready")
    assert (status, json.loads(text)["database"]) == (503, "failing")


@pytest.mark.row("REL-W07")
def test_a_webhook_is_not_acknowledged_so_that_the_shop_sends_it_again(address):
    headers = {
        "X-Shopify-Topic": "orders/updated",
        "X-Shopify-Shop-Domain": "a.myshopify.com",
        "X-Shopify-Webhook-Id": "w-1",
        "X-Shopify-Hmac-Sha256": "x",
    }
    started = time.monotonic()

    status, _, answered = ask(address + "/webhooks/shopify/", body=b"{}", **headers)

    assert status == 503
    assert answered["retry-after"]
    assert time.monotonic() - started < 3
