"""The proof against a shop that answers over HTTP and tells us nothing by itself: it names exactly what differs,
repairs it, and keeps what it found."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django_q.models import OrmQ
from django_scopes import scopes_disabled

from backoffice.core.actor import SYSTEM
from backoffice.core.errors import NotAllowed, Refused
from orders.models import FulfillmentOrder, LineItem, Order, OrderTag, TimelineEntry
from orders.services.mirror_rows import state_hash
from stores.choices import ProofState, StoreState, SyncPhase
from stores.gateway import client_for
from stores.models import Proof, Quarantined, Store, SyncStream
from stores.resources import Rejected
from stores.services import proof
from stores.services.proof import prove_store_job, request_proof
from stores.services.proof_status import Level, proof_status
from stores.shopify import reading
from stores.shopify.errors import Final
from stores.shopify.reading import iterate_orders
from stores.shopify.throttle import Lane

pytestmark = pytest.mark.row("INV-C1")


@pytest.fixture(autouse=True)
def _unscoped():
    with scopes_disabled():
        yield


def prove(store: Store) -> Proof:
    """A proof from its request to its end, as the queue would run it."""
    asked = request_proof(store, actor=SYSTEM)
    for _ in range(20):
        prove_store_job(store.pk)
        asked.refresh_from_db()
        if not asked.is_open:
            return asked
    raise AssertionError("the proof does not end")


def named(done: Proof) -> set[tuple[str, str, bool]]:
    return {(one["gid"], one["kind"], one["repaired"]) for one in done.details}


def shop_states(store: Store) -> dict[str, str]:
    pages = iterate_orders(client_for(store), scopes=store.scopes, lane=Lane.INTERACTIVE)
    return {order.gid: state_hash(order) for page in pages for order in page.items}


def mirror_states(store: Store) -> dict[str, str]:
    return dict(Order.objects.filter(store=store, deleted_at__isnull=True).values_list("gid", "state_hash"))


def old(order: Order) -> bool:
    """Placed on a whole day before today, so that the counts of the days see it."""
    return order.created_at.date() < timezone.now().date()


def test_a_mirror_that_equals_its_shop_is_proven_and_nothing_is_touched(connected):
    before = list(Order.objects.order_by("pk").values_list("pk", "mirrored_at"))

    done = prove(connected)

    live = Order.objects.live().count()
    assert (done.state, done.live_there, done.live_here) == (ProofState.EQUAL, live, live)
    assert (done.missing, done.extra, done.differing, done.moved, done.repaired, done.remaining) == (0,) * 6
    assert (done.details, done.days_differing, done.days_compared) == ([], [], 32)
    assert list(Order.objects.order_by("pk").values_list("pk", "mirrored_at")) == before


def test_changes_that_nobody_told_us_of_are_named_exactly_and_repaired(connected, shop):
    changed, archived, cancelled, gone, *_rest = Order.objects.to_fulfil().order_by("pk")
    reopened = Order.objects.filter(stage="archived").first()
    shop.act("edit_note", order=changed.gid, note="Ring twice")
    shop.act("close", order=archived.gid)
    shop.act("cancel", order=cancelled.gid)
    shop.act("delete", order=gone.gid)
    shop.act("open", order=reopened.gid)
    (new,) = shop.act("new_order", count=1)["orders"]

    done = prove(connected)

    assert named(done) == {
        (changed.gid, "differing", True),
        (archived.gid, "extra", True),
        (cancelled.gid, "extra", True),
        (gone.gid, "extra", True),
        (reopened.gid, "missing", True),
        (new, "missing", True),
    }
    assert (done.missing, done.extra, done.differing, done.repaired, done.remaining) == (2, 3, 1, 6, 0)
    assert (done.state, done.live_there, done.live_here) == (ProofState.REPAIRED, *[Order.objects.live().count()] * 2)
    assert mirror_states(connected) == shop_states(connected)
    assert prove(connected).state == ProofState.EQUAL


def test_a_hold_that_moves_no_clock_of_the_order_is_found(connected, shop):
    waiting = FulfillmentOrder.objects.filter(status="OPEN", order__stage="to_fulfil").select_related("order").first()
    shop.act("hold", order=waiting.order.gid, reason="INCORRECT_ADDRESS")

    done = prove(connected)

    assert named(done) == {(waiting.order.gid, "differing", True)}
    assert Order.objects.get(pk=waiting.order_id).on_hold is True


def test_rows_that_were_written_by_hand_are_found_although_their_hash_is_right(connected):
    note, line, tag, hidden, lost = Order.objects.to_fulfil().order_by("pk")[:5]
    Order.objects.filter(pk=note.pk).update(note="not what the shop says")
    LineItem.objects.filter(pk=line.lines.first().pk).update(quantity=99)
    OrderTag.objects.create(store=connected, order=tag, name="invented", folded="invented")
    Order.objects.filter(pk=hidden.pk).update(stage="archived")
    lost_gid = lost.gid
    lost.delete()

    done = prove(connected)

    assert named(done) == {
        (note.gid, "differing", True),
        (line.gid, "differing", True),
        (tag.gid, "differing", True),
        (hidden.gid, "missing", True),
        (lost_gid, "missing", True),
    }
    assert not Order.objects.filter(note="not what the shop says").exists()
    assert not LineItem.objects.filter(quantity=99).exists()
    assert not OrderTag.objects.filter(name="invented").exists()
    assert prove(connected).state == ProofState.EQUAL


def test_an_archived_order_that_is_lost_is_found_by_the_count_of_its_day(connected):
    lost = next(order for order in Order.objects.filter(stage="archived").order_by("-created_at") if old(order))
    gid = lost.gid
    lost.delete()

    done = prove(connected)

    assert (named(done), done.days_differing) == ({(gid, "missing", True)}, [])
    assert done.live_there == done.live_here == Order.objects.live().count()
    assert mirror_states(connected) == shop_states(connected)


def test_an_archived_order_that_the_shop_deleted_is_found_by_the_count_of_its_day(connected, shop):
    gone = next(order for order in Order.objects.filter(stage="archived").order_by("created_at") if old(order))
    shop.act("delete", order=gone.gid)

    done = prove(connected)

    gone.refresh_from_db()
    assert (named(done), gone.stage) == ({(gone.gid, "extra", True)}, "deleted")


def test_what_changes_while_the_proof_runs_is_no_difference(connected, shop, monkeypatch):
    order = Order.objects.to_fulfil().order_by("created_at").first()
    # The proof began before the change, and met it afterwards.
    asked = request_proof(connected, actor=SYSTEM)
    Proof.objects.filter(pk=asked.pk).update(started_at=timezone.now().replace(microsecond=0) - timedelta(seconds=5))
    shop.act("edit_note", order=order.gid, note="Just now")

    prove_store_job(connected.pk)

    asked.refresh_from_db()
    assert (asked.state, asked.details, asked.moved) == (ProofState.EQUAL, [], 1)
    order.refresh_from_db()
    assert order.note == "Just now"


def test_local_fields_and_the_history_of_others_stay_as_they_are(connected):
    kept, damaged = Order.objects.to_fulfil().order_by("pk")[:2]
    Order.objects.filter(pk=damaged.pk).update(note="wrong", comment_count=3, pending_verbs=["archive"])
    entries = TimelineEntry.objects.filter(order=kept).count()

    prove(connected)

    damaged.refresh_from_db()
    assert (damaged.comment_count, damaged.pending_verbs) == (3, ["archive"])
    assert damaged.note != "wrong"
    assert TimelineEntry.objects.filter(order=kept).count() == entries


def test_what_cannot_be_repaired_stays_red(connected, monkeypatch):
    from orders.resources import OrdersResource
    from stores.resources import Ingested

    order = Order.objects.to_fulfil().first()
    Order.objects.filter(pk=order.pk).update(note="wrong")
    monkeypatch.setattr(OrdersResource, "refresh", lambda *args, **kwargs: Ingested())

    done = prove(connected)

    assert (done.state, named(done)) == (ProofState.DIFFERS, {(order.gid, "differing", False)})
    assert (done.repaired, done.remaining) == (0, 1)
    status = proof_status(connected)
    assert status.level == Level.BAD
    assert status.sentence.endswith(", 1 still different")


def test_an_order_that_cannot_be_read_proves_nothing_and_does_not_keep_the_others(connected, monkeypatch):
    from orders.services.evidence import OrdersEvidence
    from stores.shopify.errors import GarbageAnswer

    odd, wrong = Order.objects.to_fulfil().order_by("pk")[:2]
    Order.objects.filter(pk__in=[odd.pk, wrong.pk]).update(note="wrong")
    whole = reading.read_orders

    def read(client: Any, gids: list[str], **options: Any) -> Any:
        if odd.gid in gids:
            raise GarbageAnswer("garbage_answer", facts={"path": "nodes.0.name"})
        return whole(client, gids, **options)

    monkeypatch.setattr("orders.services.evidence.read_orders", read)

    done = prove(connected)

    left_out: list[Rejected] = []
    assert OrdersEvidence().read(client_for(connected), connected, [odd.gid], rejected=left_out) == {}
    assert [one.gid for one in left_out] == [odd.gid]
    assert Quarantined.objects.get().gid == odd.gid
    assert (done.state, done.remaining, done.repaired) == (ProofState.DIFFERS, 1, 1)
    assert named(done) == {(odd.gid, "differing", False), (wrong.gid, "differing", True)}


def test_a_proof_that_breaks_off_goes_on_where_it_was_and_counts_nothing_twice(connected, shop, monkeypatch):
    pages = []
    whole = reading.read_orders_page

    def small_pages(*args: Any, **kwargs: Any) -> Any:
        pages.append(kwargs.get("created_to"))
        return whole(*args, **{**kwargs, "first": 7})

    monkeypatch.setattr("orders.services.evidence.read_orders_page", small_pages)
    monkeypatch.setattr(proof, "_JOB_SECONDS", -1)
    changed = Order.objects.to_fulfil().order_by("created_at").first()
    shop.act("edit_note", order=changed.gid, note="The oldest")
    asked = request_proof(connected, actor=SYSTEM)
    prove_store_job(connected.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.is_open, asked.leased_until) == (ProofState.RUNNING, True, None)
    assert 0 < asked.live_there < Order.objects.live().count()

    for _ in range(60):
        prove_store_job(connected.pk)

    asked.refresh_from_db()
    live = Order.objects.live().count()
    assert (asked.live_there, asked.live_here, named(asked)) == (live, live, {(changed.gid, "differing", True)})
    assert asked.days_compared == 32
    assert len(set(pages)) == -(-live // 7)  # as many windows as pages of seven: each job went on where one ended


def test_a_worker_that_was_killed_leaves_a_proof_that_another_one_ends(connected):
    asked = request_proof(connected, actor=SYSTEM)
    Proof.objects.filter(pk=asked.pk).update(
        state=ProofState.RUNNING, claim=1, attempts=1, leased_until=Now() + timedelta(minutes=1)
    )

    prove_store_job(connected.pk)
    asked.refresh_from_db()
    assert (asked.claim, asked.started_at) == (1, None)

    Proof.objects.filter(pk=asked.pk).update(leased_until=Now() - timedelta(seconds=1))
    prove_store_job(connected.pk)
    asked.refresh_from_db()
    assert (asked.claim, asked.state) == (2, ProofState.EQUAL)


def test_a_worker_that_lost_its_lease_writes_nothing(connected):
    asked = request_proof(connected, actor=SYSTEM)
    Proof.objects.filter(pk=asked.pk).update(claim=5, leased_until=Now() + timedelta(minutes=1))

    with pytest.raises(proof.TryAgain):
        proof._save(asked, live_there=99)

    asked.refresh_from_db()
    assert asked.live_there == 0


def test_a_proof_that_dies_eight_times_is_given_up(connected):
    asked = request_proof(connected, actor=SYSTEM)
    Proof.objects.filter(pk=asked.pk).update(attempts=8)

    prove_store_job(connected.pk)

    asked.refresh_from_db()
    assert (asked.state, asked.error_code) == (ProofState.FAILED, "gave_up")


def test_a_shop_that_fails_is_asked_again_later(connected, shop, monkeypatch):
    from stores.shopify import retry

    monkeypatch.setitem(retry.PATIENCE, Lane.BACKGROUND, retry.Patience(tries=1, seconds=0))
    shop.faults("status", status=503, times=1)
    asked = request_proof(connected, actor=SYSTEM)

    prove_store_job(connected.pk)

    asked.refresh_from_db()
    assert (asked.state, asked.error_code) == (ProofState.RUNNING, "shop_unavailable")
    assert asked.next_attempt_at > timezone.now()
    Proof.objects.update(next_attempt_at=None)
    prove_store_job(connected.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.error_code, asked.error_message) == (ProofState.EQUAL, "", "")


def test_a_revoked_token_ends_the_proof_and_sets_the_store_aside(connected, shop):
    shop.faults("token_revoked", times=None)
    asked = request_proof(connected, actor=SYSTEM)

    prove_store_job(connected.pk)

    asked.refresh_from_db()
    connected.refresh_from_db()
    assert (asked.state, asked.error_code) == (ProofState.FAILED, "bad_token")
    assert connected.state == StoreState.NEEDS_ATTENTION
    assert proof_status(connected).level == Level.WARNING


def test_a_search_for_open_orders_that_is_not_understood_is_refused(connected, monkeypatch):
    finished = [order for page in _pages(connected) for order in page.items if order.closed][:6]
    assert len(finished) == 6

    with pytest.raises(Final) as refused:
        reading._refuse_unfiltered(finished, request_id="r")

    assert refused.value.code == "search_ignored"


def _pages(store: Store) -> Any:
    return iterate_orders(client_for(store), scopes=store.scopes, lane=Lane.INTERACTIVE)


def test_only_one_proof_of_a_store_is_open_at_a_time(connected):
    first = request_proof(connected, actor=SYSTEM)

    assert request_proof(connected, actor=SYSTEM).pk == first.pk
    with pytest.raises(IntegrityError), transaction.atomic():
        Proof.objects.create(store=connected, requested_by="somebody else")


def test_only_managers_ask_and_only_for_what_can_be_proven(store, manager_actor, agent_actor):
    with pytest.raises(NotAllowed):
        request_proof(store, actor=agent_actor)
    with pytest.raises(Refused) as loading:
        request_proof(store, actor=manager_actor)
    assert loading.value.code == "first_load_under_way"

    store.state = StoreState.PAUSED
    with pytest.raises(Refused) as paused:
        request_proof(store, actor=manager_actor)
    assert paused.value.code == "store_not_connected"
    assert Proof.objects.count() == 0


def test_each_night_every_connected_store_that_is_loaded_is_proven(store, other_store):
    SyncStream.objects.create(store=store, resource="orders", phase=SyncPhase.FOLLOWING)
    SyncStream.objects.create(store=other_store, resource="orders", phase=SyncPhase.FIRST_LOAD)
    forgotten = Proof.objects.create(
        store=store, state=ProofState.EQUAL, requested_by="x", finished_at=timezone.now() - timedelta(days=91)
    )

    proof.prove_all_job()

    assert list(Proof.objects.values_list("store", "state", "requested_by")) == [(store.pk, "waiting", "system")]
    assert not Proof.objects.filter(pk=forgotten.pk).exists()


def test_the_sweep_rings_for_a_proof_whose_bell_was_lost(store):
    Proof.objects.create(store=store, requested_by="x")
    OrmQ.objects.all().delete()

    proof.sweep()
    assert OrmQ.objects.count() == 1

    OrmQ.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM core_doorbell")
    Proof.objects.update(leased_until=Now() + timedelta(minutes=1))
    proof.sweep()
    assert OrmQ.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "level", "overdue"),
    [
        ({"state": "equal"}, Level.GOOD, False),
        ({"state": "repaired", "repaired": 3}, Level.GOOD, False),
        ({"state": "differs", "remaining": 1}, Level.BAD, False),
        ({"state": "equal", "hours": 27}, Level.WARNING, True),
        ({"state": "differs", "hours": 27, "remaining": 1}, Level.BAD, True),
        ({"state": "failed"}, Level.WARNING, True),
        (None, Level.WARNING, True),
    ],
)
def test_the_colour_changes_by_itself(store, fields, level, overdue):
    if fields is not None:
        hours = fields.pop("hours", 1)
        ended = timezone.now() - timedelta(hours=hours)
        Proof.objects.create(store=store, requested_by="x", finished_at=ended, **fields)

    status = proof_status(store)

    assert (status.level, status.is_overdue) == (level, overdue)


def test_the_sentence_says_what_was_compared_when_and_what_came_of_it(store):
    at = timezone.now().replace(hour=3, minute=10) - timedelta(days=1)
    Proof.objects.create(
        store=store, requested_by="x", state="repaired", finished_at=at, live_there=412, live_here=412, repaired=3
    )
    local = timezone.localtime(at, timezone=__import__("zoneinfo").ZoneInfo("Europe/Amsterdam"))

    assert proof_status(store).sentence == f"412 = 412, checked {local:%Y-%m-%d %H:%M}, 3 repaired"


def test_a_new_mirror_is_proven_as_soon_as_it_is_complete_and_once(connected):
    proof.sweep()
    proof.sweep()

    one = Proof.objects.get()
    assert (one.state, one.requested_by) == (ProofState.WAITING, "system")
    prove_store_job(connected.pk)
    proof.sweep()
    assert Proof.objects.get().state == ProofState.EQUAL


def test_a_mirror_that_is_not_complete_is_not_proven_by_itself(connected):
    SyncStream.objects.filter(resource="orders").update(first_loaded_at=None)
    proof.sweep()
    SyncStream.objects.filter(resource="orders").update(first_loaded_at=timezone.now())
    Store.objects.filter(pk=connected.pk).update(state=StoreState.PAUSED)
    proof.sweep()
    assert Proof.objects.count() == 0
