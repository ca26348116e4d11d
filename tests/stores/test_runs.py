"""The books of the streams: what passes came to, what polling healed, and what the shop's budget was spent on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django_scopes import scopes_disabled

from backoffice.core.actor import SYSTEM
from orders.models import Order
from stores import counts
from stores.choices import Counted, Purpose, RunKind
from stores.models import HourCount, Store, SyncRun, SyncStream
from stores.services import inbox, proof, runs, sync
from stores.shopify.client import Client
from stores.shopify.errors import TryAgain
from tests.conftest_shops import run_sync
from tests.stores.test_inbox import about, send


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


def counted(store: Store) -> dict[str, int]:
    return {row.name: row.amount for row in HourCount.objects.filter(store=store)}


def follow(store: Store) -> None:
    for resource in ("orders", "fulfillment_orders"):
        sync.sync_job(store.pk, resource)


def test_the_first_load_is_one_row_with_all_that_it_read(connected):
    run = SyncRun.objects.get(kind=RunKind.FIRST_LOAD)
    orders = Order.objects.count()
    assert (run.resource, run.created, run.rows, run.errors) == ("orders", orders, orders, 0)
    assert (run.pages, run.passes, run.finished_at is not None) == (2, 1, True)
    assert run.points > 0
    assert run.unannounced == 0


def test_a_first_load_over_several_jobs_stays_one_row(db, shop, monkeypatch):
    from stores.services.connect import connect_store

    monkeypatch.setattr(sync, "_JOB_SECONDS", -1)
    store = connect_store(
        domain="rehearsal-test.myshopify.com",
        token=shop.token,
        webhook_secret=shop.webhook_secret,
        actor=SYSTEM,
    )
    sync.sync_job(store.pk, "orders")
    under_way = SyncRun.objects.get(kind=RunKind.FIRST_LOAD)
    assert (under_way.finished_at, under_way.passes, under_way.pages) == (None, 0, 1)

    sync.sync_job(store.pk, "orders")

    done = SyncRun.objects.get(kind=RunKind.FIRST_LOAD)
    assert (done.pk, done.pages, done.passes, done.created) == (under_way.pk, 2, 1, Order.objects.count())
    assert done.points > under_way.points


@pytest.mark.row("FEAT-C14")
def test_passes_without_news_are_one_row_an_hour(connected):
    SyncRun.objects.all().delete()
    for _ in range(5):
        follow(connected)

    rows = SyncRun.objects.order_by("resource")
    assert [(row.resource, row.kind, row.passes) for row in rows] == [
        ("fulfillment_orders", RunKind.QUIET, 5),
        ("orders", RunKind.QUIET, 5),
    ]
    assert all((row.started_at.minute, row.started_at.second) == (0, 0) for row in rows)
    assert rows[1].unchanged == rows[1].rows > 0


def test_a_pass_with_news_is_a_row_of_its_own_and_tells_what_was_healed(connected, shop):
    order = Order.objects.to_fulfil().first()
    shop.act("edit_note", order=order.gid, note="changed")

    sync.sync_job(connected.pk, "orders")

    run = SyncRun.objects.filter(resource="orders", kind=RunKind.FOLLOW).latest("started_at")
    assert (run.changed, run.created, run.unannounced, run.passes) == (1, 0, 1, 1)
    assert counted(connected)[Counted.HEALED_BY_POLLING] == 1


def test_a_change_that_a_webhook_announced_was_not_healed_by_polling(connected, shop):
    order = Order.objects.to_fulfil().first()
    shop.act("edit_note", order=order.gid, note="changed")
    send(about(order), secret=shop.webhook_secret)
    connected.inbox.update(triggered_at=Now())

    sync.sync_job(connected.pk, "orders")

    run = SyncRun.objects.filter(resource="orders", kind=RunKind.FOLLOW).latest("started_at")
    assert (run.changed, run.unannounced) == (1, 0)
    assert Counted.HEALED_BY_POLLING not in counted(connected)


def test_a_webhook_of_an_earlier_change_announces_no_later_one(connected, shop):
    order = Order.objects.to_fulfil().first()
    send(about(order), secret=shop.webhook_secret)
    inbox.work_inbox_job(connected.pk)
    connected.inbox.update(triggered_at=Now() - timedelta(hours=1))
    shop.act("edit_note", order=order.gid, note="changed")

    sync.sync_job(connected.pk, "orders")

    assert counted(connected)[Counted.HEALED_BY_POLLING] == 1


def test_what_only_a_mutation_showed_us_was_no_difference(connected, shop):
    order = Order.objects.to_fulfil().first()
    shop.act("edit_note", order=order.gid, note="changed")
    Order.objects.filter(pk=order.pk).update(state_hash="")

    sync.sync_job(connected.pk, "orders")

    assert SyncRun.objects.filter(kind=RunKind.FOLLOW, resource="orders").latest("started_at").changed == 1
    assert Counted.HEALED_BY_POLLING not in counted(connected)


def test_what_the_proof_repaired_is_counted(connected):
    Order.objects.filter(pk=Order.objects.to_fulfil().first().pk).update(note="wrong")
    proof.request_proof(connected, actor=SYSTEM)
    proof.prove_store_job(connected.pk)
    assert counted(connected)[Counted.HEALED_BY_PROOF] == 1


def test_an_error_is_on_the_row_of_its_pass_which_then_ends_well(connected, monkeypatch):
    SyncRun.objects.all().delete()
    execute = Client.execute
    monkeypatch.setattr(Client, "execute", lambda *a, **k: (_ for _ in ()).throw(TryAgain("shop_unavailable")))
    sync.sync_job(connected.pk, "orders")
    broken = SyncRun.objects.get()
    assert (broken.errors, broken.error_code, broken.finished_at) == (1, "shop_unavailable", None)
    assert broken.error_message

    monkeypatch.setattr(Client, "execute", execute)
    SyncStream.objects.update(next_attempt_at=None)
    sync.sync_job(connected.pk, "orders")

    run = SyncRun.objects.get()
    assert (run.pk, run.errors, run.passes, run.finished_at is not None) == (broken.pk, 1, 1, True)


def test_tries_that_fail_before_they_begin_are_one_row_an_hour(connected, monkeypatch):
    SyncRun.objects.all().delete()
    monkeypatch.setattr(sync, "client_for", lambda *args: 1 / 0)
    for _ in range(3):
        SyncStream.objects.update(next_attempt_at=None)
        with pytest.raises(ZeroDivisionError):
            sync.sync_job(connected.pk, "orders")

    run = SyncRun.objects.get()
    assert (run.errors, run.passes, run.error_code) == (3, 3, "internal_error")
    assert "division" not in run.error_message


def test_every_point_is_spent_for_something(connected, shop):
    budget = connected.budget
    before = counted(connected)
    assert before["points.first_load"] > 0
    assert before["points.follow"] > 0
    run_points = sum(SyncRun.objects.values_list("points", flat=True))
    assert run_points == before["points.first_load"] + before["points.follow"]

    proof.request_proof(connected, actor=SYSTEM)
    proof.prove_store_job(connected.pk)

    assert counted(connected)[counts.points_of(Purpose.PROOF)] > 0
    budget.refresh_from_db()
    assert budget.available < budget.maximum


def test_counters_add_up_within_their_hour_and_store(store, other_store):
    counts.add(store.pk, {"b": 2, "a": 1, "zero": 0})
    counts.add(store.pk, {"a": 5})
    counts.add(other_store.pk, {"a": 100})
    counts.add(999_999, {"a": 1})

    assert counted(store) == {"a": 6, "b": 2}
    hour = HourCount.objects.filter(store=store).first().hour
    assert counts.totals(store.pk, since=hour, recent=hour) == {"a": (6, 6), "b": (2, 2)}
    later = hour + timedelta(hours=1)
    assert counts.totals(store.pk, since=hour, recent=later) == {"a": (6, 0), "b": (2, 0)}
    assert counts.totals(store.pk, since=later, recent=later) == {}


def test_rows_and_counters_end_after_thirty_days(store):
    stream = SyncStream.objects.create(store=store, resource="orders")
    runs.keep(stream, runs.Book(pages=1), kind=RunKind.FOLLOW, finished=True)
    counts.add(store.pk, {"a": 1})
    runs.purge_job()
    assert (SyncRun.objects.count(), HourCount.objects.count()) == (1, 1)

    SyncRun.objects.update(started_at=Now() - timedelta(days=31))
    HourCount.objects.update(hour=Now() - timedelta(days=31))
    runs.purge_job()

    assert (SyncRun.objects.count(), HourCount.objects.count()) == (0, 0)


def test_following_after_the_first_load_goes_on_as_before(connected):
    run_sync(connected)
    assert SyncStream.objects.filter(error_code="").count() == 3
