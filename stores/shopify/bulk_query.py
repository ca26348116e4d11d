"""The query that a bulk operation runs, as the plain text that Shopify takes: no variables, fragments or conditions."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from datetime import datetime

from stores.shopify import documents
from stores.shopify import scopes as access
from stores.shopify.search import both, window

_HEADER = re.compile(r"^\s*query \w+\([^)]*\)\s*")
_SWITCH = re.compile(r"\w+(?:\([^)]*\))?\s*(@include\(if: \$(\w+)\))\s*\{")


def bulk_document(*, created_from: datetime, created_to: datetime, scopes: Collection[str]) -> str:
    """The orders created within the window (both ends included, whole seconds) with all that a bulk query may select of
    what a page brings, as far as `scopes` allow. Equal arguments give equal texts. Raises `ValueError` for a time
    without zone."""
    switches = {
        "withCustomer": access.reads_customers(scopes),
        "withFulfillmentOrders": access.reads_fulfillment_orders(scopes),
    }
    text = _HEADER.sub("", _switched(documents.inlined("bulk_orders"), switches))
    search = both(window("created_at", created_from, created_to))
    return " ".join(text.split()).replace("$query", json.dumps(search))


def _switched(text: str, switches: Mapping[str, bool]) -> str:
    """Without conditions: what is on stays, what is off goes with everything in it."""
    while (found := _SWITCH.search(text)) is not None:
        if switches[found.group(2)]:
            text = text[: found.start(1)] + text[found.end(1) :]
        else:
            text = text[: found.start()] + text[_closing(text, found.end()) :]
    return text


def _closing(text: str, at: int) -> int:
    """Where the braces end inside of which `at` lies."""
    depth = 1
    while depth:
        depth += (text[at] == "{") - (text[at] == "}")
        at += 1
    return at
