"""How the fault run judges its figures."""

from __future__ import annotations

import pytest

from backoffice.faults import FAULTS, Measured, promises


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
