"""The state of a shop: one sqlite3 file holding the index of all orders and the documents of the changed ones.

Seeded orders are built again when asked for; only what was changed is kept as a document. Every change is one
transaction in write-ahead mode, so a process killed at any moment leaves the last finished change.
"""

from __future__ import annotations

import gc
import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stores.rehearsal import tables
from stores.rehearsal.clock import iso, parse
from stores.rehearsal.data.orders import Seed
from stores.rehearsal.gids import STRIDE, Gid
from stores.rehearsal.ops.document import Doc, parts

_BATCH = 2_000


class Store:
    """All reading and writing of state. Safe to use from several threads."""

    def __init__(self, path: Path | None, *, seed: int, count: int, domain: str, currency: str, now: int) -> None:
        self.lock = threading.RLock()
        self._db = sqlite3.connect(str(path) if path else ":memory:", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA cache_size=-65536")
        self._db.executescript(tables.SCHEMA)
        for table, column, kind in tables.ADDED:
            if column not in {row[1] for row in self.query(f"PRAGMA table_info({table})")}:
                self.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
        kept = self.meta("seed")
        if kept is None:
            self.seed = Seed(seed, count, domain, currency, now)
            self._fill()
        else:
            fixed = json.loads(kept)
            self.seed = Seed(fixed["seed"], fixed["count"], fixed["domain"], fixed["currency"], fixed["start"])
        self.numbering = self.seed.numbering

    def close(self) -> None:
        with self.lock:
            self._db.close()

    # -- reading -------------------------------------------------------------------------------------------------

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.lock:
            return self._db.execute(sql, values).fetchall()

    def meta(self, key: str) -> str | None:
        rows = self.query("SELECT value FROM meta WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    def orders(self, numbers: Sequence[int]) -> dict[int, Doc]:
        """Documents by order number `n`; those that do not exist are missing."""
        found: dict[int, Doc] = {}
        for start in range(0, len(numbers), 500):
            some = numbers[start : start + 500]
            marks = ",".join("?" * len(some))
            for n, text in self.query(f"SELECT n, doc FROM orders WHERE n IN ({marks})", list(some)):  # noqa: S608
                found[n] = json.loads(text) if text else self.seed.order(n)
        return found

    def order(self, n: int) -> Doc | None:
        return self.orders([n]).get(n)

    def order_number(self, gid: Gid) -> int:
        """`n` of the order that an id belongs to, 0 when there is none."""
        n = self.numbering.order_of(gid)
        if n and self.query("SELECT 1 FROM orders WHERE n = ?", (n,)):
            return n
        rows = self.query("SELECT n FROM parts WHERE gid = ?", (f"gid://shopify/{gid.type}/{gid.key}",))
        return rows[0][0] if rows else 0

    # -- writing -------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is kept, or nothing. May be nested; the outermost decides."""
        with self.lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run one statement; returns the id of an inserted row."""
        with self.lock:
            return self._db.execute(sql, values).lastrowid or 0

    def set_meta(self, key: str, value: str) -> None:
        self.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value)
        )

    def save(self, doc: Doc) -> None:
        """Keep a changed or new order."""
        n = (doc["_base"] - self.numbering.base) // STRIDE
        with self.transaction():
            self._put([tables.order_row(n, doc, json.dumps(doc, ensure_ascii=False))])
            self.execute("DELETE FROM fulfillment_orders WHERE n = ?", (n,))
            self._put_fulfillment_orders(tables.fulfillment_order_rows(n, doc))

    def load(self, doc: Doc) -> None:
        """Take in an order with ids that are not of our numbering (a recorded one)."""
        n = (doc["_base"] - self.numbering.base) // STRIDE
        with self.transaction():
            self.save(doc)
            for part in parts(doc):
                self.execute("INSERT OR REPLACE INTO parts VALUES (?, ?)", (part["id"].split("?")[0], n))

    def delete(self, n: int) -> None:
        with self.transaction():
            self.execute("DELETE FROM orders WHERE n = ?", (n,))
            self.execute("DELETE FROM fulfillment_orders WHERE n = ?", (n,))
            self.execute("DELETE FROM parts WHERE n = ?", (n,))

    def next_n(self) -> int:
        """A number that no order ever had; call it inside a transaction."""
        last = int(self.meta("last_n") or self.seed.count)
        self.set_meta("last_n", str(last + 1))
        return last + 1

    def log_event(self, *, action: str, subject: str, message: str, at: int) -> None:
        self.execute(
            "INSERT INTO events (at, action, subject, subject_type, message) VALUES (?, ?, ?, 'ORDER', ?)",
            (at, action, subject, message),
        )

    def log_mutation(
        self, name: str, *, ids: list[str], variables: Any, effect: bool, at: int, request_id: str
    ) -> None:
        self.execute(
            "INSERT INTO mutations (at, name, ids, variables, effect, request_id) VALUES (?, ?, ?, ?, ?, ?)",
            (iso(at), name, json.dumps(ids), json.dumps(variables, ensure_ascii=False), int(effect), request_id),
        )

    def mutations(self, *, after: int = 0) -> list[dict[str, Any]]:
        """Every accepted mutation, oldest first, with a sequence that never repeats."""
        rows = self.query(
            "SELECT sequence, at, name, ids, variables, effect, request_id FROM mutations WHERE sequence > ? "
            "ORDER BY sequence",
            (after,),
        )
        return [
            {
                "sequence": sequence,
                "at": at,
                "name": name,
                "ids": json.loads(ids),
                "variables": json.loads(variables),
                "effect": bool(effect),
                "request_id": request_id,
            }
            for sequence, at, name, ids, variables, effect, request_id in rows
        ]

    # -- filling -------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        seed = self.seed
        # Building makes millions of small objects and no cycles: the collector would only walk them again and again.
        gc.disable()
        try:
            self._fill_all(seed)
        finally:
            gc.enable()

    def _fill_all(self, seed: Seed) -> None:
        with self.transaction():
            for start in range(1, seed.count + 1, _BATCH):
                numbers = range(start, min(start + _BATCH, seed.count + 1))
                docs = [(n, seed.order(n)) for n in numbers]
                self._put([tables.order_row(n, doc, None) for n, doc in docs])
                self._put_fulfillment_orders([row for n, doc in docs for row in tables.fulfillment_order_rows(n, doc)])
            fixed = {
                "seed": seed.seed,
                "count": seed.count,
                "domain": seed.domain,
                "currency": seed.currency,
                "start": seed.start,
            }
            self.set_meta("seed", json.dumps(fixed))
            for statement in tables.INDEXES.split(";"):
                self.execute(statement)

    def _put(self, rows: Sequence[tuple[Any, ...]]) -> None:
        names, marks = ",".join(tables.COLUMNS), ",".join("?" * len(tables.COLUMNS))
        with self.lock:
            self._db.executemany(f"INSERT OR REPLACE INTO orders ({names}) VALUES ({marks})", rows)  # noqa: S608

    def _put_fulfillment_orders(self, rows: Sequence[tuple[Any, ...]]) -> None:
        with self.lock:
            self._db.executemany("INSERT OR REPLACE INTO fulfillment_orders VALUES (?, ?, ?, ?, ?)", rows)


def seconds(text: str | None) -> int:
    """Seconds of a document's time, 0 when it has none."""
    return parse(text) or 0 if text else 0
