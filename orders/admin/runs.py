"""The page that follows one act on many orders until every one has its outcome. It renews itself while work is left."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponseBase

from backoffice.core.api.callers import actor_of
from backoffice.core.pages import fragment, page
from orders.choices import ChangeState, Verb
from orders.models import RemoteChange
from orders.reading import changes_of_run
from orders.services.runs import RunOutcome, run_outcome

TEMPLATE, FRAGMENT = "admin/orders/run.html", "admin/orders/_run.html"
ROWS = 200

# What a person must look at comes first.
_RANK = (
    ChangeState.REFUSED,
    ChangeState.UNCERTAIN,
    ChangeState.SKIPPED,
    ChangeState.SENDING,
    ChangeState.QUEUED,
    ChangeState.CONFIRMED,
)


def run_page(request: HttpRequest, run_id: uuid.UUID) -> HttpResponseBase:
    """The whole page, or with `?part=1` the part that changes. A run without any visible order is a 404."""
    actor = actor_of(request)
    changes = changes_of_run(run_id, actor)
    outcome = run_outcome(run_id, actor=actor)
    context: dict[str, Any] = {
        "run_id": run_id,
        "outcome": outcome,
        "percent": percent(outcome),
        "changes": list(_ranked(changes)[:ROWS]),
        "rows": ROWS,
        "already": _number(request, "already"),
        "left_out": _number(request, "refused"),
    }
    if "part" in request.GET:
        return fragment(request, FRAGMENT, **context)
    verb = changes.values_list("verb", flat=True)[0]
    title = str(Verb(verb).label) if verb in Verb.values else verb
    return page(request, TEMPLATE, title, verb=title, **context)


def percent(outcome: RunOutcome) -> int:
    """How much of the run has its outcome; a run without orders is done."""
    settled = outcome.total - outcome.waiting - outcome.uncertain
    return 100 * settled // outcome.total if outcome.total else 100


def _ranked(changes: QuerySet[RemoteChange]) -> QuerySet[RemoteChange]:
    rank = Case(
        *(When(state=state, then=Value(place)) for place, state in enumerate(_RANK)),
        default=Value(len(_RANK)),
        output_field=IntegerField(),
    )
    return changes.select_related("order", "store").annotate(rank=rank).order_by("rank", "pk")


def _number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
