"""The reading doors of orders: list, one order, counts, timeline, comments, runs. Used by admin, API and panels.

Each takes an actor and shows what he reaches; what lies outside is not there at all."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from backoffice.core.actor import Actor
from backoffice.core.errors import Invalid, NotFound
from stores.models import Store
from stores.services.truth import StoreTruth, Truth, together, truth_of, truths_of

from .choices import Stage, Verb
from .filters import select, stores_named
from .models import Comment, Order, RemoteChange, TimelineEntry
from .querysets import OrderQuerySet

MOST_PICKED = 1000
"""Orders that one request may name."""


def list_orders(actor: Actor) -> OrderQuerySet:
    """Every order that the actor reaches, newest first, with its store."""
    orders: OrderQuerySet = Order.objects.visible_to(actor).select_related("store").newest_first()
    return orders


def get_order(actor: Actor, pk: int) -> Order:
    """One order with its store, customer and what stands beside it. Raises `NotFound` alike for a missing order and one
    of another store."""
    order: Order | None = (
        Order.objects.visible_to(actor).select_related("store", "customer", "beside").filter(pk=pk).first()
    )
    if order is None:
        raise NotFound("not_found", _("There is no such order."), order=pk)
    return order


@dataclass(frozen=True, slots=True)
class Picked:
    """Orders named by a request: those that are there, oldest asked first, and the ids of those that are not."""

    orders: tuple[Order, ...]
    missing: tuple[int, ...] = ()


def pick_orders(
    actor: Actor, *, ids: Sequence[int] | None = None, given: Mapping[str, Sequence[str]] | None = None
) -> Picked:
    """Orders by their ids, or all that match a filter (see `filters.select`), at most `MOST_PICKED`.

    Raises `Invalid` when more match, and what `select` raises. A foreign id is missing like one that never was.
    """
    if ids is not None:
        found = list_orders(actor).in_bulk(list(ids[:MOST_PICKED]))
        wanted = dict.fromkeys(ids)
        return Picked(tuple(found[pk] for pk in wanted if pk in found), tuple(pk for pk in wanted if pk not in found))
    orders = tuple(select(list_orders(actor), given or {}, actor=actor)[: MOST_PICKED + 1])
    if len(orders) > MOST_PICKED:
        raise Invalid(
            "too_many_orders",
            _("More than %(most)d orders match; narrow the filter.") % {"most": MOST_PICKED},
            field="filter",
        )
    return Picked(orders)


@dataclass(frozen=True, slots=True)
class StageCounts:
    """Orders by what is left to do, as the mirror has them. `to_fulfil_archiving` are those of `to_fulfil` whose
    archiving is under way: a list that leaves them out has so many rows less."""

    to_fulfil: int = 0
    to_settle: int = 0
    to_archive: int = 0
    on_hold: int = 0
    to_fulfil_archiving: int = 0

    @property
    def live(self) -> int:
        return self.to_fulfil + self.to_settle + self.to_archive

    def __add__(self, other: StageCounts) -> StageCounts:
        return StageCounts(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


@dataclass(frozen=True, slots=True)
class StoreCounts:
    """One store's counts, and how true they are."""

    store: Store
    counts: StageCounts
    truth: StoreTruth


@dataclass(frozen=True, slots=True)
class Counts:
    """`truth` is that of all the stores together."""

    total: StageCounts
    per_store: tuple[StoreCounts, ...]
    truth: Truth


def truth_behind(actor: Actor, given: Mapping[str, Sequence[str]] | None = None) -> Truth:
    """How true a list is that is taken from the actor's stores; with `given`, a filter that `select` understood, from
    those that it names. Five queries."""
    stores = Store.objects.visible_to(actor).order_by("name", "pk")
    named = stores_named(given or {})
    return truth_of([store for store in stores if all({str(store.pk), store.domain, store.handle} & s for s in named)])


def stage_counts(actor: Actor) -> Counts:
    """The live orders of each store that the actor reaches, by stage; a store without any is there with zeros. Six
    queries, whatever the number of stores."""
    to_fulfil = Q(stage=Stage.TO_FULFIL)
    rows = (
        Order.objects.visible_to(actor)
        .live()
        .order_by()
        .values("store_id")
        .annotate(
            to_fulfil=Count("pk", filter=to_fulfil),
            to_settle=Count("pk", filter=Q(stage=Stage.TO_SETTLE)),
            to_archive=Count("pk", filter=Q(stage=Stage.TO_ARCHIVE)),
            held=Count("pk", filter=Q(on_hold=True)),
            archiving=Count("pk", filter=to_fulfil & Q(pending_verbs__contains=[Verb.ARCHIVE.value])),
        )
    )
    by_store = {
        row["store_id"]: StageCounts(
            row["to_fulfil"], row["to_settle"], row["to_archive"], row["held"], row["archiving"]
        )
        for row in rows
    }
    truths = truths_of(Store.objects.visible_to(actor).order_by("name", "pk"))
    per_store = tuple(StoreCounts(truth.store, by_store.get(pk, StageCounts()), truth) for pk, truth in truths.items())
    return Counts(
        total=sum((each.counts for each in per_store), StageCounts()),
        per_store=per_store,
        truth=together(list(truths.values())),
    )


def timeline_of(order: Order, actor: Actor) -> QuerySet[TimelineEntry]:
    """What happened to the order, from the shop and from us, newest first."""
    entries: QuerySet[TimelineEntry] = (
        TimelineEntry.objects.visible_to(actor).filter(order=order).order_by("-occurred_at", "-pk")
    )
    return entries


def comments_of(order: Order, actor: Actor) -> QuerySet[Comment]:
    """The order's comments that are not deleted, newest first."""
    comments: QuerySet[Comment] = (
        Comment.objects.visible_to(actor).filter(order=order, deleted_at=None).order_by("-created_at", "-pk")
    )
    return comments


def get_comment(actor: Actor, pk: int) -> Comment:
    """Raises `NotFound` alike for a missing comment, a deleted one and one of another store."""
    comment: Comment | None = (
        Comment.objects.visible_to(actor).select_related("order").filter(pk=pk, deleted_at=None).first()
    )
    if comment is None:
        raise NotFound("not_found", _("There is no such comment."), comment=pk)
    return comment


def changes_of_run(run_id: uuid.UUID, actor: Actor) -> QuerySet[RemoteChange]:
    """What one act asked of the shops, in the order of asking. Raises `NotFound` when nothing of it is visible."""
    changes: QuerySet[RemoteChange] = (
        RemoteChange.objects.visible_to(actor).filter(run_id=run_id).select_related("order", "store").order_by("pk")
    )
    if not changes.exists():
        raise NotFound("not_found", _("There is no such run."), run=str(run_id))
    return changes
