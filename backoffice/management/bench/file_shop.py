"""A shop that has finished its bulk operations and does nothing else: it says so, and hands out their files."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_COST = {
    "requestedQueryCost": 1,
    "actualQueryCost": 1,
    "throttleStatus": {"maximumAvailable": 20000.0, "currentlyAvailable": 19999, "restoreRate": 1000.0},
}


@dataclass(frozen=True, slots=True)
class Finished:
    """A bulk operation that is completed, and its file."""

    gid: str
    path: Path
    orders: int
    objects: int


@contextmanager
def serving(operations: Mapping[str, Finished], directory: Path) -> Iterator[str]:
    """The shop's address. The files lie in `directory`."""

    class Shop(SimpleHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = operations[asked["variables"]["id"]]
            url = f"http://{self.headers['Host']}/{found.path.name}"
            answer = {"data": {"bulkOperation": _told(found, url)}, "extensions": {"cost": _COST}}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Shopify-API-Version", "2026-10")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Shop, directory=str(directory)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _told(one: Finished, url: str) -> dict[str, Any]:
    return {
        "id": one.gid,
        "type": "QUERY",
        "status": "COMPLETED",
        "errorCode": None,
        "createdAt": "2026-11-20T10:00:00Z",
        "completedAt": "2026-11-20T10:05:00Z",
        "objectCount": str(one.objects),
        "rootObjectCount": str(one.orders),
        "fileSize": str(one.path.stat().st_size),
        "url": url,
        "partialDataUrl": None,
    }
