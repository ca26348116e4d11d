"""Bulk operations in recordings: how ours keeps pace, and how one that was there before is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stores.rehearsal.bulk.worker import Worker
from stores.rehearsal.clock import parse
from stores.rehearsal.conformance.recordings import Recorded
from stores.rehearsal.gids import read
from stores.rehearsal.ops.document import Doc
from stores.rehearsal.shop import Shop


def made_in(file: list[Recorded]) -> set[str]:
    """The queries that a scenario starts; bulk mutations are not rehearsed, and so part of what there is."""
    payloads = [(r.answer.get("data") or {}).get("bulkOperationRunQuery") or {} for r in file]
    return {operation["id"] for payload in payloads if (operation := payload.get("bulkOperation"))}


def shown(value: Any) -> Iterator[Doc]:
    """Every operation in an answer."""
    if isinstance(value, dict):
        if str(value.get("id", "")).startswith("gid://shopify/BulkOperation/"):
            yield value
        for inner in value.values():
            yield from shown(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from shown(inner)


def load(shop: Shop, doc: Doc) -> None:
    """Take in an operation that was there before."""
    gid = read(doc["id"])
    if gid is None or "query" not in doc or (doc["type"] == "QUERY" and shop.bulk.get(gid.number) is not None):
        return
    done = parse(doc.get("completedAt") or "")
    shop.store.execute(
        "INSERT OR REPLACE INTO bulk_operations (id, type, status, error_code, query, grouped, created_at, "
        "completed_at, objects, roots, size, file) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?)",
        (
            gid.number,
            doc["type"],
            doc["status"],
            doc.get("errorCode"),
            doc["query"],
            parse(doc["createdAt"]) or 0,
            None if done is None else shop.clock.now(),
            int(doc["objectCount"]),
            int(doc["rootObjectCount"]),
            int(doc["fileSize"]) if doc.get("fileSize") else None,
            shop.files.new_key() if doc.get("url") else None,
        ),
    )


def keep_pace(shop: Shop, worker: Worker, answer: Doc, ours: dict[str, str]) -> None:
    """Let our operation come as far as the recorded one had come: how long one takes is not what is compared."""
    for operation in shown(answer):
        gid = read(ours.get(operation["id"], ""))
        if gid is None:
            continue
        for _ in range(10_000):
            own = shop.bulk.get(gid.number)
            running = own is not None and own.status == "RUNNING" and (own.objects or operation["objectCount"] == "0")
            if operation["status"] not in ("RUNNING", "COMPLETED") or own is None:
                break
            if own.status == operation["status"] and (own.status != "RUNNING" or running):
                break
            if not worker.step():
                break
