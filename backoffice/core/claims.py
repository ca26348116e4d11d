"""Claims: how a worker takes a row, proves later that it still holds it, and gives it back.

A row of work has a lease that ends by the database's clock, a fencing number that grows with every claim, and a count
of attempts that is raised before the work starts, so that work which kills its process is counted as well."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from django.apps import apps
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now


class Claimable(models.Model):
    """Columns of a row of work. `state` and what its values mean belong to the model itself."""

    held_by_queue: ClassVar[bool] = True
    """Whether only the queue's workers claim it: then its leases end with them."""

    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    claim = models.PositiveIntegerField(default=0, editable=False, help_text="Fencing number: grows with every claim.")
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    next_attempt_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True


Row = TypeVar("Row", bound=Claimable)


def claim(
    queryset: models.QuerySet[Row], *, limit: int, lease_seconds: int, order_by: str = "pk", **changes: Any
) -> list[Row]:
    """Takes up to `limit` rows of the queryset that are due and that nobody else is taking, in the order given.

    `changes` are set with it, usually `state="sending"`. Rows come back with their new claim number. Two workers never
    get the same row (SKIP LOCKED); the transaction is short and holds no network call.
    """
    model = queryset.model
    with transaction.atomic():
        due = queryset.filter(Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=Now()))
        ids = list(
            due.order_by(order_by)
            .select_for_update(skip_locked=True, of=("self",))
            .values_list("pk", flat=True)[:limit]
        )
        if not ids:
            return []
        model._base_manager.filter(pk__in=ids).update(
            attempts=F("attempts") + 1,
            claim=F("claim") + 1,
            leased_until=Now() + timedelta(seconds=lease_seconds),
            **changes,
        )
        rows = model._base_manager.in_bulk(ids)
    return [rows[pk] for pk in ids]


def take(row: Row, among: models.QuerySet[Row], *, lease_seconds: int) -> bool:
    """Takes one row that was read before, together with others, unless it left `among` or somebody took it meanwhile.
    One statement; `among` must not join, so that its conditions hold for the row as it is then."""
    free = among.filter(pk=row.pk, claim=row.claim)
    taken = free.update(
        attempts=F("attempts") + 1, claim=F("claim") + 1, leased_until=Now() + timedelta(seconds=lease_seconds)
    )
    if taken:
        row.attempts, row.claim = row.attempts + 1, row.claim + 1
    return taken == 1


def settle(row: Claimable, **changes: Any) -> bool:
    """Writes the outcome if the row is still held under the claim with which it was taken; False when it is not: a
    late result of an old claim changes nothing. `leased_until` ends with it."""
    changes.setdefault("leased_until", None)
    held = type(row)._base_manager.filter(pk=row.pk, claim=row.claim, leased_until__isnull=False)
    done = held.update(**changes) == 1
    if done:
        for name, value in changes.items():
            setattr(row, name, value)
    return done


def settle_many(rows: Sequence[Claimable], **changes: Any) -> int:
    """`settle` for rows of one model with the same outcome, in as many statements as they have claim numbers. Returns
    how many were still held; rows in memory are changed whether they were or not."""
    changes.setdefault("leased_until", None)
    by_claim: dict[int, list[Claimable]] = {}
    for row in rows:
        by_claim.setdefault(row.claim, []).append(row)
    done = 0
    for claim_number, group in by_claim.items():
        held = type(group[0])._base_manager.filter(
            pk__in=[row.pk for row in group], claim=claim_number, leased_until__isnull=False
        )
        done += held.update(**changes)
        for row in group:
            for name, value in changes.items():
                setattr(row, name, value)
    return done


def still_held(row: Claimable) -> bool:
    """Asked right before an effect that cannot be taken back."""
    return type(row)._base_manager.filter(pk=row.pk, claim=row.claim, leased_until__gt=Now()).exists()


def expired(queryset: models.QuerySet[Row]) -> models.QuerySet[Row]:
    """Rows whose lease ran out while they were held: their worker died or hangs."""
    return queryset.filter(leased_until__lte=Now())


def release_orphans() -> int:
    """Ends the leases of workers that are dead for certain: what they held is taken up at once and not when the lease
    would have run out. Whoever calls it knows that no worker lives anywhere. Returns how many rows that were."""
    held = [model for model in apps.get_models() if issubclass(model, Claimable) and model.held_by_queue]
    return sum(model._base_manager.filter(leased_until__gt=Now()).update(leased_until=Now()) for model in held)
