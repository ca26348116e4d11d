"""Writing bodies: one renderer for answers and for what idempotency keeps of them."""

from __future__ import annotations

from typing import Any

from rest_framework.renderers import JSONRenderer


def rendered(data: Any) -> bytes:
    """As DRF would send it: UTF-8, no spaces, times in UTC with Z, decimals as text."""
    body: bytes = JSONRenderer().render(data)
    return body
