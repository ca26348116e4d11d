"""`refundCreate`, with its idempotency key."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from graphql.execution import get_directive_values

from stores.rehearsal import derived, money
from stores.rehearsal.errors import coded
from stores.rehearsal.money import Bag
from stores.rehearsal.mutations.base import WRITE_ORDERS, Mutation, Outcome, Refused, keep, order_to_change
from stores.rehearsal.ops.document import Doc, Impossible, line_of
from stores.rehearsal.ops.refund import Return, refund
from stores.rehearsal.request import Info, Request

KEY_LIFE = 86_400


REFUNDED = ("REFUNDS_CREATE", "ORDER_TRANSACTIONS_CREATE", "ORDERS_UPDATED")
"""What a refund sets off: one for each payment that money went back to."""


def transactions_of(doc: Doc, made: Doc) -> list[Doc]:
    return [entry for entry in doc.get("transactions", ()) if entry["id"] in made["transactions"]]


def create(context: Request, info: Info, arguments: dict[str, Any]) -> Outcome:
    """The same key gives the same refund again; without `transactions` no money moves."""
    given = arguments["input"]
    doc = order_to_change(context, given["orderId"], field=["orderId"])
    key = _key(info)
    fingerprint = hashlib.sha256(json.dumps(given, sort_keys=True, default=str).encode()).hexdigest()
    earlier = _earlier(context, doc, key, fingerprint)
    if earlier is not None:
        return Outcome({"order": doc, "refund": earlier}, [doc["id"]], False)
    postage = bool((given.get("shipping") or {}).get("fullRefund") or (given.get("shipping") or {}).get("amount"))
    try:
        returns = [_returned(doc, index, item) for index, item in enumerate(given.get("refundLineItems") or ())]
        amount = _amount(doc, given)
        made = refund(doc, returns, at=context.at, shipping=postage, amount=amount, note=given.get("note"))
    except Impossible as problem:
        raise Refused([problem], payload={"order": doc}) from problem
    context.shop.store.execute(
        "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?)", (key, context.at, fingerprint, made["id"])
    )
    keep(context, doc, *REFUNDED, details={"refund": made, "transactions": transactions_of(doc, made)})
    return Outcome({"order": doc, "refund": made}, [doc["id"]], True)


def _key(info: Info) -> str:
    directive = info.schema.get_directive("idempotent")
    values = get_directive_values(directive, info.field_nodes[0], info.variable_values) if directive else None
    key = (values or {}).get("key")
    if not key:
        raise coded("The @idempotent directive is required for this mutation but was not provided.", "BAD_REQUEST")
    return str(key)


def _earlier(context: Request, doc: Doc, key: str, fingerprint: str) -> Doc | None:
    rows = context.shop.store.query("SELECT at, fingerprint, answer FROM idempotency WHERE key = ?", (key,))
    if not rows or rows[0][0] < context.at - KEY_LIFE:
        return None
    if rows[0][1] != fingerprint:
        raise coded("The idempotency key was used with other parameters.", "IDEMPOTENCY_KEY_PARAMETER_MISMATCH")
    return next((entry for entry in doc.get("refunds", ()) if entry["id"] == rows[0][2]), None)


def _returned(doc: Doc, index: int, item: dict[str, Any]) -> Return:
    line = line_of(doc, item["lineItemId"])
    if line is None:
        raise Impossible("Line item does not exist", field=["refundLineItems", str(index), "lineItemId"])
    return Return(line, item["quantity"], item.get("restockType") or "NO_RESTOCK")


def _amount(doc: Doc, given: dict[str, Any]) -> Bag:
    """The money named in `transactions`, in both currencies; refused when it is more than was paid."""
    shop, buyer = doc["currencyCode"], doc.get("presentmentCurrencyCode") or doc["currencyCode"]
    total = derived.zero_of(doc)
    for entry in given.get("transactions") or ():
        if entry["kind"] not in ("REFUND", "SUGGESTED_REFUND"):
            raise Impossible(f"Kind {entry['kind'].lower()} is not a valid transaction")
        parent = entry.get("parentId")
        if not parent or all(t["id"] != parent for t in doc.get("transactions", ())):
            raise Impossible("Transactions require a parent_id associated with the order", field=["transactions"])
        paid = money.minor(entry["amount"], buyer)
        total = money.add([(money.convert(paid, buyer, shop), shop, paid, buyer)], start=total)
    left = derived.net_payment(doc)
    if total[2] > left[2] and not given.get("allowOverRefunding"):
        words = f"Refund amount {_spoken(total)} is greater than net payment received {_spoken(left)}"
        raise Impossible(words)
    return left if total[2] >= left[2] else total


def _spoken(bag: Bag) -> str:
    symbol = {"USD": "$", "CAD": "$", "AUD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}.get(bag[3], f"{bag[3]} ")
    return symbol + money.fixed(bag[2], bag[3])


MUTATIONS = {"refundCreate": Mutation(create, WRITE_ORDERS, field=["orderId"])}
