"""`manage.py ensure_schedules`: the schedules of the database made equal to those of the code."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from backoffice import schedules


class Command(BaseCommand):
    help = "Makes the schedule rows equal to the table in backoffice/schedules.py; `work` does so at every start."

    def handle(self, *args: Any, **options: Any) -> None:
        applied = schedules.apply()
        self.stdout.write(f"created {applied.created}, changed {applied.changed}, removed {applied.removed}")
