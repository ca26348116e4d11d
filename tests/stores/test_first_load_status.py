"""What is told of a first load under way: how far, how fast, until when, and of each window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django_scopes import scopes_disabled

from stores.choices import LoadState, LoadWay, SyncPhase
from stores.models import LoadWindow, Store, SyncStream
from stores.services.first_load_plan import BEGINNING, Span, divide, plan
from stores.services.first_load_status import Pace, pace
from stores.services.status import mirror_status

BEGAN = datetime(2026, 11, 1, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def loading(**changes: object) -> SyncStream:
    values = {"phase": SyncPhase.FIRST_LOAD, "load_started_at": BEGAN, "loaded": 5_000, "expected": 20_000}
    return SyncStream(resource="orders", **(values | changes))


def test_the_pace_is_that_of_the_whole_load_and_says_when_it_ends() -> None:
    assert pace(loading(), now=BEGAN + 10 * SECOND) == Pace(500.0, BEGAN + 40 * SECOND)


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({"phase": SyncPhase.FOLLOWING}, 10),
        ({"load_started_at": None}, 10),
        ({"loaded": 0}, 10),
        ({}, 4),
    ],
)
def test_before_anything_is_known_and_when_it_is_over_there_is_no_pace(
    changes: dict[str, object], seconds: int
) -> None:
    assert pace(loading(**changes), now=BEGAN + seconds * SECOND) == Pace()


def test_more_than_expected_ends_now_and_an_unknown_number_has_no_end() -> None:
    assert pace(loading(loaded=30_000), now=BEGAN + 10 * SECOND) == Pace(3000.0, BEGAN + 10 * SECOND)
    assert pace(loading(expected=None), now=BEGAN + 10 * SECOND) == Pace(500.0, None)


@pytest.fixture
def load(store: Store) -> SyncStream:
    """A load of two windows of which the newer is done; a third was divided."""
    with scopes_disabled():
        stream = SyncStream.objects.create(
            store=store,
            resource="orders",
            phase=SyncPhase.FIRST_LOAD,
            way=LoadWay.BULK,
            loaded=900,
            expected=3000,
            load_started_at=BEGAN,
        )
        for state, created_from, loaded in (
            (LoadState.DONE, BEGAN - timedelta(days=9), 900),
            (LoadState.ASKED, BEGINNING, 0),
            (LoadState.SPLIT, BEGAN - timedelta(days=99), 0),
        ):
            LoadWindow.objects.create(
                store=store,
                stream=stream,
                state=state,
                created_from=created_from,
                created_to=BEGAN if loaded else BEGAN - timedelta(days=10),
                expected=1000,
                loaded=loaded,
                lost=2 if loaded else 0,
            )
        return stream


def test_the_windows_of_a_load_are_told_newest_first(store: Store, load: SyncStream) -> None:
    with scopes_disabled():
        (stream,) = mirror_status(store).streams

    assert (stream.way, stream.progress) == ("bulk", 0.3)
    assert [(one.state, one.created_from, one.loaded, one.lost) for one in stream.windows] == [
        ("done", BEGAN - timedelta(days=9), 900, 2),
        ("asked", None, 0, 0),
    ]
    assert stream.pace.per_second is not None


def test_when_the_load_is_over_its_windows_are_no_longer_told(store: Store, load: SyncStream) -> None:
    with scopes_disabled():
        SyncStream.objects.update(phase=SyncPhase.FOLLOWING)
        (stream,) = mirror_status(store).streams

    assert (stream.windows, stream.pace) == ((), Pace())


def test_many_windows_cost_no_more_queries(store: Store, load: SyncStream, django_assert_num_queries) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with scopes_disabled():
        with CaptureQueriesContext(connection) as before:
            mirror_status(store)
        LoadWindow.objects.bulk_create(
            LoadWindow(store=store, stream=load, created_from=BEGINNING, created_to=BEGAN, expected=1)
            for _ in range(30)
        )
        with django_assert_num_queries(len(before)):
            mirror_status(store)


def test_the_page_and_the_api_show_the_load(client: Browser, manager, store: Store, load: SyncStream) -> None:
    client.force_login(manager)

    page = client.get(reverse("admin:stores_store_change", args=[store.pk]), {"part": "1"}).content.decode()
    told = client.get(f"/api/v1/stores/{store.pk}/").json()["mirror"]["streams"][0]

    assert "Shopify is preparing it" in page
    assert "900 of about 1,000" in page
    assert [window["state"] for window in told["windows"]] == ["done", "asked"]
    assert (told["way"], told["progress"]) == ("bulk", 0.3)


def counted(created: list[datetime]):
    calls: list[tuple[datetime, datetime]] = []

    def count(first: datetime, last: datetime) -> int:
        calls.append((first, last))
        return sum(first <= at <= last for at in created)

    return count, calls


@pytest.mark.row("REL-S12")
@pytest.mark.parametrize("number", [0, 1, 99, 5_000, 200_000])
def test_a_plan_covers_every_second_once_and_keeps_to_its_sizes(number: int) -> None:
    step = timedelta(seconds=1500)
    created = [BEGAN - at * step for at in range(number)]
    count, calls = (
        counted(created) if number <= 5_000 else (lambda first, last: _between(first, last, step, number), [])
    )

    spans = plan(Span(BEGINNING, BEGAN, number), count=count, newest=50, most=400)

    assert (spans[0].created_to, spans[-1].created_from) == (BEGAN, BEGINNING)
    assert all(newer.created_from - older.created_to == SECOND for newer, older in pairwise(spans))
    assert sum(span.expected for span in spans) == number
    assert spans[0].expected <= 50
    assert max(span.expected for span in spans) <= 400
    assert len(spans) <= 2 + number // 100
    assert len(calls) <= 12 + 3 * len(spans) + 20


def _between(first: datetime, last: datetime, step: timedelta, number: int) -> int:
    newest, oldest = -(-(BEGAN - last) // step), (BEGAN - first) // step
    return max(0, min(oldest, number - 1) - max(newest, 0) + 1)


def test_a_second_with_more_orders_than_a_window_may_hold_stays_whole() -> None:
    count, _ = counted([BEGAN] * 900)

    spans = plan(Span(BEGINNING, BEGAN, 900), count=count, newest=50, most=400)

    assert spans[0] == Span(BEGAN, BEGAN, 900)
    assert sum(span.expected for span in spans) == 900


def test_what_is_divided_becomes_at_least_two_that_cover_the_same() -> None:
    for created in ([BEGAN - at * SECOND for at in range(900)], [BEGAN], []):
        count, _ = counted(created)
        spans = divide(Span(BEGAN - timedelta(days=1), BEGAN, 900), count=count, parts=4)

        assert len(spans) >= 2
        assert (spans[0].created_to, spans[-1].created_from) == (BEGAN, BEGAN - timedelta(days=1))
        assert all(a.created_from - b.created_to == SECOND for a, b in pairwise(spans))
