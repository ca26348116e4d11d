"""The demo as a newcomer meets it: comes up in an empty environment, can be logged in to, leaves nothing behind."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import requests

from .conftest import ROOT, wait_for


def free_ports(count: int) -> int:
    """The first of so many neighbouring ports that nobody listens on; by chance, since tests run side by side."""
    for first in random.sample(range(20_000, 32_000, count), k=200):
        probes = [socket.socket() for _ in range(count)]
        try:
            for offset, probe in enumerate(probes):
                probe.bind(("127.0.0.1", first + offset))
        except OSError:
            continue
        else:
            return first
        finally:
            for probe in probes:
                probe.close()
    raise AssertionError("no free ports")


@contextmanager
def demo(directory: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path, int]]:
    first = free_ports(5)
    log = directory / "demo.log"
    command = [sys.executable, "manage.py", "demo", "--orders", "40", "--port", str(first)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--services-from", str(first + 1)],
            cwd=ROOT,
            env={"PATH": os.defpath, "HOME": str(directory), "VAR_DIR": str(directory / "var")},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(lambda: "Ctrl-C ends everything" in log.read_text() or process.poll() is not None, seconds=120)
        assert process.poll() is None, log.read_text()
        yield process, log, first
    finally:
        process.kill()
        process.wait()


def relatives(process: subprocess.Popen[bytes], directory: Path) -> list[psutil.Process]:
    """All that the demo started: its descendants, and the database that outlives its starter for a moment."""
    found = psutil.Process(process.pid).children(recursive=True)
    number = int((directory / "var" / "postgres" / "postmaster.pid").read_text().split()[0])
    server = psutil.Process(number)
    return [*found, server, *server.children()]


def wait_until_gone(processes: list[psutil.Process]) -> None:
    survivors = psutil.wait_procs([process for process in processes if not is_zombie(process)], timeout=60)[1]
    assert [describe(process) for process in survivors if not is_zombie(process)] == []


def is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def describe(process: psutil.Process) -> str:
    try:
        return f"{process.pid} under {process.ppid()}: {' '.join(process.cmdline())}"
    except psutil.NoSuchProcess:
        return ""


def sign_in(port: int, name: str, password: str) -> requests.Response:
    session = requests.Session()
    address = f"http://127.0.0.1:{port}/admin/login/"
    page = session.get(address, timeout=30)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token is not None
    data = {"csrfmiddlewaretoken": token[1], "username": name, "password": password, "next": "/admin/"}
    return session.post(address, data=data, headers={"Referer": address}, timeout=30)


@pytest.mark.timeout(360)
def test_it_comes_up_in_an_empty_environment_goes_on_after_a_restart_and_leaves_nothing(tmp_path: Path) -> None:
    with demo(tmp_path) as (process, _, port):
        started = relatives(process, tmp_path)
        welcome = sign_in(port, "admin", "demo-admin-login")
        assert (welcome.status_code, welcome.url) == (200, f"http://127.0.0.1:{port}/admin/")
        assert sign_in(port, "agent", "wrong").url.endswith("/admin/login/")
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(60) == 0
        wait_until_gone(started)

    with demo(tmp_path) as (process, _, port):
        started = relatives(process, tmp_path)
        assert sign_in(port, "viewer", "demo-viewer-login").url == f"http://127.0.0.1:{port}/admin/"
        process.kill()
        process.wait()
        wait_until_gone(started)
