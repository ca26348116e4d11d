"""Hundreds of shops in one small process: they answer what the streams ask with the same few orders, recorded from a
rehearsal shop. `python -m backoffice.management.bench.light_shop ANSWERS`; the first path segment names the shop.

A rehearsal shop works its answers out and costs as much as what is to be measured; this one costs next to nothing."""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HANGING = "hanging"
"""A shop with this in its name takes requests and never answers."""
_OPERATION = re.compile(r"^(?:query|mutation) (\w+)", re.MULTILINE)
_NO_PAGE = {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
_COST = {
    "requestedQueryCost": 90,
    "actualQueryCost": 30,
    "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 1970, "restoreRate": 100.0},
}


class Answers:
    """What was recorded: the page of orders, and what each question by id says of each of them."""

    def __init__(self, path: Path) -> None:
        recorded = json.loads(path.read_text())
        self._page: list[Any] = recorded["page"]
        self._by_id: dict[str, dict[str, Any]] = recorded["by_id"]

    def to(self, operation: str, variables: dict[str, Any]) -> dict[str, Any]:
        if operation == "OrdersPage":
            return {"orders": {"nodes": self._page, "pageInfo": _NO_PAGE["pageInfo"]}}
        if operation == "FulfillmentOrdersPage":
            return {"fulfillmentOrders": _NO_PAGE}
        if operation == "DeletedOrders":
            return {"events": _NO_PAGE}
        known = self._by_id.get(operation, {})
        return {"nodes": [known.get(gid) for gid in variables.get("ids", ())]}


def handler_of(answers: Answers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if HANGING in self.path.split("/")[1]:
                time.sleep(120)
                return
            found = _OPERATION.search(asked["query"])
            data = answers.to(found[1] if found else "", asked.get("variables") or {})
            body = json.dumps({"data": data, "extensions": {"cost": _COST}}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Shopify-API-Version", "2026-10")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        super().server_bind()


def _end_with(server: ThreadingHTTPServer) -> None:
    sys.stdin.read()
    server.shutdown()


def main() -> None:
    server = _Server(("127.0.0.1", 0), handler_of(Answers(Path(sys.argv[1]))))
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    # Ends with whoever started it: the pipe that we read from closes then.
    threading.Thread(target=_end_with, args=(server,), daemon=True).start()
    server.serve_forever(poll_interval=0.2)


if __name__ == "__main__":
    main()
