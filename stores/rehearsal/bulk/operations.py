"""Bulk operations as rows: what was asked, how far it is, and how it reads in an answer. `worker.py` does the work."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from stores.rehearsal.bulk.files import Files
from stores.rehearsal.clock import Clock, iso
from stores.rehearsal.ops.document import Doc
from stores.rehearsal.store import Store

AT_ONCE = 5
"""So many queries of one app run at the same time in a shop, since 2026-01."""
LINK_SECONDS = 7 * 86_400
ALIVE = ("CREATED", "RUNNING", "CANCELING")
_FIRST = 7_000_000_000_000
_COLUMNS = """id, type, status, error_code, query, grouped, created_at, completed_at, objects, roots, size, file,
partial, faults"""


@dataclass(frozen=True, slots=True)
class Operation:
    """One row. `file`: the key of its result; `partial`: that result is what a failure left; `faults`: those that
    struck it, by kind, `None` before it began."""

    id: int
    type: str
    status: str
    error_code: str | None
    query: str
    grouped: bool
    created_at: float
    completed_at: float | None
    objects: int
    roots: int
    size: int | None
    file: str | None
    partial: bool
    faults: dict[str, dict[str, Any]] | None

    @property
    def gid(self) -> str:
        return f"gid://shopify/BulkOperation/{self.id}"


class Operations:
    """Reading and writing the rows."""

    def __init__(self, store: Store, clock: Clock, files: Files) -> None:
        self._store = store
        self._clock = clock
        self._files = files

    def create(self, query: str, *, grouped: bool) -> Operation:
        last = self._store.query("SELECT COALESCE(max(id), ?) FROM bulk_operations", (_FIRST,))[0][0]
        key = self._store.execute(
            "INSERT INTO bulk_operations (id, type, status, query, grouped, created_at) "
            "VALUES (?, 'QUERY', 'CREATED', ?, ?, ?)",
            (last + 32_768, query, int(grouped), self._clock.now()),
        )
        found = self.get(key)
        assert found is not None  # just written
        return found

    def get(self, number: int) -> Operation | None:
        found = self._read("WHERE id = ?", [number])
        return found[0] if found else None

    def alive(self) -> list[Operation]:
        """Those that have not ended, oldest first."""
        return self._read(f"WHERE status IN ({','.join('?' * len(ALIVE))}) ORDER BY id", list(ALIVE))

    def change(self, operation: Operation, **columns: Any) -> None:
        """Write some columns; `faults` as an object."""
        if "faults" in columns:
            columns["faults"] = json.dumps(columns["faults"])
        names = ", ".join(f"{name} = ?" for name in columns)
        self._store.execute(
            f"UPDATE bulk_operations SET {names} WHERE id = ?",  # noqa: S608
            [*columns.values(), operation.id],
        )

    def doc(self, number: int) -> Doc | None:
        """As GraphQL's `BulkOperation`. Counts are texts; there is no link when there is nothing behind it."""
        found = self.get(number)
        if found is None:
            return None
        ends = None if found.completed_at is None else found.completed_at + LINK_SECONDS
        over = ends is not None and self._clock.now() > ends
        spoiled = (found.faults or {}).get("bulk_expired_url") is not None
        link = None
        if found.file and found.objects and ends is not None and not over:
            link = self._files.link(found.file, ends=self._clock.now() - 1 if spoiled else ends)
        return {
            "id": found.gid,
            "type": found.type,
            "status": "EXPIRED" if over and found.status == "COMPLETED" else found.status,
            "errorCode": found.error_code,
            "query": found.query,
            "createdAt": iso(found.created_at),
            "completedAt": None if found.completed_at is None else iso(found.completed_at),
            "objectCount": str(found.objects),
            "rootObjectCount": str(found.roots),
            "fileSize": None if found.size is None or found.partial else str(found.size),
            "url": None if found.partial else link,
            "partialDataUrl": link if found.partial else None,
        }

    def forget_files(self) -> None:
        """Let go of results whose links have ended: a large shop's are hundreds of megabytes."""
        gone = self._read("WHERE file IS NOT NULL AND completed_at < ?", [self._clock.now() - LINK_SECONDS])
        for operation in gone:
            self._files.drop(operation.file or "")
            self.change(operation, file=None)

    def counts(self) -> dict[str, int]:
        """Operations by status."""
        return dict(self._store.query("SELECT status, count(*) FROM bulk_operations GROUP BY status"))

    def _read(self, where: str, values: list[Any]) -> list[Operation]:
        rows = self._store.query(f"SELECT {_COLUMNS} FROM bulk_operations {where}", values)  # noqa: S608
        return [_operation(row) for row in rows]


def _operation(row: tuple[Any, ...]) -> Operation:
    return Operation(
        id=row[0],
        type=row[1],
        status=row[2],
        error_code=row[3],
        query=row[4],
        grouped=bool(row[5]),
        created_at=row[6],
        completed_at=row[7],
        objects=row[8],
        roots=row[9],
        size=row[10],
        file=row[11],
        partial=bool(row[12]),
        faults=json.loads(row[13]) if row[13] else None,
    )
