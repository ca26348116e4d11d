"""One rehearsal shop: its settings, state, clock, rate limit, webhooks and faults, shared by every request."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path

from stores.rehearsal.bulk.files import Files
from stores.rehearsal.bulk.operations import Operations
from stores.rehearsal.clock import Clock, iso
from stores.rehearsal.data.goods import PRODUCTS
from stores.rehearsal.data.outcome import PLACES
from stores.rehearsal.data.people import POOL, home_of, person
from stores.rehearsal.faults import Faults
from stores.rehearsal.gids import Gid
from stores.rehearsal.listings import REACH
from stores.rehearsal.oauth import OAuth
from stores.rehearsal.ops.document import Doc
from stores.rehearsal.store import Store
from stores.rehearsal.throttle import PLANS, Bucket
from stores.rehearsal.webhooks import Webhooks

DEFAULT_SCOPES = (
    "read_orders", "write_orders", "read_all_orders", "read_customers", "read_products", "read_locations",
    "read_fulfillments", "read_returns", "write_order_edits", "write_merchant_managed_fulfillment_orders",
    "write_third_party_fulfillment_orders",
)  # fmt: skip
VERSIONS = ("2026-01", "2026-04", "2026-07", "2026-10")
"""Stable versions that are answered; the schema is the newest's. Anything else falls forward to the oldest."""
CANDIDATE = "2027-01"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line decides."""

    domain: str = "rehearsal-noord.myshopify.com"
    name: str = "Rehearsal Noord"
    token: str = "shpat_rehearsal"  # noqa: S105  # opens nothing but a rehearsal on this machine
    webhook_secret: str = "rehearsal-secret"  # noqa: S105
    client_id: str = "rehearsal-app"
    client_secret: str = ""
    """Empty: the webhook secret, which for apps of the Dev Dashboard is the same thing."""
    currency: str = "EUR"
    timezone: str = "Europe/Amsterdam"
    plan: str = "standard"
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    orders: int = 2_000
    seed: int = 1
    state: Path | None = None
    clock_scale: float = 1.0
    reach: int = REACH


@dataclass
class Shop:
    """The shop itself. Close it to end the webhook sender and let go of the state file."""

    settings: Settings
    clock: Clock = field(init=False)
    store: Store = field(init=False)
    bucket: Bucket = field(init=False)
    webhooks: Webhooks = field(init=False)
    faults: Faults = field(init=False)
    oauth: OAuth = field(init=False)
    files: Files = field(init=False)
    bulk: Operations = field(init=False)
    scopes: frozenset[str] = field(init=False)
    places: list[Doc] = field(default_factory=lambda: _places())
    """The locations it ships from."""
    token_revoked: bool = False
    approved: int = 2
    """How much protected data the app may see: 0 none, 1 that somebody bought, 2 who and where."""
    busy: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        settings = self.settings
        if settings.state is not None:
            settings.state.parent.mkdir(parents=True, exist_ok=True)
        self.clock = Clock(scale=settings.clock_scale)
        self.store = Store(
            settings.state,
            seed=settings.seed,
            count=settings.orders,
            domain=settings.domain,
            currency=settings.currency,
            now=self.clock.seconds(),
        )
        last = self.store.meta("last_seen")
        self.clock = Clock(scale=settings.clock_scale, origin=float(last) if last else None)
        self.bucket = Bucket(PLANS[settings.plan], self.clock.now)
        self.faults = Faults(seed=settings.seed, now=self.clock.now)
        self.files = Files(self.store, self.clock, state=settings.state)
        self.bulk = Operations(self.store, self.clock, self.files)
        self.webhooks = Webhooks(
            self.store, self.clock, self.faults, domain=settings.domain, secret=settings.webhook_secret
        )
        granted = self.store.meta("scopes")
        self.scopes = frozenset(settings.scopes if granted is None else json.loads(granted))
        self.approved = int(self.store.meta("approved") or 2)
        self.oauth = OAuth(
            self.store,
            self.clock,
            domain=settings.domain,
            client_id=settings.client_id,
            client_secret=settings.client_secret or settings.webhook_secret,
            scopes=lambda: self.scopes,
        )

    def accepts(self, token: str) -> bool:
        """Whether calls with this token are answered."""
        if self.token_revoked:
            return False
        return hmac.compare_digest(token.encode(), self.settings.token.encode()) or self.oauth.accepts(token)

    def grant(self, scopes: frozenset[str]) -> None:
        """These are the app's scopes from now on, also after a restart."""
        self.scopes = scopes
        self.store.set_meta("scopes", json.dumps(sorted(scopes)))

    @property
    def name(self) -> str:
        return self.store.meta("name") or self.settings.name

    def start(self) -> None:
        self.webhooks.start()

    def close(self) -> None:
        self.webhooks.stop()
        self.files.close()
        self.store.close()

    @property
    def handle(self) -> str:
        return self.settings.domain.split(".")[0]

    @property
    def id(self) -> str:
        digest = int.from_bytes(hashlib.sha256(self.settings.domain.encode()).digest()[:4], "big")
        return f"gid://shopify/Shop/{60_000_000_000 + digest}"

    def allows(self, *scopes: str) -> bool:
        """Whether one of these scopes is granted; `write_x` implies `read_x`."""
        return any(s in self.scopes or (s.startswith("read_") and "write_" + s[5:] in self.scopes) for s in scopes)

    def customer(self, gid: Gid) -> Doc | None:
        """A buyer as Shopify's Customer, `None` when there is none with this id."""
        text = f"gid://shopify/Customer/{gid.key}"
        rows = self.store.query("SELECT doc FROM customers WHERE gid = ?", (text,))
        if rows:
            return json.loads(rows[0][0])  # type: ignore[no-any-return]
        number = self.store.numbering.person_of(gid)
        if not 0 <= number < POOL:
            return None
        buyer = person(number, home_of(number, self.settings.currency))
        joined = iso(self.store.seed.start - 500 * 86_400 + number * 977)
        return {
            "id": text,
            "firstName": buyer.first_name,
            "lastName": buyer.last_name,
            "displayName": f"{buyer.first_name} {buyer.last_name}",
            "defaultEmailAddress": {
                "emailAddress": buyer.email,
                "marketingState": "NOT_SUBSCRIBED",
                "validFormat": True,
            },
            "defaultPhoneNumber": {"phoneNumber": buyer.phone} if buyer.phone else None,
            "locale": buyer.country.locale,
            "createdAt": joined,
            "updatedAt": joined,
            "note": None,
            "state": "DISABLED",
            "tags": ["newsletter"] if number % 3 == 0 else [],
            "taxExempt": False,
            "verifiedEmail": True,
            "hasTimelineComment": False,
        }

    def thing(self, gid: Gid) -> Doc | None:
        """Products, variants, locations and the shop by id."""
        text, number = f"gid://shopify/{gid.type}/{gid.key}", gid.number
        if gid.type == "Location":
            return next((place for place in self.places if place["id"] == text), None)
        if gid.type == "Product" and 7000 <= number < 7000 + len(PRODUCTS):
            return self.products()[number - 7000]
        if gid.type == "ProductVariant" and 70_000 <= number < 70_000 + 10 * len(PRODUCTS):
            variants = self.products()[(number - 70_000) // 10]["variants"]
            return next((variant for variant in variants if variant["id"] == text), None)
        return None

    def products(self) -> list[Doc]:
        return [
            {
                "id": f"gid://shopify/Product/{7000 + index}",
                "title": product.title,
                "handle": product.sku.lower(),
                "events": [],
                "variants": [
                    {
                        "id": f"gid://shopify/ProductVariant/{70_000 + index * 10 + position}",
                        "title": title or "Default Title",
                        "sku": f"{product.sku}-{position + 1}",
                        "barcode": None,
                        "inventoryQuantity": 12,
                        "events": [],
                    }
                    for position, title in enumerate(product.variants)
                ],
            }
            for index, product in enumerate(PRODUCTS)
        ]


def _places() -> list[Doc]:
    return [
        {
            "id": f"gid://shopify/Location/{61 + place}",
            "name": name,
            "isActive": True,
            "isFulfillmentService": False,
            "shipsInventory": True,
            "fulfillsOnlineOrders": True,
            "address": {
                "address1": "Kade 1",
                "city": "Utrecht",
                "country": "Netherlands",
                "countryCode": "NL",
                "formatted": [],
            },
        }
        for place, name in enumerate(PLACES)
    ]
