"""`manage.py erasures`: keeps the list of who was erased beside the backups, and erases them again after a restore."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django_scopes import scopes_disabled

from orders.services import erased_again


class Command(BaseCommand):
    help = "Write the list of erasures (keyed hashes alone), or erase again whoever is on it after a restore."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        doing = parser.add_mutually_exclusive_group(required=True)
        doing.add_argument("--write", type=Path, metavar="FILE")
        doing.add_argument("--replay", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        with scopes_disabled():
            if options["write"]:
                self._write(Path(options["write"]))
            else:
                self._replay(Path(options["replay"]))

    def _write(self, path: Path) -> None:
        with path.open("w") as file:
            count = sum(bool(file.write(f"{line}\n")) for line in erased_again.ledger())
        self.stdout.write(f"{count} erasures written")

    def _replay(self, path: Path) -> None:
        with path.open() as file:
            for done in erased_again.replay(file):
                self.stdout.write(
                    f"{done.store.domain}: {done.tombstones} erasures added, {done.orders} orders and "
                    f"{done.customers} customers erased again"
                )
