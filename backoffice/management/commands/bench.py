"""`manage.py bench load|list|mirror`: measures against a yardstick of the same run; exit code 1 when a limit is
broken."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.management.bench import mirror
from backoffice.management.bench.scratch import Result, scratch_database


class Command(BaseCommand):
    help = "Measures the product in a scratch database and prints ratios against stated limits."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["load", "list", "mirror"])
        parser.add_argument("--orders", type=int, help="how many orders; each benchmark has a default of its own")
        parser.add_argument(
            "--only",
            action="append",
            default=[],
            choices=sorted(mirror.PARTS),
            help="a part of `mirror`; may be repeated",
        )

    def handle(self, *args: Any, what: str, orders: int | None, only: list[str], **options: Any) -> None:
        if only and what != "mirror":
            raise CommandError("--only names a part of `bench mirror`.")
        held = True
        for result in _results(what, orders, only):
            self.stdout.write(result.line())
            self.stdout.flush()
            held = held and result.holds
        if not held:
            sys.exit(1)


def _results(what: str, orders: int | None, only: list[str]) -> Iterable[Result]:
    if what == "mirror":
        yield from mirror.run(only=only, orders=orders)
        return
    # The modules start shops and open pages: only the one that is asked for is loaded.
    from backoffice.management.bench import listing, load

    with scratch_database():
        yield from load.run(orders) if what == "load" else listing.run(orders)
