"""Whatever is lost, doubled, late or crossed: after one reconciliation the mirror equals the shop, and stays equal
until the shop changes. Each way of getting this wrong is found out by the same machine."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from django_scopes import scopes_disabled
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from orders.models import Customer, Order, Tombstone
from orders.services import ingest
from orders.services.ingest import Known, Verdict
from stores.models import Store
from tests.builders.orders import make_store

from .shop_model import (
    OVERLAP_SECONDS,
    START,
    DatabaseMirror,
    Mirror,
    ModelMirror,
    Shop,
    Version,
    at,
)

ORDERS = st.integers(1, 2)
ANY = st.integers(0, 1000)
TICKS = st.sampled_from([0, 1, 3, 300, 86_400])


@dataclass(frozen=True, slots=True)
class Hint:
    """A webhook: about which order, and what it looked like when it was sent (None: deleted)."""

    n: int
    payload: Version | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request brought, on its way to the mirror."""

    n: int
    version: Version | None
    fetched_at: datetime
    by_id: bool


class MirrorMachine(RuleBasedStateMachine):
    """`settled`: the last thing that happened to the shop has been reconciled."""

    overlap: int | None = OVERLAP_SECONDS
    second_clock = True
    trusts_payload = False

    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop()
        self.mirror: Mirror = self.new_mirror()
        self.hints: list[Hint] = []
        self.answers: list[Answer] = []
        self.watermark: int | None = None
        self.held_watermark: int | None = None
        self.settled = False
        self.told: set[int] = set()
        self.edits: dict[int, int] = {}
        self.erased: set[int] = set()

    def new_mirror(self) -> Mirror:
        return ModelMirror()

    @initialize(first=TICKS, second=TICKS)
    def a_shop_that_was_mirrored(self, first: int, second: int) -> None:
        for n, pause in ((1, first), (2, second)):
            self.change(n)
            self.shop.now += pause
        self.reconcile()

    # The shop

    @rule(seconds=TICKS)
    def tick(self, seconds: int) -> None:
        self.shop.now += seconds

    @rule(n=ORDERS)
    def change(self, n: int) -> None:
        if n not in self.shop.deleted:
            self.hints.append(Hint(n, self.shop.write(n)))
            self.settled = False

    @rule(n=ORDERS)
    def hold(self, n: int) -> None:
        if self.shop.read(n) is not None:
            self.hints.append(Hint(n, self.shop.hold(n)))
            self.settled = False

    @rule(n=ORDERS)
    def delete(self, n: int) -> None:
        if self.shop.read(n) is not None:
            self.shop.deleted.add(n)
            self.hints.append(Hint(n, None))
            self.settled = False

    # Its hints: any of them, twice, late, or never

    @precondition(lambda self: self.hints)
    @rule(which=ANY, twice=st.booleans())
    def deliver(self, which: int, twice: bool) -> None:
        hint = self.hints[which % len(self.hints)]
        if not twice:
            self.hints.remove(hint)
        if self.trusts_payload:
            self._land(Answer(hint.n, hint.payload, self.shop.clock(), by_id=True))
        else:
            self._refresh(hint.n)

    @precondition(lambda self: self.hints)
    @rule(which=ANY)
    def lose(self, which: int) -> None:
        self.hints.pop(which % len(self.hints))

    # Requests whose answers cross each other

    @rule(n=ORDERS)
    def ask(self, n: int) -> None:
        self.answers.append(Answer(n, self.shop.read(n), self.shop.clock(), by_id=True))

    @rule(hidden=st.sets(ORDERS))
    def ask_for_changes(self, hidden: set[int]) -> None:
        asked_at = self.shop.clock()
        page = self.shop.search(self._from(self.watermark), hidden=hidden)
        self.answers += [Answer(version.n, version, asked_at, by_id=False) for version in page]

    @precondition(lambda self: self.answers)
    @rule(which=ANY)
    def answer_lands(self, which: int) -> None:
        self._land(self.answers.pop(which % len(self.answers)))

    # Reconciliation

    @rule(hidden=st.sets(ORDERS))
    def poll(self, hidden: set[int]) -> None:
        """A pass of the first clock that meets a lagging index."""
        asked_at = self.shop.clock()
        page = self.shop.search(self._from(self.watermark), hidden=hidden)
        for n in self.mirror.write(page, asked_at, by_id=False):
            self._refresh(n)
        latest = max((version.updated_at for version in page), default=None)
        self.watermark = max((one for one in (self.watermark, latest) if one is not None), default=None)

    @rule()
    def reconcile(self) -> None:
        self.poll(set())
        if self.second_clock:
            found = self.shop.search_holds(self._from(self.held_watermark))
            for n in self.mirror.stale_holds(found):
                self._refresh(n)
            latest = max((held_at for _, held_at in found), default=None)
            self.held_watermark = max((one for one in (self.held_watermark, latest) if one is not None), default=None)
        self.settled = True

    @rule()
    def prove(self) -> None:
        """What the two clocks cannot show: a deletion that nobody told of."""
        self.reconcile()
        for n in sorted(set(self.mirror.shown()) - {version.n for version in self.shop.there()}):
            self._refresh(n)
        self.told |= self.shop.deleted

    # Ours

    @rule(n=ORDERS, value=st.integers(1, 9))
    def edit(self, n: int, value: int) -> None:
        if n in self.mirror.shown():
            self.mirror.edit_locally(n, value)
            self.edits[n] = value

    # The law's

    @rule(n=ORDERS)
    def redact(self, n: int) -> None:
        """The shop itself may go on naming him."""
        self.mirror.erase(n)
        self.erased.add(n)

    @invariant()
    def who_was_erased_is_named_nowhere(self) -> None:
        assert self.mirror.named() & self.erased == set()

    @invariant()
    def what_is_ours_stays(self) -> None:
        assert self.mirror.local() == self.edits

    @invariant()
    def the_mirror_equals_the_shop(self) -> None:
        if not self.settled:
            return
        shown = self.mirror.shown()
        untold = self.shop.deleted - self.told
        assert {n: value for n, value in shown.items() if n not in untold} == {
            version.n: version.value for version in self.shop.there()
        }

    def _from(self, watermark: int | None) -> float:
        if watermark is None:
            return float("-inf")
        return watermark + 1 if self.overlap is None else watermark - self.overlap

    def _refresh(self, n: int) -> None:
        """Read by id and written, with nothing in between."""
        self._land(Answer(n, self.shop.read(n), self.shop.clock(), by_id=True))

    def _land(self, answer: Answer) -> None:
        if answer.version is None:
            if self.mirror.mark_deleted(answer.n, answer.fetched_at):
                self.told.add(answer.n)
            return
        for n in self.mirror.write([answer.version], answer.fetched_at, by_id=answer.by_id):
            self._refresh(n)


COMMON: dict[str, Any] = {
    "stateful_step_count": 25,
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.generate, Phase.shrink],
}


@pytest.mark.row("INV-C1", "INV-C2", "INV-C3", "FACT-F10", "REL-W05")
def test_after_one_reconciliation_the_mirror_equals_the_shop():
    run_state_machine_as_test(MirrorMachine, settings=settings(max_examples=200, **COMMON))


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.row("INV-C1", "INV-C2", "INV-C3", "FACT-F10", "REL-W05")
def test_after_one_reconciliation_the_mirror_equals_the_shop_in_many_runs():
    run_state_machine_as_test(MirrorMachine, settings=settings(max_examples=5_000, **COMMON))


def _database_machine(store: Store) -> type[MirrorMachine]:
    class DatabaseMachine(MirrorMachine):
        def new_mirror(self) -> Mirror:
            for model in (Order, Customer, Tombstone):
                model.objects.filter(store=store).delete()
            return DatabaseMirror(store)

    return DatabaseMachine


@pytest.mark.django_db
@pytest.mark.row("INV-C1", "INV-C2", "INV-C3", "REL-W05", "REL-G02")
def test_the_tables_equal_the_shop_as_well():
    with scopes_disabled():
        machine = _database_machine(make_store())
        run_state_machine_as_test(machine, settings=settings(max_examples=40, **{**COMMON, "stateful_step_count": 20}))


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.django_db
@pytest.mark.row("INV-C1", "INV-C2", "INV-C3", "REL-W05", "REL-G02")
def test_the_tables_equal_the_shop_in_many_runs():
    with scopes_disabled():
        run_state_machine_as_test(_database_machine(make_store()), settings=settings(max_examples=300, **COMMON))


# What a mirror must not do: each of these is found out.


def always(known: Known | None, **_: Any) -> Verdict:
    return Verdict.WRITE


def strictly_newer(known: Known | None, *, updated_at: datetime, **_: Any) -> Verdict:
    return Verdict.WRITE if known is None or updated_at > known.updated_at else Verdict.OLDER


def not_older(known: Known | None, *, updated_at: datetime, **_: Any) -> Verdict:
    return Verdict.WRITE if known is None or updated_at >= known.updated_at else Verdict.OLDER


def another_state_and_not_older(known: Known | None, *, updated_at: datetime, state_hash: str, **_: Any) -> Verdict:
    if known is not None and (known.state_hash == state_hash or updated_at < known.updated_at):
        return Verdict.SAME
    return Verdict.WRITE


def whenever_it_was_asked_for(known: Known | None, *, fetched_at: datetime, **facts: Any) -> Verdict:
    return ingest.decide(known, fetched_at=max(fetched_at, known.fetched_at) if known else fetched_at, **facts)


def equal_times_are_equal_states(known: Known | None, *, updated_at: datetime, by_id: bool, **facts: Any) -> Verdict:
    if known is not None and not by_id and updated_at == known.updated_at:
        return Verdict.SAME
    return ingest.decide(known, updated_at=updated_at, by_id=by_id, **facts)


def another_time(here: Sequence[datetime] | None, changed_at: datetime) -> bool:
    return here is None or here[0] != changed_at


def _broken(*, mirror: dict[str, Any] | None = None, **changes: Any) -> type[MirrorMachine]:
    def new_mirror(self: MirrorMachine) -> Mirror:
        return ModelMirror(**(mirror or {}))

    return type("BrokenMachine", (MirrorMachine,), {"new_mirror": new_mirror, **changes})


BROKEN = {
    "the erased are forgotten themselves": _broken(mirror={"remembers_erased": False}),
    "the last payload wins": _broken(mirror={"decide": always}, trusts_payload=True),
    "a payload with a later time wins": _broken(mirror={"decide": strictly_newer}, trusts_payload=True),
    "a payload with no earlier time wins": _broken(mirror={"decide": not_older}, trusts_payload=True),
    "a payload with another state and no earlier time wins": _broken(
        mirror={"decide": another_state_and_not_older}, trusts_payload=True
    ),
    "a late payload is taken for the state": _broken(trusts_payload=True),
    "what was read by id is kept when its time is later": _broken(mirror={"decide": strictly_newer}),
    "deleted rows leave no tombstone": _broken(mirror={"tombstones": False}),
    "the next pass begins after the last time seen": _broken(overlap=None),
    "holds have no clock": _broken(second_clock=False),
    "holds of one second are one hold": _broken(mirror={"is_stale": another_time}),
    "an answer is believed whenever it was asked for": _broken(mirror={"decide": whenever_it_was_asked_for}),
    "equal times are taken for equal states": _broken(mirror={"decide": equal_times_are_equal_states}),
}


@pytest.mark.row("INV-C1", "INV-C3", "FACT-F10")
@pytest.mark.parametrize("machine", BROKEN.values(), ids=BROKEN.keys())
def test_each_way_of_getting_it_wrong_is_found_out(machine: type[MirrorMachine]):
    hunt = settings(max_examples=20_000, derandomize=True, print_blob=False, **{**COMMON, "phases": [Phase.generate]})

    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=hunt)


@pytest.mark.row("INV-C4")
@given(
    order=st.permutations(range(4)),
    holds=st.lists(st.booleans(), min_size=4, max_size=4),
    seconds=st.lists(st.sampled_from([0, 1, 300]), min_size=4, max_size=4),
)
@settings(max_examples=200, deadline=None, database=None)
def test_pages_in_any_order_and_one_reconciliation_give_the_same_rows(
    order: list[int], holds: list[bool], seconds: list[int]
):
    shop, asked = Shop(), []
    for held, pause in zip(holds, seconds, strict=True):
        shop.now += pause
        version = shop.hold(1) if held and 1 in shop.versions else shop.write(1)
        asked.append((version, shop.clock()))
    mirror = ModelMirror()

    for position in itertools.chain(order, order):
        version, fetched_at = asked[position]
        for _ in mirror.write([version], fetched_at, by_id=True):
            mirror.write([shop.versions[1][-1]], shop.clock(), by_id=True)
    mirror.write([shop.versions[1][-1]], shop.clock(), by_id=True)

    assert mirror.shown() == {1: shop.changes}


@pytest.mark.row("INV-C4")
@given(second=st.integers(0, 3), value=st.integers(0, 3), asked=st.integers(0, 3), by_id=st.booleans())
@settings(max_examples=200, deadline=None, database=None)
def test_what_was_just_written_is_the_same_a_second_time(second: int, value: int, asked: int, by_id: bool):
    known = Known(at(second), str(value), START)

    again = ingest.decide(known, updated_at=at(second), state_hash=str(value), fetched_at=at(asked), by_id=by_id)

    assert again is Verdict.SAME
