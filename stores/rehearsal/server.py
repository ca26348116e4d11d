"""The shop over HTTP: Shopify's GraphQL endpoint and OAuth, and `/_rehearsal/...` for whoever runs the rehearsal."""

from __future__ import annotations

import json
import re
import socket
import struct
import sys
import threading
import time
import traceback
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from stores.rehearsal import control, downloads
from stores.rehearsal.bulk.files import PREFIX, NotServed
from stores.rehearsal.execute import Run, root_fields, run
from stores.rehearsal.faults import FILE_KINDS, MUTATION_KINDS, OAUTH_KINDS, REQUEST_KINDS, Fault
from stores.rehearsal.oauth import read_form
from stores.rehearsal.shop import CANDIDATE, VERSIONS, Shop

_GRAPHQL = re.compile(r"^/admin/api/([A-Za-z0-9-]+)/graphql\.json$")
_MAX_BODY = 4 * 1024 * 1024
BAD_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"  # noqa: S105
_STATUS_TEXTS = {
    402: "This shop is unavailable: payment required",
    403: "Forbidden",
    404: "Not Found",
    423: "This shop is unavailable",
    429: "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service.",
}
_HTML = (
    b"<!DOCTYPE html><html><head><title>Something went wrong</title></head><body>There's been an error</body></html>"
)
_HANG_SECONDS = 60.0


class Server(ThreadingHTTPServer):
    """Serves one shop. Port 0 takes a free one."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, shop: Shop, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.shop = shop
        self.ending = threading.Event()
        super().__init__((host, port), Handler)
        shop.files.base_url = f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Handler(BaseHTTPRequestHandler):
    """One connection, kept open between requests."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "Rehearsal"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 120

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: requests carry tokens and customers' data."""

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        if path.path.startswith("/_rehearsal/"):
            self._control("GET", path.path, {k: v[-1] for k, v in parse_qs(path.query).items()})
        elif path.path.startswith(PREFIX):
            self._file(path.path.removeprefix(PREFIX), dict(parse_qsl(path.query)))
        elif path.path == "/admin/oauth/access_scopes.json":
            if self._authorised():
                self._json(200, {"access_scopes": [{"handle": scope} for scope in sorted(self.server.shop.scopes)]})
        elif path.path == "/admin/oauth/authorize":
            self._authorize(dict(parse_qsl(path.query)))
        else:
            self._json(404, {"errors": "Not Found"})

    def do_POST(self) -> None:
        body = self._body()
        if body is None:
            return
        path = urlsplit(self.path).path
        if path.startswith("/_rehearsal/"):
            try:
                wish = json.loads(body or b"{}")
            except ValueError:
                self._json(400, {"error": "the body is not JSON"})
                return
            self._control("POST", path, wish)
            return
        if path == "/admin/oauth/access_token":
            self._access_token(body)
            return
        match = _GRAPHQL.match(path)
        if match is None:
            self._json(404, {"errors": "Not Found"})
            return
        self._graphql(match[1], body)

    # -- Shopify's side ------------------------------------------------------------------------------------------

    def _authorize(self, asked: dict[str, str]) -> None:
        address = self.server.shop.oauth.approve(asked)
        if address is None:
            self._send(400, b"<html><body>Oauth error invalid_request</body></html>", "text/html; charset=utf-8")
        else:
            self._send(302, b"", "text/html; charset=utf-8", {"Location": address})

    def _access_token(self, body: bytes) -> None:
        asked = read_form(body, self.headers.get("Content-Type", ""))
        hit = self.server.shop.faults.strike(OAUTH_KINDS, {"oauth", asked.get("grant_type", "authorization_code")})
        if self._refused_by(hit):
            return
        status, answer = self.server.shop.oauth.grant(asked)
        if "apply_then_drop_reply" in hit:
            self._drop()
            return
        self._json(status, answer, cut=hit["cut_after_bytes"].bytes if "cut_after_bytes" in hit else None)

    def _graphql(self, version: str, body: bytes) -> None:
        shop = self.server.shop
        self._version = version if version in (*VERSIONS, CANDIDATE, "unstable") else VERSIONS[0]
        try:
            asked = json.loads(body)
            text = asked["query"]
            variables, name = asked.get("variables") or {}, asked.get("operationName")
        except (ValueError, KeyError, TypeError, AttributeError):
            asked = None
        is_mutation, fields = root_fields(text, name) if asked is not None and isinstance(text, str) else (False, [])
        kinds = REQUEST_KINDS if is_mutation else REQUEST_KINDS - MUTATION_KINDS
        hit = shop.faults.strike(kinds, {"mutation" if is_mutation else "query", *fields})
        if "version_sunset" in hit:
            self._version = hit["version_sunset"].version or CANDIDATE
        if self._refused_by(hit) or not self._authorised(revoked="token_revoked" in hit):
            return
        if asked is None or not isinstance(text, str) or not isinstance(variables, dict):
            self._json(400, {"errors": {"query": "Required parameter missing or invalid"}})
            return
        request_id = str(uuid.uuid4())
        refused = frozenset(range(hit["user_errors"].count)) if "user_errors" in hit else frozenset()
        request = Run(shop, request_id, text, variables, name, throttle="throttled" in hit, refuse=refused)
        try:
            answer = run(request)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            answer = {"errors": [_internal(request_id)]}
        if "null_node" in hit:
            _blank_first_object(answer.get("data"))
        if "errors_and_data" in hit:
            answer["errors"] = [{**_internal(request_id), "path": fields[:1]}]
        if "apply_then_drop_reply" in hit:
            self._drop()
            return
        self._json(
            200, answer, request_id=request_id, cut=hit["cut_after_bytes"].bytes if "cut_after_bytes" in hit else None
        )

    def _authorised(self, *, revoked: bool = False) -> bool:
        shop = self.server.shop
        if revoked:
            shop.token_revoked = True
        if shop.accepts(self.headers.get("X-Shopify-Access-Token", "")):
            return True
        self._json(401, {"errors": BAD_TOKEN})
        return False

    def _refused_by(self, hit: dict[str, Fault]) -> bool:
        """Faults that strike before anything runs."""
        if "latency" in hit:
            time.sleep(hit["latency"].seconds)
        if "hang" in hit:
            self.server.ending.wait(hit["hang"].seconds or _HANG_SECONDS)
            self._drop()
            return True
        if "reset" in hit:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._drop()
            return True
        if "html" in hit:
            self._send(hit["html"].status if hit["html"].status != 500 else 200, _HTML, "text/html; charset=utf-8")
            return True
        if "status" in hit:
            fault = hit["status"]
            headers = {"Retry-After": fault.retry_after or "2.0"} if fault.status == 429 else {}
            text = _STATUS_TEXTS.get(fault.status, "Internal Server Error")
            self._send(fault.status, json.dumps({"errors": text}).encode(), "application/json", headers)
            return True
        return False

    def _file(self, name: str, query: dict[str, str]) -> None:
        """The file host's side: it knows no tokens, only links."""
        shop = self.server.shop
        shop.files.note_request(with_token="X-Shopify-Access-Token" in self.headers)
        hit = shop.faults.strike(FILE_KINDS, {"file"}, named=True)
        if self._refused_by(hit):
            return
        try:
            part = shop.files.asked(name, query, byte_range=self.headers.get("Range"))
        except NotServed as problem:
            self._send(problem.status, problem.body, "application/xml; charset=UTF-8")
            return
        downloads.send(self, part, cut=hit["cut_after_bytes"].bytes if "cut_after_bytes" in hit else None)

    # -- the rehearsal's side ------------------------------------------------------------------------------------

    def _control(self, method: str, path: str, wish: dict[str, Any]) -> None:
        if self.client_address[0] not in ("127.0.0.1", "::1"):
            self._json(403, {"error": "only from this machine"})
            return
        status, answer = control.handle(self.server.shop, method, path.removeprefix("/_rehearsal/"), wish)
        self._json(status, answer)

    # -- HTTP ----------------------------------------------------------------------------------------------------

    _version = VERSIONS[-1]

    def _body(self) -> bytes | None:
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if not 0 <= length <= _MAX_BODY:
            self.close_connection = True
            self._json(413, {"errors": "Request entity too large"})
            return None
        return self.rfile.read(length)

    def _json(self, status: int, value: Any, *, request_id: str = "", cut: int | None = None) -> None:
        body = json.dumps(value, ensure_ascii=False).encode()
        headers = {"X-Shopify-API-Version": self._version}
        if request_id:
            headers["X-Request-Id"] = request_id
        self._send(status, body, "application/json; charset=utf-8", headers, cut=cut)

    def _send(
        self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None, *, cut: int | None = None
    ) -> None:
        headers = {"X-Request-Id": str(uuid.uuid4()), **(headers or {})}
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body if cut is None else body[:cut])
            if cut is not None:
                self._drop()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _drop(self) -> None:
        """Close without an answer."""
        self.close_connection = True
        self.connection.close()


def _internal(request_id: str) -> dict[str, Any]:
    extensions = {"code": "INTERNAL_SERVER_ERROR", "requestId": request_id}
    return {"message": "Internal error. Looks like something went wrong on our end.", "extensions": extensions}


def _blank_first_object(data: Any) -> None:
    """Make the first object of the answer null: an order that vanished between two reads."""
    for key, value in (data or {}).items():
        if isinstance(value, list) and value:
            value[0] = None
        elif isinstance(value, dict) and value.get("nodes"):
            value["nodes"][0] = None
        else:
            data[key] = None
        return
