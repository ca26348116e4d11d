#!/usr/bin/env python
"""Django's commands. Without DATABASE_URL, a command that needs the database brings the embedded PostgreSQL with it."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Any

WITHOUT_DATABASE = frozenset(
    {
        "check",
        "collectstatic",
        "compilemessages",
        "diffsettings",
        "help",
        "makemessages",
        "spectacular",
        "startapp",
        "version",
    }
)


def database(arguments: list[str]) -> AbstractContextManager[Any]:
    """The embedded server for as long as the command runs, unless the command or the settings do without."""
    from django.conf import settings

    from backoffice import embedded

    wants_help = not arguments or {"-h", "--help", "--version"} & set(arguments)
    if wants_help or (arguments[0] in WITHOUT_DATABASE and "--database" not in arguments):
        return nullcontext()
    if settings.EMBEDDED_POSTGRES_DIR is None:
        return nullcontext()
    return closing(embedded.ensure_running(settings.EMBEDDED_POSTGRES_DIR))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from backoffice.embedded_server import EmbeddedPostgresError

    try:
        with database(sys.argv[1:]):
            execute_from_command_line(sys.argv)
    except (EmbeddedPostgresError, ImproperlyConfigured) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
