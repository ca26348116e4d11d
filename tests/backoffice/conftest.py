"""A real `manage.py work` on the test database, and means to look at and hurt its processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from django.conf import settings
from django.db import connection
from django_q.models import OrmQ

from backoffice import cluster, embedded
from backoffice.core.models import Canary
from backoffice.core.queue import enqueue

ROOT = Path(__file__).resolve().parent.parent.parent


def wait_for(what: Callable[[], object], *, seconds: float) -> float:
    """Seconds until `what()` is true; fails the test when it never is."""
    started = time.monotonic()
    while not what():
        if time.monotonic() - started > seconds:
            pytest.fail(f"not within {seconds} s")
        time.sleep(0.05)
    return time.monotonic() - started


@dataclass
class Work:
    process: subprocess.Popen[bytes]
    log: Path

    def leader(self) -> int | None:
        """The newest cluster's leader, by the processes and not by what the supervisor says."""
        try:
            children = psutil.Process(self.process.pid).children()
        except psutil.NoSuchProcess:
            return None
        return children[-1].pid if children else None

    def members(self, role: str) -> list[int]:
        leader = self.leader()
        return [] if leader is None else [member.pid for member in cluster.members(leader) if member.role == role]

    def complete(self) -> bool:
        return all(self.members(role) for role in ("leader", "sentinel", "worker", "monitor", "pusher"))

    def kill(self, *roles: str) -> list[int]:
        victims = [pid for role in roles for pid in self.members(role)]
        assert victims
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        return victims


def send_task() -> Canary:
    row = Canary.objects.create()
    enqueue("backoffice.core.tasks.canary_job", row.pk)
    return row


def is_done(*rows: Canary) -> bool:
    """Ran, and acknowledged: no task is left in the queue."""
    stamped = Canary.objects.filter(pk__in=[row.pk for row in rows], ran_at__isnull=False).count() == len(rows)
    return stamped and not OrmQ.objects.exists()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """For a process of ours that uses this test's database."""
    database = connection.settings_dict
    url = os.environ.get("DATABASE_URL")
    if settings.EMBEDDED_POSTGRES_DIR is not None:
        url = embedded.url(settings.EMBEDDED_POSTGRES_DIR, name=str(database["NAME"]))
    else:
        assert url is not None
        url = url.rsplit("/", 1)[0] + f"/{database['NAME']}"
    return {
        "DATABASE_URL": url,
        "VAR_DIR": str(tmp_path / "var"),
        "WORK_CANARY_SECONDS": "1",
        "WORK_CANARY_DEADLINE_SECONDS": "5",
        "WORK_SWEEP_SECONDS": "1",
        # Tasks are signed: both sides need the same key.
        "SECRET_KEY": settings.SECRET_KEY,
    }


@pytest.fixture
def work(transactional_db: None, environment: dict[str, str], tmp_path: Path) -> Iterator[Work]:
    log = tmp_path / "work.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "work"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Work(process, log)
    try:
        wait_for(running.complete, seconds=30)
        yield running
    finally:
        leader = running.leader()
        process.kill()
        process.wait(10)
        if leader is not None:
            wait_for(lambda: not cluster.members(leader), seconds=5)
        connection.close()
