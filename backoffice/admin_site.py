"""The admin site: what stands in the sidebar and on the home page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from unfold.sites import UnfoldAdminSite


class BackofficeAdminSite(UnfoldAdminSite):
    """Staff's door."""


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    return []


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    return context
