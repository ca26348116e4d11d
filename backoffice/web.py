"""The web server: granian with Django behind it. `python -m backoffice.web --port 8000 --workers 2`; the demo runs it,
and `make serve`. Its workers are replaced when they die and die with it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Any


def load() -> Callable[..., Any]:
    """Called by granian in each of its workers."""
    from backoffice import processes

    processes.die_with_parent()
    from backoffice.wsgi import application

    return application


def database() -> AbstractContextManager[Any]:
    """Keeps the embedded server, if the settings want one, for as long as we serve."""
    from django.conf import settings

    from backoffice import embedded

    if settings.EMBEDDED_POSTGRES_DIR is None:
        return nullcontext()
    return closing(embedded.ensure_running(settings.EMBEDDED_POSTGRES_DIR))


def main(arguments: list[str] | None = None) -> None:
    from granian import Granian
    from granian.constants import Interfaces

    parser = argparse.ArgumentParser(prog="python -m backoffice.web", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=4)
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
    server = Granian(
        "backoffice.web:load",
        factory=True,
        address=options.host,
        port=options.port,
        interface=Interfaces.WSGI,
        workers=options.workers,
        blocking_threads=options.threads,
        backpressure=options.threads * 16,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        websockets=False,
        workers_kill_timeout=10,
    )
    with database():
        server.serve()


if __name__ == "__main__":
    main()
