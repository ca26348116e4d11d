"""Telling subscribers what happened to an order, in the transaction in which it happened."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from stores.rehearsal import notices
from stores.rehearsal.ops.document import Doc
from stores.rehearsal.shop import Shop

_EACH = {
    "FULFILLMENT_ORDERS_CANCELLED": ("cancelled", "fulfillment_order"),
    "FULFILLMENT_ORDERS_ORDER_ROUTING_COMPLETE": ("routed", "fulfillment_order"),
    "ORDER_TRANSACTIONS_CREATE": ("transactions", "transaction"),
}
"""Topics that come once for each of several things: under which name the details list these, and one of them."""


def announce(shop: Shop, doc: Doc, topics: Sequence[str], *, details: dict[str, Any]) -> None:
    """Send `topics` about an order; `details` holds the refund, fulfilment order or hold that some topics are about.

    All deliveries of one change share the event id.
    """
    event_id = str(uuid.uuid4())
    for topic in dict.fromkeys(topics):
        if not shop.webhooks.wanted(topic):
            continue
        several, one = _EACH.get(topic, ("", ""))
        occasions = [{**details, one: found} for found in details[several]] if several in details else [details]
        for occasion in occasions:
            shop.webhooks.emit(topic, notices.payload(topic, shop, doc, occasion), event_id=event_id)
