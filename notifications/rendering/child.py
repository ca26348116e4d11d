"""The child process that renders templates: `python -m notifications.rendering.child FD`, started by `sandbox`.

It has no Django, no settings, no secrets and no database. Before each request it winds an alarm that ends it without a
word, and it can never hold more than MEMORY_BYTES, so no template costs more than that, whatever it does."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import resource
import signal
import socket
import struct
import sys
from typing import Any

from liquid import BoundTemplate
from liquid.exceptions import (
    ContextDepthError,
    FilterError,
    LiquidError,
    LiquidSyntaxError,
    ResourceLimitError,
    UndefinedError,
    UnknownFilterError,
)

from .liquid_env import MAX_SOURCE, AbsentError, decoded, environment
from .mail_html import cleaned, text_of

MEMORY_BYTES = 256 * 1024 * 1024
HARD_SECONDS = 2.5
_IDLE_LOOK_SECONDS = 5.0
_LENGTH = struct.Struct("!I")

_html, _plain = environment(autoescape=True), environment(autoescape=False)


@functools.lru_cache(maxsize=32)
def _parsed(source: str, html: bool) -> BoundTemplate:
    return (_html if html else _plain).from_string(source)


class SourceTooLong(Exception):
    pass


def _fitting(source: str) -> str:
    if len(source.encode()) > MAX_SOURCE:
        raise SourceTooLong
    return source


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """`{subject, body, words}` -> `{subject, html, text}`, or `{error: {kind, message, field, line}}`. With `known`
    in place of `words` nothing is rendered: filters and first words are looked up, in branches not taken as well."""
    field = "subject"
    try:
        subject = _parsed(_fitting(request["subject"]), False)
        field = "body"
        body = _parsed(_fitting(request["body"]), True)
        if "known" in request:
            known = frozenset(request["known"])
            for field, template in (("subject", subject), ("body", body)):
                if mistake := _mistake(template, known, field, request[field]):
                    return mistake
            return {}
        words = decoded(request["words"])
        field = "subject"
        rendered_subject = subject.render(words)
        field = "body"
        html = cleaned(body.render(words))
        return {"subject": " ".join(rendered_subject.split()), "html": html, "text": text_of(html)}
    except SourceTooLong:
        return _error("size", "the template is longer than 64 KB", field)
    except UndefinedError as error:
        return _error("unknown", str(error.message), field, error)
    except AbsentError as error:
        return _error("absent", str(error.message), field, error)
    except (ResourceLimitError, ContextDepthError, RecursionError) as error:
        return _error("cost", str(getattr(error, "message", "") or "too deeply nested"), field, error)
    except (LiquidSyntaxError, UnknownFilterError) as error:
        return _error("syntax", str(error.message), field, error)
    except FilterError as error:
        return _error("filter", str(error.message), field, error)
    except LiquidError as error:
        return _error("syntax", str(error.message), field, error)
    except (ValueError, TypeError, ArithmeticError, KeyError, IndexError, AttributeError) as error:
        # python-liquid lets some of Python's own errors out of filters; they are the template's fault as well.
        return _error("filter", type(error).__name__, field)


def _mistake(template: BoundTemplate, known: frozenset[str], field: str, source: str) -> dict[str, Any] | None:
    found = template.analyze(include_partials=False)
    for name, spans in found.filters.items():
        if name not in template.env.filters:
            return _error("syntax", f"unknown filter '{name}'", field, index=spans[0].index, source=source)
    for name, uses in found.globals.items():
        if name not in known:
            return _error("unknown", f"'{name}' is undefined", field, index=uses[0].span.index, source=source)
    return None


def _error(
    kind: str, message: str, field: str, error: BaseException | None = None, *, index: int = -1, source: str = ""
) -> dict[str, Any]:
    token = getattr(error, "token", None)
    if token is not None:
        index, source = token.start_index, token.source
    line = source.count("\n", 0, index) + 1 if index >= 0 and source else None
    return {"error": {"kind": kind, "message": message[:300], "field": field, "line": line}}


def main(descriptor: int) -> None:
    parent = os.getppid()
    # macOS refuses this limit; the deadline holds there all the same.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    with socket.socket(fileno=descriptor) as wire:
        _send(wire, {"ready": True})
        while True:
            wire.settimeout(_IDLE_LOOK_SECONDS)
            try:
                head = wire.recv(_LENGTH.size, socket.MSG_WAITALL)
            except TimeoutError:
                if os.getppid() != parent:
                    return
                continue
            if len(head) < _LENGTH.size:
                return
            signal.setitimer(signal.ITIMER_REAL, HARD_SECONDS)
            wire.settimeout(HARD_SECONDS)
            request = json.loads(_received(wire, _LENGTH.unpack(head)[0]))
            try:
                reply = answer(request)
            except MemoryError:
                _send(wire, {**_error("cost", "it needs too much memory", "body"), "last": True})
                return
            _send(wire, reply)
            signal.setitimer(signal.ITIMER_REAL, 0)


def _received(wire: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = wire.recv(min(length - len(parts), 65536))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def _send(wire: socket.socket, message: dict[str, Any]) -> None:
    payload = json.dumps(message).encode()
    wire.sendall(_LENGTH.pack(len(payload)) + payload)


if __name__ == "__main__":
    with contextlib.suppress(EOFError, ConnectionError):
        main(int(sys.argv[1]))
