"""What stands beside seeded orders: mails that were sent, comments of staff, terms of payment.

Drawn from a sequence of its own, so that the orders themselves stay as they are."""

from __future__ import annotations

import random

from stores.rehearsal.clock import parse
from stores.rehearsal.ops import beside
from stores.rehearsal.ops.document import Doc, event

_COMMENTS = (
    ("Buyer called about the delivery, <b>promised Friday</b>.", "Jo Bakker", ()),
    ("Refund agreed with the manager.", "Mia Jansen", ()),
    ("Label is damaged, see the photo.", "Jo Bakker", ("label.png",)),
    ("سيتصل العميل غدًا", "Sam Smit", ()),
)
_HOUR = 3600


def tell(doc: Doc, seed: int, n: int, *, start: int) -> None:
    """Adds to a finished order what is seen on its timeline alone."""
    rng = random.Random(seed * 7_919 + n * 104_729)
    created = parse(doc["createdAt"]) or 0
    if doc.get("email"):
        sent = event(doc, "mail_sent", f"Order confirmation email was sent to {doc['email']}.", created + 30)
        sent |= {"appTitle": "Online Store", "attributeToUser": False}
    if rng.random() < 0.12:
        text, author, files = rng.choice(_COMMENTS)
        at = min(created + int(rng.random() * 90 * _HOUR) + _HOUR, start)
        beside.comment(doc, text, at=at, author=author, files=list(files))
    waits = any(one["status"] == "PENDING" for one in doc["transactions"])
    if waits and not doc["test"] and rng.random() < 0.5:
        beside.payment_terms(doc, days=rng.choice((7, 30)), at=created)
