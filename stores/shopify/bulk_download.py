"""Fetching a bulk operation's result file: streamed, continued where it broke off, and never with the token.

The link is Google's, signed, and good for whoever has it: the access token has no business there, the host must be one
that is expected, and a redirect is not followed.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3

from stores.shopify.classify import classify_exception
from stores.shopify.clock import Clock, SystemClock
from stores.shopify.errors import Final, TryAgain
from stores.shopify.transport import new_session

HOSTS = frozenset({"storage.googleapis.com"})
"""Where Shopify keeps results."""

_PIECE = 1024 * 1024
_CONNECT_SECONDS, _READ_SECONDS = 5.0, 20.0
_GONE = frozenset({400, 401, 403, 404, 410})
"""What a link answers that has expired or whose signature no longer holds."""
_LARGEST = 64 * 1024 * 1024 * 1024
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_AT_HOME = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Downloaded:
    """`is_whole` is false when the host has fewer bytes than expected."""

    size: int
    is_whole: bool


def download(
    url: str,
    into: Path,
    *,
    hosts: Collection[str] = HOSTS,
    expected_bytes: int | None,
    seconds: float = 30.0,
    session: requests.Session | None = None,
    clock: Clock | None = None,
) -> Downloaded:
    """Brings the file's bytes into `into`, beginning after those that are there already.

    `hosts` are names, or name:port for this machine, which alone may be spoken to without TLS. Raises
    `Final("file_elsewhere")` for another host or a redirect, before anything is sent there; `Final("file_gone")` when
    the link no longer works; `Final("file_too_large")` when more comes than expected; `TryAgain("file_unfinished")`
    when it takes more than `seconds`, and the gateway's other `TryAgain`s: what has come by then is kept for the next
    call.
    """
    _check(url, hosts)
    have = into.stat().st_size if into.exists() else 0
    if expected_bytes is not None and have > expected_bytes:
        into.unlink()
        have = 0
    if expected_bytes is not None and have == expected_bytes and have:
        return Downloaded(have, is_whole=True)
    own = session or new_session()
    try:
        size = _fetch(own, url, into, have, expected_bytes or _LARGEST, seconds=seconds, clock=clock or SystemClock())
    except (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError) as error:
        failure = classify_exception(error, is_mutation=False)
    else:
        return Downloaded(size, is_whole=expected_bytes is None or size == expected_bytes)
    finally:
        if session is None:
            own.close()
    # Raised outside the handler: the exception of requests carries the link.
    raise failure


def _check(url: str, hosts: Collection[str]) -> None:
    parts = urlsplit(url)
    name = parts.hostname or ""
    at_home = parts.scheme == "http" and name in _AT_HOME and parts.netloc in hosts
    at_host = parts.scheme == "https" and name in hosts and parts.netloc in (name, f"{name}:443")
    if not at_home and not at_host:
        raise Final("file_elsewhere", facts={"host": name})


def _fetch(
    session: requests.Session, url: str, into: Path, have: int, largest: int, *, seconds: float, clock: Clock
) -> int:
    """Returns the file's size once the host has no more of it."""
    give_up_at = clock.now() + seconds
    # identity: Google would otherwise pack the file, and a place in it would mean another.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with session.get(
        url, headers=headers, timeout=(_CONNECT_SECONDS, _READ_SECONDS), allow_redirects=False, stream=True
    ) as response:
        if response.status_code == 416:
            return _at_its_end(response, into, have)
        _refuse(response)
        begins = _begins(response) if response.status_code == 206 else 0
        if begins not in (0, have):
            raise TryAgain("garbage_answer", after_seconds=2.0, facts={"because": "another range"})
        size = begins
        with into.open("r+b" if begins else "wb") as file:
            file.seek(begins)
            while piece := response.raw.read1(_PIECE, decode_content=False):
                size += len(piece)
                if size > largest:
                    response.raw.close()
                    raise Final("file_too_large", facts={"bytes": size})
                file.write(piece)
                if clock.now() > give_up_at:
                    response.raw.close()
                    raise TryAgain("file_unfinished", after_seconds=0.0, facts={"bytes": size})
            file.truncate()
        return size


def _refuse(response: requests.Response) -> None:
    status = response.status_code
    if status in (200, 206):
        return
    facts: dict[str, object] = {"status": status}
    if 300 <= status < 400:
        raise Final("file_elsewhere", facts=facts)
    if status in _GONE:
        raise Final("file_gone", facts=facts)
    raise TryAgain("shop_unavailable", after_seconds=5.0, facts=facts)


def _begins(response: requests.Response) -> int:
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return int(found.group(1)) if found else -1


def _at_its_end(response: requests.Response, into: Path, have: int) -> int:
    """The host has nothing after what we have: that was all, unless it has less than that."""
    total = response.headers.get("Content-Range", "").rpartition("/")[2]
    if total == str(have):
        return have
    into.unlink()
    raise TryAgain("garbage_answer", after_seconds=2.0, facts={"because": "another file"})
