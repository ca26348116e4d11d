"""The stack of processes under the demo: parts come back, and none is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from backoffice import processes
from backoffice.stack import Part, Stack, StackError

from .conftest import ROOT, wait_for

SLEEPER = (sys.executable, "-c", "import time; print('here', flush=True); time.sleep(120)")
# A leader with a child of its own that ignores SIGTERM.
FAMILY = (
    sys.executable,
    "-c",
    "import os, signal, time\n"
    "if os.fork() == 0: signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print(os.getpid(), flush=True)\n"
    "time.sleep(120)",
)
OWNER = """
import pathlib, sys, time
from backoffice.stack import Part, Stack
stack = Stack(environment={}, logs=pathlib.Path(sys.argv[1]))
stack.start(Part("sleeper", (sys.executable, "-c", "import time; time.sleep(120)")))
print(stack.parts["sleeper"].pid, flush=True)
time.sleep(120)
"""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(environment={"STACK_TEST": "1"}, logs=tmp_path / "logs")
    yield stack
    stack.stop()


def test_a_part_that_dies_is_started_again_and_the_others_are_left_alone(stack: Stack) -> None:
    stack.start(Part("one", SLEEPER))
    stack.start(Part("two", SLEEPER))
    stack.wait("one", "two", seconds=10)
    one, two = stack.parts["one"].pid, stack.parts["two"].pid
    assert stack.keep() == []

    os.kill(one, signal.SIGKILL)
    started: list[str] = []
    wait_for(lambda: started.extend(stack.keep()) or started, seconds=10)

    assert started == ["one"]
    assert stack.parts["one"].alive()
    assert stack.parts["one"].pid != one
    assert stack.parts["two"].pid == two


def test_a_part_that_keeps_dying_is_started_less_and_less_often(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("backoffice.stack.time.monotonic", lambda: now)
    stack.start(Part("faulty", (sys.executable, "-c", "raise SystemExit(3)")))
    running = stack.parts["faulty"]
    pauses = []
    for _ in range(4):
        running._process.wait(10)
        died = now
        while not running.keep():
            now += 0.25
        pauses.append(now - died)

    assert pauses == [1.0, 2.0, 5.0, 10.0]


def test_the_end_of_a_stack_is_the_end_of_every_group(stack: Stack) -> None:
    stack.start(Part("family", FAMILY, patience_seconds=1))
    running = stack.parts["family"]
    wait_for(lambda: len(running.log.read_text().split()) == 2, seconds=10)
    pids = [int(word) for word in running.log.read_text().split()]

    stack.stop()

    wait_for(lambda: not processes.group_lives(running.pid), seconds=5)
    assert not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_the_parts_die_with_a_killed_owner(tmp_path: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    part = int(owner.stdout.readline())
    assert processes.group_lives(part)

    owner.kill()
    owner.communicate()

    wait_for(lambda: not psutil.pid_exists(part) or psutil.Process(part).status() == "zombie", seconds=5)


def test_a_part_that_ends_at_its_start_is_named_with_its_last_words(stack: Stack) -> None:
    stack.start(
        Part("shop", (sys.executable, "-c", "raise SystemExit('port 9101 is taken')"), url="http://127.0.0.1:1/")
    )

    with pytest.raises(StackError, match=r"(?s)shop ended at its start.*port 9101 is taken"):
        stack.wait("shop", seconds=10)


def test_a_part_that_never_answers_is_named(stack: Stack) -> None:
    stack.start(Part("web", SLEEPER, url="http://127.0.0.1:1/"))

    with pytest.raises(StackError, match="web did not answer within 0 s"):
        stack.wait("web", seconds=0.2)


def test_a_failing_command_stops_with_what_it_said(stack: Stack) -> None:
    stack.run("Looking", (sys.executable, "-c", "import os; assert os.environ['STACK_TEST'] == '1'"), seconds=10)

    with pytest.raises(StackError, match=r"(?s)Connecting failed:.*no such shop"):
        stack.run("Connecting", (sys.executable, "-c", "raise SystemExit('no such shop')"), seconds=10)
