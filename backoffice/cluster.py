"""django-q2's cluster as one thing that can be started, looked at and ended. `python -m backoffice.cluster` is its
leader, started by the supervisor as the head of a process group; nothing else starts it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from backoffice import processes

_COMMAND = (sys.executable, "-m", "backoffice.cluster")
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Member:
    """A process of a cluster, and what it does: leader, sentinel, worker (idle or processing), pusher or monitor."""

    pid: int
    role: str
    processing: bool


class Cluster:
    """A running cluster. Every process of it is in the group of its leader and dies with its parent."""

    def __init__(self) -> None:
        self._leader = processes.start_group(_COMMAND, cwd=_ROOT)
        self.started = time.monotonic()

    @property
    def pid(self) -> int:
        return self._leader.pid

    def ended(self) -> bool:
        return self._leader.poll() is not None

    def busy(self) -> bool:
        """Whether a worker has a task in its hands, as the processes' titles say."""
        return any(member.processing for member in members(self.pid))

    def stop(self, *, patience_seconds: float) -> None:
        """Lets the leader finish what runs and what was taken from the queue; after the patience ends the group."""
        processes.end_group(self._leader, patience_seconds=patience_seconds)

    def kill(self, *, patience_seconds: float = 0.0) -> None:
        """Ends a cluster that cannot finish by itself; waits for tasks in hand at most `patience_seconds`."""
        if patience_seconds and not self.ended():
            self._leader.terminate()
            deadline = time.monotonic() + patience_seconds
            while self.busy() and time.monotonic() < deadline:
                time.sleep(0.1)
        processes.kill_group(self.pid)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._leader.wait(5)


def members(leader: int) -> list[Member]:
    """The living processes of the group of that leader."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(_member(process, leader))
    return found


def _member(process: psutil.Process, leader: int) -> Member:
    # django-q2's titles: "qcluster NAME idle", "... processing TASK 'function'", "... pusher", "... monitor".
    # The sentinel sets none: it shows the title of the leader, whose child it is.
    words = " ".join(process.cmdline()).split()
    doing = words[2] if len(words) > 2 and words[0] == "qcluster" else ""
    if process.pid == leader:
        return Member(process.pid, "leader", processing=False)
    if process.ppid() == leader:
        return Member(process.pid, "sentinel", processing=False)
    if doing in {"pusher", "monitor"}:
        return Member(process.pid, doing, processing=False)
    return Member(process.pid, "worker", processing=doing == "processing")


@dataclass(frozen=True)
class Registration:
    """This supervisor's entry in the register of its directory, and the process numbers of those found dead there."""

    path: Path
    dead: tuple[int, ...]

    def note(self, cluster: Cluster) -> None:
        """Who has to be ended should this supervisor be killed."""
        self.path.write_text(json.dumps({"leader": cluster.pid}))


@contextlib.contextmanager
def registered(directory: Path) -> Iterator[Registration]:
    """Registers this supervisor under `directory` while it lives and first ends the clusters of supervisors that died.

    The file of a living supervisor is locked; the kernel drops the lock with the process, whatever ended it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    dead = []
    for path in directory.glob("*.json"):
        with contextlib.suppress(FileNotFoundError, BlockingIOError), path.open("r+") as other:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _end_orphans(path)
            path.unlink()
            dead.append(int(path.stem))
    own = directory / f"{os.getpid()}.json"
    with own.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield Registration(own, tuple(dead))
        finally:
            own.unlink(missing_ok=True)


def _end_orphans(path: Path) -> None:
    with contextlib.suppress(ValueError, KeyError, TypeError):
        leader = int(json.loads(path.read_text())["leader"])
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, ProcessLookupError):
                # The number may belong to somebody else's group by now: only our own kind is ended.
                if os.getpgid(process.pid) == leader and is_ours(" ".join(process.cmdline())):
                    process.kill()


def is_ours(command_line: str) -> bool:
    return command_line.startswith("qcluster ") or "backoffice.cluster" in command_line


def main() -> None:
    # Sentinel, workers, pusher and monitor are forks of this process or of each other.
    os.register_at_fork(after_in_child=processes.die_with_parent)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("qcluster")


if __name__ == "__main__":
    main()
