"""A rehearsal shop as a child process, for the demo and the tests."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

_ROOT = Path(__file__).resolve().parents[2]


class DidNotStart(RuntimeError):
    """The shop ended or did not answer in time; the text holds what it wrote to stderr."""


class RehearsalShop:
    """Starts `python -m stores.rehearsal` and waits, at most `wait_seconds`, until it serves.

    `options` are those of the command line with underscores (`orders=50, plan="plus", clock_scale=60`). The child dies
    with the thread that starts it (the kernel watches threads), so start it in one that outlives it. Use it as a
    context manager, or call `stop()`.
    """

    def __init__(self, *, port: int = 0, state: Path | None = None, wait_seconds: float = 60.0, **options: Any) -> None:
        self.token = str(options.setdefault("token", "shpat_rehearsal"))
        self.webhook_secret = str(options.setdefault("webhook_secret", "rehearsal-secret"))
        self.client_id = str(options.setdefault("client_id", "rehearsal-app"))
        self.client_secret = str(options.get("client_secret") or self.webhook_secret)
        command = [sys.executable, "-m", "stores.rehearsal", "--port", str(port), "--die-with-parent"]
        if state is not None:
            command += ["--state", str(state)]
        for name, value in options.items():
            if value is not None:
                text = ",".join(value) if isinstance(value, list | tuple | set | frozenset) else str(value)
                command += [f"--{name.replace('_', '-')}", text]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])}
        # A file, not a pipe: nobody reads it while the shop runs, and a full pipe would stop the shop.
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  # closed by stop()
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._errors, text=True, env=environment, cwd=_ROOT
        )
        ready = self._first_line(wait_seconds)
        self.port = int(ready["port"])
        self.domain = str(ready["domain"])
        self.base_url = str(ready["base_url"])

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def graphql_url(self) -> str:
        return f"{self.base_url}/admin/api/2026-10/graphql.json"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self, *, kill: bool = False) -> None:
        """End it: politely, or as `kill -9` would. May be called twice."""
        if self._process.poll() is None:
            if kill:
                self._process.kill()
            else:
                self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(timeout=10)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()

    def errors(self) -> str:
        """What it wrote to stderr: unexpected failures with their tracebacks."""
        self._errors.seek(0)
        return self._errors.read()

    def execute(
        self, query: str, variables: dict[str, Any] | None = None, *, token: str | None = None
    ) -> dict[str, Any]:
        """Send a GraphQL document and return the answer's JSON; for tests that need no gateway."""
        headers = {"X-Shopify-Access-Token": self.token if token is None else token}
        return self._call(
            "POST", "/admin/api/2026-10/graphql.json", {"query": query, "variables": variables or {}}, headers
        )

    def act(self, action: str, order: str | None = None, **details: Any) -> dict[str, Any]:
        """Do something as the shop's owner would; see `acts.py`."""
        return self._call("POST", "/_rehearsal/act", {"action": action, "order": order, **details})

    def mutations(self, *, after: int = 0) -> list[dict[str, Any]]:
        """Every accepted mutation so far."""
        answer = self._call("GET", f"/_rehearsal/mutations?after={after}")
        return list(answer["mutations"])

    def faults(self, kind: str | None = None, **details: Any) -> dict[str, Any]:
        """Put a fault in force; without a kind, clear them all. See `faults.py`."""
        return self._call("POST", "/_rehearsal/faults", {"kind": kind, **details} if kind else {"clear": True})

    def struck(self) -> list[dict[str, Any]]:
        """Which faults struck, when and where; oldest first."""
        return list(self._call("GET", "/_rehearsal/struck")["struck"])

    def oauth(self, **changes: Any) -> dict[str, Any]:
        """What the owner does with the app (`installed`, `permitted`, `client_secret`, `scopes`, `expire`); without
        anything, how it stands and how many tokens it was given."""
        return self._call("POST", "/_rehearsal/oauth", changes)

    def state(self) -> dict[str, Any]:
        return self._call("GET", "/_rehearsal/state")

    def _call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(self.base_url).port or 0, timeout=60)
        try:
            data = json.dumps(body).encode() if body is not None else None
            connection.request(method, path, body=data, headers={"Content-Type": "application/json", **(headers or {})})
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        if path.startswith("/_rehearsal/") and "error" in answer:
            raise ValueError(answer["error"])
        return dict(answer)

    def _first_line(self, wait_seconds: float) -> dict[str, Any]:
        lines: list[str] = []
        stdout = self._process.stdout
        reader = threading.Thread(target=lambda: lines.append(stdout.readline() if stdout else ""), daemon=True)
        reader.start()
        reader.join(wait_seconds)
        if not lines or not lines[0].strip():
            self._process.kill()
            self._process.wait(timeout=10)
            raise DidNotStart(f"the rehearsal shop did not start within {wait_seconds:.0f} s: {self.errors()[-2000:]}")
        return dict(json.loads(lines[0]))
