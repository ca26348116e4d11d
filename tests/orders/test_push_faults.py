"""The push when answers are lost, workers die and two work at once: nothing twice, nothing silently gone."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models.functions import Now
from django_q.models import OrmQ
from django_scopes import scopes_disabled

from backoffice.core import claims
from backoffice.core.actor import Actor, Role
from orders.choices import ChangeState
from orders.models import Order, RemoteChange
from orders.services import push as pushing
from orders.services import settle
from orders.services.verdicts import Verdict
from stores.models import Store
from stores.rehearsal.process import RehearsalShop
from stores.services.access import actor_of
from tests.builders.people import make_user
from tests.conftest_shops import DOMAIN, run_sync
from tests.orders.pushing import accepted, archive, entries, live_orders, outcome, push, state_of


@pytest.fixture
def clerk_actor(connected: Store) -> Actor:
    return actor_of(make_user(Role.AGENT, connected, username="clerk"))


def _expire_leases() -> None:
    with scopes_disabled():
        RemoteChange.objects.filter(leased_until__isnull=False).update(leased_until=Now() - timedelta(seconds=1))


@pytest.mark.row("REL-A02", "REL-A11")
def test_a_lost_answer_is_looked_up_and_never_repeated(
    connected: Store, shop: RehearsalShop, clerk_actor: Actor
) -> None:
    orders = live_orders(connected, 3)
    asked = archive(clerk_actor, orders)
    shop.faults("apply_then_drop_reply", only="mutation")

    push(connected)

    assert outcome(clerk_actor, asked.run_id).uncertain == 3
    with scopes_disabled():
        assert (
            list(Order.objects.filter(pk__in=[order.pk for order in orders]).values_list("pending_verbs"))
            == [(["archive"],)] * 3
        )
        # Not before the request could have ended.
        assert RemoteChange.objects.filter(next_attempt_at__gt=Now()).count() == 3

    push(connected)

    assert outcome(clerk_actor, asked.run_id).confirmed == 3
    assert state_of(orders[0]) == (ChangeState.CONFIRMED, "looked_up")
    assert accepted(shop, "orderClose") == {order.gid: 1 for order in orders}
    with scopes_disabled():
        orders[0].refresh_from_db()
    assert (orders[0].closed, orders[0].pending_verbs) == (True, [])
    assert entries(orders[0]) == [("change.uncertain", "staff", "clerk"), ("order.archived", "staff", "clerk")]


def test_a_request_that_never_arrived_is_sent_after_the_look(
    connected: Store, shop: RehearsalShop, clerk_actor: Actor
) -> None:
    (order,) = live_orders(connected, 1)
    asked = archive(clerk_actor, [order])
    shop.faults("reset", only="mutation")
    push(connected)
    assert state_of(order)[0] == ChangeState.UNCERTAIN
    push(connected, times=2)
    assert outcome(clerk_actor, asked.run_id).confirmed == 1
    assert accepted(shop, "orderClose") == {order.gid: 1}


def test_an_uncertain_change_of_an_order_that_is_gone_is_refused(
    connected: Store, shop: RehearsalShop, clerk_actor: Actor
) -> None:
    (order,) = live_orders(connected, 1)
    archive(clerk_actor, [order])
    shop.faults("apply_then_drop_reply", only="mutation")
    push(connected)
    shop.act("delete", order=order.gid)
    push(connected)
    assert state_of(order) == (ChangeState.REFUSED, "order_gone")
    with scopes_disabled():
        order.refresh_from_db()
    assert order.deleted_at is not None


def test_while_the_shop_cannot_be_read_an_uncertain_change_stays_uncertain(
    connected: Store, shop: RehearsalShop, clerk_actor: Actor
) -> None:
    (order,) = live_orders(connected, 1)
    archive(clerk_actor, [order])
    shop.faults("apply_then_drop_reply", only="mutation")
    push(connected)
    shop.stop()
    with scopes_disabled():
        RemoteChange.objects.update(attempts=50)
    push(connected, times=2)
    assert state_of(order)[0] == ChangeState.UNCERTAIN
    with scopes_disabled():
        change = RemoteChange.objects.get()
    assert (change.attempts, change.leased_until) == (50, None)
    assert change.next_attempt_at is not None


@pytest.mark.row("INV-C9")
def test_the_late_result_of_an_old_claim_changes_nothing(
    connected: Store, shop: RehearsalShop, clerk_actor: Actor
) -> None:
    (order,) = live_orders(connected, 1)
    archive(clerk_actor, [order])
    with scopes_disabled():
        (mine,) = claims.claim(RemoteChange.objects.all(), limit=1, lease_seconds=40, state=ChangeState.SENDING)
    _expire_leases()
    push(connected, times=2)
    assert state_of(order)[0] == ChangeState.CONFIRMED

    with scopes_disabled():
        assert settle.record(connected, [(mine, Verdict(ChangeState.REFUSED, "late", "too late"))]) == 0

    assert state_of(order)[0] == ChangeState.CONFIRMED
    assert "change.refused" not in [kind for kind, _, _ in entries(order)]


def test_the_sweep_rings_for_what_a_dead_worker_left(connected: Store, shop: RehearsalShop, clerk_actor: Actor) -> None:
    archive(clerk_actor, live_orders(connected, 1))
    with scopes_disabled():
        claims.claim(RemoteChange.objects.all(), limit=1, lease_seconds=40, state=ChangeState.SENDING)
    OrmQ.objects.all().delete()
    pushing.queue.answered(pushing.PUSH_JOB, connected.pk)
    pushing.sweep()
    assert not OrmQ.objects.exists()
    _expire_leases()
    pushing.sweep()
    assert OrmQ.objects.count() == 1


@pytest.mark.row("REL-A04")
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_change_once(connected: Store, shop: RehearsalShop, clerk_actor: Actor) -> None:
    shop_orders = live_orders(connected, 24)
    asked = archive(clerk_actor, shop_orders)
    with scopes_disabled():
        # Two groups, so that both have something to do.
        RemoteChange.objects.update(created_at=Now())
    at_once = threading.Barrier(2)

    def work() -> None:
        try:
            at_once.wait(timeout=10)
            pushing.push_changes_job(connected.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert outcome(clerk_actor, asked.run_id).confirmed == 24
    assert accepted(shop, "orderClose") == {order.gid: 1 for order in shop_orders}


@pytest.mark.row("INV-C8", "REL-A03")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_goes_wrong_every_order_is_accounted_for(
    connected: Store, shop: RehearsalShop, clerk_actor: Actor, seed: int
) -> None:
    chance = random.Random(seed)
    orders = live_orders(connected, 24)
    asked = archive(clerk_actor, orders)
    for _ in range(12):
        kind = chance.choice(["user_errors", "apply_then_drop_reply", "reset", "throttled", "html", "", ""])
        if kind:
            shop.faults(kind, only="mutation")
        push(connected)
        counts = outcome(clerk_actor, asked.run_id)
        assert counts.total == 24
        shop.faults()
    push(connected, times=3)

    counts = outcome(clerk_actor, asked.run_id)
    assert counts.is_finished
    assert counts.confirmed + counts.refused == 24
    effects = accepted(shop, "orderClose", with_effect=True)
    assert max(effects.values()) == 1
    with scopes_disabled():
        confirmed = set(RemoteChange.objects.filter(state=ChangeState.CONFIRMED).values_list("order__gid", flat=True))
        assert set(effects) == confirmed
        assert set(Order.objects.filter(pk__in=[o.pk for o in orders], closed=True).values_list("gid", flat=True)) == (
            confirmed
        )
        assert not Order.objects.exclude(pending_verbs=[]).exists()


@pytest.mark.row("REL-A01")
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_at_any_point_loses_and_repeats_nothing(
    connected: Store, shop: RehearsalShop, clerk_actor: Actor
) -> None:
    for _ in range(2):
        shop.act("new_order", count=10)
    run_sync(connected)
    orders = live_orders(connected, 44)
    asked = archive(clerk_actor, orders)
    shop.faults("latency", times=None, seconds=0.3)
    kills = 0
    for after_ms in (0, 200, 360, 500, 700, 900):
        worker = _worker(connected, shop)
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        time.sleep(after_ms / 1000)
        if worker.poll() is None:
            worker.send_signal(signal.SIGKILL)
            kills += 1
        worker.wait(timeout=10)
        worker.stdout.close()
        outcome(clerk_actor, asked.run_id)
        _expire_leases()
    shop.faults()
    push(connected, times=4)

    assert kills >= 3
    counts = outcome(clerk_actor, asked.run_id)
    assert (counts.total, counts.confirmed) == (44, 44)
    assert accepted(shop, "orderClose", with_effect=True) == {order.gid: 1 for order in orders}


def _worker(store: Store, shop: RehearsalShop) -> subprocess.Popen[bytes]:
    """A process of its own that runs the job on this test's database."""
    code = (
        "import json, os, django\n"
        "from django.conf import settings\n"
        "settings.DATABASES['default'].update(json.loads(os.environ['TEST_DATABASE']))\n"
        "django.setup()\n"
        "from orders.services.push import push_changes_job\n"
        "print('ready', flush=True)\n"
        f"push_changes_job({store.pk})\n"
    )
    given = {name: connection.settings_dict[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "backoffice.settings",
        "TEST_DATABASE": json.dumps(given),
        "REHEARSAL_SHOPS": f"{DOMAIN}={shop.base_url}",
    }
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment, cwd=Path(__file__).resolve().parents[2]
    )
