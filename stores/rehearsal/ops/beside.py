"""What happens beside an order: comments of staff, returns, an assessed risk, disputes, terms of payment.

Comments, the risk and disputes leave the order's `updatedAt` alone, as they do at Shopify; a return moves it, because
the order's `returnStatus` follows from it.
"""

from __future__ import annotations

from stores.rehearsal.clock import iso
from stores.rehearsal.derived import total
from stores.rehearsal.ops.document import Doc, Impossible, event, mint, touch

DAY = 86_400
STAFF = {"id": "gid://shopify/StaffMember/1", "name": "Rehearsal Owner", "email": "owner@example.com"}
REASONS = {
    "size-too-small": "Size too small",
    "size-too-large": "Size too large",
    "defective": "Damaged or defective",
    "unwanted": "Changed their mind",
    "other": "Other",
}
_NEXT = {
    "approve": (("REQUESTED",), "OPEN"),
    "decline": (("REQUESTED",), "DECLINED"),
    "close": (("OPEN",), "CLOSED"),
    "reopen": (("CLOSED",), "OPEN"),
    "cancel": (("OPEN", "REQUESTED"), "CANCELED"),
}
"""From which states a return can be brought to which other; `returnClose` on an open one, and so on."""


def comment(doc: Doc, text: str, *, at: int, author: str = "", files: list[str] | None = None) -> Doc:
    """A comment on the timeline. `text` may hold markup, as Shopify's messages do."""
    entry = event(doc, "create", text, at)
    entry |= {
        "__typename": "CommentEvent",
        "id": mint(doc, "CommentEvent"),
        "rawMessage": text,
        "author": {**STAFF, "name": author} if author else STAFF,
        "edited": False,
        "canEdit": False,
        "canDelete": False,
        "subject": doc["id"],
        "attachments": [
            {"id": mint(doc, "CommentEvent"), "name": name, "size": 1, "url": f"https://files.example.com/{name}"}
            for name in files or ()
        ],
    }
    doc["hasTimelineComment"] = True
    return entry


def comments_of(doc: Doc) -> list[Doc]:
    return [entry for entry in doc.get("events", ()) if entry["__typename"] == "CommentEvent"]


def edit_comment(doc: Doc, text: str) -> Doc:
    """Changes the newest comment."""
    entry = _newest(comments_of(doc), "comment")
    entry |= {"message": text, "rawMessage": text, "edited": True}
    return entry


def delete_comment(doc: Doc) -> Doc:
    """Takes the newest comment away, without a trace."""
    entry = _newest(comments_of(doc), "comment")
    doc["events"] = [other for other in doc["events"] if other is not entry]
    doc["hasTimelineComment"] = bool(comments_of(doc))
    return entry


def request_return(
    doc: Doc, *, at: int, quantity: int = 1, reason: str = "other", note: str = "", said: str = ""
) -> Doc:
    """A return that the buyer asks for, of the first shipped line that has pieces left to bring back."""
    for shipped in (line for one in doc.get("fulfillments", ()) for line in one.get("fulfillmentLineItems", ())):
        if shipped["quantity"] - _coming_back(doc, shipped["id"]) >= quantity:
            break
    else:
        raise Impossible("Nothing that was shipped is left to be returned.")
    returns = doc.setdefault("returns", [])
    line = {
        "__typename": "ReturnLineItem",
        "id": mint(doc, "ReturnLineItem"),
        "fulfillmentLineItem": shipped["id"],
        "quantity": quantity,
        "processedQuantity": 0,
        "unprocessedQuantity": quantity,
        "refundedQuantity": 0,
        "refundableQuantity": quantity,
        "returnReasonNote": note,
        "returnReasonDefinition": reason_definition(reason),
        "customerNote": said or None,
    }
    entry: Doc = {
        "id": mint(doc, "Return"),
        "order": doc["id"],
        "name": f"{doc['name']}-R{len(returns) + 1}",
        "status": "REQUESTED",
        "createdAt": iso(at),
        "requestApprovedAt": None,
        "closedAt": None,
        "decline": None,
        "totalQuantity": quantity,
        "refunds": [],
        "returnLineItems": [line],
    }
    returns.append(entry)
    touch(doc, at)
    return entry


def move_return(doc: Doc, step: str, *, at: int, decline_reason: str = "OTHER", note: str | None = None) -> Doc:
    """Brings the newest return that can go that way (`approve`, `decline`, `close`, `reopen`, `cancel`) there."""
    states, to = _NEXT[step]
    entry = _newest([one for one in doc.get("returns", ()) if one["status"] in states], "return that can go this way")
    entry["status"] = to
    entry["closedAt"] = iso(at) if to == "CLOSED" else None
    if step == "approve":
        entry["requestApprovedAt"] = iso(at)
    if step == "decline":
        entry["decline"] = {"reason": decline_reason, "note": note}
    if step == "close":
        for line in entry["returnLineItems"]:
            line |= {"processedQuantity": line["quantity"], "unprocessedQuantity": 0}
    touch(doc, at)
    return entry


def reason_definition(handle: str) -> Doc:
    number = list(REASONS).index(handle) + 1 if handle in REASONS else 99
    name = REASONS.get(handle, handle)
    return {"id": f"gid://shopify/ReturnReasonDefinition/{number}", "handle": handle, "name": name, "deleted": False}


def dispute(doc: Doc, status: str, *, kind: str = "CHARGEBACK", at: int) -> tuple[Doc, bool]:
    """The order's dispute in this state, and whether it was opened just now: while one is open, it moves."""
    disputes = doc.setdefault("disputes", [])
    for one in disputes:
        if one["status"] in ("NEEDS_RESPONSE", "UNDER_REVIEW"):
            one["status"] = status
            return one, False
    entry = {
        "id": mint(doc, "OrderDisputeSummary"),
        "initiatedAs": kind,
        "status": status,
        "initiatedAt": iso(at),
    }
    disputes.append(entry)
    return entry, True


def payment_terms(doc: Doc, *, days: int, at: int) -> Doc:
    """The whole amount by one day. `due` and `overdue` follow from the clock (see the resolvers)."""
    owed = total(doc)
    terms: Doc = {
        "id": mint(doc, "PaymentTerms"),
        "paymentTermsName": f"Net {days}",
        "paymentTermsType": "NET",
        "dueInDays": days,
        "paymentSchedules": [
            {
                "id": mint(doc, "PaymentSchedule"),
                "issuedAt": iso(at),
                "dueAt": iso(at + days * DAY),
                "completedAt": None,
                "order": doc["id"],
                "_total": owed,
            }
        ],
    }
    doc["paymentTerms"] = terms
    return terms


def _newest(found: list[Doc], what: str) -> Doc:
    if not found:
        raise Impossible(f"There is no {what}.")
    return found[-1]


def _coming_back(doc: Doc, shipped: str) -> int:
    return sum(
        line["quantity"]
        for one in doc.get("returns", ())
        if one["status"] not in ("DECLINED", "CANCELED")
        for line in one["returnLineItems"]
        if line.get("fulfillmentLineItem") == shipped
    )
