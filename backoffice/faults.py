"""Which processes of a running stack can be killed, and how each is found. Used by `manage.py faults`."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from backoffice import cluster
from backoffice.demo import Demo
from backoffice.stack import Stack, StackError


@dataclass(frozen=True)
class World:
    """The stack under attack."""

    stack: Stack
    demo: Demo

    def members(self, role: str) -> list[int]:
        """The cluster's processes of that role, as the operating system sees them."""
        for child in _children(self.stack.parts["work"].pid):
            found = [member.pid for member in cluster.members(child) if member.role == role]
            if found:
                return found
        return []

    def web_workers(self) -> list[int]:
        return [
            child
            for child in _children(self.stack.parts["web"].pid)
            if "worker" in " ".join(psutil.Process(child).cmdline())
        ]

    def postmaster(self) -> int:
        return int((self.demo.directory / "postgres" / "postmaster.pid").read_text().split()[0])


@dataclass(frozen=True)
class Fault:
    """One way to hurt the stack. `strike` returns the processes that it killed."""

    name: str
    strike: Callable[[World], list[int]]


def _kill(pids: list[int]) -> list[int]:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return pids


def _role(role: str, *, every: bool = False) -> Callable[[World], list[int]]:
    def strike(world: World) -> list[int]:
        found = _wait_for(lambda: world.members(role))
        return _kill(found if every else [random.choice(found)])  # noqa: S311 - any of them will do

    return strike


def _part(name: str) -> Callable[[World], list[int]]:
    return lambda world: _kill([world.stack.parts[name].pid])


def _everything(world: World) -> list[int]:
    pids = [*(running.pid for running in world.stack.parts.values()), world.postmaster()]
    return _kill(pids)


def _wait_for(find: Callable[[], list[int]], *, seconds: float = 30.0) -> list[int]:
    deadline = time.monotonic() + seconds
    while not (found := find()):
        if time.monotonic() > deadline:
            raise StackError("The process to kill did not appear; see the logs.")
        time.sleep(0.1)
    return found


def _children(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except psutil.NoSuchProcess:
        return []


FAULTS = (
    Fault("worker", _role("worker")),
    Fault("all workers", _role("worker", every=True)),
    Fault("monitor", _role("monitor")),
    Fault("pusher", _role("pusher")),
    Fault("sentinel", _role("sentinel")),
    Fault("cluster main", _role("leader")),
    Fault("web worker", lambda world: _kill([_wait_for(world.web_workers)[0]])),
    Fault("web main", _part("web")),
    Fault("rehearsal shop", _part("rehearsal-noord")),
    Fault("supervisor", _part("work")),
    Fault("postgresql", lambda world: _kill([world.postmaster()])),
    Fault("everything", _everything),
)


@dataclass(frozen=True)
class Measured:
    """One run. Times in seconds; `first_new_outcome` is counted from the kill, `total` from the first request."""

    name: str
    total: float
    first_new_outcome: float | None
    outcomes: dict[str, int]
    broken: tuple[str, ...]


def promises(run: Measured, *, unkilled: float, kills: int = 1) -> list[str]:
    """What of the published promise this run broke."""
    found = list(run.broken)
    if run.first_new_outcome is not None and run.first_new_outcome > 60:
        found.append(f"first new outcome {run.first_new_outcome:.1f} s after the kill, not within 60 s")
    if run.total > unkilled + 60 * kills:
        found.append(f"took {run.total:.1f} s, more than {unkilled:.1f} + {60 * kills} s")
    return found
