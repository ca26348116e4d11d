"""From summary to full: live orders by themselves, an opened one at once, the others at night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django_q.models import OrmQ
from django_scopes import scopes_disabled

from backoffice.core import sweeps
from backoffice.core.actor import SYSTEM
from backoffice.core.clock import db_now
from orders.choices import LIVE_STAGES, Level
from orders.models import DetailWork, Fulfillment, Order, TimelineEntry
from orders.services import full
from orders.services.full import complete_job, is_night, live_summaries, opened_job, wait_for_details
from orders.services.load import load_groups
from stores.choices import ProofState, StoreState
from stores.gateway import client_for
from stores.models import Quarantined, Store
from stores.services.proof import prove_store_job, request_proof
from stores.services.status import mirror_status
from tests.builders.bulk import groups_of, read_nodes
from tests.conftest_shops import run_sync

NOON, NIGHT = datetime(2026, 11, 23, 11, 0, tzinfo=UTC), datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    """The store's clock decides what is read; the tests are run at any hour."""
    monkeypatch.setattr(full, "db_now", lambda: NOON)


@pytest.fixture
def nodes(connected) -> list[dict[str, Any]]:
    return read_nodes(client_for(connected))


@pytest.fixture
def loaded(connected, nodes) -> Store:
    """The connected store, whose orders came by a file."""
    Order.objects.all().delete()
    load_groups(connected, groups_of(nodes), fetched_at=db_now())
    OrmQ.objects.all().delete()
    return connected


def levels(store: Store) -> dict[bool, set[str]]:
    """The levels of the live orders and of the others."""
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for stage, level in Order.objects.filter(store=store).values_list("stage", "level"):
        found[stage in LIVE_STAGES].add(level)
    return found


def test_live_orders_become_full_by_themselves_and_the_others_wait(loaded, shop):
    live = Order.objects.live().count()
    assert live_summaries(loaded) == live > 10
    assert mirror_status(loaded).summaries == live

    complete_job(loaded.pk)

    assert levels(loaded) == {True: {Level.FULL}, False: {Level.SUMMARY}}
    assert mirror_status(loaded).summaries == 0
    work = DetailWork.objects.get()
    assert (work.done, work.attempts, work.leased_until, work.error_code) == (live, 0, None, "")
    assert not TimelineEntry.objects.filter(backfilled=False).exists()


def test_newest_live_orders_are_read_first_and_fifty_at_once(loaded, monkeypatch):
    asked_for: list[list[str]] = []
    monkeypatch.setattr(full, "_read", lambda client, store, gids: asked_for.append(gids))
    monkeypatch.setattr(full, "ORDERS_PER_CHUNK", 10)

    complete_job(loaded.pk)

    wanted = list(Order.objects.live().order_by("-created_at", "-pk").values_list("gid", flat=True))
    assert [gid for gids in asked_for for gid in gids] == wanted
    assert {len(gids) for gids in asked_for[:-1]} == {10}


def test_nothing_becoming_full_waits_before_it_is_tried_again(loaded, monkeypatch):
    monkeypatch.setattr(full, "_read", lambda client, store, gids: None)

    complete_job(loaded.pk)

    work = DetailWork.objects.get()
    assert work.next_attempt_at == NOON + timedelta(minutes=5)
    OrmQ.objects.all().delete()


def test_at_night_the_others_become_full(loaded, monkeypatch):
    monkeypatch.setattr(full, "db_now", lambda: NIGHT)

    complete_job(loaded.pk)

    assert levels(loaded) == {True: {Level.FULL}, False: {Level.FULL}}
    assert any(one.lines for one in Fulfillment.objects.filter(order__stage="archived"))


@pytest.mark.parametrize(
    ("timezone", "night"),
    [("Europe/Amsterdam", False), ("Pacific/Auckland", False), ("America/New_York", False), ("Asia/Tokyo", False),
     ("Pacific/Honolulu", True), ("Nowhere/Land", False), ("", False)],
)  # fmt: skip
def test_night_is_by_the_clock_of_the_shop(timezone, night):
    assert is_night(NOON, timezone=timezone) is night


def test_the_sweep_rings_for_who_has_something_to_read(loaded, monkeypatch):
    def rung() -> list[tuple[str, int]]:
        found = [(task.func(), *task.args()) for task in OrmQ.objects.all()]
        OrmQ.objects.all().delete()
        connection.cursor().execute("UPDATE core_doorbell SET rung_at = NULL")
        return [one for one in found if one[0] == full.JOB]

    assert "orders.details" in sweeps._sweeps
    full.sweep()
    assert rung() == [(full.JOB, loaded.pk)]

    complete_job(loaded.pk)
    rung()
    full.sweep()
    assert rung() == []
    monkeypatch.setattr(full, "db_now", lambda: NIGHT)
    full.sweep()
    assert rung() == [(full.JOB, loaded.pk)]
    Store.objects.update(state=StoreState.PAUSED)
    full.sweep()
    assert rung() == []


def test_what_is_parked_has_a_pace_of_its_own(loaded, shop):
    parked = Order.objects.live().order_by("pk").first()
    Quarantined.objects.create(store=loaded, resource="orders", gid=parked.gid, reason="odd")

    complete_job(loaded.pk)

    assert list(Order.objects.live().filter(level=Level.SUMMARY)) == [parked]


def test_an_opened_order_is_read_at_once_and_asks_once(loaded):
    archived = Order.objects.select_related("store").filter(stage="archived", fulfillments__isnull=False).first()

    assert wait_for_details(archived) is True
    assert wait_for_details(archived) is True
    assert [task.func() for task in OrmQ.objects.all()] == [full.OPENED_JOB]
    opened_job(loaded.pk, archived.pk)

    archived.refresh_from_db()
    assert archived.level == Level.FULL
    assert archived.fulfillments.first().lines
    assert wait_for_details(archived) is False


def test_a_store_that_is_not_connected_is_not_asked(loaded):
    Store.objects.update(state=StoreState.PAUSED)
    order = Order.objects.select_related("store").live().first()

    assert wait_for_details(order) is False
    complete_job(loaded.pk)
    opened_job(loaded.pk, order.pk)

    order.refresh_from_db()
    assert order.level == Level.SUMMARY


def test_a_token_that_is_refused_is_noted_and_waits(loaded, shop):
    shop.faults("token_revoked", times=None)

    complete_job(loaded.pk)

    work = DetailWork.objects.get()
    assert work.error_code == "bad_token"
    assert work.next_attempt_at > NOON
    assert Store.objects.get().state == StoreState.NEEDS_ATTENTION


def test_a_job_that_lost_its_lease_changes_nothing_of_the_work(loaded, monkeypatch):
    read = full._read

    def taken_over(client, store, gids):
        DetailWork.objects.update(claim=99)
        read(client, store, gids)

    monkeypatch.setattr(full, "_read", taken_over)
    complete_job(loaded.pk)

    work = DetailWork.objects.get()
    assert (work.claim, work.done) == (99, 0)


def test_the_proof_calls_no_summary_different_but_finds_one_that_is(loaded, shop):
    run_sync(loaded)
    there = dict(Order.objects.values_list("gid", "note"))
    (changed, *_others) = Order.objects.live().filter(level=Level.SUMMARY).order_by("pk")
    Order.objects.filter(pk=changed.pk).update(note="not what the shop says")
    shipped = Order.objects.live().filter(level=Level.SUMMARY, fulfillments__isnull=False).first()
    assert shipped is not None

    proof = request_proof(loaded, actor=SYSTEM)
    while proof.is_open:
        prove_store_job(loaded.pk)
        proof.refresh_from_db()

    assert proof.state == ProofState.REPAIRED
    assert [one["gid"] for one in proof.details] == [changed.gid]
    changed.refresh_from_db()
    assert (changed.level, changed.note) == (Level.FULL, there[changed.gid])
