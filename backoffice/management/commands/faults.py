"""`manage.py faults`: a whole stack of its own, its processes killed one after the other while it works, the figures.

Needs no running demo and touches none: own files under var/faults, own database, own ports."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError, connection

from backoffice import processes
from backoffice.core.actor import SYSTEM
from backoffice.demo import Demo, Ports, bring_up
from backoffice.faults import FAULTS, Fault, Measured, World, promises
from backoffice.stack import Stack, StackError
from stores.choices import SyncPhase
from stores.models import SyncStream
from stores.scoping import acting_as

from ._fault_work import Progress, Round, Selection, select

_OWN = "BACKOFFICE_FAULT_RUN"
_POLL_SECONDS = 0.25
# Struck when a fifth is done: the machinery is warm and most of the work still lies ahead.
_STRIKE_AT = 0.2
# An uncertain change is looked up; one that stays uncertain this long counts as such.
_UNDECIDED_SECONDS = 45.0
_LONGEST_SECONDS = 600.0


class Command(BaseCommand):
    help = "Kills each kind of process with -9 while orders are archived and mails sent, and prints what it cost."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--orders", type=int, default=500)
        parser.add_argument("--mails", type=int, default=200)
        parser.add_argument("--only", nargs="*", metavar="NAME", help=", ".join(fault.name for fault in FAULTS))
        parser.add_argument("--port", type=int, default=8300, help="first of five neighbouring ports")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION or settings.EMBEDDED_POSTGRES_DIR is None:
            raise CommandError("This kills its database: it runs on the embedded one only. Unset DATABASE_URL.")
        unknown = set(options["only"] or ()) - {fault.name for fault in FAULTS}
        if unknown:
            raise CommandError(f"There is no fault {', '.join(sorted(unknown))}.")
        demo = Demo(
            settings.VAR_DIR if os.environ.get(_OWN) else settings.VAR_DIR / "faults",
            Ports.beside(options["port"], options["port"] + 1),
            # Enough open ones for both jobs: about half of a shop's orders are done with.
            orders=4 * options["orders"],
        )
        if not os.environ.get(_OWN):
            _begin_again(demo)
        self._run(demo, options)

    def _run(self, demo: Demo, options: dict[str, Any]) -> None:
        chosen = [fault for fault in FAULTS if not options["only"] or fault.name in options["only"]]
        stack = Stack(environment=demo.environment(), logs=demo.directory / "logs")
        try:
            with acting_as(SYSTEM):
                bring_up(stack, demo, say=self._say)
                self._say("Mirroring the shops")
                _wait_for_mirror(stack)
                selection = select(orders=options["orders"], mails=options["mails"])
                measured = self._rounds(World(stack, demo), selection, chosen)
        except StackError as error:
            raise CommandError(str(error)) from error
        finally:
            stack.stop()
        if not self._report(measured):
            raise CommandError("A promise was broken.")

    def _rounds(self, world: World, selection: Selection, faults: list[Fault]) -> list[Measured]:
        self._say(f"{len(selection.archived)} orders, {len(selection.mailed)} mails a round; first without a kill")
        measured = [_measure(world, selection, None, archive=True)]
        for number, fault in enumerate(faults, start=1):
            self._say(f"Killing: {fault.name}")
            measured.append(_measure(world, selection, fault, archive=number % 2 == 0))
        return measured

    def _report(self, measured: list[Measured]) -> bool:
        """Prints the table; whether every promise was kept."""
        unkilled = measured[0].total
        self.stdout.write(f"\n{'killed':<16}{'total s':>9}{'allowed':>9}{'first new':>11}   outcomes")
        kept = True
        for run in measured:
            allowed = unkilled + (60 if run is not measured[0] else 0)
            first = "" if run.first_new_outcome is None else f"{run.first_new_outcome:.1f}"
            outcomes = ", ".join(f"{count} {name}" for name, count in sorted(run.outcomes.items()))
            self.stdout.write(f"{run.name:<16}{run.total:>9.1f}{allowed:>9.1f}{first:>11}   {outcomes}")
            for problem in promises(run, unkilled=unkilled, kills=int(run is not measured[0])):
                self.stdout.write(f"    BROKEN: {problem}")
                kept = False
        self.stdout.write("\nEvery promise was kept." if kept else "")
        return kept

    def _say(self, what: str) -> None:
        self.stdout.write(f"{what} ...")
        self.stdout.flush()


def _begin_again(demo: Demo) -> None:
    """Leaves nothing of the last run and becomes the same command on files, database and ports of its own."""
    demo.directory.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(demo.directory.with_name("faults.lock"), os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CommandError("A fault run is under way already.") from error
    os.set_inheritable(lock, True)
    if taken := demo.ports.taken():
        raise CommandError(f"Taken by another program: port {', '.join(map(str, taken))}. Choose others with --port.")
    shutil.rmtree(demo.directory, ignore_errors=True)
    environment = processes.merged({**demo.environment(), _OWN: "1"})
    os.execve(sys.executable, [sys.executable, *sys.argv], environment)  # noqa: S606


def _wait_for_mirror(stack: Stack) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while SyncStream.objects.filter(phase=SyncPhase.FIRST_LOAD).exists() or not SyncStream.objects.exists():
        if time.monotonic() > deadline:
            raise StackError("The first load did not end; see the worker's log.")
        stack.keep()
        time.sleep(1.0)


def _measure(world: World, selection: Selection, fault: Fault | None, *, archive: bool) -> Measured:
    """One round, killed once when a fifth is done."""
    started = time.monotonic()
    work = Round(selection, world.demo, archive=archive)
    struck_at: float | None = None
    first_new: float | None = None
    settled_then = 0
    finished_at: float | None = None
    now = started
    while now - started < _LONGEST_SECONDS:
        world.stack.keep()
        progress = _look(work)
        now = time.monotonic()
        if progress is not None:
            if fault is not None and struck_at is None and progress.settled >= _STRIKE_AT * _all(progress):
                settled_then = progress.settled
                fault.strike(world)
                struck_at = time.monotonic()
            elif struck_at is not None and first_new is None and progress.settled > settled_then:
                first_new = now - struck_at
            if progress.waiting:
                finished_at = None
            else:
                finished_at = finished_at or now
                if not progress.undecided or now - finished_at > _UNDECIDED_SECONDS:
                    break
        time.sleep(_POLL_SECONDS)
    last = _insist(work)
    outcomes = {f"orders {state}": count for state, count in last.changes.items()}
    outcomes |= {f"mails {state}": count for state, count in last.mails.items()}
    return Measured(
        name="nothing" if fault is None else fault.name,
        total=(finished_at or now) - started,
        first_new_outcome=first_new if struck_at is None or first_new is not None else float("inf"),
        outcomes=outcomes,
        broken=tuple(work.broken()),
    )


def _all(progress: Progress) -> int:
    return progress.changes.total() + progress.mails.total()


def _look(work: Round) -> Progress | None:
    """None while the database is away."""
    try:
        return work.progress()
    except (OperationalError, InterfaceError):
        connection.close()
        return None


def _insist(work: Round) -> Progress:
    deadline = time.monotonic() + 60
    while (progress := _look(work)) is None:
        if time.monotonic() > deadline:
            raise StackError("The database did not come back.")
        time.sleep(1.0)
    return progress
