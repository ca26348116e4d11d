"""Webhook subscriptions and their deliveries: signed, with Shopify's time-outs and retries, kept in the state file.

A delivery is a row made in the transaction of the change that caused it; sender threads take rows that are due. Only
loopback addresses are ever called, whatever a subscription says.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import hmac
import http.client
import json
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from stores.rehearsal.clock import Clock, iso
from stores.rehearsal.faults import WEBHOOK_KINDS, Fault, Faults
from stores.rehearsal.ops.document import Doc
from stores.rehearsal.store import Store

CONNECT_SECONDS = 1.0
TOTAL_SECONDS = 5.0
RETRY_GAPS = (10, 30, 60, 300, 900, 1_800, 3_600, 7_200)
"""Eight retries within four hours of the shop's clock."""
FAILURES_UNTIL_GONE = 8
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
API_VERSION = "2026-10"
COMPLIANCE = frozenset({"CUSTOMERS_DATA_REQUEST", "CUSTOMERS_REDACT", "SHOP_REDACT"})
_APP_ADDRESS = "app_address"
_LONG_SUBJECTS = (
    "fulfillment_orders",
    "fulfillment_holds",
    "fulfillment_events",
    "order_transactions",
    "bulk_operations",
    "payment_schedules",
    "payment_terms",
    "tender_transactions",
)
_SENDERS = 3
_IDLE_SECONDS = 0.2


def header_topic(enum: str) -> str:
    """`FULFILLMENT_ORDERS_PLACED_ON_HOLD` -> `fulfillment_orders/placed_on_hold`."""
    text = enum.lower()
    for subject in _LONG_SUBJECTS:
        if text.startswith(subject + "_"):
            return f"{subject}/{text[len(subject) + 1 :]}"
    return text.replace("_", "/", 1)


def signature(secret: str, body: bytes) -> str:
    """Base64 of the HMAC-SHA256 of the raw body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of `deliveries` that is being sent."""

    row: int
    subscription: int
    uri: str
    topic: str
    body: str
    webhook_id: str
    event_id: str
    triggered_at: str
    attempts: int
    faults: str
    """What is wrong with it on purpose, as JSON: `bad_hmac`, `gzip`, and other `headers`."""


class Webhooks:
    """Subscriptions, and the threads that deliver."""

    def __init__(self, store: Store, clock: Clock, faults: Faults, *, domain: str, secret: str) -> None:
        self._store = store
        self._clock = clock
        self._faults = faults
        self._domain = domain
        self._secret = secret
        self._next_secret: tuple[float, str] | None = None
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._threads: list[threading.Thread] = []

    # -- subscriptions -------------------------------------------------------------------------------------------

    def subscriptions(self, *, topic: str | None = None) -> list[Doc]:
        where, values = ("WHERE topic = ?", [topic]) if topic else ("", [])
        rows = self._store.query(f"SELECT doc FROM subscriptions {where} ORDER BY id", values)  # noqa: S608
        return [json.loads(row[0]) for row in rows]

    def subscription(self, number: int) -> Doc | None:
        rows = self._store.query("SELECT doc FROM subscriptions WHERE id = ?", (number,))
        return json.loads(rows[0][0]) if rows else None

    def put(self, number: int, doc: Doc) -> None:
        self._store.execute(
            "INSERT INTO subscriptions (id, topic, doc) VALUES (?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET topic = excluded.topic, doc = excluded.doc",
            (number, doc["topic"], json.dumps(doc)),
        )
        self._store.set_meta(_APP_ADDRESS, doc["uri"])

    def drop(self, number: int) -> None:
        self._store.execute("DELETE FROM subscriptions WHERE id = ?", (number,))

    def drop_all(self) -> None:
        self._store.execute("DELETE FROM subscriptions")

    def _targets(self, topic: str) -> list[tuple[int, str]]:
        """Subscriptions to a topic by number, with their addresses. Compliance topics are part of an app's settings,
        not subscribed to: they go where the app was last listening, subscription or not."""
        if topic in COMPLIANCE:
            address = self._store.meta(_APP_ADDRESS)
            return [(0, address)] if address else []
        return [(int(doc["id"].rsplit("/", 1)[1]), doc["uri"]) for doc in self.subscriptions(topic=topic)]

    def wanted(self, topic: str) -> bool:
        """Whether anybody listens; payloads are only made when somebody does."""
        if topic in COMPLIANCE:
            return bool(self._targets(topic))
        return bool(self._store.query("SELECT 1 FROM subscriptions WHERE topic = ? LIMIT 1", (topic,)))

    def sign_with(self, secret: str, *, after_seconds: float = 0) -> None:
        """Another secret signs, from so many seconds of the shop's clock on."""
        self._next_secret = (self._clock.now() + after_seconds, secret)

    def _signing(self) -> str:
        if self._next_secret is not None and self._clock.now() >= self._next_secret[0]:
            self._secret, self._next_secret = self._next_secret[1], None
        return self._secret

    # -- sending -------------------------------------------------------------------------------------------------

    def emit(self, topic: str, payload: Any, *, event_id: str) -> None:
        """Note one delivery for each subscription to `topic`; call it inside the transaction of the change."""
        for number, uri in self._targets(topic):
            hit = self._faults.strike(WEBHOOK_KINDS, {topic, header_topic(topic)})
            if "webhook_drop" in hit:
                continue
            wait = hit["webhook_delay"].seconds if "webhook_delay" in hit else 0.0
            if "webhook_reorder" in hit:
                wait += self._faults.chance() * (hit["webhook_reorder"].seconds or 10)
            body = json.dumps(payload, ensure_ascii=False)
            if "webhook_size" in hit:
                body = _padded(body, hit["webhook_size"].bytes)
            row = (
                number,
                uri,
                header_topic(topic),
                body,
                str(uuid.uuid4()),
                event_id,
                iso(self._clock.now()),
                self._clock.now() + wait,
                json.dumps(_spoiling(hit)),
            )
            for _ in range(1 + (hit["webhook_dup"].count if "webhook_dup" in hit else 0)):
                self._store.execute(
                    "INSERT INTO deliveries (subscription, uri, topic, body, webhook_id, event_id, triggered_at, "
                    "next_at, faults) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    row,
                )
        self._wake.set()

    def start(self) -> None:
        self._store.execute("UPDATE deliveries SET state = 'waiting' WHERE state = 'sending'")
        for number in range(_SENDERS):
            thread = threading.Thread(target=self._run, name=f"webhooks-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(timeout=TOTAL_SECONDS + 1)

    def counts(self) -> dict[str, int]:
        """Deliveries by state: waiting, sending, sent, failed, skipped."""
        return dict(self._store.query("SELECT state, count(*) FROM deliveries GROUP BY state"))

    def _run(self) -> None:
        while not self._stopping.is_set():
            row = self._claim()
            if row is None:
                self._wake.clear()
                self._wake.wait(_IDLE_SECONDS)
                continue
            self._deliver(row)

    def _claim(self) -> Delivery | None:
        due = "FROM deliveries WHERE state = 'waiting' AND next_at <= ? ORDER BY next_at, id LIMIT 1"
        if not self._store.query(f"SELECT 1 {due}", (self._clock.now(),)):
            return None
        with self._store.transaction():
            columns = "id, subscription, uri, topic, body, webhook_id, event_id, triggered_at, attempts, faults"
            rows = self._store.query(f"SELECT {columns} {due}", (self._clock.now(),))
            if not rows:
                return None
            self._store.execute("UPDATE deliveries SET state = 'sending' WHERE id = ?", (rows[0][0],))
            return Delivery(*rows[0])

    def _deliver(self, delivery: Delivery) -> None:
        if urlsplit(delivery.uri).hostname not in LOOPBACK:
            self._store.execute("UPDATE deliveries SET state = 'skipped' WHERE id = ?", (delivery.row,))
            return
        faults = json.loads(delivery.faults or "{}")
        raw = gzip.compress(delivery.body.encode()) if "gzip" in faults else delivery.body.encode()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": delivery.topic,
            "X-Shopify-Hmac-Sha256": signature(self._signing() + "?" * ("bad_hmac" in faults), raw),
            "X-Shopify-Shop-Domain": self._domain,
            "X-Shopify-API-Version": API_VERSION,
            "X-Shopify-Webhook-Id": delivery.webhook_id,
            "X-Shopify-Event-Id": delivery.event_id,
            "X-Shopify-Triggered-At": delivery.triggered_at,
            **({"Content-Encoding": "gzip"} if "gzip" in faults else {}),
            **faults.get("headers", {}),
        }
        status = post(delivery.uri, raw, headers)
        if status is None or not 200 <= status < 300:
            self._again(delivery)
            return
        with self._store.transaction():
            self._store.execute("UPDATE deliveries SET state = 'sent' WHERE id = ?", (delivery.row,))
            self._store.execute("UPDATE subscriptions SET failures = 0 WHERE id = ?", (delivery.subscription,))

    def _again(self, delivery: Delivery) -> None:
        """Later, at growing gaps. After the last try the delivery is lost, and the subscription with it unless another
        delivery came through meanwhile: its tries count as failures in a row."""
        with self._store.transaction():
            key = delivery.subscription
            self._store.execute("UPDATE subscriptions SET failures = failures + 1 WHERE id = ?", (key,))
            if delivery.attempts < len(RETRY_GAPS):
                self._store.execute(
                    "UPDATE deliveries SET state = 'waiting', attempts = attempts + 1, next_at = ? WHERE id = ?",
                    (self._clock.now() + RETRY_GAPS[delivery.attempts], delivery.row),
                )
                return
            self._store.execute("UPDATE deliveries SET state = 'failed' WHERE id = ?", (delivery.row,))
            self._store.execute("DELETE FROM subscriptions WHERE id = ? AND failures >= ?", (key, FAILURES_UNTIL_GONE))


def _spoiling(hit: dict[str, Fault]) -> dict[str, Any]:
    """What the sender has to do wrong, kept with the delivery."""
    wrong: dict[str, Any] = {kind: True for kind in ("bad_hmac", "gzip") if f"webhook_{kind}" in hit}
    if "webhook_header_swap" in hit:
        fault = hit["webhook_header_swap"]
        swapped = {"X-Shopify-Topic": fault.topic, "X-Shopify-Shop-Domain": fault.shop}
        wrong["headers"] = {name: value for name, value in swapped.items() if value}
    return wrong


def _padded(body: str, size: int) -> str:
    """The payload with one more member, so that it has about `size` bytes."""
    padding = "x" * max(0, size - len(body.encode()) - len(', "padding": ""'))
    return f'{body[:-1]}{", " if len(body) > 2 else ""}"padding": "{padding}"}}'


def post(uri: str, body: bytes, headers: dict[str, str]) -> int | None:
    """The status of the answer, `None` when there was none within the limits (1 s to connect, 5 s in all)."""
    parts = urlsplit(uri)
    started = time.monotonic()
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=CONNECT_SECONDS)
    try:
        connection.connect()
        connection.sock.settimeout(max(0.1, TOTAL_SECONDS - (time.monotonic() - started)))
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body=body, headers=headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        with contextlib.suppress(OSError):
            connection.close()
