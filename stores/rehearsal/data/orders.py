"""Builds seeded order `n`: the same document for the same shop, seed and start."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import partial

from stores.rehearsal.clock import iso, parse
from stores.rehearsal.data import beside, goods
from stores.rehearsal.data.calendar import DAY, Calendar
from stores.rehearsal.data.lines import address, draw_lines, shipping_line
from stores.rehearsal.data.outcome import pay_for, settle_after, ship
from stores.rehearsal.data.people import POOL, Person, home_of, person
from stores.rehearsal.data.scenarios import choose
from stores.rehearsal.gids import STRIDE, Numbering
from stores.rehearsal.ops.archive import close
from stores.rehearsal.ops.document import Doc, event, mint
from stores.rehearsal.ops.tags import tidy

IMPORT_APP = "1354745"
FIRST_NUMBER = 1001


@dataclass(frozen=True)
class Seed:
    """Everything that the data set depends on."""

    seed: int
    count: int
    domain: str
    currency: str
    start: int
    numbering: Numbering = field(init=False)
    calendar: Calendar = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "numbering", Numbering.of(self.domain))
        object.__setattr__(self, "calendar", Calendar(self.start, self.count))

    def order(self, n: int) -> Doc:
        """Seeded order `n` (1..count)."""
        rng = random.Random(self.seed * 1_000_003 + n)
        created = self.calendar.created(n, rng)
        story = choose(rng, age_days=(self.start - created) / DAY)
        doc = _blank(self, n, rng, created, digital=story.digital)
        pay_for(doc, rng, self.calendar, story.pay)
        ship(doc, rng, self.calendar, story.ship)
        settle_after(doc, rng, self.calendar, story.after)
        if not doc["closed"] and rng.random() * 100 < story.archived:
            close(doc, self.calendar.later(_updated(doc), rng, hours=30))
        if rng.random() < 0.03:
            doc["tags"] = tidy([*doc["tags"], "mass-edited"])
            doc["updatedAt"] = iso(max(_updated(doc), self.calendar.mass_edit))
        beside.tell(doc, self.seed, n, start=self.start)
        return doc

    def fresh_order(self, n: int, at: int) -> Doc:
        """A new order that comes in at `at`: paid, nothing shipped. `n` lies beyond the seeded ones."""
        rng = random.Random(self.seed * 1_000_003 + n)
        doc = _blank(self, n, rng, at, digital=False)
        today = Calendar(at + 30, self.count)
        pay_for(doc, rng, today, "paid")
        ship(doc, rng, today, "none")
        doc["updatedAt"] = iso(at)
        return doc


def _updated(doc: Doc) -> int:
    return parse(doc["updatedAt"]) or 0


def _blank(seed: Seed, n: int, rng: random.Random, created: int, *, digital: bool) -> Doc:
    """A new order: its buyer, lines, addresses and words; nothing paid, one open fulfilment order per place."""
    currency = seed.currency
    buyer = person(number := int(POOL * rng.random() ** 2), home_of(number, currency))
    source, imported = "web", rng.random() < 0.02
    if imported:
        source = IMPORT_APP
    elif (pick := rng.random()) < 0.03:
        source = "pos"
    elif pick < 0.07:
        source = "shopify_draft_order"
    guest = rng.random() < 0.05 or source == "pos"
    presentment = currency if source == "pos" else buyer.country.currency
    gid = partial(seed.numbering.gid, n=n)
    name = f"#{FIRST_NUMBER - 1 + n}"
    doc: Doc = {
        "_base": seed.numbering.base + n * STRIDE,
        "_k": 0,
        "id": gid("Order"),
        "name": name,
        "number": FIRST_NUMBER - 1 + n,
        "confirmationNumber": f"{rng.randrange(36**8):08X}"[:9],
        "poNumber": f"PO-{n:06d}" if rng.random() < 0.03 else None,
        "createdAt": iso(created),
        "processedAt": iso(created - int(rng.random() * 1200 + 200) * DAY if imported else created),
        "updatedAt": iso(created),
        "closed": False,
        "closedAt": None,
        "cancelledAt": None,
        "cancelReason": None,
        "cancellation": None,
        "test": rng.random() < 0.012,
        "confirmed": True,
        "edited": False,
        "email": _email(buyer, rng, guest=guest),
        "phone": buyer.phone if rng.random() < 0.3 and buyer.phone else None,
        "customer": None if guest else seed.numbering.customer(number),
        "customerLocale": None if rng.random() < 0.04 else buyer.country.locale,
        "currencyCode": currency,
        "presentmentCurrencyCode": presentment,
        "taxesIncluded": buyer.country.prices_with_tax,
        "taxExempt": False,
        "dutiesIncluded": False,
        "note": _note(rng),
        "tags": tidy(rng.sample(goods.TAGS, rng.choice((1, 1, 2, 3)))) if rng.random() < 0.35 else [],
        "customAttributes": [{"key": k, "value": v} for k, v in rng.sample(goods.ATTRIBUTES, 2)]
        if rng.random() < 0.1
        else [],
        "sourceName": source,
        "sourceIdentifier": None,
        "_app": {"web": "Online Store", "pos": "Point of Sale", "shopify_draft_order": "Draft Orders"}.get(source),
        "hasTimelineComment": False,
        "merchantEditable": True,
        "merchantEditableErrors": [],
        "disputes": [],
        "clientIp": f"198.51.100.{rng.randrange(1, 255)}",
        "lineItems": [],
        "shippingLines": [],
        "fulfillmentOrders": [],
        "fulfillments": [],
        "transactions": [],
        "refunds": [],
        "returns": [],
        "events": [],
    }
    code = rng.choice(goods.DISCOUNTS) if rng.random() < 0.15 else None
    doc["discountCodes"] = [code[0]] if code else []
    draw_lines(doc, rng, buyer, digital=digital, percent=code[1] if code else 0)
    if not digital and source != "pos":
        doc["shippingAddress"] = address(doc, buyer)
        doc["shippingLines"] = [shipping_line(doc, rng)]
    else:
        doc["shippingAddress"] = None
    doc["billingAddress"] = address(doc, buyer) if source != "pos" else None
    doc["_risk"] = rng.choices(("LOW", "MEDIUM", "HIGH"), (94, 4, 2))[0]
    if doc["_risk"] == "HIGH" and rng.random() < 0.4:
        doc["disputes"] = [
            {"id": mint(doc, "OrderDisputeSummary"), "initiatedAs": "CHARGEBACK", "status": "NEEDS_RESPONSE"}
        ]
    event(doc, "confirmed", f"Order {name} was placed.", created)
    return doc


def _email(buyer: Person, rng: random.Random, *, guest: bool) -> str | None:
    roll = rng.random()
    if roll < (0.4 if guest else 0.015):
        return None
    if roll > 0.96:  # the same mailbox, typed another way
        local, host = buyer.email.split("@")
        return f"{local.title()}@{host.capitalize()}"
    return buyer.email


def _note(rng: random.Random) -> str | None:
    roll = rng.random()
    if roll < 0.005:
        return goods.LONG_NOTE
    return rng.choice(goods.NOTES) if roll < 0.12 else None
