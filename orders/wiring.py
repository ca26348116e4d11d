"""What the order floor brings to the registries of the lower floors."""

from __future__ import annotations

from stores import resources

from .resources import FulfillmentOrdersResource, OrdersResource


def connect() -> None:
    """Called once, when the applications are ready."""
    resources.register(OrdersResource())
    resources.register(FulfillmentOrdersResource())
