"""Faults put into the answers and the webhooks on purpose: for the next so many requests, or by chance.

Request kinds: `status` (429, 402, 403, 423, 5xx...), `throttled`, `latency`, `hang`, `cut_after_bytes`, `reset`,
`html`, `errors_and_data`, `user_errors`, `null_node`, `apply_then_drop_reply`, `token_revoked`,
`version_sunset` (another `version` answers than the one asked for).
Requests for result files meet those of the request kinds that name them (`only: "file"`).
Bulk kinds strike an operation when it begins: `bulk_failed`, `bulk_timeout`, `bulk_access_denied` (`share`: how much of
it is there as partial data), `bulk_expired_url`, `bulk_truncated` (`bytes`: so many, 0: within the last line),
`bulk_slow` (`seconds`), `bulk_stuck`; and, on `count` pages each, `bulk_duplicate_line`, `bulk_child_first`,
`bulk_orphan`, `bulk_blank_line`, `bulk_garbage_line`, `bulk_unknown_type`.
Webhook kinds: `webhook_dup`, `webhook_drop`, `webhook_delay`, `webhook_reorder`,
`webhook_bad_hmac`, `webhook_header_swap` (headers name `topic` and `shop` instead), `webhook_gzip` (body compressed,
and signed so), `webhook_size` (`bytes`).
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from stores.rehearsal.clock import iso

REQUEST_KINDS = frozenset(
    {
        "status", "throttled", "latency", "hang", "cut_after_bytes", "reset", "html", "errors_and_data", "user_errors",
        "null_node", "apply_then_drop_reply", "token_revoked", "version_sunset",
    }
)  # fmt: skip
OAUTH_KINDS = frozenset({"status", "latency", "hang", "cut_after_bytes", "reset", "html", "apply_then_drop_reply"})
"""Those of requests that can strike one for a token; `only` may name `oauth` or the grant's type."""
MUTATION_KINDS = frozenset({"user_errors", "apply_then_drop_reply"})
"""These wait for a mutation."""
FILE_KINDS = frozenset({"status", "latency", "hang", "cut_after_bytes", "reset", "html"})
"""Those that can strike a request for a result file, when `only` is `file`."""
BULK_KINDS = frozenset(
    {
        "bulk_failed", "bulk_timeout", "bulk_access_denied", "bulk_expired_url", "bulk_truncated", "bulk_slow",
        "bulk_stuck", "bulk_duplicate_line", "bulk_child_first", "bulk_orphan", "bulk_blank_line", "bulk_garbage_line",
        "bulk_unknown_type",
    }
)  # fmt: skip
WEBHOOK_KINDS = frozenset(
    {
        "webhook_dup", "webhook_drop", "webhook_delay", "webhook_reorder", "webhook_bad_hmac", "webhook_header_swap",
        "webhook_gzip", "webhook_size",
    }
)  # fmt: skip

KINDS = REQUEST_KINDS | BULK_KINDS | WEBHOOK_KINDS
_LOGGED = 500


@dataclass(slots=True)
class Fault:
    """`times`: how often it strikes at most (`None`: until cleared). `probability`: how likely each time.
    `only`: `query`, `mutation`, the name of a root field, or a webhook topic. The rest belongs to one kind each."""

    kind: str
    times: int | None = 1
    probability: float = 1.0
    only: str = ""
    status: int = 500
    seconds: float = 0.0
    bytes: int = 0
    count: int = 1
    retry_after: str = ""
    share: float = 0.0
    topic: str = ""
    shop: str = ""
    version: str = ""
    struck: int = 0


class BadFault(ValueError):
    """A fault that was asked for makes no sense; the text says why."""


class Faults:
    """The faults in force. Chance is seeded, so a rehearsal can be repeated."""

    def __init__(self, *, seed: int, now: Callable[[], float] = time.time) -> None:
        self._random = random.Random(seed)
        self._now = now
        self._log: deque[dict[str, Any]] = deque(maxlen=_LOGGED)
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, wish: dict[str, Any]) -> Fault:
        """Put one in force. With a probability and no `times` it lasts until cleared."""
        kind = wish.get("kind")
        if kind not in KINDS:
            raise BadFault(f"unknown kind {kind!r}; known: {', '.join(sorted(KINDS))}")
        if "probability" in wish:
            wish = {"times": None, **wish}
        try:
            fault = Fault(**{k: v for k, v in wish.items() if k != "struck"})
        except TypeError as error:
            raise BadFault(str(error)) from error
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def listing(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def log(self) -> list[dict[str, Any]]:
        """What struck, and when by the shop's clock; the last few hundred, oldest first."""
        with self._lock:
            return list(self._log)

    def strike(self, kinds: frozenset[str], names: set[str], *, named: bool = False) -> dict[str, Fault]:
        """The faults that hit this occasion, by kind; each is counted. `names` is what `only` may name, and with
        `named` has to."""
        hit: dict[str, Fault] = {}
        with self._lock:
            for fault in self._faults:
                if fault.kind not in kinds or fault.kind in hit or (fault.only and fault.only not in names):
                    continue
                if named and not fault.only:
                    continue
                if fault.times is not None and fault.struck >= fault.times:
                    continue
                if fault.probability < 1 and self._random.random() >= fault.probability:
                    continue
                fault.struck += 1
                hit[fault.kind] = fault
                self._log.append({"at": iso(self._now()), "kind": fault.kind, "where": " ".join(sorted(names))})
            self._faults = [f for f in self._faults if f.times is None or f.struck < f.times]
        return hit

    def chance(self) -> float:
        with self._lock:
            return self._random.random()
