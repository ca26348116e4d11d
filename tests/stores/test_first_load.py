"""The first load of a large shop: in bulk, usable while it runs, whole whatever happens to it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.db.models import Sum
from django.db.models.functions import Now
from django_scopes import scopes_disabled

from backoffice.core.actor import SYSTEM
from orders.models import LineItem, Order
from orders.resources import OrdersResource
from stores.choices import LoadState, LoadWay, StoreState, SyncPhase
from stores.gateway import client_for
from stores.models import LoadWindow, Store, SyncStream
from stores.rehearsal.process import RehearsalShop
from stores.services import first_load, first_load_bulk, first_load_windows, shop_news, sync
from stores.services.connect import connect_store, pause_store, resume_store
from stores.services.health import note_uninstalled
from stores.shopify.reading import count_orders, iterate_orders
from stores.shopify.throttle import Lane
from tests.conftest_shops import DOMAIN

ORDERS = 60


@pytest.fixture(autouse=True)
def _unscoped() -> Iterator[None]:
    with scopes_disabled():
        yield


@pytest.fixture(autouse=True)
def _small(settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty orders are many, and windows hold a dozen."""
    settings.BULK_LOAD_ABOVE = 20
    settings.FIRST_LOAD_DIR = tmp_path / "first_load"
    monkeypatch.setattr(first_load, "_NEWEST_ORDERS", 10)
    monkeypatch.setattr(first_load, "MOST_ORDERS", 25)
    monkeypatch.setattr(first_load_windows, "_SMALLEST", 6)


@pytest.fixture
def store(db: None, shop: RehearsalShop) -> Store:
    """Connected, nothing mirrored yet."""
    return connect_store(domain=DOMAIN, token=shop.token, webhook_secret=shop.webhook_secret, actor=SYSTEM)


def stream(store: Store) -> SyncStream:
    return SyncStream.objects.get(store=store, resource="orders")


def windows(store: Store) -> list[LoadWindow]:
    return list(LoadWindow.objects.filter(store=store).order_by("-created_to", "pk"))


def begin(store: Store) -> None:
    sync.sync_job(store.pk, "orders")


def turn(store: Store) -> None:
    """One turn of the load, as if its time had come."""
    LoadWindow.objects.update(next_attempt_at=None)
    first_load.load_job(store.pk, "orders")


def finish(store: Store, *, turns: int = 400, until: Callable[[], bool] = lambda: False) -> None:
    """Turns until the stream is followed alone. Each asks the shop, which goes on meanwhile."""
    for _ in range(turns):
        if stream(store).phase == SyncPhase.FOLLOWING or until():
            return
        turn(store)
    pytest.fail(f"not done after {turns} turns: {[(w.state, w.error_code) for w in windows(store)]}")


def shop_states(store: Store) -> dict[str, str]:
    from orders.services.mirror_rows import state_hash

    pages = iterate_orders(client_for(store), scopes=store.scopes, lane=Lane.INTERACTIVE)
    return {order.gid: state_hash(order) for page in pages for order in page.items}


def settled(store: Store) -> dict[str, str]:
    """The mirror's states once every order has been read whole, as it is when a summary is looked at."""
    from stores import resources

    thin = list(Order.objects.filter(store=store, state_hash="").values_list("gid", flat=True))
    resources.get("orders").refresh(client_for(store), store, thin, lane=Lane.INTERACTIVE)
    return dict(Order.objects.filter(store=store, deleted_at__isnull=True).values_list("gid", "state_hash"))


def count_there(store: Store) -> int:
    return count_orders(client_for(store), lane=Lane.INTERACTIVE).count


def fingerprint(store: Store) -> str:
    """Of every order and line, without what is ours and the moment of writing."""
    orders = Order.objects.filter(store=store).order_by("gid")
    rows = [
        *orders.values_list("gid", "name", "updated_at", "stage", "total_shop", "email", "tags", "line_count"),
        *LineItem.objects.filter(store=store).order_by("gid").values_list("gid", "order__gid", "title", "quantity"),
    ]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def test_a_large_shop_is_loaded_in_bulk_and_whole(store: Store, shop: RehearsalShop) -> None:
    begin(store)
    planned = windows(store)
    finish(store)

    assert stream(store).way == LoadWay.BULK
    assert len(planned) > 2
    assert Order.objects.count() == count_there(store) == sum(window.expected for window in windows(store))
    assert settled(store) == shop_states(store)
    assert {window.state for window in windows(store)} == {LoadState.DONE}
    assert [window.loaded for window in windows(store)] == [window.expected for window in windows(store)]
    assert shop.state()["files"]["with_token"] == 0


def test_a_small_shop_is_loaded_by_pages(store: Store, settings) -> None:
    settings.BULK_LOAD_ABOVE = ORDERS

    begin(store)

    assert (stream(store).way, windows(store)) == (LoadWay.PAGES, [])
    assert (stream(store).phase, Order.objects.count()) == (SyncPhase.FOLLOWING, ORDERS)


def test_the_windows_touch_and_the_newest_is_small(store: Store) -> None:
    begin(store)

    planned = windows(store)
    assert planned[0].expected <= 10
    assert max(window.expected for window in planned) <= 25
    for newer, older in pairwise(planned):
        assert newer.created_from - older.created_to == timedelta(seconds=1)
    assert planned[-1].created_from == datetime(1970, 1, 1, tzinfo=UTC)
    assert sum(window.expected for window in planned) == count_there(store)


def test_the_store_is_usable_and_followed_from_the_first_moment(store: Store, shop: RehearsalShop) -> None:
    begin(store)
    there = Order.objects.count()
    new = shop.act("new_order")["orders"][0]
    begin(store)

    assert 0 < there < ORDERS
    assert Order.objects.filter(gid=new).exists()
    assert (stream(store).phase, stream(store).true_as_of) == (SyncPhase.FIRST_LOAD, None)


def test_at_most_two_operations_run_at_once(store: Store) -> None:
    begin(store)
    first_load.load_job(store.pk, "orders")

    states = [window.state for window in windows(store)]
    assert states.count(LoadState.ASKED) == 2
    assert states[2:] == [LoadState.PLANNED] * (len(states) - 2)


def test_a_second_pass_changes_nothing(store: Store) -> None:
    begin(store)
    finish(store)
    settled(store)
    before = list(Order.objects.order_by("pk").values_list("pk", "mirrored_at"))

    sync.load_again(store)
    begin(store)
    finish(store)

    assert list(Order.objects.order_by("pk").values_list("pk", "mirrored_at")) == before


@pytest.mark.row("REL-S05")
def test_an_order_that_changes_during_the_load_never_goes_back_in_time(store: Store, shop: RehearsalShop) -> None:
    from stores import resources

    begin(store)
    finish(store, until=lambda: LoadWindow.objects.filter(state=LoadState.READY).exists() or _asked_are_over(store))
    # The files are made; what changes now is newer than they are.
    oldest = Order.objects.order_by("created_at").first()
    assert oldest is not None
    gids = [
        one.gid
        for page in iterate_orders(client_for(store), scopes=store.scopes, lane=Lane.INTERACTIVE)
        for one in page.items
    ]
    for gid in gids[::5]:
        shop.act("edit_note", order=gid, note="changed meanwhile")
    resources.get("orders").refresh(client_for(store), store, gids[::5], lane=Lane.INTERACTIVE)

    finish(store)

    notes = dict(Order.objects.filter(gid__in=gids[::5]).values_list("gid", "note"))
    assert notes == dict.fromkeys(gids[::5], "changed meanwhile")
    assert settled(store) == shop_states(store)


def _asked_are_over(store: Store) -> bool:
    from stores.shopify.bulk import read_bulk_operation

    asked = [window.operation_gid for window in windows(store) if window.state == LoadState.ASKED]
    found = [read_bulk_operation(client_for(store), gid, lane=Lane.BACKGROUND) for gid in asked if gid]
    return bool(found) and all(one is not None and one.is_completed for one in found)


BULK_FAULTS: list[tuple[int, dict[str, object]]] = [
    (1, {"kind": "bulk_failed"}),
    (3, {"kind": "bulk_failed", "share": 0.5}),
    (1, {"kind": "bulk_timeout", "share": 0.9}),
    (3, {"kind": "bulk_truncated", "bytes": 0}),
    (1, {"kind": "bulk_truncated", "bytes": 5000}),
    (1, {"kind": "bulk_expired_url"}),
    (1, {"kind": "bulk_garbage_line"}),
    (1, {"kind": "bulk_orphan"}),
]


@pytest.mark.row("REL-S01", "REL-S02", "REL-S03")
@pytest.mark.parametrize(
    ("times", "fault"), BULK_FAULTS, ids=["-".join(map(str, [times, *fault.values()])) for times, fault in BULK_FAULTS]
)
def test_whatever_an_operation_lacks_is_had_from_smaller_ones_or_by_pages(
    store: Store, shop: RehearsalShop, fault: dict[str, object], times: int
) -> None:
    shop.faults(**fault, times=times, only="bulk")
    begin(store)
    finish(store)

    assert len(shop.struck()) == times
    assert settled(store) == shop_states(store)
    over = [window for window in windows(store) if window.state == LoadState.SPLIT or window.by_pages]
    if fault["kind"] != "bulk_orphan":
        assert len(over) >= 1
        assert all(window.error_code and window.error_message for window in over)


@pytest.mark.row("REL-S02")
@pytest.mark.parametrize("kind", ["bulk_duplicate_line", "bulk_child_first", "bulk_blank_line", "bulk_unknown_type"])
def test_what_a_file_may_hold_as_well_costs_nothing(store: Store, shop: RehearsalShop, kind: str) -> None:
    shop.faults(kind=kind, times=None, only="bulk")
    begin(store)
    finish(store)

    assert settled(store) == shop_states(store)


@pytest.mark.row("REL-S03")
def test_where_bulk_never_works_everything_is_read_by_pages(store: Store, shop: RehearsalShop) -> None:
    shop.faults(kind="bulk_failed", times=None, only="bulk")
    begin(store)
    finish(store)

    assert settled(store) == shop_states(store)
    assert stream(store).way_reason == "Shopify failed at a bulk operation."


@pytest.mark.row("REL-S03")
def test_a_shop_that_denies_bulk_is_read_by_pages_and_says_why(store: Store, shop: RehearsalShop) -> None:
    shop.faults(kind="bulk_access_denied", times=1, only="bulk")
    begin(store)
    finish(store)

    assert settled(store) == shop_states(store)
    assert "refuses this app a part" in stream(store).way_reason
    store.refresh_from_db()
    assert store.state == StoreState.CONNECTED


@pytest.mark.row("REL-S07")
def test_a_start_whose_answer_is_lost_is_found_again_and_not_started_twice(store: Store, shop: RehearsalShop) -> None:
    begin(store)
    shop.faults(kind="apply_then_drop_reply", times=1, only="bulkOperationRunQuery")
    first_load.load_job(store.pk, "orders")
    assert [window.operation_gid for window in windows(store) if window.state == LoadState.ASKED].count("") == 1

    finish(store)

    started = [one for one in shop.mutations() if "bulkOperationRunQuery" in str(one)]
    assert len({window.operation_gid for window in windows(store)}) == len(windows(store))
    assert sum(shop.state()["bulk"].values()) == len(windows(store)), started
    assert settled(store) == shop_states(store)


@pytest.mark.row("REL-S07")
def test_a_start_that_never_arrived_is_asked_for_again(store: Store) -> None:
    begin(store)
    newest = windows(store)[0]
    LoadWindow.objects.filter(pk=newest.pk).update(state=LoadState.ASKED, asked_at=Now() - timedelta(minutes=1))

    turn(store)
    newest.refresh_from_db()

    assert (newest.state, newest.operation_gid != "") == (LoadState.ASKED, True)


@pytest.mark.row("REL-S07")
@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 503}, {"kind": "reset"}, {"kind": "cut_after_bytes", "bytes": 900}]
)
def test_a_download_that_breaks_off_is_taken_up(store: Store, shop: RehearsalShop, fault: dict[str, object]) -> None:
    shop.faults(**fault, times=2, only="file")
    begin(store)
    finish(store)

    assert len(shop.struck()) == 2
    assert settled(store) == shop_states(store)
    assert {window.state for window in windows(store)} == {LoadState.DONE}


def test_a_shop_that_runs_enough_operations_is_asked_later(store: Store, shop: RehearsalShop) -> None:
    shop.faults(kind="bulk_stuck", times=5, only="bulk")
    for number in range(5):
        shop.execute(
            "mutation($q: String!) { bulkOperationRunQuery(query: $q) { bulkOperation { id } } }",
            {"q": f'{{ orders(query: "name:{number}") {{ edges {{ node {{ id }} }} }} }}'},
        )
    begin(store)
    first_load.load_job(store.pk, "orders")

    waiting = windows(store)[:2]
    assert [(window.state, window.error_code) for window in waiting] == [(LoadState.PLANNED, "bulk_busy")] * 2
    assert all(window.next_attempt_at is not None for window in waiting)


@pytest.mark.row("REL-S03")
def test_an_operation_that_stands_still_is_ended_and_its_window_loaded_otherwise(
    store: Store, shop: RehearsalShop
) -> None:
    shop.faults(kind="bulk_stuck", times=1, only="bulk")
    begin(store)
    first_load.load_job(store.pk, "orders")
    LoadWindow.objects.filter(state=LoadState.ASKED).update(moved_at=Now() - timedelta(hours=2))

    finish(store)

    assert settled(store) == shop_states(store)
    assert "bulk_stalled" in {window.error_code for window in windows(store)}


class Killed(BaseException):
    """The process ends here: nothing behind it runs."""


@pytest.mark.row("REL-S04")
@pytest.mark.parametrize("bucket_bytes", [3000, 4 * 1024 * 1024])
def test_a_load_that_is_killed_anywhere_ends_with_the_same_rows(
    store: Store, shop: RehearsalShop, monkeypatch: pytest.MonkeyPatch, bucket_bytes: int
) -> None:
    """Each write of a window's row is a place to die at, before it and after it, in turn."""
    real_sort, real_save = first_load_bulk.sort_lines, first_load_windows.save
    monkeypatch.setattr(
        first_load_bulk, "sort_lines", lambda path, *, into: real_sort(path, into=into, bucket_bytes=bucket_bytes)
    )
    begin(store)
    finish(store)
    settled(store)
    undisturbed, loads = fingerprint(store), []
    Order.objects.all().delete()
    sync.load_again(store)
    begin(store)
    saves, deaths = 0, 0

    def dying(window: LoadWindow, **changes: object) -> None:
        nonlocal saves, deaths
        saves += 1
        if saves % 7 == 0:
            deaths += 1
            if deaths % 2:
                real_save(window, **changes)
            raise Killed
        real_save(window, **changes)

    for module in (first_load_windows, first_load_bulk):
        monkeypatch.setattr(module, "save", dying)
    for _ in range(600):
        if stream(store).phase == SyncPhase.FOLLOWING:
            break
        try:
            turn(store)
        except Killed:
            loads.append(LoadWindow.objects.aggregate(Sum("loaded"))["loaded__sum"])
            LoadWindow.objects.update(leased_until=None)
    settled(store)

    assert stream(store).phase == SyncPhase.FOLLOWING
    assert deaths >= 4
    assert loads == sorted(loads)
    assert fingerprint(store) == undisturbed


def test_what_is_loaded_is_not_loaded_again_after_a_kill(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real_sort, real_load = first_load_bulk.sort_lines, OrdersResource.load_pieces
    monkeypatch.setattr(
        first_load_bulk, "sort_lines", lambda path, *, into: real_sort(path, into=into, bucket_bytes=3000)
    )
    loaded: list[str] = []

    def dying(self, store, pieces, *, fetched_at):
        read = []
        watched = (read.append(piece) or piece for piece in pieces)
        for done in real_load(self, store, watched, fetched_at=fetched_at):
            loaded.extend(group.gid for group in read.pop(0))
            yield done
            if len(loaded) >= 20 and Killed not in seen:
                seen.append(Killed)
                raise Killed

    seen: list[type] = []
    monkeypatch.setattr(OrdersResource, "load_pieces", dying)
    begin(store)
    for _ in range(400):
        if stream(store).phase == SyncPhase.FOLLOWING:
            break
        try:
            turn(store)
        except Killed:
            LoadWindow.objects.update(leased_until=None)

    assert seen == [Killed]
    assert len(loaded) == len(set(loaded)) == count_there(store)


def test_turns_are_short_and_each_gets_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real_sort, steps = first_load_bulk.sort_lines, []
    real_bucket = first_load_bulk._note_bucket
    monkeypatch.setattr(
        first_load_bulk, "sort_lines", lambda path, *, into: real_sort(path, into=into, bucket_bytes=9000)
    )
    monkeypatch.setattr(first_load_bulk, "_note_bucket", lambda *args: (steps.append(turns), real_bucket(*args)))
    monkeypatch.setattr(first_load, "_TURN_SECONDS", -1.0)
    begin(store)
    turns = 0
    while stream(store).phase == SyncPhase.FIRST_LOAD and turns < 400:
        turn(store)
        turns += 1

    assert settled(store) == shop_states(store)
    assert len(steps) == len(set(steps)) > len(windows(store))


@pytest.mark.row("REL-S09")
def test_a_refused_token_sets_the_store_aside_and_the_load_goes_on_after_it(store: Store, shop: RehearsalShop) -> None:
    begin(store)
    shop.faults("token_revoked", times=1)
    first_load.load_job(store.pk, "orders")
    shop.faults()
    store.refresh_from_db()
    assert (store.state, store.state_code) == (StoreState.NEEDS_ATTENTION, "bad_token")
    first_load.sweep()

    resume_store(store, actor=SYSTEM)
    finish(store)

    assert settled(store) == shop_states(store)


@pytest.mark.row("REL-S11")
def test_after_an_uninstall_nothing_is_asked_and_no_file_stays(
    store: Store, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(store)
    finish(store, until=lambda: LoadWindow.objects.filter(state=LoadState.DONE).exists())
    folder = settings.FIRST_LOAD_DIR / f"{windows(store)[-1].pk}"
    folder.mkdir(parents=True)

    note_uninstalled(store)
    monkeypatch.setattr(first_load, "client_for", lambda store: pytest.fail("the shop was asked"))
    turn(store)
    first_load.sweep()

    assert LoadWindow.objects.filter(state=LoadState.LOADING).count() == 0
    assert not folder.exists()


def test_a_paused_store_is_left_alone_and_goes_on_when_resumed(store: Store) -> None:
    begin(store)
    pause_store(store, actor=SYSTEM)
    turn(store)
    assert {window.state for window in windows(store)} == {LoadState.PLANNED}

    resume_store(store, actor=SYSTEM)
    finish(store)

    assert settled(store) == shop_states(store)


def test_the_news_that_an_operation_has_ended_ends_the_wait(store: Store) -> None:
    from django_q.models import OrmQ

    begin(store)
    first_load.load_job(store.pk, "orders")
    assert LoadWindow.objects.filter(next_attempt_at__gt=Now()).count() == 2
    OrmQ.objects.all().delete()

    shop_news.act(store, ["bulk_operations/finish"])

    assert LoadWindow.objects.filter(next_attempt_at__isnull=False).count() == 0
    assert [task.func() for task in OrmQ.objects.all()] == [first_load.JOB]


def test_files_are_gone_when_the_load_is_over(store: Store, settings) -> None:
    begin(store)
    finish(store)

    assert list(settings.FIRST_LOAD_DIR.iterdir()) == []


def test_the_sweep_rings_for_what_is_due_and_for_nothing_else(store: Store) -> None:
    from django.db import connection
    from django_q.models import OrmQ

    def rings() -> int:
        OrmQ.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM core_doorbell")
        first_load.sweep()
        return OrmQ.objects.count()

    assert rings() == 0
    begin(store)
    assert rings() == 1
    LoadWindow.objects.update(next_attempt_at=Now() + timedelta(minutes=1))
    assert rings() == 0
    LoadWindow.objects.update(state=LoadState.DONE)
    assert rings() == 1
