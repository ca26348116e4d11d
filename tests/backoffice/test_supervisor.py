"""The supervisor against what kill -9 does to a real cluster."""

from __future__ import annotations

import os
import signal
import time

import psutil
import pytest

from backoffice import cluster
from backoffice.core.models import Canary, Heartbeat

from .conftest import Work, is_done, send_task, wait_for


def is_proven() -> bool:
    return Heartbeat.objects.filter(name__startswith="work@", facts__proven=True).exists()


@pytest.mark.row("REL-Q01", "FACT-F1")
def test_work_resumes_after_all_idle_workers_were_killed(work: Work) -> None:
    first = send_task()
    wait_for(lambda: is_done(first), seconds=10)

    work.kill("worker")
    tasks = [send_task() for _ in range(5)]

    assert wait_for(lambda: is_done(*tasks), seconds=60) < 60
    assert Canary.objects.filter(pk__in=[row.pk for row in tasks], ran_at__isnull=False).count() == 5


@pytest.mark.row("REL-Q02", "FACT-F2")
def test_tasks_are_acknowledged_again_after_the_monitor_was_killed(work: Work) -> None:
    wait_for(is_proven, seconds=30)

    work.kill("monitor")
    tasks = [send_task() for _ in range(5)]

    assert wait_for(lambda: is_done(*tasks), seconds=60) < 60


@pytest.mark.row("REL-Q03", "FACT-F5")
@pytest.mark.parametrize("role", ["pusher", "sentinel", "leader"])
def test_work_resumes_without_orphans_after_a_process_was_killed(work: Work, role: str) -> None:
    leader = work.leader()
    assert leader is not None
    before = {member.pid for member in cluster.members(leader)}

    victims = work.kill(role)
    task = send_task()

    assert wait_for(lambda: is_done(task), seconds=60) < 60
    wait_for(work.complete, seconds=10)
    old = before - set(victims) - {member.pid for member in cluster.members(work.leader() or 0)}
    # The kernel ends the children of a dead leader one after the other.
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in old), seconds=5)


@pytest.mark.row("REL-Q03")
def test_the_whole_cluster_dies_with_a_killed_supervisor(work: Work) -> None:
    leader = work.leader()
    assert leader is not None
    assert len(cluster.members(leader)) >= 5

    os.kill(work.process.pid, signal.SIGKILL)

    work.process.wait(5)
    wait_for(lambda: not cluster.members(leader), seconds=5)


@pytest.mark.row("REL-Q09")
def test_sigterm_ends_supervisor_and_cluster_in_order(work: Work) -> None:
    leader = work.leader()
    assert leader is not None
    task = send_task()
    wait_for(lambda: is_done(task), seconds=20)

    started = time.monotonic()
    work.process.terminate()

    assert work.process.wait(30) == 0
    assert time.monotonic() - started < 30
    assert cluster.members(leader) == []


def test_a_cluster_that_lives_is_left_alone_and_says_so(work: Work) -> None:
    leader = work.leader()

    wait_for(is_proven, seconds=30)
    heartbeat = Heartbeat.objects.get(name__startswith="work@")

    assert heartbeat.facts["cluster"] == leader == work.leader()
    assert heartbeat.facts["restarts"] == 0
    assert heartbeat.facts["failed_sweeps"] == []
    assert 0 < heartbeat.facts["canary_seconds"] < 30
