"""Helpers of the tests that push changes to a rehearsal shop."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence

from django_scopes import scopes_disabled

from backoffice.core.actor import Actor
from orders.choices import LIVE_STAGES, Source
from orders.models import Order, RemoteChange
from orders.services.archive import archive_orders
from orders.services.push import push_changes_job
from orders.services.runs import RunOutcome, run_outcome
from orders.services.selection import Asked
from stores.models import Store
from stores.rehearsal.process import RehearsalShop
from stores.scoping import acting_as


def live_orders(store: Store, number: int) -> list[Order]:
    """So many live orders of the mirrored shop, always the same ones."""
    with scopes_disabled():
        found = list(Order.objects.filter(store=store, stage__in=LIVE_STAGES).order_by("pk")[:number])
    assert len(found) == number
    return found


def archive(actor: Actor, orders: Sequence[Order]) -> Asked:
    with acting_as(actor):
        return archive_orders(orders, actor=actor, source=Source.STAFF)


def push(store: Store, *, times: int = 1) -> None:
    """Runs the job as if every waiting time had passed."""
    for _ in range(times):
        with scopes_disabled():
            RemoteChange.objects.update(next_attempt_at=None)
        push_changes_job(store.pk)


def outcome(actor: Actor, run_id: uuid.UUID) -> RunOutcome:
    """The counts of a run; they add up whenever anybody looks."""
    with acting_as(actor):
        counts = run_outcome(run_id, actor=actor)
    parts = counts.waiting + counts.confirmed + counts.refused + counts.skipped + counts.uncertain
    assert parts == counts.total
    return counts


def accepted(shop: RehearsalShop, name: str, *, with_effect: bool = False) -> Counter[str]:
    """How often the shop accepted this mutation, by order."""
    return Counter(
        gid
        for mutation in shop.mutations()
        if mutation["name"] == name and (mutation["effect"] or not with_effect)
        for gid in mutation["ids"]
    )


def state_of(order: Order) -> tuple[str, str]:
    """State and code of the order's last change."""
    with scopes_disabled():
        change = RemoteChange.objects.filter(order=order).latest("pk")
    return change.state, change.code


def entries(order: Order) -> list[tuple[str, str, str]]:
    """What did not come with the first load: kind, source, who."""
    with scopes_disabled():
        rows = order.timeline.filter(backfilled=False).order_by("pk")
        return list(rows.values_list("kind", "source", "actor_label"))
