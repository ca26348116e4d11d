"""`manage.py work`: the queue's workers under their supervisor. Ends at SIGTERM or Ctrl-C, within 30 seconds."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError

from backoffice import schedules
from backoffice.supervisor import Supervisor, Timing


class Command(BaseCommand):
    help = "Runs the queue's workers, watches over them and sweeps up what was left lying."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            schedules.apply()
        except (OperationalError, InterfaceError) as error:
            # The rows of the last start are still there; the supervisor waits for the database.
            self.stderr.write(f"The schedules could not be checked: {str(error).strip()}")
        Supervisor(
            timing=Timing(
                canary_every=settings.WORK_CANARY_SECONDS,
                canary_deadline=settings.WORK_CANARY_DEADLINE_SECONDS,
                task_timeout=settings.Q_TIMEOUT_SECONDS,
                sweep_every=settings.WORK_SWEEP_SECONDS,
            ),
            directory=settings.VAR_DIR / "work",
            embedded_directory=settings.EMBEDDED_POSTGRES_DIR,
        ).run()
