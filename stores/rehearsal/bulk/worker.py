"""Runs bulk operations in the background, a page at a time and in turn, so that none waits for another to end.

A page is read under the shop's lock, as one request is. After a restart an operation that was running begins again.
"""

from __future__ import annotations

import random
import sys
import threading
import traceback
import uuid
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict
from typing import Any, BinaryIO

from graphql import GraphQLError

from stores.rehearsal import payloads
from stores.rehearsal.bulk import reading, rules
from stores.rehearsal.bulk.operations import Operation
from stores.rehearsal.bulk.projection import Plan, Stream, lines, told
from stores.rehearsal.bulk.spoil import Spoiler, truncate
from stores.rehearsal.faults import BULK_KINDS
from stores.rehearsal.request import Request
from stores.rehearsal.schema import executable
from stores.rehearsal.shop import Shop

LONGEST_SECONDS = 10 * 86_400
"""Shopify ends an operation that has not come to an end by itself."""
_IDLE_SECONDS = 0.1
_LONGEST_LINE = 65_536
_FAILURES = {
    "bulk_failed": "INTERNAL_SERVER_ERROR",
    "bulk_timeout": "TIMEOUT",
    "bulk_access_denied": "ACCESS_DENIED",
}


class _Failed(Exception):
    """The operation ends here; `code` is its `errorCode`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Worker:
    """Works off one shop's bulk operations: in a thread (`start`), or step by step."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._jobs: dict[int, Generator[bool]] = {}
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="bulk", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def finish_all(self) -> None:
        """Work until nothing moves any more: all have ended, or wait for a time that has not come."""
        while self.step():
            pass

    def step(self) -> bool:
        """One page of each operation that is alive; false when none of them moved."""
        moved = [self._one(operation) for operation in self._shop.bulk.alive() if operation.type == "QUERY"]
        return any(moved)

    def _run(self) -> None:
        while not self._ending.is_set():
            if not self.step():
                self._ending.wait(_IDLE_SECONDS)

    def _one(self, operation: Operation) -> bool:
        if operation.status == "CANCELING":
            if (running := self._jobs.pop(operation.id, None)) is not None:
                running.close()
            self._end(operation, status="CANCELED")
            return True
        job = self._jobs.get(operation.id)
        if job is None:
            job = self._jobs[operation.id] = self._work(operation)
        try:
            return next(job)
        except StopIteration:
            self._jobs.pop(operation.id, None)
        except _Failed as failure:
            self._jobs.pop(operation.id, None)
            self._end(self._again(operation), status="FAILED", error_code=failure.code)
        return True

    def _again(self, operation: Operation) -> Operation:
        found = self._shop.bulk.get(operation.id)
        assert found is not None  # rows are never deleted
        return found

    def _work(self, operation: Operation) -> Generator[bool]:
        """The operation from its beginning; yields whether it moved, after each page and while it waits."""
        shop = self._shop
        document, problems = rules.parsed(operation.query, executable())
        if document is None:
            raise _Failed("INTERNAL_SERVER_ERROR") from problems[0]
        plan = Plan(document)
        faults = operation.faults
        if faults is None:
            struck = shop.faults.strike(BULK_KINDS, {"bulk", *(stream.field for stream in plan.streams)})
            faults = {kind: asdict(fault) for kind, fault in struck.items()}
        shop.bulk.forget_files()
        key = operation.file or shop.files.new_key()
        with shop.store.transaction():
            if self._again(operation).status == "CANCELING":
                return
            shop.bulk.change(operation, status="RUNNING", faults=faults, file=key, objects=0, roots=0)
        yield True
        if "bulk_stuck" in faults:
            yield from self._wait(operation, until=operation.created_at + LONGEST_SECONDS)
            raise _Failed("TIMEOUT")
        with shop.files.path(key).open("wb") as out:
            yield from self._pages(operation, plan, out, faults)
        if "bulk_slow" in faults:
            yield from self._wait(operation, until=operation.created_at + faults["bulk_slow"]["seconds"])
        self._completed(operation, key, faults)

    def _wait(self, operation: Operation, *, until: float) -> Iterator[bool]:
        while self._shop.clock.now() < until:
            yield False

    def _pages(self, operation: Operation, plan: Plan, out: BinaryIO, faults: dict[str, Any]) -> Iterator[bool]:
        shop, objects, roots = self._shop, 0, 0
        spoiler = Spoiler(faults, self._rng(operation))
        failing = next((kind for kind in _FAILURES if kind in faults), None)
        for stream, nodes, context, of_all in self._read(plan):
            if failing and of_all >= faults[failing]["share"]:
                raise _Failed(_FAILURES[failing])
            with shop.busy:
                found = self._lines(stream, nodes, context, grouped=operation.grouped)
            out.writelines(spoiler.page(found))
            out.flush()
            objects, roots = objects + len(found), roots + len(nodes)
            shop.bulk.change(operation, objects=objects, roots=roots)
            yield True
        if failing:
            raise _Failed(_FAILURES[failing])

    def _read(self, plan: Plan) -> Iterator[tuple[Stream, Sequence[Any], Request, float]]:
        """Pages of root objects, each with a context of its own and how much of its connection lay before it."""
        for stream in plan.streams:
            context = Request(self._shop, "bulk", unlimited=True)
            try:
                with self._shop.busy:
                    chunks = reading.chunks(stream, told(context, stream.field))
                for index, chunk in enumerate(chunks):
                    context = Request(self._shop, "bulk", unlimited=True)
                    with self._shop.busy:
                        nodes = chunk.load(context)
                    yield stream, nodes, context, index / len(chunks)
            except GraphQLError as error:
                raise _Failed(_code(error)) from error

    def _lines(self, stream: Stream, nodes: Sequence[Any], context: Request, *, grouped: bool) -> list[Any]:
        try:
            return list(lines(stream, nodes, told(context, stream.field), grouped=grouped))
        except GraphQLError as error:
            raise _Failed(_code(error)) from error
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            raise _Failed("INTERNAL_SERVER_ERROR") from error

    def _completed(self, operation: Operation, key: str, faults: dict[str, Any]) -> None:
        path = self._shop.files.path(key)
        size = path.stat().st_size
        if "bulk_truncated" in faults and size:
            with path.open("r+b") as file:
                file.seek(max(0, size - _LONGEST_LINE))
                last = len(file.read().rstrip(b"\n").rsplit(b"\n", 1)[-1])
                file.truncate(truncate(size, last, faults["bulk_truncated"]["bytes"], self._rng(operation)))
        self._end(self._again(operation), status="COMPLETED", size=size)

    def _end(
        self, operation: Operation, *, status: str, size: int | None = None, error_code: str | None = None
    ) -> None:
        """Settle the row and tell the subscribers. A failed one keeps what it wrote as partial data; a canceled one
        keeps no completion time, as recorded."""
        shop = self._shop
        now = None if status == "CANCELED" else shop.clock.now()
        partial = status == "FAILED" and operation.objects > 0
        with shop.store.transaction():
            if status != "CANCELED" and self._again(operation).status == "CANCELING":
                return
            shop.bulk.change(
                operation, status=status, completed_at=now, size=size, error_code=error_code, partial=int(partial)
            )
            shop.store.set_meta("last_seen", str(shop.clock.now()))
            if shop.webhooks.wanted("BULK_OPERATIONS_FINISH"):
                doc = shop.bulk.doc(operation.id) or {}
                body = payloads.bulk_operation(doc, zone=shop.settings.timezone)
                shop.webhooks.emit("BULK_OPERATIONS_FINISH", body, event_id=str(uuid.uuid4()))
        if operation.file and (status == "CANCELED" or (status == "FAILED" and not partial)):
            shop.files.drop(operation.file)

    def _rng(self, operation: Operation) -> random.Random:
        return random.Random(f"{self._shop.settings.seed}:{operation.id}")


def _code(error: GraphQLError) -> str:
    code = (error.extensions or {}).get("code")
    if code == "ACCESS_DENIED":
        return "ACCESS_DENIED"
    traceback.print_exception(error, file=sys.stderr)
    return "INTERNAL_SERVER_ERROR"
