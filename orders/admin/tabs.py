"""The tabs above the list: the stages, then the views that the person pinned. The counts of views come after the page,
because each is a question of its own."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import pgettext

from backoffice.core.actor import Actor
from backoffice.core.errors import BackofficeError
from orders.choices import Stage
from orders.filters import NAMES, SEARCH, select
from orders.labels import label
from orders.reading import list_orders
from orders.saved import View, pinned_by, views_for

from .counts import live_counts
from .question import OURS, Question

MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Tab:
    """`count` is known for live stages while nothing else is filtered; `view` is the pinned view's slug."""

    title: str
    explanation: str
    is_current: bool
    url: str
    count: int | None = None
    view: str = ""


def tabs_of(question: Question, *, actor: Actor) -> list[Tab]:
    filtered = set(question.asked) - {"stage"}
    counts = live_counts(actor) if not filtered and question.view is None else None
    presets = (
        ("", label("order", Stage.TO_FULFIL).text, Stage.TO_FULFIL, counts.shown_to_fulfil if counts else None),
        (*_named(Stage.TO_SETTLE), counts.to_settle if counts else None),
        (*_named(Stage.TO_ARCHIVE), counts.to_archive if counts else None),
        ("live", pgettext("orders", "All live"), "", counts.live if counts else None),
        (*_named(Stage.ARCHIVED), None),
        ("all", pgettext("orders", "All"), "", None),
    )
    current = ",".join(question.asked.get("stage", ())).strip()
    by_itself = question.view is not None or ("stage" not in question.asked and question.says_stage)
    stages = [
        Tab(
            title=title,
            explanation=label("order", explained).explanation if explained else "",
            is_current=not by_itself and (stage == current or (not stage and current == Stage.TO_FULFIL)),
            url=with_stage(question.query, stage),
            count=count,
        )
        for stage, title, explained, count in presets
    ]
    return [*stages, *(_pinned(view, question) for view in pinned_views(actor))]


def pinned_views(actor: Actor) -> list[View]:
    """In the person's order; one that is no longer shared with him is left out."""
    slugs = pinned_by(actor)
    if not slugs:
        return []
    known = {view.slug: view for view in views_for(actor)}
    return [known[slug] for slug in slugs if slug in known]


def counts_of_views(actor: Actor) -> dict[str, int]:
    """How many orders each pinned view shows, up to one more than `MOST_COUNTED`."""
    found = {}
    for view in pinned_views(actor):
        try:
            orders = select(list_orders(actor), {SEARCH: [view.query]} if view.query else {}, actor=actor)
        except BackofficeError:
            continue  # It names a store, say, that its person no longer reaches: the list itself says so.
        found[view.slug] = orders.order_by()[: MOST_COUNTED + 1].count()
    return found


def _pinned(view: View, question: Question) -> Tab:
    is_current = question.view is not None and question.view.slug == view.slug and set(question.query) <= {"view"}
    return Tab(str(view.title), "", is_current, f"?view={view.slug}", view=view.slug)


def _named(stage: Stage) -> tuple[str, str, Stage]:
    return stage.value, label("order", stage).text, stage


def with_stage(query: QueryDict, stage: str) -> str:
    """The same filters on another tab, from its beginning."""
    other = query.copy()
    for name in ("cursor", "part", "stage", "view"):
        other.pop(name, None)
    if stage:
        other["stage"] = stage
    for name in [name for name in other if name not in NAMES and name not in OURS]:
        del other[name]
    return f"?{other.urlencode()}"
