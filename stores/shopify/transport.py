"""One HTTP exchange with a shop, bounded in time and size. Called by the client alone.

`timeout` of requests is per read: a reply of one byte every half second can hold a worker for ever, and a small gzip
body can fill the memory. So headers must be complete within the read time-out, the body is read as it comes against a
deadline, and it is unpacked here, piece by piece, up to a limit. Redirects are not followed and proxies of the
environment not used: both would send the token elsewhere.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import BaseHTTPResponse, HTTPResponse

from stores.shopify.clock import Clock

_PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one exchange, in seconds and bytes. `seconds` is the wall-clock deadline of the whole answer."""

    connect_seconds: float = 5.0
    read_seconds: float = 20.0
    seconds: float = 30.0
    sent_bytes: int = 16 * 1024 * 1024
    """As they come over the wire."""
    unpacked_bytes: int = 64 * 1024 * 1024


PROBE = Limits(connect_seconds=3.0, read_seconds=6.0, seconds=8.0)
"""For a call that only finds out whether a shop answers again."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole HTTP answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class AnswerTooLarge(Exception):
    """The answer exceeds the limits; the rest of it was not read."""


class AnswerBroken(Exception):
    """The answer ended too early or is packed in a way that we did not ask for."""


class TooSlow(Exception):
    """The answer was still coming at the deadline."""


def new_session() -> requests.Session:
    """A session that keeps connections open, ignores the environment and bounds how long headers may take."""
    session = requests.Session()
    session.trust_env = False
    adapter = _BoundedAdapter()
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def post(
    session: requests.Session,
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    limits: Limits,
    clock: Clock,
) -> Reply:
    """Send `body` and read the whole answer.

    Raises what requests and urllib3 raise, `AnswerTooLarge`, `AnswerBroken` or `TooSlow`.
    """
    give_up_at = clock.now() + limits.seconds
    response = session.post(
        url,
        data=body,
        headers={"Accept-Encoding": "gzip", **headers},
        timeout=(limits.connect_seconds, limits.read_seconds),
        allow_redirects=False,
        stream=True,
    )
    try:
        pieces = _pieces(response.raw, give_up_at=give_up_at, limit=limits.sent_bytes, clock=clock)
        content = _unpacked(pieces, encoding=response.headers.get("Content-Encoding", ""), limit=limits.unpacked_bytes)
        found = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, found, content)
    except (AnswerTooLarge, AnswerBroken, TooSlow):
        response.raw.close()  # what is left of it must not be read by the next exchange
        raise
    finally:
        response.close()


def _pieces(raw: BaseHTTPResponse, *, give_up_at: float, limit: int, clock: Clock) -> Iterator[bytes]:
    seen = 0
    while True:
        piece = raw.read1(_PIECE, decode_content=False)
        if not piece:
            return
        seen += len(piece)
        if seen > limit:
            raise AnswerTooLarge
        if clock.now() > give_up_at:
            raise TooSlow
        yield piece


def _unpacked(pieces: Iterator[bytes], *, encoding: str, limit: int) -> bytes:
    if encoding.lower() in ("", "identity"):
        content = b"".join(pieces)
    elif encoding.lower() == "gzip":
        content = _gunzip(pieces, limit)
    else:
        raise AnswerBroken
    if len(content) > limit:
        raise AnswerTooLarge
    return content


def _gunzip(pieces: Iterator[bytes], limit: int) -> bytes:
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
    content = bytearray()
    for piece in pieces:
        try:
            content += unpack.decompress(piece, limit + 1 - len(content))
        except zlib.error as error:
            raise AnswerBroken from error
        if len(content) > limit or unpack.unconsumed_tail:
            raise AnswerTooLarge
    if not unpack.eof:
        raise AnswerBroken
    return bytes(content)


@contextlib.contextmanager
def _complete_headers(connection: HTTPConnection) -> Iterator[None]:
    """Status line and headers together take no longer than the connection's read time-out."""
    timeout, sock = connection.timeout, connection.sock
    if sock is None or not isinstance(timeout, (int, float)):
        yield
        return
    guard = threading.Timer(timeout, _hang_up, [sock])
    guard.daemon = True
    guard.start()
    try:
        yield
    finally:
        guard.cancel()


def _hang_up(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may be closed already
        sock.shutdown(socket.SHUT_RDWR)


class _Connection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 itself has it
        with _complete_headers(self):
            return super().getresponse()


class _SecureConnection(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 itself has it
        with _complete_headers(self):
            return super().getresponse()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _BoundedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: object, **kwargs: object) -> None:
        super().init_poolmanager(*args, **kwargs)  # type: ignore[arg-type]  # handed through as requests calls it
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
