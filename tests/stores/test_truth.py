"""How far what is shown can be trusted: said of one store and of many, and less by itself as time goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scopes_disabled

from backoffice.core.clock import db_now
from stores.choices import ProofState, StoreState, SyncPhase
from stores.models import Proof, Store, SyncStream
from stores.services.proof_status import Level
from stores.services.truth import StoreTruth, Truth, truth_of, truths_of
from tests.builders.orders import make_store


@pytest.fixture(autouse=True)
def _unscoped() -> Iterator[None]:
    with scopes_disabled():
        yield


def follow(store: Store, *, behind: timedelta = timedelta(), **fields: Any) -> Store:
    values = {"phase": SyncPhase.FOLLOWING, "true_as_of": db_now() - behind}
    SyncStream.objects.update_or_create(store=store, resource="orders", defaults=values | fields)
    return store


def prove(
    store: Store, state: ProofState = ProofState.EQUAL, *, ago: timedelta = timedelta(hours=1), **fields: Any
) -> Proof:
    values: dict[str, Any] = {"live_there": 412, "live_here": 412, "requested_by": "the schedule"}
    finished = None if state in (ProofState.WAITING, ProofState.RUNNING) else db_now() - ago
    return Proof.objects.create(store=store, state=state, finished_at=finished, **(values | fields))


def alone(store: Store) -> StoreTruth:
    return truths_of([store])[store.pk]


@pytest.mark.row("FEAT-D5")
def test_a_mirror_that_is_fresh_and_proven_is_green_with_its_proof(store: Store):
    follow(store)
    proof = prove(store, ProofState.REPAIRED, repaired=3)

    truth = truth_of([store])

    assert (truth.level, truth.loading, truth.history_from) == (Level.GOOD, None, None)
    assert truth.sentence.startswith("412 = 412, checked ")
    assert truth.sentence.endswith(", 3 repaired")
    assert truth.checked_at == proof.finished_at
    assert truth.as_of == SyncStream.objects.get().true_as_of


@pytest.mark.row("FEAT-D5")
@pytest.mark.parametrize(
    ("behind", "ago", "state", "level", "words"),
    [
        (timedelta(minutes=2), timedelta(hours=25), StoreState.CONNECTED, Level.GOOD, "412 = 412"),
        (timedelta(minutes=12), timedelta(hours=1), StoreState.CONNECTED, Level.WARNING, "12 minutes behind, 412"),
        (timedelta(minutes=61), timedelta(hours=1), StoreState.CONNECTED, Level.BAD, "61 minutes behind, 412"),
        (timedelta(hours=5), timedelta(hours=1), StoreState.CONNECTED, Level.BAD, "5 hours behind, 412"),
        (timedelta(days=3), timedelta(hours=1), StoreState.PAUSED, Level.BAD, "paused, 3 days behind, 412"),
        (timedelta(), timedelta(hours=27), StoreState.CONNECTED, Level.WARNING, "412 = 412"),
        (timedelta(), timedelta(hours=1), StoreState.NEEDS_ATTENTION, Level.BAD, "needs attention, 412"),
        (timedelta(days=90), timedelta(hours=1), StoreState.DISCONNECTED, Level.WARNING, "disconnected, as it was"),
    ],
)
def test_it_goes_amber_and_red_by_itself(
    store: Store, behind: timedelta, ago: timedelta, state: StoreState, level: Level, words: str
):
    Store.objects.filter(pk=store.pk).update(state=state)
    store.refresh_from_db()
    follow(store, behind=behind)
    prove(store, ago=ago)

    assert alone(store).level == level
    assert alone(store).sentence.startswith(words)


def test_a_difference_that_stayed_is_red_and_a_failed_proof_amber(store: Store):
    follow(store)
    prove(store, ProofState.DIFFERS, remaining=2)
    assert (alone(store).level, "2 still different" in alone(store).sentence) == (Level.BAD, True)

    prove(store, ago=timedelta(minutes=10))
    assert alone(store).level == Level.GOOD
    prove(store, ProofState.FAILED, ago=timedelta(minutes=5), error_message="The shop is away.")
    prove(store, ProofState.RUNNING)
    assert alone(store).level == Level.WARNING
    assert alone(store).sentence.endswith("the last attempt failed: The shop is away.")
    assert alone(store).proof.running is not None


def test_a_first_load_says_how_far_it_is_and_is_no_time_yet(store: Store):
    assert (alone(store).sentence, alone(store).as_of) == ("first load 0 %", None)
    follow(store, phase=SyncPhase.FIRST_LOAD, true_as_of=None, loaded=40, expected=100)

    truth = truth_of([store])

    assert (truth.as_of, truth.loading, truth.level, truth.sentence) == (None, 0.4, Level.WARNING, "first load 40 %")


def test_of_several_stores_the_one_that_is_worst_off_speaks(store: Store, other_store: Store):
    east, west = make_store("East"), make_store("West")
    for each, behind in ((store, 1), (other_store, 20), (east, 30), (west, 0)):
        follow(each, behind=timedelta(minutes=behind))
    for each, ago in ((store, 5), (other_store, 2), (west, 3)):
        prove(each, ago=timedelta(hours=ago))
    prove(east, ProofState.DIFFERS, remaining=1)
    Store.objects.filter(pk=west.pk).update(history_from=date(2026, 9, 24))
    Store.objects.filter(pk=store.pk).update(history_from=date(2026, 8, 1))

    truth = everything()

    assert (truth.level, truth.history_from) == (Level.BAD, date(2026, 9, 24))
    assert truth.as_of == SyncStream.objects.get(store=east).true_as_of
    assert truth.checked_at == Proof.objects.get(store=store).finished_at
    east_says, south_says, rest = truth.sentence.split(" · ")
    assert east_says.startswith("East: 30 minutes behind, 412 = 412")
    assert south_says.startswith("South: 20 minutes behind")
    assert rest == "2 stores proven"


def everything() -> Truth:
    return truth_of(Store.objects.order_by("pk"))


def test_a_disconnected_store_stands_still_and_does_not_date_the_others(store: Store, other_store: Store):
    Store.objects.filter(pk=other_store.pk).update(state=StoreState.DISCONNECTED)
    follow(store)
    prove(store)
    follow(other_store, behind=timedelta(days=90))

    truth = everything()

    assert (truth.as_of, truth.level) == (SyncStream.objects.get(store=store).true_as_of, Level.GOOD)
    assert truth.sentence == "1 store proven · 1 store is disconnected"
    only = truth_of(Store.objects.filter(pk=other_store.pk))
    assert only.as_of == SyncStream.objects.get(store=other_store).true_as_of


def test_a_store_that_was_never_proven_leaves_the_check_open(store: Store, other_store: Store):
    for each in (store, other_store):
        follow(each)
    prove(store)

    assert (everything().checked_at, everything().level) == (None, Level.WARNING)
    assert "South: Not proven yet" in everything().sentence


def test_thirty_stores_cost_as_many_queries_as_one(store: Store):
    def cost(stores: list[Store]) -> int:
        with CaptureQueriesContext(connection) as queries:
            truth_of(stores)
        return len(queries)

    prove(follow(store))
    few = cost([store])
    many = [store, *(follow(make_store()) for _ in range(29))]
    for each in many:
        prove(each)
        prove(each, ProofState.FAILED)
    assert cost(many) == few == 4
    assert cost([]) == 0
