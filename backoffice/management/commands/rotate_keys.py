"""`manage.py rotate_keys`: every secret at rest encrypted with the newest key of FIELD_KEYS."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.core.rekey import CHUNK, rekey


class Command(BaseCommand):
    help = (
        "Encrypts every secret with the newest key of FIELD_KEYS, in chunks, while the site runs. May be interrupted "
        "and run again. Prints a line a column: changed, already under the newest key, unreadable."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--chunk", type=int, default=CHUNK, help="rows in one transaction")

    def handle(self, *args: Any, chunk: int, **options: Any) -> None:
        if chunk < 1:
            raise CommandError("--chunk must be at least 1.")
        unreadable = 0
        for done in rekey(chunk=chunk):
            unreadable += done.unreadable
            self.stdout.write(
                f"{done.column}: {done.changed} changed, {done.already} already, {done.unreadable} unreadable"
            )
        if unreadable:
            raise CommandError(
                f"{unreadable} secrets fit none of the keys in FIELD_KEYS; add the key that they were made with and "
                "run this again. Keep every older key until then."
            )
