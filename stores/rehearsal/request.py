"""One request's view of the shop: documents are loaded once, and what it changes it reads back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import GraphQLResolveInfo

from stores.rehearsal.clock import iso
from stores.rehearsal.errors import access_denied, invalid_id
from stores.rehearsal.gids import ORDER_TYPES, Gid, read
from stores.rehearsal.ops.document import Doc, parts
from stores.rehearsal.shop import Shop

OLD_ORDERS = 60 * 86_400
"""Without `read_all_orders` an app sees orders of this age at most."""


Info: TypeAlias = GraphQLResolveInfo[Any]
"""What a resolver is told; `context` is the `Request`."""


@dataclass
class Request:
    """The context that every resolver gets."""

    shop: Shop
    request_id: str
    variables: dict[str, Any] = field(default_factory=dict)
    search: list[dict[str, Any]] = field(default_factory=list)
    refuse: set[int] = field(default_factory=set)
    """Positions of mutations in the document that a fault makes fail with a userError."""
    ran: int = 0
    unlimited: bool = False
    """A bulk query reads on where pages end."""
    _docs: dict[int, Doc] = field(default_factory=dict)
    _parts: dict[str, dict[str, Doc]] = field(default_factory=dict)

    @property
    def at(self) -> int:
        return self.shop.clock.seconds()

    def docs(self, numbers: Sequence[int]) -> list[Doc]:
        """Orders by `n`, in that order."""
        missing = [n for n in numbers if n not in self._docs]
        if missing:
            self._docs.update(self.shop.store.orders(missing))
        return [self._docs[n] for n in numbers if n in self._docs]

    def keep(self, n: int, doc: Doc | None) -> None:
        """An order was changed (or deleted) by this request."""
        self._docs.pop(n, None)
        self._parts.clear()
        if doc is not None:
            self._docs[n] = doc

    def gid(self, text: str, *types: str) -> Gid:
        """Read an id; one that is malformed or of another type is refused as a whole, as Shopify does."""
        gid = read(text)
        if gid is None or (types and gid.type not in types):
            raise invalid_id()
        return gid

    def order(self, gid: Gid) -> Doc | None:
        """The order an id belongs to, if this app may see it."""
        n = self.shop.store.numbering.order_of(gid)
        if n not in self._docs:  # those that are at hand need no look at the index
            n = self.shop.store.order_number(gid)
        found = self.docs([n]) if n else []
        if not found:
            return None
        doc = found[0]
        if not self.sees_old_orders and (doc.get("createdAt") or "~") < self.oldest_visible:
            return None
        return doc

    @property
    def reach(self) -> int:
        """How many objects pages reach."""
        return sys.maxsize if self.unlimited else self.shop.settings.reach

    @property
    def sees_old_orders(self) -> bool:
        return self.shop.allows("read_all_orders")

    @property
    def oldest_visible(self) -> str:
        return iso(self.at - OLD_ORDERS)

    def find(self, text: str) -> Doc | None:
        """Any object by id; `None` when there is none."""
        gid = self.gid(text)
        if gid.type in ORDER_TYPES:
            doc = self.order(gid)
            if doc is None or gid.type == "Order":
                return doc if doc is not None and doc["id"] == text else None
            if gid.type == "LineItem":  # what is asked for most; the index of all parts is not worth it for these
                return next((line for line in doc.get("lineItems", ()) if line["id"] == text), None)
            return self._part(doc, text)
        if gid.type == "Customer":
            return self.shop.customer(gid)
        if gid.type == "WebhookSubscription":
            return self.shop.webhooks.subscription(gid.number)
        if gid.type == "BulkOperation":
            return self.shop.bulk.doc(gid.number)
        if gid.type in ("OrderCancelJobResult", "Job"):
            return self.job(gid)
        return self.shop.thing(gid)

    def job(self, gid: Gid) -> Doc | None:
        """Cancellation jobs are done at once, but asked for like Shopify's."""
        rows = self.shop.store.meta(f"job:{gid.key}")
        if rows is None:
            return None
        name = "OrderCancelJobResult" if gid.type == "OrderCancelJobResult" else "Job"
        return {
            "id": f"gid://shopify/{name}/{gid.key}",
            "done": True,
            "status": "SUCCEEDED",
            "errors": [],
            "order": rows,
        }

    def _part(self, doc: Doc, text: str) -> Doc | None:
        known = self._parts.get(doc["id"])
        if known is None:
            known = self._parts[doc["id"]] = {part["id"].split("?")[0]: part for part in parts(doc)}
        return known.get(text.split("?")[0])

    def require(self, field_name: str, *scopes: str) -> None:
        """Refuse a field unless one of the scopes is granted."""
        if not self.shop.allows(*scopes):
            raise access_denied(field_name, scopes[:1])
