"""The supervisor of the queue, run by `manage.py work`. It keeps one cluster alive, proves with canaries that it is,
kills and restarts the whole group when it is not, and runs the sweeps that make lost doorbells harmless.

django-q2's own sentinel is not enough: `kill -9` of an idle worker leaves the queue's lock taken for ever, with every
process looking alive and deaf to SIGTERM. Two supervisors at once are harmless: they share the queue's rows as two
clusters do."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.db.models.functions import Now

from backoffice import broker, canary, cluster, embedded
from backoffice.canary import Verdict
from backoffice.core import claims, sweeps
from backoffice.core.models import Canary, Heartbeat

logger = logging.getLogger(__name__)

# systemd and container hosts kill after 30 s by default; the group must be gone before.
STOP_PATIENCE_SECONDS = 25.0
# A cluster that cannot acknowledge may have mails in its hands: cut off, each becomes a question for a person.
_MUTE_PATIENCE_SECONDS = 10.0
_START_GRACE_SECONDS = 20.0
_TICK_SECONDS = 0.25
_HEARTBEAT_SECONDS = 5.0
_RESTART_BACKOFF_SECONDS = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)


@dataclass(frozen=True)
class Timing:
    """All in seconds."""

    canary_every: float
    canary_deadline: float
    task_timeout: float
    sweep_every: float


def _heartbeat_name(pid: int) -> str:
    return f"work@{socket.gethostname()[:80]}:{pid}"


@dataclass
class Supervisor:
    """One run of it. `run` returns after SIGTERM or SIGINT, when the cluster has ended."""

    timing: Timing
    directory: Path
    embedded_directory: Path | None = None
    _cluster: cluster.Cluster | None = None
    _canary: Canary | None = None
    _registration: cluster.Registration = field(init=False)
    _proven: bool = False
    _restarts: int = 0
    _failures: int = 0
    _away: bool = False
    _stopping: bool = False
    _due: dict[str, float] = field(default_factory=dict)
    _facts: dict[str, Any] = field(default_factory=dict)

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        with cluster.registered(self.directory) as self._registration:
            while not self._stopping:
                if self._cluster is not None and self._cluster.ended():
                    self._restart("its leader ended", patience_seconds=0.0)
                self._keep_database()
                time.sleep(_TICK_SECONDS)
            if self._cluster is not None:
                logger.info("Stopping; running tasks get time to finish", extra={"seconds": STOP_PATIENCE_SECONDS})
                self._cluster.stop(patience_seconds=STOP_PATIENCE_SECONDS)
            with contextlib.suppress(OperationalError, InterfaceError):
                Heartbeat.objects.filter(name=_heartbeat_name(os.getpid())).delete()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._stopping and self._cluster is not None:
            self._cluster.kill()  # asked twice: no patience left
        self._stopping = True

    def _start(self) -> None:
        if self._cluster is not None or time.monotonic() < self._due.get("start", 0.0):
            return
        if self._is_alone():
            broker.release_leases()
            claims.release_orphans()
            self._due.pop("sweep", None)
        self._cluster = cluster.Cluster()
        self._registration.note(self._cluster)
        self._proven = False
        logger.info("Cluster started", extra={"pid": self._cluster.pid, "restarts": self._restarts})

    def _is_alone(self) -> bool:
        """Whether no other supervisor gave a sign of life of late, on this machine or another."""
        dead = [_heartbeat_name(pid) for pid in self._registration.dead]
        Heartbeat.objects.filter(name__in=dead).delete()
        others = Heartbeat.objects.filter(name__startswith="work@").exclude(name=_heartbeat_name(os.getpid()))
        others.filter(beat_at__lt=Now() - timedelta(days=1)).delete()
        return not others.filter(beat_at__gt=Now() - timedelta(seconds=6 * _HEARTBEAT_SECONDS)).exists()

    def _restart(self, why: str, *, patience_seconds: float) -> None:
        if self._cluster is None:
            return
        logger.warning("Cluster killed, a new one follows", extra={"why": why, "pid": self._cluster.pid})
        self._cluster.kill(patience_seconds=patience_seconds)
        # Straight away the first time; a cluster that never proved itself is given longer and longer pauses.
        self._failures = 0 if self._proven else self._failures + 1
        pause = _RESTART_BACKOFF_SECONDS[min(self._failures, len(_RESTART_BACKOFF_SECONDS) - 1)]
        self._cluster, self._due["start"] = None, time.monotonic() + pause
        self._restarts += 1
        self._facts["last_restart"] = {"why": why, "at": datetime.now(UTC).isoformat()}
        self._due.pop("canary", None)

    def _keep_database(self) -> None:
        """Everything that needs it; with the database away all waits, and the cluster is not blamed for it."""
        try:
            self._start()
            self._watch()
            self._sweep()
            self._beat()
        except (OperationalError, InterfaceError) as error:
            connection.close()
            self._canary = None
            if not self._away:
                logger.error("The database is away; waiting for it", extra={"error": str(error).strip()})
            self._away = True
            time.sleep(1.0)
            self._revive_database()
        else:
            if self._away:
                logger.info("The database is back")
            self._away = False

    def _revive_database(self) -> None:
        if self.embedded_directory is None:
            return
        try:
            embedded.ensure_running(self.embedded_directory, wait_seconds=20).close()
        except embedded.EmbeddedPostgresError as error:
            logger.error("The embedded database does not start", extra={"error": str(error)})

    def _watch(self) -> None:
        if self._cluster is None:
            self._forget_canary()
            return
        if self._canary is None:
            if self._is_due("canary", self.timing.canary_every):
                self._canary = canary.send()
            return
        sighting = canary.look(self._canary)
        verdict = canary.judge(
            sighting,
            deadline_seconds=self.timing.canary_deadline + (0.0 if self._proven else _START_GRACE_SECONDS),
            busy=sighting.stamped_seconds_ago is None
            and sighting.age_seconds > self.timing.canary_deadline
            and self._cluster.busy(),
            busy_seconds=3 * self.timing.task_timeout,
        )
        if verdict is Verdict.ALIVE:
            self._proven, self._failures = True, 0
            self._facts["canary_at"] = datetime.now(UTC).isoformat()
            self._facts["canary_seconds"] = round(sighting.age_seconds, 2)
            self._forget_canary()
        elif verdict is Verdict.DEAF:
            self._restart("no worker took the canary", patience_seconds=0.0)
        elif verdict is Verdict.MUTE:
            self._restart("nobody acknowledged the canary", patience_seconds=_MUTE_PATIENCE_SECONDS)

    def _forget_canary(self) -> None:
        if self._canary is not None:
            gone, self._canary = self._canary, None
            canary.forget(gone)

    def _sweep(self) -> None:
        if self._is_due("sweep", self.timing.sweep_every):
            self._facts["failed_sweeps"] = sweeps.run_all()

    def _beat(self) -> None:
        if not self._is_due("heartbeat", _HEARTBEAT_SECONDS):
            return
        facts = {
            **self._facts,
            "pid": os.getpid(),
            "cluster": None if self._cluster is None else self._cluster.pid,
            "proven": self._proven,
            "restarts": self._restarts,
        }
        Heartbeat.objects.update_or_create(
            name=_heartbeat_name(os.getpid()), defaults={"beat_at": Now(), "facts": facts}
        )

    def _is_due(self, what: str, every_seconds: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every_seconds
        return True
