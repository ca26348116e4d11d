"""What the order floor brings to the registries of the lower floors."""

from __future__ import annotations

from backoffice.core import privacy, sweeps
from stores import resources

from .resources import FulfillmentOrdersResource, OrdersResource, TimelinesResource
from .services import full, push
from .services.privacy import PART


def connect() -> None:
    """Called once, when the applications are ready."""
    resources.register(OrdersResource())
    resources.register(FulfillmentOrdersResource())
    resources.register(TimelinesResource())
    sweeps.register("orders.push", push.sweep)
    sweeps.register("orders.details", full.sweep)
    privacy.register(PART)
