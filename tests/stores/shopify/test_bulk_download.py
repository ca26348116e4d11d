"""Fetching a result file: from the hosts it may lie on, without the token, to its last byte or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from stores.shopify import bulk_download
from stores.shopify.bulk_download import Downloaded, download
from stores.shopify.errors import Final, TryAgain
from tests.stores.shopify.conftest import FakeClock

CONTENT = bytes(range(256)) * 40


@dataclass
class Host:
    """Where files lie. `breaks_after`: bytes sent before the connection ends, once each. Knows what it was asked."""

    address: str = ""
    content: bytes = CONTENT
    status: int | None = None
    location: str = ""
    knows_ranges: bool = True
    breaks_after: list[int] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.address}/file.jsonl?Signature=abc"

    @property
    def ranges(self) -> list[str | None]:
        return [headers.get("range") for headers in self.asked]


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            host.asked.append({name.lower(): value for name, value in self.headers.items()})
            begin = int(self.headers.get("Range", "bytes=0-")[6:-1]) if host.knows_ranges else 0
            if host.status is not None:
                self.send_response(host.status)
                if host.location:
                    self.send_header("Location", host.location)
                body = b"<Error/>"
            elif begin >= len(host.content) and begin:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(host.content)}")
                body = b""
            else:
                body = host.content[begin:]
                self.send_response(206 if begin else 200)
                if begin:
                    last = len(host.content) - 1
                    self.send_header("Content-Range", f"bytes {begin}-{last}/{len(host.content)}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if host.breaks_after:
                body = body[: host.breaks_after.pop(0)]
                self.close_connection = True
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # some clients hang up in the middle, as they should

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    host.address = f"127.0.0.1:{server.server_port}"
    yield host
    server.shutdown()
    server.server_close()


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "result.jsonl"


def fetch(host: Host, into: Path, *, expected: int | None = len(CONTENT), **options: object) -> Downloaded:
    return download(host.url, into, hosts={host.address}, expected_bytes=expected, **options)


def test_a_file_arrives_to_its_last_byte_and_the_token_is_nowhere(host: Host, into: Path) -> None:
    assert fetch(host, into) == Downloaded(len(CONTENT), is_whole=True)

    assert into.read_bytes() == CONTENT
    assert [name for name in host.asked[0] if "shopify" in name or name in ("authorization", "cookie")] == []


def test_a_file_that_is_here_is_not_fetched_again(host: Host, into: Path) -> None:
    into.write_bytes(CONTENT)

    assert fetch(host, into) == Downloaded(len(CONTENT), is_whole=True)
    assert host.asked == []


@pytest.mark.row("REL-S07")
@pytest.mark.parametrize("broken_at", [0, 1, 5000, len(CONTENT) - 1])
def test_a_broken_download_goes_on_where_it_was(host: Host, into: Path, broken_at: int) -> None:
    host.breaks_after = [broken_at]

    with pytest.raises(TryAgain) as raised:
        fetch(host, into)
    assert raised.value.code in ("connection_lost", "garbage_answer")
    assert "Signature" not in repr(raised.value) + str(raised.value.facts)

    assert fetch(host, into) == Downloaded(len(CONTENT), is_whole=True)
    assert into.read_bytes() == CONTENT
    assert host.ranges == [None, f"bytes={broken_at}-" if broken_at else None]


def test_a_host_without_ranges_sends_everything_again(host: Host, into: Path) -> None:
    into.write_bytes(b"x" * 300)
    host.knows_ranges = False

    assert fetch(host, into).is_whole
    assert into.read_bytes() == CONTENT


@pytest.mark.row("REL-S01")
@pytest.mark.parametrize("missing", [1, 2, 255, len(CONTENT)])
def test_a_file_shorter_than_the_operation_said_is_not_whole(host: Host, into: Path, missing: int) -> None:
    host.content = CONTENT[: len(CONTENT) - missing]

    assert fetch(host, into) == Downloaded(len(CONTENT) - missing, is_whole=False)
    assert fetch(host, into) == Downloaded(len(CONTENT) - missing, is_whole=False)


def test_a_file_longer_than_the_operation_said_is_refused(host: Host, into: Path) -> None:
    with pytest.raises(Final) as raised:
        fetch(host, into, expected=len(CONTENT) - 1)

    assert raised.value.code == "file_too_large"


def test_without_an_expectation_what_the_host_has_is_whole(host: Host, into: Path) -> None:
    assert fetch(host, into, expected=None) == Downloaded(len(CONTENT), is_whole=True)
    assert fetch(host, into, expected=None) == Downloaded(len(CONTENT), is_whole=True)
    assert host.ranges == [None, f"bytes={len(CONTENT)}-"]


def test_another_file_behind_the_link_is_fetched_from_its_beginning(host: Host, into: Path) -> None:
    into.write_bytes(b"x" * (len(CONTENT) + 5))

    with pytest.raises(TryAgain):
        fetch(host, into, expected=None)

    assert fetch(host, into, expected=None).is_whole
    assert into.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "url",
    [
        "https://storage.googleapis.com.evil.example/x",
        "https://evil.example/storage.googleapis.com",
        "https://storage.googleapis.com@evil.example/x",
        "https://user@storage.googleapis.com/x",
        "https://storage.googleapis.com:8443/x",
        "http://storage.googleapis.com/x",
        "http://127.0.0.1:1/x",
        "https://127.0.0.1/x",
        "file:///etc/passwd",
        "ftp://storage.googleapis.com/x",
        "//storage.googleapis.com/x",
        "",
    ],
)
def test_a_file_on_a_foreign_host_is_not_asked_for(into: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_download, "_fetch", lambda *_, **__: pytest.fail("it was asked for"))

    with pytest.raises(Final) as raised:
        download(url, into, expected_bytes=10)

    assert raised.value.code == "file_elsewhere"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(host: Host, into: Path, status: int) -> None:
    host.status, host.location = status, host.url

    with pytest.raises(Final) as raised:
        fetch(host, into)

    assert (raised.value.code, len(host.asked), into.exists()) == ("file_elsewhere", 1, False)


@pytest.mark.row("REL-S03")
@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_a_link_that_has_expired_says_so(host: Host, into: Path, status: int) -> None:
    host.status = status

    with pytest.raises(Final) as raised:
        fetch(host, into)

    assert raised.value.code == "file_gone"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_host_in_trouble_is_asked_again_later(host: Host, into: Path, status: int) -> None:
    host.status = status

    with pytest.raises(TryAgain):
        fetch(host, into)


def test_a_long_download_is_broken_off_in_time_and_goes_on_later(
    host: Host, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_download, "_PIECE", 1000)
    clock = FakeClock()
    real_now = clock.now

    def now() -> float:
        clock.time += 1.0
        return real_now()

    monkeypatch.setattr(clock, "now", now)

    with pytest.raises(TryAgain) as raised:
        fetch(host, into, seconds=3, clock=clock)

    assert raised.value.code == "file_unfinished"
    assert 0 < into.stat().st_size < len(CONTENT)
    assert fetch(host, into).is_whole
    assert into.read_bytes() == CONTENT
