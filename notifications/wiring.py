"""What this application brings to the registries of the lower floors."""

from __future__ import annotations


def connect() -> None:
    """Called once, when the applications are ready."""
