"""A process that dies while it sends: nobody gets a mail twice, none is lost in silence, at most one is uncertain."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.db.models import F
from django_scopes import scopes_disabled

from backoffice.core.actor import Actor
from notifications.models import Batch, Message
from notifications.services import delivery, outcomes
from notifications.services.delivery import send_batch_job, sweep
from notifications.services.loading import Loaded
from notifications.transports.smtp import SmtpConnection
from stores.models import Store
from tests.notifications.conftest import begin, customers_orders, states
from tests.notifications.smtpx import Peer

ROOT = Path(__file__).resolve().parents[2]


class Crash(BaseException):
    """Ends a job as death would: nothing that the job would still do is done."""


def after_the_lease(batch: Batch) -> None:
    with scopes_disabled():
        Message.objects.filter(batch=batch).update(
            leased_until=F("leased_until") - timedelta(seconds=delivery.LEASE_SECONDS + 1)
        )
    sweep()


def always(*words: Any) -> bool:
    return True


def once(
    real: Callable[..., Any], *, before: bool, when: Callable[..., bool] = always, at: int = 2
) -> Callable[..., Any]:
    """The function, dying at its fitting call number `at`, before or after its work."""
    calls = 0

    def dying(*words: Any, **named: Any) -> Any:
        nonlocal calls
        calls += when(*words)
        dies = when(*words) and calls == at
        if dies and before:
            raise Crash
        result = real(*words, **named)
        if dies:
            raise Crash
        return result

    return dying


def says(command: str) -> Callable[..., bool]:
    return lambda self, smtp, said, deadline: said.startswith(command)


POINTS: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "claimed": (delivery, "prepared", {"before": True}),
    "rendered": (delivery, "prepared", {"before": False}),
    "connected": (SmtpConnection, "open", {"before": False, "at": 1}),
    "marked": (delivery, "_marked", {"before": False}),
    "MAIL": (SmtpConnection, "_said", {"before": False, "when": says("MAIL")}),
    "RCPT": (SmtpConnection, "_said", {"before": False, "when": says("RCPT")}),
    "DATA": (SmtpConnection, "_said", {"before": False, "when": says("DATA")}),
    "before the final dot": (SmtpConnection, "_said", {"before": True, "when": says(".")}),
    "reply read": (SmtpConnection, "_said", {"before": False, "when": says(".")}),
    "before settling": (outcomes, "settle", {"before": True}),
    "before the commit": (outcomes, "note_mailed", {"before": False}),
    "settled": (outcomes, "conclude_outcome", {"before": False}),
}
NEVER_HANDED_OVER = {"claimed", "rendered", "connected"}


@pytest.mark.row("REL-E01", "INV-C5", "FACT-F7")
@pytest.mark.django_db
@pytest.mark.parametrize("point", POINTS)
def test_death_at_any_point_sends_nothing_twice(
    smtpx: Peer, store: Store, agent_actor: Actor, monkeypatch: pytest.MonkeyPatch, point: str
):
    owner, name, how = POINTS[point]
    batch = begin(customers_orders(store, 4), agent_actor)
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, once(getattr(owner, name), **how))
        with pytest.raises(Crash):
            send_batch_job(str(batch.pk))
    after_the_lease(batch)
    send_batch_job(str(batch.pk))
    after_the_lease(batch)
    batch.refresh_from_db()
    counts = states(batch)
    assert smtpx.duplicates() == []
    assert batch.state == "finished"
    if point in NEVER_HANDED_OVER | {"settled"}:
        assert counts == {"sent": 4}
        assert len(smtpx.accepted) == 4
    else:
        assert counts == {"sent": 3, "uncertain": 1}
        assert len(smtpx.accepted) in (3, 4)


@pytest.mark.row("INV-C9")
@pytest.mark.django_db
def test_a_worker_that_was_only_slow_settles_what_it_knows(
    smtpx: Peer, store: Store, agent_actor: Actor, monkeypatch: pytest.MonkeyPatch
):
    """The sweep took it for dead while it waited for the server; its true answer still counts."""
    batch = begin(customers_orders(store, 1), agent_actor)
    real = SmtpConnection.deliver

    def slow(self: SmtpConnection, **named: Any) -> Any:
        outcome = real(self, **named)
        after_the_lease(batch)
        assert states(batch) == {"uncertain": 1}
        return outcome

    monkeypatch.setattr(SmtpConnection, "deliver", slow)
    send_batch_job(str(batch.pk))
    assert states(batch) == {"sent": 1}
    assert len(smtpx.accepted) == 1


@pytest.mark.row("INV-C9")
@pytest.mark.django_db
def test_a_worker_that_lost_its_claim_hands_nothing_over(
    smtpx: Peer, store: Store, agent_actor: Actor, monkeypatch: pytest.MonkeyPatch
):
    """Its lease ran out while it rendered; somebody else has sent the mail meanwhile."""
    batch = begin(customers_orders(store, 1), agent_actor)
    real = delivery.prepared

    def overtaken(known: Loaded, *, batch: Batch) -> Any:
        ready = real(known, batch=batch)
        monkeypatch.setattr(delivery, "prepared", real)
        after_the_lease(batch)
        send_batch_job(str(batch.pk))
        return ready

    monkeypatch.setattr(delivery, "prepared", overtaken)
    send_batch_job(str(batch.pk))
    assert (states(batch), len(smtpx.accepted)) == ({"sent": 1}, 1)


@pytest.mark.django_db
def test_a_mail_that_ends_its_workers_again_and_again_fails(smtpx: Peer, store: Store, agent_actor: Actor):
    batch = begin(customers_orders(store, 1), agent_actor)
    with scopes_disabled():
        Message.objects.update(attempts=15)
    send_batch_job(str(batch.pk))
    with scopes_disabled():
        message = Message.objects.get()
    assert (message.state, message.code, smtpx.accepted) == ("failed", "worn_out", [])


@pytest.mark.row("REL-E06", "INV-C5")
@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_share_a_batch(smtpx: Peer, store: Store, agent_actor: Actor):
    batch = begin(customers_orders(store, 30), agent_actor)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            send_batch_job(str(batch.pk))
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    batch.refresh_from_db()
    assert failures == []
    assert smtpx.duplicates() == []
    assert (states(batch), len(smtpx.accepted), batch.state) == ({"sent": 30}, 30, "finished")
    assert smtpx.sessions >= 2


_WORKER = """
import json, os, sys
import django
from django.conf import settings
given = json.loads(sys.argv[1])
settings.DATABASES["default"].update(given["database"])
for name, value in given["mail"].items():
    setattr(settings, name, value)
django.setup()
from notifications.services.delivery import send_batch_job
send_batch_job(given["batch"])
"""


@pytest.fixture
def worker() -> Iterator[Callable[[Batch], subprocess.Popen[bytes]]]:
    """Starts a real process that works on a batch in the test's database."""
    started: list[subprocess.Popen[bytes]] = []

    def start(batch: Batch) -> subprocess.Popen[bytes]:
        database = {name: connection.settings_dict[name] for name in ("NAME", "HOST", "PORT", "USER", "PASSWORD")}
        mail = {name: getattr(django_settings, name) for name in ("EMAIL_HOST", "EMAIL_PORT", "EMAIL_TIMEOUT")}
        given = json.dumps({"database": database, "mail": mail, "batch": str(batch.pk)}, default=str)
        process = subprocess.Popen([sys.executable, "-c", _WORKER, given], cwd=ROOT, stderr=subprocess.DEVNULL)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.row("REL-E01", "FACT-F7")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", ["at RCPT", "after acceptance, before the reply"])
def test_kill_9_of_a_real_worker(smtpx: Peer, store: Store, agent_actor: Actor, worker: Callable, moment: str):
    batch = begin(customers_orders(store, 5), agent_actor)
    victim = "customer2@example.com"
    killed: list[subprocess.Popen[bytes]] = []

    def kill(recipient: str, number: int = 0) -> str:
        if recipient == victim and processes and not killed:
            killed.append(processes[0])
            os.kill(processes[0].pid, signal.SIGKILL)
            processes[0].wait()
        return ""

    if moment == "at RCPT":
        smtpx.fault = kill
    else:
        smtpx.on_data = kill
    processes: list[subprocess.Popen[bytes]] = []
    processes.append(worker(batch))
    processes[0].wait(60)
    assert (killed, processes[0].returncode) == (processes, -signal.SIGKILL)
    assert states(batch) == {"queued": 2, "sending": 1, "sent": 2}
    after_the_lease(batch)
    send_batch_job(str(batch.pk))
    batch.refresh_from_db()
    assert smtpx.duplicates() == []
    assert (states(batch), batch.state) == ({"sent": 4, "uncertain": 1}, "finished")
    assert len(smtpx.accepted) == (4 if moment == "at RCPT" else 5)
