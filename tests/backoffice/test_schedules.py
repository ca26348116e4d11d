"""The rows of the scheduler equal the table in the code."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import Schedule

from backoffice import schedules
from backoffice.schedules import Applied, Job

pytestmark = pytest.mark.django_db
PURGE = Job("purge", "backoffice.core.tasks.purge_job", "17 2 * * *")


def test_missing_rows_are_made_and_a_second_time_changes_nothing() -> None:
    assert schedules.apply() == Applied(created=len(schedules.JOBS), changed=0, removed=0)
    rows = list(Schedule.objects.order_by("pk").values())

    assert schedules.apply() == Applied(created=0, changed=0, removed=0)
    assert list(Schedule.objects.order_by("pk").values()) == rows


def test_unknown_and_doubled_rows_are_removed() -> None:
    schedules.apply((PURGE,))
    Schedule.objects.create(name="purge", func=PURGE.function, schedule_type=Schedule.DAILY)
    Schedule.objects.create(name="forgotten", func="gone.job", schedule_type=Schedule.DAILY)

    assert schedules.apply((PURGE,)) == Applied(created=0, changed=0, removed=2)
    assert list(Schedule.objects.values_list("name", "cron")) == [("purge", "17 2 * * *")]


def test_a_changed_time_counts_from_now_on() -> None:
    schedules.apply((PURGE,))
    Schedule.objects.update(next_run=timezone.now() + timedelta(days=300))

    assert schedules.apply((Job("purge", PURGE.function, "* * * * *"),)).changed == 1
    next_run = Schedule.objects.get().next_run
    assert next_run is not None
    assert timezone.now() - timedelta(seconds=5) < next_run <= timezone.now() + timedelta(seconds=61)


@pytest.mark.parametrize("job", schedules.JOBS, ids=lambda job: job.name)
def test_every_scheduled_function_exists(job: Job) -> None:
    assert callable(import_string(job.function))
