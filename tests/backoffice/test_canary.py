"""When a canary says that its cluster lives, and when that it must be killed."""

from __future__ import annotations

import pytest
from django_q.models import OrmQ

from backoffice import canary
from backoffice.broker import OrderedBroker, release_leases
from backoffice.canary import Sighting, Verdict, judge
from backoffice.core import tasks
from backoffice.core.models import Canary


def verdict(sighting: Sighting, *, busy: bool = False) -> Verdict:
    return judge(sighting, deadline_seconds=15, busy=busy, busy_seconds=270)


@pytest.mark.parametrize(
    ("age", "stamped", "queued", "busy", "expected"),
    [
        (0.2, 0.1, False, False, Verdict.ALIVE),
        (3.0, None, True, False, Verdict.WAIT),
        (15.1, None, True, False, Verdict.DEAF),
        (15.1, None, True, True, Verdict.WAIT),
        (285.1, None, True, True, Verdict.DEAF),
        (40.0, 14.9, True, False, Verdict.WAIT),
        (40.0, 15.1, True, False, Verdict.MUTE),
        (40.0, 15.1, True, True, Verdict.MUTE),
        (40.0, 39.0, False, True, Verdict.ALIVE),
    ],
)
def test_only_a_stamped_and_acknowledged_canary_counts(
    age: float, stamped: float | None, queued: bool, busy: bool, expected: Verdict
) -> None:
    assert verdict(Sighting(age, stamped, queued), busy=busy) is expected


@pytest.mark.django_db
def test_a_canary_goes_to_the_head_of_the_queue_and_is_seen_through_it() -> None:
    broker = OrderedBroker("backoffice")
    broker.enqueue("earlier task")
    sent = canary.send()
    assert canary.look(sent).queued is True
    assert canary.look(sent).stamped_seconds_ago is None

    taken = broker.dequeue()

    assert taken is not None
    assert [str(row_id) for row_id, _ in taken] == [sent.task_id]
    tasks.canary_job(sent.pk)
    seen = canary.look(sent)
    assert seen.queued is True
    assert seen.stamped_seconds_ago is not None
    assert seen.stamped_seconds_ago < 5
    broker.acknowledge(taken[0][0])
    assert canary.look(sent).queued is False


@pytest.mark.django_db
def test_a_forgotten_canary_leaves_nothing_behind() -> None:
    sent = canary.send()

    canary.forget(sent)

    assert not OrmQ.objects.exists()
    assert not Canary.objects.exists()


@pytest.mark.django_db
def test_tasks_are_taken_in_order_and_once_until_their_lease_is_given_back() -> None:
    broker = OrderedBroker("backoffice")
    ids = [broker.enqueue(f"task {number}") for number in range(3)]

    first_round = [broker.dequeue() for _ in range(4)]

    assert [taken and taken[0] for taken in first_round] == [*((pk, f"task {n}") for n, pk in enumerate(ids)), None]
    assert release_leases() == 3
    again = broker.dequeue()
    assert again is not None
    assert again[0][1].startswith("task ")
