"""A web server in this process that answers as it is told: for faults that no well-behaved shop shows."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answering = Callable[[BaseHTTPRequestHandler, Mapping[str, Any]], None]


@dataclass
class Call:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    query: str
    variables: dict[str, Any]


@dataclass
class Stub:
    """Give it answers with `will`; the last one is repeated. `calls` holds what was asked."""

    base_url: str = ""
    calls: list[Call] = field(default_factory=list)
    answers: list[Answering] = field(default_factory=list)

    def will(self, *answers: Answering) -> None:
        self.answers[:] = answers

    def will_say(self, *payloads: Mapping[str, Any]) -> None:
        self.will(*(sends(payload) for payload in payloads))


def sends(payload: object = None, *, status: int = 200, body: bytes | None = None, **headers: str) -> Answering:
    """A whole answer; `headers` are written with underscores."""
    content = json.dumps(payload).encode() if body is None else body

    def answer(handler: BaseHTTPRequestHandler, _: Mapping[str, Any]) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def cuts(content: bytes, *, promised: int) -> Answering:
    """Fewer bytes than promised, then the connection ends."""

    def answer(handler: BaseHTTPRequestHandler, _: Mapping[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(promised))
        handler.end_headers()
        handler.wfile.write(content)
        handler.close_connection = True

    return answer


def resets() -> Answering:
    """The request is read and the connection torn down."""

    def answer(handler: BaseHTTPRequestHandler, _: Mapping[str, Any]) -> None:
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
        handler.close_connection = True

    return answer


def drips(stop: threading.Event, *, before_body: bytes, every_seconds: float) -> Answering:
    """`before_body` at once, then a byte at a time until nobody listens."""

    def answer(handler: BaseHTTPRequestHandler, _: Mapping[str, Any]) -> None:
        try:
            handler.wfile.write(before_body)
            while not stop.wait(every_seconds):
                handler.wfile.write(b"x")
        except OSError:
            pass
        handler.close_connection = True

    return answer


def serve(stub: Stub) -> ThreadingHTTPServer:
    """Starts the server on a free port of the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            stub.calls.append(Call(self.path, headers, asked["query"], asked["variables"]))
            answer = stub.answers.pop(0) if len(stub.answers) > 1 else stub.answers[0]
            answer(self, asked)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    stub.base_url = f"http://127.0.0.1:{server.server_port}"
    return server
