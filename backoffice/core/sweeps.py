"""The sweeps: each application's look at its own rows for work whose doorbell was lost and leases that ran out.

The supervisor runs them all every few seconds. A sweep is cheap, only rings doorbells or returns rows to their queue,
and may run on several machines at once."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connection

logger = logging.getLogger(__name__)

Sweep = Callable[[], None]
_sweeps: dict[str, Sweep] = {}


def register(name: str, sweep: Sweep) -> None:
    """Called in `AppConfig.ready()`."""
    _sweeps[name] = sweep


def run_all() -> list[str]:
    """Runs every sweep; returns the names of those that failed. One that fails does not keep the others from running;
    a database that is away ends the pass, because the others would fail alike."""
    failed: list[str] = []
    for name, sweep in sorted(_sweeps.items()):
        try:
            sweep()
        except (OperationalError, InterfaceError):
            if not connection.is_usable():
                raise
            logger.exception("A sweep was held up", extra={"sweep": name})
            failed.append(name)
        except Exception:
            logger.exception("A sweep failed", extra={"sweep": name})
            failed.append(name)
    return failed
