"""The demo's status line: what there is to see, in one line, once a second."""

from __future__ import annotations

import time
from typing import Protocol

from django.apps import apps
from django.db import DatabaseError, InterfaceError, connection
from django_q.models import OrmQ

_PLAIN_SECONDS = 30.0


class Output(Protocol):
    def write(self, text: str, *, ending: str | None = None) -> None: ...

    def flush(self) -> None: ...


def summary() -> str:
    """Counts read from the database; says so when it is away."""
    try:
        with connection.cursor() as cursor:
            counts = []
            for label, name in (("orders.Order", "orders"), ("notifications.Message", "mails")):
                cursor.execute(f'SELECT count(*) FROM "{apps.get_model(label)._meta.db_table}"')  # noqa: S608 - our own name
                counts.append(f"{cursor.fetchone()[0]:,} {name}")
            return f"{', '.join(counts)}, {OrmQ.objects.count()} tasks waiting"
    except (DatabaseError, InterfaceError):
        connection.close()
        return "the database is away; waiting for it"


class Line:
    """One line that is overwritten on a terminal; elsewhere a line now and then, when it says something new."""

    def __init__(self, output: Output, *, is_terminal: bool) -> None:
        self._output = output
        self._is_terminal = is_terminal
        self._last = ""
        self._due = 0.0

    def show(self, text: str) -> None:
        if self._is_terminal:
            self._output.write(f"\r\x1b[K{text}", ending="")
        elif text != self._last and time.monotonic() >= self._due:
            self._output.write(text)
            self._due = time.monotonic() + _PLAIN_SECONDS
            self._last = text
        self._output.flush()

    def note(self, text: str) -> None:
        self._output.write(f"\r\x1b[K{text}" if self._is_terminal else text)
        self._output.flush()
