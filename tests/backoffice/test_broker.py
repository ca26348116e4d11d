"""The broker against a database that is away and against itself in several processes."""

from __future__ import annotations

import threading

import pytest
from django.db import OperationalError, connection, transaction
from django_q.models import OrmQ

from backoffice.broker import OrderedBroker
from backoffice.core.queue import enqueue


@pytest.mark.django_db
def test_a_database_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = OrderedBroker("backoffice")
    broker.enqueue("task")
    pauses: list[float] = []
    monkeypatch.setattr("backoffice.broker.time.sleep", pauses.append)
    with monkeypatch.context() as patched:
        patched.setattr(connection, "close", lambda: None)
        patched.setattr(connection, "cursor", lambda: (_ for _ in ()).throw(OperationalError("server closed")))
        assert broker.dequeue() is None

    assert pauses == [1.0]
    taken = broker.dequeue()
    assert taken is not None
    assert taken[0][1] == "task"


@pytest.mark.django_db(transaction=True)
def test_tasks_asked_for_in_a_transaction_that_fails_never_existed() -> None:
    with transaction.atomic():
        enqueue("backoffice.core.tasks.canary_job", 1)
        transaction.set_rollback(True)

    assert not OrmQ.objects.exists()


@pytest.mark.row("REL-Q14")
@pytest.mark.django_db(transaction=True)
def test_two_clusters_never_take_the_same_row() -> None:
    broker = OrderedBroker("backoffice")
    ids = {broker.enqueue(f"task {number}") for number in range(60)}
    taken: list[int] = []
    failures: list[BaseException] = []

    def drain() -> None:
        try:
            mine = OrderedBroker("backoffice")
            while found := mine.dequeue():
                taken.extend(row_id for row_id, _ in found)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=drain) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert failures == []
    assert sorted(taken) == sorted(ids)
