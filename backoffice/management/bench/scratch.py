"""A database that exists for the length of a benchmark, and what every benchmark prints."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from urllib.parse import quote

from django.db import connection


@contextmanager
def scratch_database() -> Iterator[None]:
    """Every query inside goes to a new, migrated database beside the configured one; it is dropped afterwards."""
    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


def scratch_url() -> str:
    """The current database as DATABASE_URL, for processes that a benchmark starts."""
    said = connection.settings_dict
    account = quote(said["USER"], safe="")
    if said["PASSWORD"]:
        account += f":{quote(said['PASSWORD'], safe='')}"
    socket = said["HOST"].startswith("/")
    place = "" if socket else f"{said['HOST']}:{said['PORT']}" if said["PORT"] else said["HOST"]
    where = f"?host={quote(said['HOST'], safe='')}" if socket else ""
    return f"postgres://{account}@{place}/{quote(said['NAME'])}{where}"


def child_environment() -> dict[str, str]:
    """For processes of the product that a benchmark starts: they work in the scratch database."""
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "backoffice.settings", "DATABASE_URL": scratch_url()}


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the outcome. `limit` is what `value` must not exceed, or must reach (`at_least`); None for a figure
    that is only told."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False

    @property
    def holds(self) -> bool:
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def line(self) -> str:
        told = f"{self.name:<44} {self.value:>10.2f} {self.unit}"
        if self.limit is None:
            return told
        return (
            f"{told:<66} limit {'>=' if self.at_least else '<='} {self.limit:g}  {'holds' if self.holds else 'BROKEN'}"
        )


def timed(action: Callable[[], object], *, times: int) -> float:
    """Median seconds of `times` runs, after one that warms up."""
    action()
    return median(_once(action) for _ in range(times))


def _once(action: Callable[[], object]) -> float:
    start = perf_counter()
    action()
    return perf_counter() - start
