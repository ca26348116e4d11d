"""Several processes run as one: started, waited for, started again when they die, ended together. The demo and the
fault run stand on it. One thread only; every part is a process group that dies with us."""

from __future__ import annotations

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backoffice import processes

_ROOT = Path(__file__).resolve().parent.parent
_BACKOFF_SECONDS = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
# A part that lived this long was healthy: its next restart does not wait.
_HEALTHY_SECONDS = 30.0


class StackError(RuntimeError):
    """A part did not come up; the text says which, why and where to look."""


@dataclass(frozen=True)
class Part:
    """A process of the stack. `url` is asked until it answers anything at all; without one, running is enough."""

    name: str
    command: tuple[str, ...]
    url: str = ""
    patience_seconds: float = 5.0


class Running:
    """A part that is kept running."""

    def __init__(self, part: Part, *, environment: Mapping[str, str], log: Path) -> None:
        self.part = part
        self.restarts = 0
        self.log = log
        self._environment = environment
        self._quick_deaths = 0
        self._start_at = 0.0
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        self._process = self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _start(self) -> subprocess.Popen[bytes]:
        self._started = time.monotonic()
        with self.log.open("ab") as output:
            return processes.start_group(
                self.part.command, environment=self._environment, cwd=_ROOT, output=output.fileno()
            )

    def alive(self) -> bool:
        return self._process.poll() is None

    def keep(self) -> bool:
        """Starts it again if it died and its pause is over; whether it was started."""
        now = time.monotonic()
        if self.alive():
            return False
        if not self._start_at:
            processes.kill_group(self.pid)  # what its leader left behind
            self._quick_deaths = 0 if now - self._started > _HEALTHY_SECONDS else self._quick_deaths + 1
            self._start_at = now + _BACKOFF_SECONDS[min(self._quick_deaths, len(_BACKOFF_SECONDS) - 1)]
        if now < self._start_at:
            return False
        self._start_at = 0.0
        self._process = self._start()
        self.restarts += 1
        return True

    def end(self) -> None:
        processes.end_group(self._process, patience_seconds=self.part.patience_seconds)

    def last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-8:] if self.log.exists() else []
        return "\n".join(lines)


class Stack:
    """The parts in the order of their start; they end in the opposite order, since early ones serve late ones."""

    def __init__(self, *, environment: Mapping[str, str], logs: Path) -> None:
        self._environment = {"PYTHONUNBUFFERED": "1", **environment}
        self._logs = logs
        self.parts: dict[str, Running] = {}

    def start(self, part: Part) -> None:
        log = self._logs / f"{part.name}.log"
        self.parts[part.name] = Running(part, environment=self._environment, log=log)

    def run(self, name: str, command: tuple[str, ...], *, seconds: float) -> None:
        """Runs a command of the stack to its end. Raises `StackError` with its last lines when it fails."""
        done = subprocess.run(
            command,
            cwd=_ROOT,
            env=processes.merged(self._environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if done.returncode != 0:
            raise StackError(f"{name} failed:\n{(done.stdout + done.stderr).strip()[-2000:]}")

    def wait(self, *names: str, seconds: float) -> None:
        """Returns when these parts answer. Raises `StackError` for the first that ends or stays silent."""
        deadline = time.monotonic() + seconds
        for name in names:
            running = self.parts[name]
            while not (running.alive() and (not running.part.url or answers(running.part.url))):
                if not running.alive():
                    raise StackError(f"{name} ended at its start. The end of {running.log}:\n{running.last_words()}")
                if time.monotonic() > deadline:
                    raise StackError(f"{name} did not answer within {seconds:.0f} s. See {running.log}.")
                time.sleep(0.1)

    def keep(self) -> list[str]:
        """Starts dead parts again; the names of those that were started. To be called every second or so."""
        return [name for name, running in self.parts.items() if running.keep()]

    def stop(self) -> None:
        while self.parts:
            _, running = self.parts.popitem()
            running.end()

    def kill(self) -> None:
        """Without patience: for somebody who asked twice."""
        for running in self.parts.values():
            processes.kill_group(running.pid)


def answers(url: str) -> bool:
    """Whether an HTTP server is there; an error page is an answer too."""
    try:
        with urllib.request.urlopen(url, timeout=3):  # noqa: S310 - our own address
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
