"""Runs: what became of one act on many orders. Read by admin and API while it goes on and afterwards."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db.models import Count

from backoffice.core.actor import Actor
from orders.choices import ChangeState
from orders.models import RemoteChange


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """Every change of a run is in exactly one of these: they add up to `total`, always."""

    total: int
    waiting: int
    confirmed: int
    refused: int
    skipped: int
    uncertain: int

    @property
    def is_finished(self) -> bool:
        """Nothing is on its way any more."""
        return self.waiting == 0 and self.uncertain == 0


def run_outcome(run_id: uuid.UUID, *, actor: Actor) -> RunOutcome:
    """The counts of a run within the actor's stores, in one query. All are zero for a run that he cannot see."""
    rows = RemoteChange.objects.visible_to(actor).filter(run_id=run_id)
    counts = dict(rows.order_by().values_list("state").annotate(Count("pk")))
    return RunOutcome(
        total=sum(counts.values()),
        waiting=counts.get(ChangeState.QUEUED, 0) + counts.get(ChangeState.SENDING, 0),
        confirmed=counts.get(ChangeState.CONFIRMED, 0),
        refused=counts.get(ChangeState.REFUSED, 0),
        skipped=counts.get(ChangeState.SKIPPED, 0),
        uncertain=counts.get(ChangeState.UNCERTAIN, 0),
    )
