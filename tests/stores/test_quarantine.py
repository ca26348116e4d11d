"""What cannot be mirrored is parked with what the shop answered, tried again ever more slowly, and freed by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django_q.models import OrmQ
from django_scopes import scopes_disabled

from backoffice.core import claims
from backoffice.core.actor import SYSTEM
from backoffice.core.errors import NotAllowed, Refused
from backoffice.core.models import AuditEntry
from backoffice.core.privacy import Person
from orders.models import Order
from orders.resources import OrdersResource
from stores.choices import ParkCause, ProofState, StoreState
from stores.models import Quarantined, Store
from stores.resources import Rejected
from stores.services import proof, quarantine, quarantine_privacy
from stores.shopify import reading
from stores.shopify.errors import Final, GarbageAnswer, NeedsPerson
from tests.conftest_shops import run_sync

ORDER = "gid://shopify/Order/"


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


@pytest.fixture
def unreadable(monkeypatch) -> set[str]:
    """Ids of orders whose part of every answer cannot be parsed; whoever takes one out has it readable again."""
    gids: set[str] = set()
    parse = reading.parse_order

    def parse_or_choke(node, **options):
        if node.text_or_empty("id") in gids:
            raise GarbageAnswer("garbage_answer", facts={"path": "totalPriceSet"})
        return parse(node, **options)

    monkeypatch.setattr(reading, "parse_order", parse_or_choke)
    return gids


def parked(store: Store, number: int = 1, **fields) -> Quarantined:
    return Quarantined.objects.create(
        store=store, resource="orders", gid=f"{ORDER}{number}", **{"reason": "odd", **fields}
    )


def due() -> None:
    Quarantined.objects.update(next_attempt_at=None)


def test_the_answer_is_kept_encrypted_and_bounded_and_met_again_is_counted(store, monkeypatch):
    monkeypatch.setattr(quarantine, "MOST_RAW_BYTES", 11)
    for reason in ("first", "second"):
        quarantine.park(store, "orders", [Rejected(f"{ORDER}1", reason, raw='{"email":"anna@example.com"}')])
    quarantine.park(store, "orders", [Rejected(f"{ORDER}1", "third", cause=ParkCause.INCOMPLETE)])

    row = Quarantined.objects.get()
    assert (row.reason, row.cause, row.seen, row.attempts) == ("third", "incomplete", 3, 0)
    assert row.raw == '{"email":"a'
    assert row.last_at > row.first_at
    assert timedelta(seconds=290) < row.next_attempt_at - row.first_at < timedelta(seconds=310)
    with connection.cursor() as cursor:
        cursor.execute("SELECT raw FROM stores_quarantined")
        assert "email" not in cursor.fetchone()[0]


@pytest.mark.row("FEAT-C15")
def test_an_order_that_cannot_be_read_is_parked_with_the_shops_own_words(connected, shop, unreadable):
    bad = Order.objects.live().exclude(email="").first()
    unreadable.add(bad.gid)
    shop.act("edit_note", order=bad.gid, note="changed")

    run_sync(connected)

    row = Quarantined.objects.get()
    assert (row.gid, row.cause) == (bad.gid, ParkCause.UNREADABLE)
    assert "totalPriceSet" in row.reason
    assert bad.email in row.raw
    assert '"note":"changed"' in row.raw
    assert "changed" not in repr(row)


def test_what_the_database_refuses_is_parked_with_what_should_have_been_written(connected, shop, monkeypatch):
    from orders.services import ingest

    bad = Order.objects.live().first()
    write = ingest._write

    def refuse(store, fresh, *rest, **options):
        if any(snapshot.gid == bad.gid for snapshot in fresh):
            raise ValueError("no")
        write(store, fresh, *rest, **options)

    monkeypatch.setattr(ingest, "_write", refuse)
    shop.act("edit_note", order=bad.gid, note="changed")
    run_sync(connected)

    row = Quarantined.objects.get()
    assert (row.gid, row.cause, row.reason) == (bad.gid, ParkCause.NOT_STORED, "ValueError")
    assert '"changed"' in row.raw


@pytest.mark.row("FEAT-C15")
def test_it_is_tried_again_more_and_more_slowly_up_to_a_day(connected, unreadable):
    bad = Order.objects.live().first()
    unreadable.add(bad.gid)
    waits = []
    Quarantined.objects.create(store=connected, resource="orders", gid=bad.gid, reason="odd")
    for _ in range(10):
        due()
        quarantine.retry_job(connected.pk)
        row = Quarantined.objects.annotate(now=Now()).get()
        waits.append(round((row.next_attempt_at - row.now).total_seconds() / 60))

    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440]
    assert (row.attempts, row.seen, row.leased_until) == (10, 11, None)


def test_it_is_free_again_as_soon_as_it_reads_well(connected, unreadable):
    bad = Order.objects.live().first()
    unreadable.add(bad.gid)
    quarantine.park(connected, "orders", [Rejected(bad.gid, "odd")])
    due()
    quarantine.retry_job(connected.pk)
    assert Quarantined.objects.count() == 1

    unreadable.clear()
    due()
    quarantine.retry_job(connected.pk)

    assert Quarantined.objects.count() == 0


def test_an_order_that_is_gone_from_the_shop_is_no_longer_parked(connected):
    quarantine.park(connected, "orders", [Rejected(f"{ORDER}99", "odd")])
    due()

    quarantine.retry_job(connected.pk)

    assert Quarantined.objects.count() == 0


def test_one_that_breaks_the_request_does_not_keep_the_others(connected, monkeypatch):
    good, bad = Order.objects.live()[:2]
    for order in (good, bad):
        quarantine.park(connected, "orders", [Rejected(order.gid, "odd")])
    whole = OrdersResource.refresh

    def refresh(self, client, store, gids, **options):
        if bad.gid in gids:
            raise Final("request_rejected")
        return whole(self, client, store, gids, **options)

    monkeypatch.setattr(OrdersResource, "refresh", refresh)
    due()
    quarantine.retry_job(connected.pk)

    assert [row.gid for row in Quarantined.objects.all()] == [bad.gid]


def test_a_shop_that_needs_a_person_is_said_to_and_the_rows_wait(connected, monkeypatch):
    quarantine.park(connected, "orders", [Rejected(f"{ORDER}1", "odd")])
    due()

    def refresh(*args, **options):
        raise NeedsPerson("bad_token")

    monkeypatch.setattr(OrdersResource, "refresh", refresh)
    quarantine.retry_job(connected.pk)

    connected.refresh_from_db()
    row = Quarantined.objects.get()
    assert (connected.state, connected.state_code) == (StoreState.NEEDS_ATTENTION, "bad_token")
    assert (row.leased_until, row.next_attempt_at is not None) == (None, True)


def test_two_workers_never_try_the_same_row_and_a_dead_one_counts(connected):
    quarantine.park(connected, "orders", [Rejected(f"{ORDER}1", "odd")])
    due()
    held = claims.claim(Quarantined.objects.all(), limit=5, lease_seconds=60)
    assert [row.attempts for row in held] == [1]

    quarantine.retry_job(connected.pk)  # finds it taken

    assert Quarantined.objects.get().attempts == 1
    Quarantined.objects.update(leased_until=Now() - timedelta(seconds=1))
    OrmQ.objects.all().delete()
    quarantine.sweep()
    assert OrmQ.objects.count() == 1


def test_the_sweep_rings_for_nothing_that_waits_or_cannot_be_asked(store):
    quarantine.park(store, "orders", [Rejected(f"{ORDER}1", "odd")])
    quarantine.sweep()
    assert OrmQ.objects.count() == 0
    due()
    Store.objects.filter(pk=store.pk).update(state=StoreState.PAUSED)
    quarantine.sweep()
    assert OrmQ.objects.count() == 0


@pytest.mark.row("FEAT-C15")
def test_people_have_one_or_all_tried_at_once(store, other_store, agent_actor):
    later = Now() + timedelta(hours=5)
    one, two = parked(store, 1, next_attempt_at=later), parked(store, 2, next_attempt_at=later)
    foreign = parked(other_store, 3, next_attempt_at=later)

    assert quarantine.retry(store, ids=[one.pk, foreign.pk], actor=agent_actor) == 1
    assert [row.next_attempt_at is None for row in Quarantined.objects.order_by("gid")] == [True, False, False]
    assert quarantine.retry(store, actor=agent_actor) == 2
    two.refresh_from_db()
    foreign.refresh_from_db()
    assert (two.next_attempt_at, foreign.next_attempt_at is None) == (None, False)
    assert OrmQ.objects.count() == 1
    assert AuditEntry.objects.filter(action="quarantine.retried", store_id=store.pk).count() == 2


def test_who_may_not_change_orders_has_nothing_tried(store, viewer_actor):
    parked(store, next_attempt_at=Now() + timedelta(hours=5))
    with pytest.raises(NotAllowed):
        quarantine.retry(store, actor=viewer_actor)
    assert Quarantined.objects.get().next_attempt_at is not None
    assert OrmQ.objects.count() == 0


def test_nothing_is_tried_while_the_store_is_paused(store):
    Store.objects.filter(pk=store.pk).update(state=StoreState.PAUSED)
    store.refresh_from_db()
    with pytest.raises(Refused) as refused:
        quarantine.retry(store, actor=SYSTEM)
    assert refused.value.code == "store_not_connected"


def test_the_raw_answer_is_for_managers_and_each_look_is_noted(store, manager_actor, agent_actor):
    row = parked(store, raw='{"email":"anna@example.com"}')
    with pytest.raises(NotAllowed):
        quarantine.raw_of(row, actor=agent_actor)
    assert AuditEntry.objects.count() == 0

    assert quarantine.raw_of(row, actor=manager_actor) == '{"email":"anna@example.com"}'

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject, entry.facts) == ("quarantine.raw_shown", row.gid, {})


def test_a_person_is_handed_over_and_erased(store, other_store):
    parked(store, 1, raw='{"email":"Anna@Example.com"}')
    parked(store, 2, raw='{"customer":"gid://shopify/Customer/5"}')
    parked(store, 3, raw='{"phone":"1"}')
    parked(store, 4, raw='{"email":"ben@example.com"}')
    parked(other_store, 1, raw='{"email":"anna@example.com"}')
    person = Person(store.pk, "gid://shopify/Customer/5", "anna@example.com", (f"{ORDER}3",))

    assert [line["id"] for line in quarantine_privacy.export(person)] == [f"{ORDER}{number}" for number in (1, 2, 3)]
    assert (quarantine_privacy.erase(person), quarantine_privacy.erase(person)) == (3, 0)

    left = {(row.store_id, row.gid) for row in Quarantined.objects.all() if row.raw}
    assert left == {(store.pk, f"{ORDER}4"), (other_store.pk, f"{ORDER}1")}


@pytest.mark.parametrize("known", [True, False], ids=["mirrored before", "never mirrored"])
def test_the_proof_names_and_parks_what_cannot_be_read(connected, unreadable, known):
    bad = Order.objects.live().order_by("-created_at")[3]
    unreadable.add(bad.gid)
    live = Order.objects.live().count()
    if not known:
        Order.objects.filter(pk=bad.pk).delete()

    proof.request_proof(connected, actor=SYSTEM)
    proof.prove_store_job(connected.pk)

    done = connected.proofs.get()
    assert done.state == ProofState.DIFFERS
    assert (done.live_there, done.live_here) == (live, live if known else live - 1)
    kind = "differing" if known else "missing"
    assert [(one["gid"], one["kind"], one["repaired"]) for one in done.details][:1] == [(bad.gid, kind, False)]
    assert {one["gid"] for one in done.details} == {bad.gid}
    assert Quarantined.objects.get().gid == bad.gid
