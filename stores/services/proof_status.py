"""What the last proof of a store says, as one sentence and one colour that changes by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.core.clock import db_now
from stores.choices import ProofState
from stores.models import Proof, Store

OVERDUE_AFTER = timedelta(hours=26)
"""A night and two hours."""
_OPEN = (ProofState.WAITING, ProofState.RUNNING)
_PROVEN = (ProofState.EQUAL, ProofState.REPAIRED, ProofState.DIFFERS)


class Level(StrEnum):
    """Green, amber and red."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class ProofStatus:
    """`last` is the latest proof that came to an end with a result, `failed` one that failed after it, `running` one
    that is under way."""

    level: Level
    sentence: str
    is_overdue: bool
    last: Proof | None
    failed: Proof | None
    running: Proof | None


def proof_status(store: Store) -> ProofStatus:
    """Red: the mirror differed after the repair. Amber: no result for 26 hours, or the last attempt failed."""
    return proof_statuses([store])[store.pk]


def proof_statuses(stores: Iterable[Store], *, now: datetime | None = None) -> Mapping[int, ProofStatus]:
    """Of many stores at once, by their ids, in two queries, and one for the time when `now` is not given."""
    stores, now = list(stores), now or db_now()
    # One look into the index per store, whatever the number of its proofs.
    chosen = Store._base_manager.filter(pk__in=[store.pk for store in stores]).values_list(
        "pk", _newest(_PROVEN), _newest((ProofState.FAILED,)), _newest(_OPEN)
    )
    ids = {pk: found for pk, *found in chosen}
    # A page about many stores names no single order.
    rows = Proof.objects.defer("details") if len(stores) > 1 else Proof.objects.all()
    proofs = rows.in_bulk([pk for found in ids.values() for pk in found if pk is not None])
    statuses = {}
    for store in stores:
        one, bad, running = (proofs.get(pk) for pk in ids.get(store.pk, (None, None, None)))
        statuses[store.pk] = _status(store, one, bad, running, now)
    return statuses


def _newest(states: Iterable[ProofState]) -> Subquery:
    rows = Proof.objects.filter(store=OuterRef("pk"), state__in=list(states)).order_by("-finished_at", "-pk")
    return Subquery(rows.values("pk")[:1])


def _status(store: Store, one: Proof | None, bad: Proof | None, running: Proof | None, now: datetime) -> ProofStatus:
    if one and bad and one.finished_at and bad.finished_at and bad.finished_at < one.finished_at:
        bad = None
    overdue = one is None or one.finished_at is None or now - one.finished_at > OVERDUE_AFTER
    if one is not None and one.state == ProofState.DIFFERS:
        level = Level.BAD
    else:
        level = Level.WARNING if overdue or bad else Level.GOOD
    return ProofStatus(level, _sentence(store, one, bad, now), overdue, one, bad, running)


def _sentence(store: Store, last: Proof | None, failed: Proof | None, now: datetime) -> str:
    parts = []
    if last is None:
        parts.append(_("Not proven yet"))
    elif last.finished_at is not None:
        at = last.finished_at.astimezone(ZoneInfo(store.timezone))
        today = now.astimezone(at.tzinfo).date() == at.date()
        sign = "=" if last.live_there == last.live_here else "≠"
        parts.append(f"{last.live_there} {sign} {last.live_here}")
        parts.append(_("checked %(when)s") % {"when": at.strftime("%H:%M" if today else "%Y-%m-%d %H:%M")})
        if last.repaired:
            parts.append(_("%(count)d repaired") % {"count": last.repaired})
        if last.remaining:
            parts.append(_("%(count)d still different") % {"count": last.remaining})
        if days := len(last.days_differing):
            parts.append(ngettext("%(days)d day differs", "%(days)d days differ", days) % {"days": days})
    if failed is not None:
        parts.append(_("the last attempt failed: %(why)s") % {"why": failed.error_message})
    return ", ".join(parts)
