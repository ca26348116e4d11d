"""What the owner and the buyers do beside an order: comments, returns, disputes, a new assessment of the risk."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from stores.rehearsal.ops import beside
from stores.rehearsal.ops.document import Doc, Impossible
from stores.rehearsal.shop import Shop

_UPDATED = "ORDERS_UPDATED"
_RISKS = ("HIGH", "MEDIUM", "LOW", "NONE", "PENDING")
_DISPUTES = ("NEEDS_RESPONSE", "UNDER_REVIEW", "WON", "LOST", "ACCEPTED", "CHARGE_REFUNDED", "PREVENTED")

Done = tuple[tuple[str, ...], dict[str, Any]]


def _comment(shop: Shop, doc: Doc, wish: dict[str, Any]) -> Done:
    """`text` (markup is allowed), `author`, `files`. Nobody is told, and no clock moves."""
    text, files = str(wish.get("text") or "Please check this order."), list(wish.get("files") or ())
    beside.comment(doc, text, at=shop.clock.seconds(), author=str(wish.get("author") or ""), files=files)
    return (), {}


def _edit_comment(shop: Shop, doc: Doc, wish: dict[str, Any]) -> Done:
    beside.edit_comment(doc, str(wish.get("text") or "Edited."))
    return (), {}


def _delete_comment(shop: Shop, doc: Doc, wish: dict[str, Any]) -> Done:
    beside.delete_comment(doc)
    return (), {}


def _request_return(shop: Shop, doc: Doc, wish: dict[str, Any]) -> Done:
    """`quantity`, `reason` (a handle), `note`, `said` by the customer."""
    entry = beside.request_return(
        doc,
        at=shop.clock.seconds(),
        quantity=int(wish.get("quantity") or 1),
        reason=str(wish.get("reason") or "other"),
        note=str(wish.get("note") or ""),
        said=str(wish.get("said") or ""),
    )
    return ("RETURNS_REQUEST", _UPDATED), {"return": entry}


def _move_return(step: str, shop: Shop, doc: Doc, wish: dict[str, Any]) -> Done:
    entry = beside.move_return(
        doc,
        step,
        at=shop.clock.seconds(),
        decline_reason=str(wish.get("reason") or "OTHER"),
        note=wish.get("note"),
    )
    return (f"RETURNS_{step.upper()}", _UPDATED), {"return": entry}


def _risk(shop: Shop, doc: Doc, wish: dict[str, Any]) -> Done:
    level = str(wish.get("level") or "HIGH").upper()
    if level not in _RISKS:
        raise Impossible(f"A risk is one of {', '.join(_RISKS)}.")
    doc["_risk"] = level
    return ("ORDERS_RISK_ASSESSMENT_CHANGED",), {"level": level}


def _dispute(shop: Shop, doc: Doc, wish: dict[str, Any]) -> Done:
    """`status`, and `type` of a new one. While a dispute is open, it is that one which moves."""
    status = str(wish.get("status") or "NEEDS_RESPONSE").upper()
    if status not in _DISPUTES:
        raise Impossible(f"A dispute is one of {', '.join(_DISPUTES)}.")
    kind = str(wish.get("type") or "CHARGEBACK").upper()
    entry, is_new = beside.dispute(doc, status, kind=kind, at=shop.clock.seconds())
    return ("DISPUTES_CREATE" if is_new else "DISPUTES_UPDATE",), {"dispute": entry}


BESIDE_ACTS: dict[str, Callable[[Shop, Doc, dict[str, Any]], Done]] = {
    "comment": _comment,
    "edit_comment": _edit_comment,
    "delete_comment": _delete_comment,
    "request_return": _request_return,
    **{f"{step}_return": partial(_move_return, step) for step in ("approve", "decline", "close", "reopen", "cancel")},
    "set_risk": _risk,
    "dispute": _dispute,
}
