"""How the fault run judges its figures."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from backoffice.faults import FAULTS, Measured, promises

from .conftest import ROOT
from .test_demo import free_ports


def run(total: float = 30.0, first: float | None = 2.0, broken: tuple[str, ...] = ()) -> Measured:
    return Measured("monitor", total, first, {"orders confirmed": 500}, broken)


@pytest.mark.parametrize(
    ("measured", "problems"),
    [
        (run(), 0),
        (run(total=90.0, first=60.0), 0),
        (run(total=90.1), 1),
        (run(first=60.1), 1),
        (run(first=float("inf")), 1),
        (run(broken=("gid 1 was changed 2 times",)), 1),
        (run(total=91.0, first=61.0, broken=("a", "b")), 4),
    ],
)
def test_a_promise_is_broken_only_beyond_its_figure(measured: Measured, problems: int) -> None:
    assert len(promises(measured, unkilled=30.0)) == problems


def test_without_a_kill_there_is_nothing_to_recover_from() -> None:
    assert promises(run(total=30.0, first=None), unkilled=30.0, kills=0) == []


def test_every_process_of_the_product_has_its_fault() -> None:
    assert {fault.name for fault in FAULTS} == {
        "worker",
        "all workers",
        "monitor",
        "pusher",
        "sentinel",
        "cluster main",
        "web worker",
        "web main",
        "rehearsal shop",
        "supervisor",
        "postgresql",
        "everything",
    }


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.row("REL-Q01", "REL-Q02", "REL-Q04", "REL-A01", "REL-E01", "PROMISE-3")
def test_archive_and_mail_keep_their_promises_under_kills(tmp_path: Path) -> None:
    kinds = ["worker", "all workers", "monitor", "rehearsal shop", "everything"]
    command = [sys.executable, "manage.py", "faults", "--orders", "200", "--mails", "60", "--port", str(free_ports(5))]
    done = subprocess.run(
        [*command, "--only", *kinds],
        cwd=ROOT,
        env={"PATH": os.defpath, "HOME": str(tmp_path), "VAR_DIR": str(tmp_path / "var")},
        capture_output=True,
        text=True,
        timeout=840,
        check=False,
    )

    assert "Every promise was kept." in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0
    table = [line.rstrip() for line in done.stdout.splitlines() if " mails sent" in line or " mails uncertain" in line]
    assert len(table) == 1 + len(kinds)
