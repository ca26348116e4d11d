"""Bulk operations: Shopify runs a query over everything at its own pace and leaves the result as a file.

A shop runs up to five queries at once for an app, each by its own id. Starting one costs as much as any mutation;
running it costs nothing. Source: Admin GraphQL 2026-10, BulkOperation and the fields that return it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from stores.shopify import documents
from stores.shopify.asking import ask
from stores.shopify.client import Client
from stores.shopify.errors import Final, TryAgain
from stores.shopify.retry import PATIENCE, with_retries
from stores.shopify.shapes import Part
from stores.shopify.throttle import Lane

MOST_AT_ONCE = 5
_LATEST = 50
_BUSY = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})
_BUSY_SECONDS = 30.0
_OPEN = frozenset({"CREATED", "RUNNING", "CANCELING"})


@dataclass(frozen=True, slots=True)
class BulkOperation:
    """BulkOperation. Counts are final once it has ended, `file_size` is in bytes.

    `url` is None where nothing was found and until it has ended; `partial_url` is what a failed one leaves. Both let
    anybody read the file for seven days: they are not to be kept or logged.
    """

    gid: str
    status: str
    error_code: str
    object_count: int
    root_object_count: int
    file_size: int | None
    url: str | None
    partial_url: str | None
    created_at: datetime
    completed_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it may still come to an end by itself."""
        return self.status in _OPEN

    @property
    def is_completed(self) -> bool:
        return self.status == "COMPLETED"


def start_bulk_query(client: Client, document: str, *, lane: Lane) -> BulkOperation:
    """Starts a query, given as Shopify takes it there (see bulk_query.py).

    Raises `TryAgain("bulk_busy")` while the shop runs as many as it may, `Final("bulk_refused")` where it does not take
    the query, `NeedsPerson("missing_scope")` where the token may not, and `Uncertain` when it may have started: look
    among `latest_bulk_queries` before starting it again.
    """
    answer = with_retries(
        lambda: client.execute(documents.load("bulk_operation_run_query"), {"query": document}, lane=lane),
        clock=client.clock,
        patience=PATIENCE[lane],
    )
    payload = Part(answer.data).part("bulkOperationRunQuery")
    refusals = payload.parts("userErrors")
    if any(one.text_or_empty("code") in _BUSY for one in refusals):
        raise TryAgain("bulk_busy", after_seconds=_BUSY_SECONDS, request_id=answer.request_id)
    if refusals:
        says = " ".join(one.text("message") for one in refusals)[:500]
        raise Final("bulk_refused", request_id=answer.request_id, facts={"shopify_says": says})
    return _operation(payload.part("bulkOperation"))


def read_bulk_operation(client: Client, gid: str, *, lane: Lane) -> BulkOperation | None:
    """How it stands; None for one that the shop does not know."""
    found = Part(ask(client, "bulk_operation", {"id": gid}, lane=lane).data).part_or_none("bulkOperation")
    return _operation(found) if found else None


def latest_bulk_queries(client: Client, document: str, *, lane: Lane) -> Sequence[BulkOperation]:
    """Among the shop's fifty latest operations of this app those that run, or ran, this very query; newest first."""
    found = Part(ask(client, "bulk_operations_latest", {"first": _LATEST}, lane=lane).data).part("bulkOperations")
    nodes = found.parts("nodes")
    return [_operation(one) for one in nodes if one.text("type") == "QUERY" and one.text("query") == document]


def cancel_bulk_operation(client: Client, gid: str, *, lane: Lane) -> BulkOperation | None:
    """Asks for its end; what it has by then is lost. None where there is nothing to cancel: it is unknown or over."""
    answer = with_retries(
        lambda: client.execute(documents.load("bulk_operation_cancel"), {"id": gid}, lane=lane),
        clock=client.clock,
        patience=PATIENCE[lane],
    )
    payload = Part(answer.data).part("bulkOperationCancel")
    if payload.parts("userErrors"):
        return None
    found = payload.part_or_none("bulkOperation")
    return _operation(found) if found else None


def _operation(found: Part) -> BulkOperation:
    return BulkOperation(
        gid=found.text("id"),
        status=found.text("status"),
        error_code=found.text_or_empty("errorCode"),
        object_count=found.whole("objectCount"),
        root_object_count=found.whole("rootObjectCount"),
        file_size=found.whole("fileSize") if found.has("fileSize") else None,
        url=found.text_or_empty("url") or None,
        partial_url=found.text_or_empty("partialDataUrl") or None,
        created_at=found.moment("createdAt"),
        completed_at=found.moment_or_none("completedAt"),
    )
