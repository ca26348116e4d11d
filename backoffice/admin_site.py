"""The admin site: the frame around every page for staff, its sidebar, its home page and its jump box.

Names no application: entries, finders and panels come from the registries of the ground floor."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from time import perf_counter
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, reverse
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from backoffice.core import menu, panels
from backoffice.core.actor import Actor
from backoffice.core.api.callers import actor_of
from backoffice.core.panels import Panel, Row

# `r/<content type>/<id>/` tells by its wording whether any row exists, and no page of ours links to it.
_LEFT_OUT = frozenset({"view_on_site"})


class BackofficeAdminSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold brings no types
    """Staff's door."""

    index_template = "admin/home.html"
    index_title = _("Home")
    enable_nav_sidebar = True

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [route for route in super().get_urls() if getattr(route, "name", None) not in _LEFT_OUT]

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The jump box. Asked anew each time: a kept answer would outlive a right that was taken away."""
        began = perf_counter()
        text = request.GET.get("s", "").strip()[:100]
        if not text:
            return HttpResponse()
        results = Paginator(jump(actor_of(request), text), 100)
        template = "command_results" if "extended" in request.GET else "search_results"
        context = {
            "page_obj": results,
            "results": results.page(1),
            "page_counter": 0,
            "execution_time": perf_counter() - began,
            "command_show_history": False,
        }
        return TemplateResponse(request, f"unfold/helpers/{template}.html", context, headers={"HX-Trigger": "search"})


@dataclass(frozen=True, slots=True)
class Hit:
    """What the jump box's templates read."""

    title: str
    description: str
    link: str
    icon: str


def jump(actor: Actor, text: str) -> list[Hit]:
    """Pages whose name holds the text, then what the applications know about it."""
    folded = text.casefold()
    places = [
        Hit(str(entry.title), str(entry.group), entry.url(), entry.icon)
        for entry in menu.entries_for(actor)
        if folded in str(entry.title).casefold()
    ]
    things = [Hit(found.title, found.description, found.url, found.icon) for found in menu.find(actor, text)]
    return [*things, *places]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar, as unfold wants it: groups of entries in the order of their positions."""
    actor = actor_of(request)
    entries = menu.entries_for(actor)
    current = _current(request, entries)
    return [
        {"title": title, "separator": False, "items": [_item(entry, actor, current) for entry in group]}
        for title, group in groupby(entries, key=lambda entry: str(entry.group))
    ]


def _item(entry: menu.Entry, actor: Actor, current: str) -> dict[str, Any]:
    badge = entry.badge(actor) if entry.badge else None
    item: dict[str, Any] = {
        "title": str(entry.title),
        "icon": entry.icon,
        "link": entry.url(),
        "active": entry.key == current,
    }
    if badge is not None:
        item |= {"badge": str(badge.number), "badge_explanation": badge.explanation}
    return item


def _current(request: HttpRequest, entries: list[menu.Entry]) -> str:
    """The entry whose address fits best: the longest path, then the most of its query."""
    best, key = (0, 0), ""
    for entry in entries:
        address = urlsplit(entry.url())
        query = parse_qsl(address.query)
        if not request.path.startswith(address.path) or any(request.GET.get(name) != value for name, value in query):
            continue
        fit = (len(address.path), len(query))
        if fit > best:
            best, key = fit, entry.key
    return key


@dataclass(frozen=True, slots=True)
class FilledPanel:
    panel: Panel
    rows: list[Row]


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The home page: every application's panels for this actor."""
    actor = actor_of(request)
    filled = [FilledPanel(panel, list(panel.rows(actor))) for panel in panels.all_panels()]
    return {**context, "title": _("Home"), "panels": filled, "home_url": reverse("admin:index")}
