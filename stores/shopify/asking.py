"""Asking a question: one document by name, repeated within the lane's patience, with nothing in it ignored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stores.shopify import documents
from stores.shopify.client import Answer, Client, Tolerates
from stores.shopify.retry import PATIENCE, with_retries
from stores.shopify.search import refuse_ignored
from stores.shopify.throttle import Lane


def ask(
    client: Client, name: str, variables: Mapping[str, Any], *, lane: Lane, tolerates: Tolerates | None = None
) -> Answer:
    """The answer to the query document `name`.

    Raises what `Client.execute` raises once patience is over, and `Final("search_ignored")` when Shopify left a part
    of a search text out.
    """
    answer = with_retries(
        lambda: client.execute(documents.load(name), variables, lane=lane, tolerates=tolerates),
        clock=client.clock,
        patience=PATIENCE[lane],
    )
    refuse_ignored(answer.warnings, request_id=answer.request_id)
    return answer
