"""One PostgreSQL for the whole run: the embedded one under var/test-postgres, or the server that DATABASE_URL names.
The controller of a parallel run starts it; its workers use it, each with a test database of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.conf import settings

from backoffice import embedded

pytest_plugins = ["tests.conftest_people", "tests.conftest_shops"]

_handle = pytest.StashKey[embedded.Handle]()
# Browser tests drive Playwright's event loop in the thread that also arranges rows.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    # The real hasher is slow on purpose, which every account that a test makes would pay for.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if settings.EMBEDDED_POSTGRES_DIR is None:
        return
    directory: Path = settings.EMBEDDED_POSTGRES_DIR.with_name("test-postgres")
    settings.EMBEDDED_POSTGRES_DIR = directory
    settings.DATABASES["default"].update(embedded.database_settings(directory))
    if not hasattr(config, "workerinput"):
        config.stash[_handle] = embedded.ensure_running(directory, fast=True)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    handle = config.stash.get(_handle, None)
    if handle is not None:
        handle.close()
