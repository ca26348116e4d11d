"""Transactions: authorising, paying, failing, voiding."""

from __future__ import annotations

from stores.rehearsal.clock import iso
from stores.rehearsal.money import Bag
from stores.rehearsal.ops.document import Doc, event, forget, mint, touch

MONEY_FIELDS = (
    "displayFinancialStatus", "totalOutstandingSet", "totalReceivedSet", "totalRefundedSet", "netPaymentSet",
    "totalCapturableSet", "fullyPaid", "unpaid", "capturable", "canMarkAsPaid", "refundable", "paymentGatewayNames",
)  # fmt: skip
FORMATTED = {"shopify_payments": "Shopify Payments", "paypal": "PayPal", "ideal": "iDEAL", "manual": "manual"}
MONTH = 30 * 86_400


def transact(
    doc: Doc,
    kind: str,
    amount: Bag,
    *,
    at: int,
    gateway: str,
    status: str = "SUCCESS",
    error: str | None = None,
    parent: Doc | None = None,
) -> Doc:
    """Record one transaction; what it means for the order follows from the list."""
    manual = gateway == "manual"
    entry: Doc = {
        "id": mint(doc, "OrderTransaction"),
        "order": doc["id"],
        "kind": kind,
        "status": status,
        "gateway": gateway,
        "formattedGateway": FORMATTED.get(gateway, gateway),
        "amountSet": amount,
        "createdAt": iso(at),
        "processedAt": iso(at),
        "errorCode": error,
        "parentTransaction": parent["id"] if parent else None,
        "test": bool(doc.get("test")),
        "manualPaymentGateway": manual,
        "manuallyCapturable": kind == "AUTHORIZATION" and status == "SUCCESS",
        "multiCapturable": False,
        "accountNumber": None if manual else "•••• •••• •••• 4242",
        "authorizationExpiresAt": iso(at + MONTH // 4) if kind == "AUTHORIZATION" else None,
        "paymentId": f"{doc.get('name', '')}.{len(doc.get('transactions', ())) + 1}",
    }
    doc.setdefault("transactions", []).append(entry)
    forget(doc, *MONEY_FIELDS)
    touch(doc, at)
    event(doc, f"{kind.lower()}_{status.lower()}", f"{kind.capitalize()} on {entry['formattedGateway']}.", at)
    return entry
