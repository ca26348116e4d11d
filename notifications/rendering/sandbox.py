"""The parent's side of the rendering child: starts it when needed, asks, and ends it when it takes too long.

Safe to use from several threads (they take turns) and after a fork (each process starts a child of its own)."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

DEADLINE_SECONDS = 2.0
_START_SECONDS = 30.0
_MAX_ANSWER = 8 * 1024 * 1024
_LENGTH = struct.Struct("!I")
_ROOT = Path(__file__).resolve().parents[2]


class TooCostly(Exception):
    """The child did not answer in time or ran out of memory."""


class Sandbox:
    """One child, asked one thing at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._wire: socket.socket | None = None
        self._owner = 0

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The child's answer. Raises `TooCostly`; the next request gets a fresh child."""
        payload = json.dumps(request).encode()
        with self._lock:
            for attempt in (1, 2):
                wire = self._ready()
                deadline = time.monotonic() + DEADLINE_SECONDS
                try:
                    wire.settimeout(DEADLINE_SECONDS)
                    wire.sendall(_LENGTH.pack(len(payload)) + payload)
                    answer = _answer(wire, deadline)
                    if answer.pop("last", False):
                        self._end()
                    return answer
                except BrokenPipeError:
                    # The child was idle and gone (its machine's memory ran out, somebody ended it): nothing was asked.
                    self._end()
                    if attempt == 2:
                        raise TooCostly from None
                except (TimeoutError, ConnectionError, EOFError):
                    self._end()
                    raise TooCostly from None
                except BaseException:
                    self._end()
                    raise
        raise TooCostly

    def close(self) -> None:
        with self._lock:
            self._end()

    def _ready(self) -> socket.socket:
        if self._wire is not None and self._owner == os.getpid():
            return self._wire
        if self._wire is not None:
            # A fork: the child belongs to the parent process.
            self._wire.close()
            self._process = None
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "notifications.rendering.child", str(theirs.fileno())],
                cwd=_ROOT,
                env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._wire, self._owner = ours, os.getpid()
        ours.settimeout(_START_SECONDS)
        try:
            _answer(ours, time.monotonic() + _START_SECONDS)
        except (TimeoutError, ConnectionError, EOFError) as error:
            self._end()
            raise RuntimeError("The process that renders mails did not start.") from error
        return ours

    def _end(self) -> None:
        if self._wire is not None:
            self._wire.close()
        if self._process is not None and self._owner == os.getpid():
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
        self._wire = self._process = None


def _answer(wire: socket.socket, deadline: float) -> dict[str, Any]:
    length = _LENGTH.unpack(_exactly(wire, _LENGTH.size, deadline))[0]
    if length > _MAX_ANSWER:
        raise EOFError
    answer: dict[str, Any] = json.loads(_exactly(wire, length, deadline))
    return answer


def _exactly(wire: socket.socket, length: int, deadline: float) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        wire.settimeout(max(deadline - time.monotonic(), 0.001))
        part = wire.recv(min(length - len(parts), 65536))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


sandbox = Sandbox()
