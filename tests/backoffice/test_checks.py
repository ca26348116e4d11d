"""Settings of the queue that lose or repeat work do not pass `manage.py check`."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.db import connection

from backoffice.checks import postgresql_version, queue_mistakes

DATABASES: dict[str, Any] = {"default": {"OPTIONS": {}}}


def mistakes(**changes: Any) -> list[str]:
    queue = {**settings.Q_CLUSTER, **changes}
    return [str(found.id) for found in queue_mistakes(queue, DATABASES)]


@pytest.mark.row("REL-Q06")
def test_the_settings_that_ship_pass() -> None:
    assert mistakes() == []
    assert [found for found in run_checks(tags=["queue"]) if found.is_serious()] == []


@pytest.mark.row("REL-Q06", "FACT-F3", "FACT-F4")
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"timeout": None}, ["backoffice.E001"]),
        ({"queue_limit": 4, "workers": 4}, ["backoffice.E002"]),
        # django-q2's own default: workers squared.
        ({"queue_limit": None, "workers": 2}, ["backoffice.E002", "backoffice.E003"]),
        ({"timeout": 90, "workers": 2, "retry": 224}, ["backoffice.E003"]),
        ({"timeout": 90, "workers": 2, "retry": 225}, []),
        ({"timeout": 90, "workers": 1, "retry": 269}, ["backoffice.E003"]),
        ({"max_attempts": 0}, ["backoffice.E004"]),
        ({"save_limit": 250}, ["backoffice.E005"]),
        ({"catch_up": True}, ["backoffice.E006"]),
        ({"orm": "other"}, ["backoffice.E007"]),
    ],
)
def test_a_measured_mistake_is_an_error(changes: dict[str, Any], expected: list[str]) -> None:
    assert mistakes(**changes) == expected


@pytest.mark.row("REL-Q06")
def test_a_connection_pool_is_refused() -> None:
    found = queue_mistakes(settings.Q_CLUSTER, {"default": {"OPTIONS": {"pool": True}}})

    assert [message.id for message in found] == ["backoffice.E008"]


@pytest.mark.django_db
def test_this_server_is_new_enough_and_an_older_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert postgresql_version(None, databases=["default"]) == []
    connection.ensure_connection()
    version = connection.connection.info.server_version // 10_000
    monkeypatch.setattr("backoffice.checks.OLDEST_POSTGRESQL", version + 1)

    assert [message.id for message in postgresql_version(None, databases=["default"])] == ["backoffice.E011"]
