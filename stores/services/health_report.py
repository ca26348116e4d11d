"""The health of stores: everything about one for its page, the API and the diagnostics; the colour of many for lists.

A fixed number of small queries, whatever a store holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from stores import counts
from stores.choices import Counted, Purpose
from stores.features import FeatureLevel as Tone
from stores.models import ShopBudget, Store, SyncRun
from stores.shopify.scopes import WANTED, has_scope

from .api_version import VersionStatus, version_status
from .health_facts import Facts, facts_of
from .health_lines import Line, lines_of, worst
from .status import MirrorStatus, available_now, mirror_status
from .truth import StoreTruth

_RUNS = 20


@dataclass(frozen=True, slots=True)
class Colour:
    """A store in one word, with the reason: the line that is worst, by `key`. Empty when all is well."""

    tone: Tone
    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What a list says of a store: its worst line, and how true its mirror is."""

    colour: Colour
    truth: StoreTruth


@dataclass(frozen=True, slots=True)
class Spent:
    """Points of the shop's budget: in the hour that it is, and in that and the 23 before."""

    purpose: Purpose
    hour: int
    day: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something happened: in the hour that it is, and in that and the 23 before."""

    counted: Counted
    hour: int
    day: int


@dataclass(frozen=True, slots=True)
class Budget:
    """Points. `available` is reckoned for now from what the shop said last."""

    available: float
    maximum: float
    restore_rate: float


@dataclass(frozen=True, slots=True)
class HealthReport:
    """`granted` and `missing` are scopes; `runs` are the latest first."""

    at: datetime
    colour: Colour
    lines: tuple[Line, ...]
    facts: Facts
    mirror: MirrorStatus
    version: VersionStatus
    granted: tuple[str, ...]
    missing: tuple[str, ...]
    budget: Budget | None
    spent: tuple[Spent, ...]
    counted: tuple[Tally, ...]
    runs: tuple[SyncRun, ...]


def health_of(store: Store) -> HealthReport:
    """Everything about one store."""
    facts = facts_of([store])[store.pk]
    lines = lines_of(facts)
    hour = facts.now.replace(minute=0, second=0, microsecond=0)
    totals = counts.totals(store.pk, since=hour - timedelta(hours=23), recent=hour)
    return HealthReport(
        at=facts.now,
        colour=_colour(lines),
        lines=lines,
        facts=facts,
        mirror=mirror_status(store),
        version=version_status(store, now=facts.now),
        granted=tuple(store.scopes),
        missing=tuple(sorted(scope for scope in WANTED if not has_scope(store.scopes, scope))),
        budget=_budget(store, facts.now),
        spent=_spent(totals),
        counted=tuple(Tally(each, *reversed(totals.get(each.value, (0, 0)))) for each in Counted),
        runs=tuple(SyncRun.objects.filter(store=store).order_by("-started_at", "-pk")[:_RUNS]),
    )


def overviews_of(stores: Iterable[Store]) -> Mapping[int, Overview]:
    """Of each of these stores, by their ids, in their order."""
    return {pk: Overview(_colour(lines_of(facts)), facts.truth) for pk, facts in facts_of(stores).items()}


def _colour(lines: Sequence[Line]) -> Colour:
    line = worst(lines)
    if line.tone is Tone.GOOD:
        return Colour(line.tone, "", "")
    return Colour(line.tone, line.key, f"{line.label}: {line.says}")


def _budget(store: Store, now: datetime) -> Budget | None:
    row = ShopBudget.objects.filter(store=store).first()
    if row is None:
        return None
    return Budget(available_now(row, now), row.maximum, row.restore_rate)


def _spent(totals: Mapping[str, tuple[int, int]]) -> tuple[Spent, ...]:
    """The dearest first; what cost nothing is left out."""
    found = [(purpose, totals.get(counts.points_of(purpose), (0, 0))) for purpose in Purpose]
    rows = [Spent(purpose, hour, day) for purpose, (day, hour) in found if day]
    return tuple(sorted(rows, key=lambda row: -row.day))
