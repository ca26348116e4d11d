"""`manage.py bench load|list`: measures against a yardstick of the same run; exit code 1 when a limit is broken."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from backoffice.management.bench.scratch import scratch_database


class Command(BaseCommand):
    help = "Measures the product in a scratch database and prints ratios against stated limits."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["load", "list"])
        parser.add_argument("--orders", type=int, help="how many orders; default 5,000 for load, 200,000 for list")

    def handle(self, *args: Any, what: str, orders: int | None, **options: Any) -> None:
        # The modules start shops and open pages: only the one that is asked for is loaded.
        from backoffice.management.bench import listing, load

        with scratch_database():
            results = load.run(orders or 5000) if what == "load" else listing.run(orders or 200_000)
        for result in results:
            self.stdout.write(result.line())
        if not all(result.holds for result in results):
            sys.exit(1)
