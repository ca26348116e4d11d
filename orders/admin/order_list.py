"""The list of orders: what staff look at all day. Reads the same filter vocabulary as the API and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase, JsonResponse, QueryDict
from django.utils.safestring import SafeString
from django.utils.translation import pgettext

from backoffice.core.api.callers import actor_of
from backoffice.core.choices import Door, Seen
from backoffice.core.errors import Invalid, NotFound
from backoffice.core.pages import Paged, fragment, page, paged
from orders.columns import COLUMNS, DEFAULT_SORT, Column, columns_named
from orders.filters import SEARCH
from orders.models import Order
from orders.reading import truth_behind
from orders.saved import views_for
from orders.seen import note_orders

from . import acts
from .cells import CELLS
from .list_form import form_of
from .question import Question, question_of
from .search_box import mistake_in, sentence_of
from .tabs import counts_of_views, tabs_of, with_stage

TEMPLATE, TRUTH = "admin/orders/list.html", "admin/_truth.html"
PER_PAGE = 50
_LOOKS = {
    "placed": "bo-when",
    "customer": "bo-customer",
    "total": "bo-num bo-total",
    "items": "bo-num bo-extra",
    **dict.fromkeys(("stage", "payment", "fulfilment", "return"), "bo-state"),
}


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column; `url` sorts by it, the other way round when it is sorted by already. `direction` is ARIA's
    word."""

    column: Column
    url: str
    direction: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """`look` are classes of the style sheet."""

    title: str
    look: str
    content: SafeString


@dataclass(frozen=True, slots=True)
class Line:
    order: Order
    cells: list[Cell]


def order_list(request: HttpRequest) -> HttpResponseBase:
    """Fifty orders. When nothing says which stage is meant: those to fulfil that are not on their way to the archive.
    What the vocabulary does not know is refused with a sentence and shows no row, so that nothing can be told from the
    answer."""
    actor = actor_of(request)
    if request.GET.get("part") == "counts":
        return JsonResponse(counts_of_views(actor))
    error: Invalid | NotFound | None = None
    try:
        question = question_of(request.GET, actor=actor)
    except NotFound as gone:
        error, question = gone, question_of(QueryDict(), actor=actor)
    if request.GET.get("part") == "truth":
        return fragment(request, TRUTH, truth=truth_behind(actor, question.asked))
    pages, columns, sort = Paged([], "", ""), columns_named(()), DEFAULT_SORT
    if error is None:
        try:
            columns, sort = question.columns, question.sort
            pages = paged(request, question.orders(actor=actor), per_page=PER_PAGE)
        except Invalid as wrong:
            error = wrong
    note_orders(actor, Seen.ORDER_LIST, pages.rows, door=Door.ADMIN)
    form = form_of(question.asked, actor=actor)
    truth = truth_behind(actor, question.asked)
    return page(
        request,
        TEMPLATE,
        str(question.view.title) if question.view else pgettext("list of", "Orders"),
        status=404 if isinstance(error, NotFound) else 400 if error else 200,
        lines=_lines(pages.rows, columns),
        orders=pages.rows,
        pages=pages,
        heads=[_head(column, sort, request.GET) for column in columns],
        all_columns=[(column, column in columns) for column in COLUMNS.values()],
        tabs=tabs_of(question, actor=actor),
        view=question.view,
        views=views_for(actor),
        kept=_kept(request.GET),
        others=[(name, text) for name, text in _pairs(request.GET) if name not in ("columns", "cursor")],
        form=form,
        error=str(error) if error else "",
        mistake=mistake_in(question, error),
        sentence="" if error else sentence_of(question.search, actor=actor),
        truth=truth,
        truth_url=_truth_url(question.asked),
        acts=acts.acts_for(actor, [each.store for each in truth.stores]),
        sort=sort,
        everything=_everything(question),
        saving="" if error else _saving(question, columns),
        here=request.get_full_path(),
        is_fullwidth="1",
    )


def _saving(question: Question, columns: tuple[Column, ...]) -> str:
    """What the form that saves a view begins with: all that the list was asked, as one search text."""
    keys = ",".join(column.key for column in columns)
    return urlencode({"query": question.text, "sort": question.sort, "columns": keys})


def _lines(orders: list[Order], columns: tuple[Column, ...]) -> list[Line]:
    named = [(column.key, str(column.title), _LOOKS.get(column.key, _look(column))) for column in columns]
    return [Line(order, [Cell(title, look, CELLS[key](order)) for key, title, look in named]) for order in orders]


def _look(column: Column) -> str:
    return "bo-num bo-added" if column.is_number else "bo-added"


def _head(column: Column, sort: str, query: QueryDict) -> Head:
    if not column.sort:
        return Head(column, "")
    downwards = sort == f"-{column.sort}"
    other = query.copy()
    other.pop("cursor", None)
    other["sort"] = column.sort if downwards else f"-{column.sort}"
    direction = "descending" if downwards else "ascending" if sort == column.sort else ""
    return Head(column, f"?{other.urlencode()}", direction)


def _kept(query: QueryDict) -> list[tuple[str, str]]:
    """What a form on the page that asks for something else hands on."""
    return [(name, text) for name, text in _pairs(query) if name in ("view", "columns", "sort") and text]


def _pairs(query: QueryDict) -> list[tuple[str, str]]:
    return [(name, text) for name in query for text in query.getlist(name)]


def _everything(question: Question) -> str:
    """The same filters on all orders; empty when that is what is shown, or when the search says which it means."""
    return "" if question.says_stage and "stage" not in question.asked else _all_stages(question.query)


def _all_stages(query: QueryDict) -> str:
    return "" if query.get("stage") == "all" else with_stage(query, "all")


def _truth_url(asked: Mapping[str, Sequence[str]]) -> str:
    """Where the line about the list's truth is renewed: with what says which stores are meant, and nothing else."""
    named = [(name, text) for name in ("store", SEARCH) for text in asked.get(name, ())]
    return f"?{urlencode([('part', 'truth'), *named])}"
