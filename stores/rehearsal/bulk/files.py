"""Result files: on disk beside the state file, behind signed links that end, like those of Shopify's file host."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stores.rehearsal.clock import Clock
from stores.rehearsal.store import Store

PREFIX = "/_files/"
_NAME = re.compile(r"^([0-9a-f]{28})\.jsonl$")
_RANGE = re.compile(r"^bytes=(\d*)-(\d*)$")


@dataclass(frozen=True, slots=True)
class Part:
    """What to send of a file: `start` up to and without `end`, of `size` bytes."""

    path: Path
    start: int
    end: int
    size: int
    whole: bool


class NotServed(Exception):
    """Why a file is not sent: the HTTP status and the file host's code for it."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code></Error>".encode()


class Files:
    """The files of one shop. Without a state file they live in a temporary folder and end with the shop."""

    def __init__(self, store: Store, clock: Clock, *, state: Path | None) -> None:
        self.base_url = "http://127.0.0.1"
        self._store = store
        self._clock = clock
        self._temporary = None if state else tempfile.TemporaryDirectory(prefix="rehearsal-files-")
        self._folder = state.with_name(f"{state.name}.files") if state else Path(self._temporary.name)  # type: ignore[union-attr]  # made when there is no state
        self._folder.mkdir(parents=True, exist_ok=True)

    def close(self) -> None:
        if self._temporary is not None:
            self._temporary.cleanup()

    def new_key(self) -> str:
        return secrets.token_hex(14)

    def path(self, key: str) -> Path:
        return self._folder / f"{key}.jsonl"

    def drop(self, key: str) -> None:
        self.path(key).unlink(missing_ok=True)

    def link(self, key: str, *, ends: float) -> str:
        """A link that works until `ends` (the shop's clock). It carries its own signature and wants no token."""
        expires = int(ends)
        return f"{self.base_url}{PREFIX}{key}.jsonl?Expires={expires}&Signature={self._signature(key, expires)}"

    def asked(self, name: str, query: Mapping[str, str], *, byte_range: str | None) -> Part:
        """What a request for `name` gets; raises `NotServed`. A range that makes no sense is left out of account,
        one beyond the end is refused (RFC 9110, 14.2)."""
        match = _NAME.match(name)
        key = match[1] if match else ""
        expires = query.get("Expires", "")
        if not key or not self.path(key).exists():
            raise NotServed(404, "NoSuchKey")
        if not expires.isdigit() or not hmac.compare_digest(
            query.get("Signature", ""), self._signature(key, int(expires))
        ):
            raise NotServed(403, "SignatureDoesNotMatch")
        if self._clock.now() > int(expires):
            raise NotServed(400, "ExpiredToken")
        path = self.path(key)
        size = path.stat().st_size
        wanted = _RANGE.match(byte_range or "")
        if wanted is None or not (wanted[1] or wanted[2]):
            return Part(path, 0, size, size, whole=True)
        if not wanted[1]:
            start, end = max(0, size - int(wanted[2])), size
        else:
            start, end = int(wanted[1]), min(size, int(wanted[2]) + 1) if wanted[2] else size
        if start >= size or start >= end:
            raise NotServed(416, "InvalidRange")
        return Part(path, start, end, size, whole=False)

    def note_request(self, *, with_token: bool) -> None:
        """Count a request for a file; one that carries the shop's token has leaked it to the file host."""
        with self._store.transaction():
            for name in ("file_requests", *(("file_requests_with_token",) if with_token else ())):
                self._store.set_meta(name, str(int(self._store.meta(name) or 0) + 1))

    def requests(self) -> dict[str, int]:
        """How often files were asked for, and how often with a token, which must be never."""
        return {
            "requests": int(self._store.meta("file_requests") or 0),
            "with_token": int(self._store.meta("file_requests_with_token") or 0),
        }

    def _signature(self, key: str, expires: int) -> str:
        secret = f"{self._store.seed.seed}:{self._store.seed.domain}".encode()
        return hmac.new(secret, f"{key}:{expires}".encode(), hashlib.sha256).hexdigest()
