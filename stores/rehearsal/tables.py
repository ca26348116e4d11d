"""The state file's tables, and the columns by which orders are found and sorted."""

from __future__ import annotations

from typing import Any

from stores.rehearsal import derived
from stores.rehearsal.clock import parse
from stores.rehearsal.ops.document import Doc, number

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
    n INTEGER PRIMARY KEY, id INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL COLLATE NOCASE,
    email TEXT COLLATE NOCASE, customer INTEGER, person TEXT, created_at INTEGER, updated_at INTEGER,
    processed_at INTEGER, financial TEXT, fulfillment TEXT, returns TEXT, closed INTEGER, cancelled INTEGER,
    test INTEGER, total INTEGER, current_total INTEGER, items INTEGER, po TEXT COLLATE NOCASE,
    confirmation TEXT COLLATE NOCASE, source TEXT, tags TEXT, skus TEXT, gateways TEXT, codes TEXT, risk TEXT,
    country TEXT, doc TEXT
);
CREATE TABLE IF NOT EXISTS fulfillment_orders (
    id INTEGER PRIMARY KEY, n INTEGER NOT NULL, updated_at INTEGER, status TEXT, location INTEGER
);
CREATE TABLE IF NOT EXISTS parts (gid TEXT PRIMARY KEY, n INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS customers (gid TEXT PRIMARY KEY, doc TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY, at INTEGER, action TEXT, subject TEXT, subject_type TEXT, message TEXT
);
CREATE TABLE IF NOT EXISTS mutations (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT, name TEXT, ids TEXT, variables TEXT, effect INTEGER,
    request_id TEXT
);
CREATE TABLE IF NOT EXISTS idempotency (key TEXT PRIMARY KEY, at INTEGER, fingerprint TEXT, answer TEXT);
CREATE TABLE IF NOT EXISTS subscriptions (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, failures INTEGER NOT NULL DEFAULT 0, doc TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS bulk_operations (
    id INTEGER PRIMARY KEY, type TEXT NOT NULL, status TEXT NOT NULL, error_code TEXT, query TEXT NOT NULL,
    grouped INTEGER NOT NULL, created_at REAL NOT NULL, completed_at REAL, objects INTEGER NOT NULL DEFAULT 0,
    roots INTEGER NOT NULL DEFAULT 0, size INTEGER, file TEXT, partial INTEGER NOT NULL DEFAULT 0, faults TEXT
);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, subscription INTEGER, uri TEXT, topic TEXT, body TEXT, webhook_id TEXT,
    event_id TEXT, triggered_at TEXT, attempts INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting', faults TEXT NOT NULL DEFAULT '{}'
);
"""
ADDED = (("deliveries", "faults", "TEXT NOT NULL DEFAULT '{}'"),)
"""Columns that state files of earlier versions lack."""
INDEXES = """
CREATE INDEX IF NOT EXISTS orders_id ON orders (id);
CREATE INDEX IF NOT EXISTS orders_updated ON orders (updated_at, id);
CREATE INDEX IF NOT EXISTS orders_created ON orders (created_at, id);
CREATE INDEX IF NOT EXISTS orders_processed ON orders (processed_at, id);
CREATE INDEX IF NOT EXISTS orders_customer ON orders (customer);
CREATE INDEX IF NOT EXISTS orders_name ON orders (name);
CREATE INDEX IF NOT EXISTS orders_email ON orders (email);
CREATE INDEX IF NOT EXISTS orders_financial ON orders (financial, fulfillment, closed);
CREATE INDEX IF NOT EXISTS fulfillment_orders_updated ON fulfillment_orders (updated_at, id);
CREATE INDEX IF NOT EXISTS fulfillment_orders_order ON fulfillment_orders (n);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, next_at);
"""
COLUMNS = (
    "n", "id", "number", "name", "email", "customer", "person", "created_at", "updated_at", "processed_at", "financial",
    "fulfillment", "returns", "closed", "cancelled", "test", "total", "current_total", "items", "po", "confirmation",
    "source", "tags", "skus", "gateways", "codes", "risk", "country", "doc",
)  # fmt: skip


def packed(words: Any) -> str:
    """A list as text in which `|word|` can be found, without regard to case."""
    return "|" + "|".join(str(word).casefold() for word in words) + "|"


def order_row(n: int, doc: Doc, text: str | None) -> tuple[Any, ...]:
    """The row of an order; `text` is its document when it differs from the seeded one."""
    address = doc.get("shippingAddress") or doc.get("billingAddress") or {}
    lines = doc.get("lineItems", ())
    customer = doc.get("customer")
    priced = bool(lines) or "totalPriceSet" in doc
    return (
        n,
        number(doc["id"]),
        doc.get("number", 0),
        doc.get("name", ""),
        doc.get("email"),
        number(customer) if customer else None,
        f"{address.get('lastName') or ''}, {address.get('firstName') or ''}".casefold() if address else None,
        parse(doc.get("createdAt") or "") or 0,
        parse(doc.get("updatedAt") or "") or 0,
        parse(doc.get("processedAt") or "") or 0,
        derived.financial_status(doc) if priced or "displayFinancialStatus" in doc else None,
        derived.fulfillment_status(doc) if lines or "displayFulfillmentStatus" in doc else "UNFULFILLED",
        derived.return_status(doc),
        int(bool(doc.get("closed"))),
        int(bool(doc.get("cancelledAt"))),
        int(bool(doc.get("test"))),
        derived.total(doc)[0] if priced else 0,
        derived.current_total(doc)[0] if priced else 0,
        sum(line.get("quantity", 0) for line in lines),
        doc.get("poNumber"),
        doc.get("confirmationNumber"),
        doc.get("sourceName"),
        packed(doc.get("tags", ())),
        packed(line.get("sku") or "" for line in lines),
        packed({t.get("gateway") for t in doc.get("transactions", ())}),
        packed(doc.get("discountCodes", ())),
        doc.get("_risk"),
        address.get("countryCodeV2"),
        text,
    )


def fulfillment_order_rows(n: int, doc: Doc) -> list[tuple[Any, ...]]:
    return [
        (
            number(fo["id"]),
            n,
            parse(fo.get("updatedAt") or "") or 0,
            fo.get("status"),
            number(location) if (location := fo.get("assignedLocation", {}).get("location")) else None,
        )
        for fo in doc.get("fulfillmentOrders", ())
    ]
