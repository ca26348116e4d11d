"""Telling subscribers what happened to an order, in the transaction in which it happened."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from stores.rehearsal import notices
from stores.rehearsal.ops.document import Doc
from stores.rehearsal.shop import Shop


def announce(shop: Shop, doc: Doc, topics: Sequence[str], *, details: dict[str, Any]) -> None:
    """Send `topics` about an order; `details` holds the refund, fulfilment order or hold that some topics are about.

    All deliveries of one change share the event id.
    """
    event_id = str(uuid.uuid4())
    for topic in dict.fromkeys(topics):
        if shop.webhooks.wanted(topic):
            shop.webhooks.emit(topic, notices.payload(topic, shop, doc, details), event_id=event_id)
