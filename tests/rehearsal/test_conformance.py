"""The conformance command: start state from what was answered earlier, ids matched, differences shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stores.rehearsal.conformance.__main__ import main

GID = "gid://shopify/Order/4242"
READ = "query($id: ID!) { order(id: $id) { id name closed closedAt tags nowhere } }"
CLOSE = """mutation($i: OrderCloseInput!) { orderClose(input: $i) {
  order { id closed closedAt } userErrors { field message } } }"""


def order(**changes: Any) -> dict[str, Any]:
    return {"id": GID, "name": "#9", "closed": False, "closedAt": None, "tags": ["b"], "nowhere": 1, **changes}


def scenario(closed: bool) -> dict[str, Any]:
    at = "2026-05-06T22:08:57Z"
    return {
        "before": {"query": READ, "variables": {"id": GID}, "response": {"data": {"order": order()}}},
        "steps": [
            {
                "query": CLOSE,
                "variables": {"i": {"id": GID}},
                "response": {
                    "status": 200,
                    "payload": {
                        "data": {
                            "orderClose": {"order": {"id": GID, "closed": closed, "closedAt": at}, "userErrors": []}
                        }
                    },
                },
            },
            {
                "query": READ,
                "variables": {"id": GID},
                "response": {"body": {"data": {"order": order(closed=True, closedAt=at)}}},
            },
            {"query": "mutation { cartCreate { id } }", "variables": {}, "response": {"data": {"cartCreate": None}}},
        ],
    }


def test_a_recording_that_agrees_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "close.json").write_text(json.dumps(scenario(closed=True)))
    assert main([str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "agree 3 (2 of them without fields beyond our schema" in text
    assert "differ 0, not supported 1" in text
    assert "close /steps/2: not supported: the schema has no Mutation.cartCreate" in text


def test_a_recording_that_differs_shows_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "close.json").write_text(json.dumps(scenario(closed=False)))
    assert main([str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "close /steps/0: differ\n    data/orderClose/order/closed: False recorded, True here" in text
    assert "differ 1" in text


BULK = "gid://shopify/BulkOperation/77"
FIELDS = "id status type objectCount url completedAt query createdAt rootObjectCount fileSize errorCode"


def operation(status: str, count: str, **changes: Any) -> dict[str, Any]:
    at = "2026-05-06T22:08:57Z"
    return {
        "id": BULK, "status": status, "type": "QUERY", "objectCount": count, "rootObjectCount": count, "url": None,
        "completedAt": None, "query": "{ products { edges { node { id } } } }", "createdAt": at, "fileSize": None,
        "errorCode": None, **changes,
    }  # fmt: skip


def bulk_scenario(cancel: str) -> dict[str, Any]:
    read = {
        "query": f"query($id: ID!) {{ bulkOperation(id: $id) {{ {FIELDS} }} }}",
        "variables": {"id": BULK},
    }
    start = f"mutation($q: String!) {{ bulkOperationRunQuery(query: $q) {{ bulkOperation {{ {FIELDS} }} }} }}"
    end = f"mutation($id: ID!) {{ bulkOperationCancel(id: $id) {{ bulkOperation {{ {FIELDS} }} }} }}"
    return {
        "upstreamCalls": [{**read, "response": {"data": {"bulkOperation": operation("RUNNING", "1456")}}}],
        "run": {
            "query": start,
            "variables": {"q": operation("", "")["query"]},
            "response": {"data": {"bulkOperationRunQuery": {"bulkOperation": operation("CREATED", "0")}}},
        },
        "poll": {**read, "response": {"data": {"bulkOperation": operation("CREATED", "0")}}},
        "stop": {
            "query": end,
            "variables": {"id": BULK},
            "response": {"data": {"bulkOperationCancel": {"bulkOperation": operation(cancel, "1456")}}},
        },
    }


def test_a_recorded_bulk_operation_is_followed_at_its_own_pace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bulk.json").write_text(json.dumps(bulk_scenario("CANCELING")))
    main([str(tmp_path)])
    assert capsys.readouterr().out.splitlines()[:4] == [
        "bulk /run: agree",
        "bulk /poll: agree",
        "bulk /upstreamCalls/0: agree",
        "bulk /stop: agree",
    ]
    (tmp_path / "bulk.json").write_text(json.dumps(bulk_scenario("CANCELED")))
    main([str(tmp_path)])
    assert "status: 'CANCELED' recorded, 'CANCELING' here" in capsys.readouterr().out
