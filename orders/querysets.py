"""Reading orders, always through an actor; the words *live*, *to fulfil*, ... are defined here once."""

from __future__ import annotations

from typing import Self

from stores.querysets import StoreOwnedQuerySet
from stores.scoping import StoreScopedManager

from .choices import LIVE_STAGES, Stage


class OrderQuerySet(StoreOwnedQuerySet):
    def live(self) -> Self:
        """Not archived, not cancelled, not deleted, not a test order."""
        return self.filter(stage__in=LIVE_STAGES)

    def to_fulfil(self) -> Self:
        """Live, and something that needs fulfilment is unfulfilled: the open orders of the sidebar's number."""
        return self.filter(stage=Stage.TO_FULFIL)

    def newest_first(self) -> Self:
        """The order of the list and of the API; unique, because times tie."""
        return self.order_by("-processed_at", "-pk")


OrderManager = StoreScopedManager.from_queryset(OrderQuerySet)
