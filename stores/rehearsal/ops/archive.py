"""Archiving and unarchiving (`orderClose`, `orderOpen`)."""

from __future__ import annotations

from stores.rehearsal.clock import iso
from stores.rehearsal.ops.document import Doc, Impossible, event, touch


def close(doc: Doc, at: int) -> bool:
    """Archive; false when the order was archived already, which Shopify takes as success without a change."""
    if doc.get("closed"):
        return False
    doc["closed"] = True
    doc["closedAt"] = iso(at)
    touch(doc, at)
    event(doc, "closed", "This order was archived.", at)
    return True


def reopen(doc: Doc, at: int) -> bool:
    """Unarchive; false when it was open. A cancelled order is refused."""
    if doc.get("cancelledAt"):
        raise Impossible("Order cannot be opened because it has been canceled", field=["id"])
    if not doc.get("closed"):
        return False
    doc["closed"] = False
    doc["closedAt"] = None
    touch(doc, at)
    event(doc, "re_opened", "This order was unarchived.", at)
    return True
