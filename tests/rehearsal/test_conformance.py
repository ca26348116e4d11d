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
