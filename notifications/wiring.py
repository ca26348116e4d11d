"""What the mail floor brings to the registries of the lower floors."""

from __future__ import annotations

from backoffice.core import privacy, sweeps
from stores import copying

from .services import copy, delivery
from .services.privacy import PART
from .transports import checks


def connect() -> None:
    """Called once, when the applications are ready."""
    sweeps.register("notifications.delivery", delivery.sweep)
    privacy.register(PART)
    copying.register(copy.PART)
    checks.connect()
