"""Holding a part of a mirror against its shop, repairing what differs, and holding it against the shop again.

Called by the proof. What changed while it ran is no difference: it is read again and counted apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from backoffice.core.chunks import chunked
from backoffice.core.clock import db_now
from stores.models import Store
from stores.resources import Evidence, Here, Rejected, Resource
from stores.shopify.client import Client
from stores.shopify.throttle import Lane

_CHUNK = 50


class Kind(StrEnum):
    """How an item differs."""

    MISSING = "missing"
    """Live there and not here, or not here at all."""
    EXTRA = "extra"
    """Live here and not there, or not there at all."""
    DIFFERING = "differing"
    """The same item shows something else."""


@dataclass(frozen=True, slots=True)
class Difference:
    gid: str
    kind: Kind
    repaired: bool


@dataclass(slots=True)
class Outcome:
    """What came of one comparison. `there` and `here` are the ids of what is live on each side afterwards."""

    there: set[str] = field(default_factory=set)
    here: set[str] = field(default_factory=set)
    differences: list[Difference] = field(default_factory=list)
    moved: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """One proof's way of comparing. `started_at`: what the shop changed later is no difference."""

    store: Store
    client: Client
    resource: Resource
    evidence: Evidence
    started_at: datetime

    def window(
        self,
        items: Iterable[Any],
        *,
        live_only: bool,
        created_from: datetime | None,
        created_to: datetime,
        rejected: Sequence[Rejected] = (),
    ) -> Outcome:
        """`items` are all that the shop has within the window (of the live ones with `live_only`), but for the
        `rejected`, which cannot be read and whose creation is not known."""
        evidence = self.evidence
        named = {evidence.gid(item): item for item in items if not live_only or evidence.is_live(item)}
        here = evidence.ids_here(self.store, live_only=live_only, created_from=created_from, created_to=created_to)
        unlike = set(named) - evidence.shown(self.store, list(named.values()))
        suspects = self._suspects(rejected, live_only=live_only)
        unread = here & {one.gid for one in rejected}
        outcome = Outcome(there=set(named) | suspects | unread, here=set(here))
        for gids in chunked(sorted(unlike | suspects | (set(named) ^ here)), _CHUNK):
            self._settle(gids, outcome, live_only=live_only)
        return outcome

    def _suspects(self, rejected: Sequence[Rejected], *, live_only: bool) -> set[str]:
        """Of what cannot be read, that which the mirror does not show at all: the rest differs in the window of its
        own creation, by being here and not among the items there. All of it is parked."""
        if not rejected:
            return set()
        self.resource.set_aside(self.store, rejected)
        here = self.evidence.here(self.store, [one.gid for one in rejected])
        return {one.gid for one in rejected if one.gid not in here or (live_only and not here[one.gid].is_live)}

    def _settle(self, gids: Sequence[str], outcome: Outcome, *, live_only: bool) -> None:
        """Reads the suspects by id, names and repairs those that differ, and compares again. One that cannot be read
        proves nothing and stays a difference."""
        asked_at = db_now()
        rejected: list[Rejected] = []
        there = self.evidence.read(self.client, self.store, gids, rejected=rejected)
        if rejected:
            self.resource.set_aside(self.store, rejected)
        here = self.evidence.here(self.store, gids)
        outcome.differences += [
            Difference(gid, Kind.DIFFERING if gid in here else Kind.MISSING, repaired=False)
            for gid in gids
            if gid not in there
        ]
        unlike = self._unlike(there, here, asked_at)
        stood = [gid for gid in unlike if not self._moved(there[gid])]
        if unlike:
            self.evidence.distrust(self.store, stood)
            self.resource.refresh(self.client, self.store, unlike, lane=Lane.BACKGROUND)
        asked_at = db_now()
        again = self.evidence.read(self.client, self.store, stood, rejected=[]) if stood else {}
        left = set(stood) - set(again)
        left |= set(self._unlike(again, self.evidence.here(self.store, stood), asked_at))
        now_there = {**there, **again}
        outcome.moved += len(unlike) - len(stood)
        outcome.differences += [
            Difference(gid, self._kind(there[gid], here.get(gid)), repaired=gid not in left) for gid in stood
        ]
        now_here = self.evidence.here(self.store, gids)
        for gid in there:
            on = gid in now_here and (now_here[gid].is_live or not live_only)
            off = now_there[gid] is not None and (self.evidence.is_live(now_there[gid]) or not live_only)
            _put(outcome.here, gid, on)
            # Without a difference the two sides agree; a count must not say otherwise for an order that just moved.
            _put(outcome.there, gid, off if gid in left else on)

    def _unlike(self, there: Mapping[str, Any | None], here: Mapping[str, Here], asked_at: datetime) -> list[str]:
        """Those that the mirror shows otherwise. A row that was read after we asked is newer than our answer."""
        shown = self.evidence.shown(self.store, [item for item in there.values() if item is not None])
        return [
            gid
            for gid, item in there.items()
            if not (gid in here and here[gid].fetched_at > asked_at)
            and (gid not in shown if item is not None else gid in here)
        ]

    def _moved(self, item: Any | None) -> bool:
        return item is not None and self.evidence.changed_at(item) > self.started_at

    def _kind(self, item: Any | None, row: Here | None) -> Kind:
        if row is None or (not row.is_live and item is not None and self.evidence.is_live(item)):
            return Kind.MISSING
        if item is None or (row.is_live and not self.evidence.is_live(item)):
            return Kind.EXTRA
        return Kind.DIFFERING


def _put(ids: set[str], gid: str, there: bool) -> None:
    if there:
        ids.add(gid)
    else:
        ids.discard(gid)
