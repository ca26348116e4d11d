"""`manage.py demo`: everything on this machine, in the foreground, until Ctrl-C. The next start goes on from there."""

from __future__ import annotations

import fcntl
import signal
import sys
import time
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from backoffice import status
from backoffice.demo import LOGINS, Demo, Ports, bring_up
from backoffice.stack import Stack, StackError

_STATUS_SECONDS = 1.0


class Command(BaseCommand):
    help = "Runs the whole product with two rehearsal shops and a mail catcher."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--orders", type=int, default=2000, help="in both shops together; counts at the first start"
        )
        parser.add_argument("--port", type=int, default=8000, help="of the web site")
        parser.add_argument(
            "--services-from", type=int, metavar="PORT", help="first of the four ports of shops and mails"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("The demo is not for production: its passwords are known to everybody.")
        first = options["services_from"]
        ports = Ports.beside(options["port"], first) if first else Ports(web=options["port"])
        demo = Demo(settings.VAR_DIR, ports, options["orders"])
        demo.directory.mkdir(parents=True, exist_ok=True)
        with (demo.directory / "demo.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise CommandError(f"A demo already runs with the files in {demo.directory}.") from error
            if taken := demo.ports.taken():
                numbers = ", ".join(map(str, taken))
                raise CommandError(
                    f"Taken by another program: port {numbers}. Stop it; the web site's is set by PORT=."
                )
            self._run(demo)

    def _run(self, demo: Demo) -> None:
        stack = Stack(environment=demo.environment(), logs=demo.directory / "logs")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, _interrupt)
        try:
            bring_up(stack, demo, say=self._say)
            self._welcome(demo)
            self._watch(stack, demo)
        except StackError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stdout.write("\nStopping; running tasks get time to finish. Again Ctrl-C ends them at once.")
        finally:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, lambda number, frame: stack.kill())
            stack.stop()

    def _say(self, what: str) -> None:
        self.stdout.write(f"{what} ...")
        self.stdout.flush()

    def _welcome(self, demo: Demo) -> None:
        self.stdout.write(f"\n  Back-office   {demo.url}/admin/")
        for login in LOGINS:
            whose = "all stores" if login.is_administrator else ", ".join(domain for domain, _ in login.roles)
            self.stdout.write(f"    {login.name:<8}  {login.password:<18}  {whose}")
        self.stdout.write(f"  Mails         {demo.mails_url}/")
        self.stdout.write(f"  Logs          {demo.directory / 'logs'}")
        self.stdout.write("  Ctrl-C ends everything; the next start takes up where this one was.\n")

    def _watch(self, stack: Stack, demo: Demo) -> None:
        line = status.Line(self.stdout, is_terminal=sys.stdout.isatty())
        while True:
            for name in stack.keep():
                line.note(f"{name} had ended and was started again; see {stack.parts[name].log}")
            line.show(status.summary())
            time.sleep(_STATUS_SECONDS)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
