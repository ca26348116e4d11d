"""Faults put into the answers and the webhooks on purpose: for the next so many requests, or by chance.

Request kinds: `status` (429, 402, 403, 423, 5xx...), `throttled`, `latency`, `hang`, `cut_after_bytes`, `reset`,
`html`, `errors_and_data`, `user_errors`, `null_node`, `apply_then_drop_reply`, `token_revoked`.
Webhook kinds: `webhook_dup`, `webhook_drop`, `webhook_delay`, `webhook_reorder`, `webhook_bad_hmac`.
"""

from __future__ import annotations

import random
import threading
from dataclasses import asdict, dataclass
from typing import Any

REQUEST_KINDS = frozenset(
    {
        "status", "throttled", "latency", "hang", "cut_after_bytes", "reset", "html", "errors_and_data", "user_errors",
        "null_node", "apply_then_drop_reply", "token_revoked",
    }
)  # fmt: skip
OAUTH_KINDS = frozenset({"status", "latency", "hang", "cut_after_bytes", "reset", "html", "apply_then_drop_reply"})
"""Those of requests that can strike one for a token; `only` may name `oauth` or the grant's type."""
MUTATION_KINDS = frozenset({"user_errors", "apply_then_drop_reply"})
"""These wait for a mutation."""
WEBHOOK_KINDS = frozenset({"webhook_dup", "webhook_drop", "webhook_delay", "webhook_reorder", "webhook_bad_hmac"})


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
    struck: int = 0


class BadFault(ValueError):
    """A fault that was asked for makes no sense; the text says why."""


class Faults:
    """The faults in force. Chance is seeded, so a rehearsal can be repeated."""

    def __init__(self, *, seed: int) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, wish: dict[str, Any]) -> Fault:
        """Put one in force. With a probability and no `times` it lasts until cleared."""
        kind = wish.get("kind")
        if kind not in REQUEST_KINDS | WEBHOOK_KINDS:
            raise BadFault(f"unknown kind {kind!r}; known: {', '.join(sorted(REQUEST_KINDS | WEBHOOK_KINDS))}")
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

    def strike(self, kinds: frozenset[str], names: set[str]) -> dict[str, Fault]:
        """The faults that hit this occasion, by kind; each is counted. `names` is what `only` may name."""
        hit: dict[str, Fault] = {}
        with self._lock:
            for fault in self._faults:
                if fault.kind not in kinds or fault.kind in hit or (fault.only and fault.only not in names):
                    continue
                if fault.times is not None and fault.struck >= fault.times:
                    continue
                if fault.probability < 1 and self._random.random() >= fault.probability:
                    continue
                fault.struck += 1
                hit[fault.kind] = fault
            self._faults = [f for f in self._faults if f.times is None or f.struck < f.times]
        return hit

    def chance(self) -> float:
        with self._lock:
            return self._random.random()
