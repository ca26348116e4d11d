"""Global ids. Those of a shop are arithmetic: the id of any part of order `n` says which order it belongs to."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_GID = re.compile(r"^gid://shopify/([A-Za-z]+)/([A-Za-z0-9-]+)(\?.*)?$")
STRIDE = 4096
"""Ids kept for one order and its parts."""
_NAMES = """Order LineItem FulfillmentOrder FulfillmentOrderLineItem FulfillmentHold Fulfillment FulfillmentLineItem
FulfillmentEvent OrderTransaction Refund RefundLineItem RefundShippingLine OrderAdjustment Return ReturnLineItem
BasicEvent CommentEvent ShippingLine OrderDisputeSummary MailingAddress DeliveryMethod
FulfillmentOrderDestination Metafield PaymentTerms PaymentSchedule"""
ORDER_TYPES = frozenset(_NAMES.split())
"""Types whose ids lie within an order's."""


@dataclass(frozen=True, slots=True)
class Gid:
    """A well-formed `gid://shopify/Type/key`."""

    type: str
    key: str

    @property
    def number(self) -> int:
        return int(self.key) if self.key.isdigit() else 0


def read(text: str) -> Gid | None:
    """`None` for what Shopify calls an invalid id: another shape, or the number 0."""
    match = _GID.match(text)
    if match is None or match[2] == "0":
        return None
    return Gid(match[1], match[2])


@dataclass(frozen=True, slots=True)
class Numbering:
    """The id space of one shop, derived from its domain so that shops look different and a restart looks the same."""

    base: int

    @classmethod
    def of(cls, domain: str) -> Numbering:
        digest = int.from_bytes(hashlib.sha256(domain.encode()).digest()[:6], "big")
        return cls(5_000_000_000_000 + digest % 1500 * 2_200_000_000)

    def gid(self, type_name: str, n: int, part: int = 0) -> str:
        suffix = "?model_name=Address" if type_name == "MailingAddress" else ""
        return f"gid://shopify/{type_name}/{self.base + n * STRIDE + part}{suffix}"

    def order_of(self, gid: Gid) -> int:
        """The `n` of the order that this id belongs to, 0 when it is none of ours."""
        offset = gid.number - self.base
        return offset // STRIDE if offset > 0 else 0

    def customer(self, person: int) -> str:
        return f"gid://shopify/Customer/{self.base + person + 1}"

    def person_of(self, gid: Gid) -> int:
        return gid.number - self.base - 1
