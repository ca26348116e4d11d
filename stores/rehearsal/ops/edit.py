"""Order edits, as far as the owner's acts need them: a line more, a unit less."""

from __future__ import annotations

from stores.rehearsal import money
from stores.rehearsal.clock import iso
from stores.rehearsal.data.lines import priced
from stores.rehearsal.derived import line_tax, line_value, refundable
from stores.rehearsal.ops.document import Doc, Impossible, event, forget, mint, touch
from stores.rehearsal.ops.fulfil import LIVE, remaining
from stores.rehearsal.ops.pay import MONEY_FIELDS

_TOTALS = ("currentTotalPriceSet", "currentSubtotalPriceSet", "totalPriceSet", "displayFulfillmentStatus")


def add_line(doc: Doc, title: str, euro_cents: int, *, at: int) -> Doc:
    """A custom item that is not shipped; the buyer owes it from now on."""
    unit = priced(euro_cents, doc)
    line: Doc = {
        "id": mint(doc, "LineItem"),
        "title": title,
        "variantTitle": None,
        "name": title,
        "sku": None,
        "vendor": None,
        "quantity": 1,
        "currentQuantity": 1,
        "refundableQuantity": 1,
        "unfulfilledQuantity": 0,
        "nonFulfillableQuantity": 1,
        "requiresShipping": False,
        "taxable": False,
        "isGiftCard": False,
        "restockable": False,
        "merchantEditable": True,
        "customAttributes": [],
        "originalUnitPriceSet": unit,
        "_discount": money.zero(unit),
        "_tax": money.zero(unit),
        "_rate": 0.0,
        "_grams": 0,
        "product": None,
        "variant": None,
    }
    doc["lineItems"].append(line)
    _edited(doc, at, f"{title} was added to this order.")
    return line


def remove_unit(doc: Doc, *, at: int) -> Doc:
    """One unit of the first line with something unshipped; the line stays, at last with nothing of it."""
    line = next((item for item in doc["lineItems"] if item["unfulfilledQuantity"] and refundable(item)), None)
    if line is None:
        raise Impossible("Nothing unshipped is left to take off.")
    value, tax = line_value(line, 1), line_tax(line, 1)
    doc.setdefault("_removed", []).append({"subtotalSet": value, "totalTaxSet": tax})
    line["currentQuantity"] -= 1
    line["refundableQuantity"] -= 1
    line["unfulfilledQuantity"] -= 1
    line["nonFulfillableQuantity"] += 1
    for fo in doc["fulfillmentOrders"]:
        own = next((item for item in fo["lineItems"] if item["lineItem"] == line["id"]), None)
        if fo["status"] in LIVE and own is not None and own["remainingQuantity"]:
            own["remainingQuantity"] -= 1
            own["totalQuantity"] -= 1
            fo["updatedAt"] = iso(at)
            if not remaining(fo):
                fo["status"] = "CLOSED"
            break
    _edited(doc, at, f"{line['title']} was removed from this order.")
    return line  # type: ignore[no-any-return]


def _edited(doc: Doc, at: int, message: str) -> None:
    doc["edited"] = True
    forget(doc, *MONEY_FIELDS, *_TOTALS)
    touch(doc, at)
    event(doc, "update", message, at)
