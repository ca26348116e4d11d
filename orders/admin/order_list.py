"""The list of orders: what staff look at all day. Reads the same filter vocabulary as the API and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.utils.translation import pgettext

from backoffice.core.actor import Actor
from backoffice.core.api.callers import actor_of
from backoffice.core.errors import Invalid, InvalidFields
from backoffice.core.pages import Paged, fragment, page, paged
from backoffice.core.parameters import unknown
from orders.choices import Stage, Verb
from orders.filters import NAMES, SEARCH, names_a_stage, select
from orders.labels import label
from orders.querysets import OrderQuerySet
from orders.reading import list_orders, truth_behind

from . import acts
from .counts import live_counts
from .list_form import ListForm, form_of
from .search_box import mistake_in, sentence_of

TEMPLATE, TRUTH = "admin/orders/list.html", "admin/_truth.html"
PER_PAGE = 50
SORTS = {"newest": ("-processed_at", "-pk"), "oldest": ("processed_at", "pk")}
_OURS = frozenset({"cursor", "part", "sort"})


@dataclass(frozen=True, slots=True)
class Tab:
    """A preset of the stage. `count` is known for live stages while nothing else is filtered."""

    stage: str
    title: str
    explanation: str
    is_current: bool
    url: str
    count: int | None = None


def order_list(request: HttpRequest) -> HttpResponseBase:
    """Fifty orders. Without a stage: those to fulfil that are not on their way to the archive. What the vocabulary does
    not know is refused with a sentence and shows no row, so that nothing can be told from the answer."""
    actor = actor_of(request)
    asked = asked_for(request.GET)
    if request.GET.get("part") == "truth":
        return fragment(request, TRUTH, truth=truth_behind(actor, asked))
    error: Invalid | None = None
    try:
        pages = find(request, asked, actor=actor)
    except Invalid as wrong:
        error, pages = wrong, Paged([], "", "")
    form = form_of(asked, actor=actor)
    truth = truth_behind(actor, asked)
    return page(
        request,
        TEMPLATE,
        pgettext("list of", "Orders"),
        status=400 if error else 200,
        orders=pages.rows,
        pages=pages,
        tabs=_tabs(request.GET, form, actor=actor, by_itself="stage" not in asked and names_a_stage(asked)),
        form=form,
        error=str(error) if error else "",
        mistake=mistake_in(request.GET, error),
        sentence="" if error else sentence_of(request.GET.get(SEARCH, ""), actor=actor),
        truth=truth,
        truth_url=f"?{urlencode([('part', 'truth'), *(('store', text) for text in asked.get('store', ()))])}",
        acts=acts.acts_for(actor, [each.store for each in truth.stores]),
        sort=request.GET.get("sort", "newest"),
        everything=_everything(request.GET),
        here=request.get_full_path(),
        is_fullwidth="1",
    )


def asked_for(query: QueryDict) -> dict[str, list[str]]:
    """What the address asks for, without the fields that a form left empty."""
    found = {name: [text for text in query.getlist(name) if text.strip()] for name in query if name not in _OURS}
    return {name: texts for name, texts in found.items() if texts}


def find(request: HttpRequest, asked: Mapping[str, list[str]], *, actor: Actor) -> Paged:
    sort = request.GET.get("sort", "newest")
    if sort not in SORTS:
        raise InvalidFields(list(unknown([f"sort={sort}"], known=[f"sort={each}" for each in SORTS])))
    orders = list_orders(actor)
    if not names_a_stage(asked):
        orders = without_archiving(orders.filter(stage=Stage.TO_FULFIL))
        asked = {**asked, "stage": [Stage.TO_FULFIL.value]}
    return paged(request, select(orders, asked, actor=actor).order_by(*SORTS[sort]), per_page=PER_PAGE)


def without_archiving(orders: OrderQuerySet) -> OrderQuerySet:
    """Leaves out what is on its way to the archive: for the person who sent it there it is done."""
    return orders.exclude(pending_verbs__contains=[Verb.ARCHIVE.value])


def _tabs(query: QueryDict, form: ListForm, *, actor: Actor, by_itself: bool) -> list[Tab]:
    """`by_itself`: the search text says which stages it means, and no tab stands for that."""
    current = ",".join(query.getlist("stage")).strip()
    counts = live_counts(actor) if form.is_empty else None
    presets = (
        ("", label("order", Stage.TO_FULFIL).text, Stage.TO_FULFIL, counts.shown_to_fulfil if counts else None),
        (*_named(Stage.TO_SETTLE), counts.to_settle if counts else None),
        (*_named(Stage.TO_ARCHIVE), counts.to_archive if counts else None),
        ("live", pgettext("orders", "All live"), "", counts.live if counts else None),
        (*_named(Stage.ARCHIVED), None),
        ("all", pgettext("orders", "All"), "", None),
    )
    return [
        Tab(
            stage=stage,
            title=title,
            explanation=label("order", explained).explanation if explained else "",
            is_current=not by_itself and (stage == current or (not stage and current == Stage.TO_FULFIL)),
            url=_with_stage(query, stage),
            count=count,
        )
        for stage, title, explained, count in presets
    ]


def _named(stage: Stage) -> tuple[str, str, Stage]:
    return stage.value, label("order", stage).text, stage


def _with_stage(query: QueryDict, stage: str) -> str:
    """The same filters on another tab, from its beginning."""
    other = query.copy()
    other.pop("cursor", None)
    other.pop("part", None)
    other.pop("stage", None)
    if stage:
        other["stage"] = stage
    for name in [name for name in other if name not in NAMES and name not in _OURS]:
        del other[name]
    return f"?{other.urlencode()}"


def _everything(query: QueryDict) -> str:
    """The same filters on all orders; empty when that is what is shown."""
    return "" if query.get("stage") == "all" else _with_stage(query, "all")
