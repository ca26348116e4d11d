"""Results that were damaged on purpose: each way once, and the log of what struck."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from stores.rehearsal.bulk.worker import Worker
from stores.rehearsal.faults import BULK_KINDS
from stores.rehearsal.ops.document import Doc
from stores.rehearsal.shop import Settings, Shop

QUERY = "{ orders { edges { node { id name lineItems { edges { node { id sku } } } } } } }"


@pytest.fixture
def run(shop: Shop) -> Any:
    """Run one bulk query under a fault: its document and its file."""

    def call(kind: str = "", **details: Any) -> tuple[Doc, bytes]:
        if kind:
            shop.faults.add({"kind": kind, **details})
        made = shop.bulk.create(QUERY, grouped=False)
        Worker(shop).finish_all()
        found = shop.bulk.get(made.id)
        assert found is not None
        path = shop.files.path(found.file or "")
        return shop.bulk.doc(made.id) or {}, path.read_bytes() if path.exists() else b""

    return call


@pytest.fixture
def sound(run: Any) -> list[Doc]:
    """What the query finds when nothing goes wrong."""
    return parsed(run()[1])


def parsed(raw: bytes) -> list[Doc]:
    return [json.loads(line) for line in raw.splitlines()]


def ids(lines: list[Doc]) -> list[str]:
    return [line["id"] for line in lines]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("bulk_failed", "INTERNAL_SERVER_ERROR"),
        ("bulk_timeout", "TIMEOUT"),
        ("bulk_access_denied", "ACCESS_DENIED"),
    ],
)
def test_a_failure_leaves_the_share_that_was_done_or_nothing(run: Any, sound: list[Doc], kind: str, code: str) -> None:
    doc, raw = run(kind)
    assert (doc["status"], doc["errorCode"], doc["url"], doc["partialDataUrl"]) == ("FAILED", code, None, None)
    assert (doc["fileSize"], doc["objectCount"], raw) == (None, "0", b"")
    doc, raw = run(kind, share=0.5)
    assert (doc["status"], doc["errorCode"], doc["url"], doc["fileSize"]) == ("FAILED", code, None, None)
    assert doc["partialDataUrl"].startswith("http://127.0.0.1/_files/")
    assert doc["rootObjectCount"] == "200"
    assert parsed(raw) == sound[: int(doc["objectCount"])]


def test_a_truncated_file_is_shorter_than_said_and_ends_within_a_line(run: Any) -> None:
    _, whole = run()
    doc, raw = run("bulk_truncated")
    assert (doc["status"], int(doc["fileSize"])) == ("COMPLETED", len(whole))
    assert raw == whole[: len(raw)]
    assert 0 < len(whole) - len(raw) < len(whole.splitlines()[-1])
    assert not raw.endswith(b"\n")
    doc, raw = run("bulk_truncated", bytes=1_000)
    assert len(raw) == int(doc["fileSize"]) - 1_000


def test_a_duplicated_line_comes_twice_and_is_counted_once(run: Any, sound: list[Doc]) -> None:
    doc, raw = run("bulk_duplicate_line", count=3)
    found = Counter(ids(parsed(raw)))
    assert int(doc["objectCount"]) == len(sound) == len(found)
    assert sorted(found.values())[-4:] == [1, 2, 2, 2]


def test_a_child_comes_before_its_parent(run: Any, sound: list[Doc]) -> None:
    _, raw = run("bulk_child_first")
    lines = parsed(raw)
    places = {line["id"]: place for place, line in enumerate(lines)}
    assert sum(1 for line in lines if places.get(line.get("__parentId", ""), -1) > places[line["id"]]) == 1
    assert sorted(ids(lines)) == sorted(ids(sound))


def test_an_orphan_has_lost_its_parent(run: Any, sound: list[Doc]) -> None:
    doc, raw = run("bulk_orphan")
    lines = parsed(raw)
    (lost,) = set(ids(sound)) - set(ids(lines))
    assert "/Order/" in lost
    assert any(line.get("__parentId") == lost for line in lines)
    assert int(doc["objectCount"]) == len(lines) + 1


def test_blank_and_unreadable_lines_and_unheard_types_are_possible(run: Any, sound: list[Doc]) -> None:
    _, raw = run("bulk_blank_line")
    assert raw.splitlines().count(b"") == 1
    _, raw = run("bulk_garbage_line")
    bad = [line for line in raw.splitlines() if not line.endswith(b"}")]
    assert (len(bad), len(raw.splitlines())) == (1, len(sound))
    _, raw = run("bulk_unknown_type")
    extra = [line for line in parsed(raw) if "/Unheard/" in line["id"]]
    assert len(extra) == 1
    assert extra[0]["__parentId"] in ids(sound)


def test_an_expired_link_is_given_out_as_if_it_were_good(run: Any, shop: Shop) -> None:
    doc, _ = run("bulk_expired_url")
    expires = int(doc["url"].split("Expires=")[1].split("&")[0])
    assert doc["status"] == "COMPLETED"
    assert expires < shop.clock.now()


def test_a_slow_operation_is_running_until_its_time_has_passed(
    run: Any, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    doc, _ = run("bulk_slow", seconds=30)
    assert (doc["status"], doc["rootObjectCount"], doc["url"]) == ("RUNNING", "400", None)
    later = shop.clock.now() + 31
    monkeypatch.setattr(shop.clock, "now", lambda: later)
    Worker(shop).finish_all()
    assert (shop.bulk.doc(int(doc["id"].rsplit("/", 1)[1])) or {})["status"] == "COMPLETED"


def test_where_a_fault_strikes_follows_from_the_seed() -> None:
    files = []
    for _ in range(2):
        shop = Shop(Settings(orders=120, seed=5))
        shop.faults.add({"kind": "bulk_garbage_line"})
        made = shop.bulk.create(QUERY, grouped=False)
        Worker(shop).finish_all()
        found = shop.bulk.get(made.id)
        assert found is not None
        raw = shop.files.path(found.file or "").read_bytes().splitlines()
        files.append([place for place, line in enumerate(raw) if not line.endswith(b"}")])
        shop.close()
    assert files[0] == files[1]
    assert len(files[0]) == 1


def test_what_struck_is_logged_with_its_time(run: Any, shop: Shop) -> None:
    run("bulk_failed", only="orders")
    assert [(entry["kind"], entry["where"]) for entry in shop.faults.log()] == [("bulk_failed", "bulk orders")]
    assert shop.faults.log()[0]["at"].endswith("Z")


@pytest.mark.parametrize("kind", sorted(BULK_KINDS))
def test_every_kind_can_be_aimed_at_something_else(run: Any, shop: Shop, sound: list[Doc], kind: str) -> None:
    doc, raw = run(kind, only="products")
    assert (doc["status"], parsed(raw)) == ("COMPLETED", sound)
