"""What runs by the clock, as a table; `apply` makes django-q2's rows equal to it. What must run every few seconds is a
sweep of the supervisor instead: schedules stop with the cluster's sentinel."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction
from django_q.models import Schedule


@dataclass(frozen=True)
class Job:
    """`cron` has five fields, in UTC. The name is the row's identity."""

    name: str
    function: str
    cron: str


JOBS = (
    Job("purge", "backoffice.core.tasks.purge_job", "17 2 * * *"),
    Job("purge receipts", "stores.services.compliance.purge_job", "27 3 * * *"),
    Job("purge webhooks", "stores.services.inbox.purge_job", "47 2 * * *"),
    Job("purge runs", "stores.services.runs.purge_job", "37 2 * * *"),
    # Shopify deletes a subscription after eight deliveries that failed.
    Job("webhooks", "stores.services.webhooks.subscribe_all_job", "7 * * * *"),
    # New scopes, versions that end, a refused scope that is tried again.
    Job("shops", "stores.services.facts.look_all_job", "41 * * * *"),
    Job("looks", "orders.services.beside_look.look_at_the_rest_job", "23 1 * * *"),
    Job("proof", "stores.services.proof.prove_all_job", "10 2 * * *"),
)


@dataclass(frozen=True)
class Applied:
    created: int
    changed: int
    removed: int


def apply(jobs: tuple[Job, ...] = JOBS) -> Applied:
    """Makes the rows equal to the table and removes all others. Twice, or twice at once, gives the same rows. A changed
    time counts from now on: django-q2 itself keeps the next run that the old time had."""
    created = changed = 0
    kept: list[int] = []
    with transaction.atomic():
        with connection.cursor() as cursor:
            # The table has no unique name: without the lock two starts at once would both add.
            cursor.execute("LOCK TABLE django_q_schedule IN SHARE ROW EXCLUSIVE MODE")
        for job in jobs:
            wanted = {
                "func": job.function,
                "schedule_type": Schedule.CRON,
                "cron": job.cron,
                "args": None,
                "kwargs": None,
                "hook": None,
                "cluster": None,
                "repeats": -1,
            }
            row = Schedule.objects.filter(name=job.name).order_by("pk").first()
            if row is None:
                row = Schedule.objects.create(name=job.name, **wanted)
                created += 1
            elif any(getattr(row, field) != value for field, value in wanted.items()):
                for field, value in wanted.items():
                    setattr(row, field, value)
                row.next_run = row.calculate_next_run()
                row.save()
                changed += 1
            kept.append(row.pk)
        removed, _ = Schedule.objects.exclude(pk__in=kept).delete()
    return Applied(created, changed, removed)
