"""What the last proof of a store says, as one sentence and one colour that changes by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

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


def proof_statuses(stores: Iterable[Store]) -> Mapping[int, ProofStatus]:
    """Of many stores at once, by their ids, in three queries."""
    stores = list(stores)
    rows = Proof.objects.filter(store__in=stores)
    finished = rows.order_by("store_id", "-finished_at", "-pk").distinct("store_id")
    last = {proof.store_id: proof for proof in finished.filter(state__in=_PROVEN)}
    failed = {proof.store_id: proof for proof in finished.filter(state=ProofState.FAILED)}
    running = {proof.store_id: proof for proof in rows.filter(state__in=_OPEN)}
    now = db_now()
    found = {}
    for store in stores:
        one, bad = last.get(store.pk), failed.get(store.pk)
        if one and bad and one.finished_at and bad.finished_at and bad.finished_at < one.finished_at:
            bad = None
        overdue = one is None or one.finished_at is None or now - one.finished_at > OVERDUE_AFTER
        if one is not None and one.state == ProofState.DIFFERS:
            level = Level.BAD
        else:
            level = Level.WARNING if overdue or bad else Level.GOOD
        found[store.pk] = ProofStatus(level, _sentence(store, one, bad), overdue, one, bad, running.get(store.pk))
    return found


def _sentence(store: Store, last: Proof | None, failed: Proof | None) -> str:
    parts = []
    if last is None:
        parts.append(_("Not proven yet"))
    elif last.finished_at is not None:
        at = last.finished_at.astimezone(ZoneInfo(store.timezone))
        today = db_now().astimezone(at.tzinfo).date() == at.date()
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
