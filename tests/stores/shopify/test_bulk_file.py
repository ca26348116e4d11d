"""A result file gathered into orders: whatever the order of its lines, in bounded memory, with nothing lost unseen."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stores.shopify.bulk_file import FileReport, Group, groups, sort_lines


def text(value: dict[str, Any]) -> bytes:
    """A line as Shopify writes it: slashes are escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()


def order(number: int, **fields: Any) -> bytes:
    return text({"id": f"gid://shopify/Order/{number}", "name": f"#{number}", **fields})


def part(kind: str, number: int, *, of: str, **fields: Any) -> bytes:
    return text({"id": f"gid://shopify/{kind}/{number}", **fields, "__parentId": f"gid://shopify/{of}"})


def order_lines(number: int) -> list[bytes]:
    """One order with two lines and a fulfilment order of two lines."""
    waiting = 10 * number
    return [
        order(number),
        part("LineItem", waiting, of=f"Order/{number}"),
        part("LineItem", waiting + 1, of=f"Order/{number}"),
        part("FulfillmentOrder", waiting, of=f"Order/{number}", status="OPEN"),
        part("FulfillmentOrderLineItem", waiting, of=f"FulfillmentOrder/{waiting}"),
        part("FulfillmentOrderLineItem", waiting + 1, of=f"FulfillmentOrder/{waiting}"),
    ]


def write(directory: Path, lines: Iterable[bytes]) -> Path:
    path = directory / "result.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def gathered(path: Path, directory: Path, **options: Any) -> tuple[dict[str, Group], FileReport]:
    found = sort_lines(path, into=directory / "buckets", **options)
    buckets = [found.read(number) for number in range(found.buckets)]
    report = sum((bucket.report for bucket in buckets), found.report)
    return {group.gid: group for bucket in buckets for group in bucket.groups}, report


def gid(number: int) -> str:
    return f"gid://shopify/Order/{number}"


def test_an_order_comes_first_and_its_parts_as_they_lay(tmp_path: Path) -> None:
    path = write(tmp_path, order_lines(1))

    assert list(groups(path, into=tmp_path / "buckets")) == [Group(gid(1), tuple(order_lines(1)))]


@pytest.mark.row("REL-S02")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), count=st.integers(1, 40), bucket_bytes=st.sampled_from([64, 700, 4096, 1 << 22]))
def test_the_order_of_lines_and_the_size_of_buckets_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, seed: int, count: int, bucket_bytes: int
) -> None:
    directory = tmp_path_factory.mktemp("file")
    everything = {gid(number): order_lines(number) for number in range(1, count + 1)}
    lines = [line for each in everything.values() for line in each]
    random.Random(seed).shuffle(lines)

    found, report = gathered(write(directory, lines), directory, bucket_bytes=bucket_bytes)

    assert {key: (group.lines[0], set(group.lines)) for key, group in found.items()} == {
        key: (each[0], set(each)) for key, each in everything.items()
    }
    assert report == FileReport(lines=len(lines), groups=count, objects=len(lines))
    assert report.is_complete(objects=len(lines))
    assert not report.is_complete(objects=len(lines) + 1)


ODD: Sequence[tuple[str, list[bytes], FileReport]] = (
    ("a line twice", [order(1), order(1), part("LineItem", 1, of="Order/1")], FileReport(3, 1, 2, duplicates=1)),
    (
        "a part without its order",
        [order(1), part("LineItem", 7, of="Order/2"), part("LineItem", 8, of="Order/2")],
        FileReport(3, 1, 1, orphans=2, missing_parents=(gid(2),)),
    ),
    (
        "a part of a part without that part",
        [order(1), part("FulfillmentOrderLineItem", 7, of="FulfillmentOrder/9")],
        FileReport(2, 1, 1, orphans=1, missing_parents=("gid://shopify/FulfillmentOrder/9",)),
    ),
    (
        "a part of a part without the order of that part",
        [*order_lines(1)[3:], order(2)],
        FileReport(4, 1, 1, orphans=3, missing_parents=(gid(1),)),
    ),
    ("a part of an unknown kind", [order(1), part("Novelty", 1, of="Order/1")], FileReport(2, 1, 2)),
    (
        "an unknown kind that stands alone",
        [order(1), text({"id": "gid://shopify/Novelty/1"})],
        FileReport(2, 1, 1, 0, 1),
    ),
    ("blank lines", [b"", order(1), b"  ", b""], FileReport(1, 1, 1)),
    ("no JSON", [order(1), b"{oops"], FileReport(2, 1, 1, unreadable=1)),
    ("not a number", [order(1), b'{"id":"gid://shopify/Order/2","x":NaN}'], FileReport(2, 1, 1, unreadable=1)),
    ("no UTF-8", [order(1), b'{"id":"gid://shopify/Order/2","x":"\xff"}'], FileReport(2, 1, 1, unreadable=1)),
    ("a list", [order(1), b'["gid://shopify/Order/2"]'], FileReport(2, 1, 1, unreadable=1)),
    ("no id", [order(1), b'{"name":"#2"}'], FileReport(2, 1, 1, unreadable=1)),
    ("an id that is none", [order(1), text({"id": "gid://shopify/Order/2\t3"})], FileReport(2, 1, 1, unreadable=1)),
    (
        "a parent that is none",
        [order(1), text({"id": "gid://shopify/LineItem/2", "__parentId": 3})],
        FileReport(2, 1, 1, unreadable=1),
    ),
    ("nothing", [], FileReport()),
)


@pytest.mark.row("REL-S02")
@pytest.mark.parametrize(("lines", "told"), [one[1:] for one in ODD], ids=[one[0] for one in ODD])
def test_what_a_file_should_not_hold_is_counted(tmp_path: Path, lines: list[bytes], told: FileReport) -> None:
    found, report = gathered(write(tmp_path, lines), tmp_path)

    assert report == told
    assert report.lines == report.objects + report.duplicates + report.lost
    assert sum(len(group.lines) for group in found.values()) == told.objects
    assert report.is_complete(objects=told.objects) == (not told.lost)


@pytest.mark.row("REL-S01")
def test_a_file_cut_at_any_byte_of_its_last_two_lines_is_never_complete(tmp_path: Path) -> None:
    lines = [*order_lines(1), *order_lines(2)]
    path = write(tmp_path, lines)
    whole = path.read_bytes()
    last_two = len(lines[-1]) + len(lines[-2]) + 2
    assert gathered(path, tmp_path)[1].is_complete(objects=len(lines))

    undetected = []
    for length in range(len(whole) - last_two, len(whole)):
        path.write_bytes(whole[:length])
        report = gathered(path, tmp_path)[1]
        if report.is_complete(objects=len(lines)):
            undetected.append(length)

    assert undetected == []


@pytest.mark.row("REL-S01")
def test_without_a_count_only_a_cut_between_lines_looks_whole(tmp_path: Path) -> None:
    path = write(tmp_path, order_lines(1))
    whole = path.read_bytes()

    looks_whole = []
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        report = gathered(path, tmp_path)[1]
        if report.is_complete(objects=None):
            looks_whole.append(whole[length - 1 : length])

    assert looks_whole == [b"\n"] * 5


@pytest.mark.row("REL-S04")
def test_sorting_again_gives_the_same_buckets_and_a_finished_one_is_taken_up(tmp_path: Path) -> None:
    lines = [line for number in range(1, 200) for line in order_lines(number)]
    random.Random(3).shuffle(lines)
    path = write(tmp_path, lines)

    first = sort_lines(path, into=tmp_path / "one", bucket_bytes=4096)
    second = sort_lines(path, into=tmp_path / "two", bucket_bytes=4096)
    path.write_bytes(b"x" * path.stat().st_size)
    again = sort_lines(path, into=tmp_path / "one", bucket_bytes=4096)

    assert first.buckets > 10
    assert [first.read(number) for number in range(first.buckets)] == [
        second.read(number) for number in range(first.buckets)
    ]
    assert again.report == first.report
    assert again.read(3) == second.read(3)


@pytest.mark.row("REL-S04")
def test_a_sorting_that_broke_off_is_done_anew(tmp_path: Path) -> None:
    path = write(tmp_path, order_lines(1))
    broken = tmp_path / "buckets"
    broken.mkdir()
    (broken / "orders-0000").write_bytes(b"Rgid://shopify/Order/9\t{}\n")

    found, report = gathered(path, tmp_path)

    assert list(found) == [gid(1)]
    assert report.is_complete(objects=6)
