"""How far what is shown can be trusted: as of when, what the last proof says, from which day on, and what is still
loading. One answer for every list, count, page and API answer, of one store or of many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.core.clock import db_now
from stores.choices import StoreState, SyncPhase
from stores.models import Store, SyncStream

from .proof_status import Level, ProofStatus, proof_statuses

_WORSE = (Level.GOOD, Level.WARNING, Level.BAD)
_LONG_BEHIND = timedelta(hours=1)
_NAMED = 2


@dataclass(frozen=True, slots=True)
class StoreTruth:
    """Of one store. `as_of`: everything that the shop had then is here; None until the first load is complete.
    `loading` from 0 to 1 during a first load, None otherwise. `history_from`: orders of earlier days may be missing."""

    store: Store
    as_of: datetime | None
    loading: float | None
    history_from: date | None
    proof: ProofStatus
    level: Level
    sentence: str


@dataclass(frozen=True, slots=True)
class Truth:
    """Of all stores that something is shown of: `as_of` is that of the store furthest behind, `level` the worst one's,
    `checked_at` the time of the oldest last proof (None where a store was never proven), `history_from` the latest of
    their days. Stores that are disconnected stand still on purpose: they are named, and date the rest only when there
    is nothing else."""

    as_of: datetime | None
    level: Level
    sentence: str
    checked_at: datetime | None
    history_from: date | None
    loading: float | None
    stores: tuple[StoreTruth, ...]


def behind_after() -> timedelta:
    """From then on a mirror is behind its promise."""
    return max(timedelta(minutes=3), timedelta(seconds=3 * settings.SYNC_EVERY_SECONDS))


def truths_of(stores: Iterable[Store]) -> Mapping[int, StoreTruth]:
    """Of each of these stores, by their ids, in their order. Four queries, however many they are."""
    stores = list(stores)
    if not stores:
        return {}
    now = db_now()
    streams = {row.store_id: row for row in SyncStream.objects.filter(store__in=stores, resource="orders")}
    proofs = proof_statuses(stores, now=now)
    return {store.pk: _truth(store, streams.get(store.pk), proofs[store.pk], now) for store in stores}


def truth_of(stores: Iterable[Store]) -> Truth:
    """Of these stores together."""
    return together(list(truths_of(stores).values()))


def together(truths: Sequence[StoreTruth]) -> Truth:
    """What several stores' truths come to. Pure. Nothing shown of no store is true and unproven."""
    counted = [each for each in truths if each.store.state != StoreState.DISCONNECTED] or list(truths)
    times = [each.as_of for each in counted if each.as_of is not None]
    checks = [each.proof.last.finished_at for each in counted if each.proof.last is not None]
    proven = [at for at in checks if at is not None]
    loading = [each.loading for each in counted if each.loading is not None]
    return Truth(
        as_of=min(times) if times and len(times) == len(counted) else None,
        level=max((each.level for each in counted), key=_WORSE.index, default=Level.GOOD),
        sentence=_sentence(truths, counted),
        checked_at=min(proven) if proven and len(proven) == len(counted) else None,
        history_from=max((each.history_from for each in truths if each.history_from), default=None),
        loading=sum(loading) / len(loading) if loading else None,
        stores=tuple(truths),
    )


def _truth(store: Store, stream: SyncStream | None, proof: ProofStatus, now: datetime) -> StoreTruth:
    as_of = stream.true_as_of if stream else None
    loading = None
    if stream is None or stream.phase == SyncPhase.FIRST_LOAD:
        loading = min(stream.loaded / stream.expected, 1.0) if stream and stream.expected else 0.0
    remarks = list(_remarks(store, as_of, loading, now))
    sentences = [sentence for _level, sentence in remarks]
    level = max((level for level, _sentence in remarks), key=_WORSE.index, default=Level.GOOD)
    if loading is None or proof.last is not None:
        sentences.append(proof.sentence)
        level = max(level, proof.level, key=_WORSE.index)
    return StoreTruth(store, as_of, loading, store.history_from, proof, level, ", ".join(sentences))


def _remarks(store: Store, as_of: datetime | None, loading: float | None, now: datetime) -> Iterable[tuple[Level, str]]:
    lag = now - as_of if as_of is not None else None
    if store.state == StoreState.DISCONNECTED:
        yield Level.WARNING, _("disconnected, as it was then")
    elif store.state == StoreState.PAUSED:
        yield Level.WARNING, _("paused")
    elif store.state == StoreState.NEEDS_ATTENTION:
        yield Level.BAD, _("needs attention")
    if loading is not None:
        yield Level.WARNING, _("first load %(share)d %%") % {"share": int(100 * loading)}
    elif lag is not None and lag > behind_after() and store.state != StoreState.DISCONNECTED:
        yield (Level.BAD if lag > _LONG_BEHIND else Level.WARNING), _behind(lag)


def _behind(lag: timedelta) -> str:
    minutes = int(lag.total_seconds() // 60)
    if minutes < 120:
        return ngettext("%(n)d minute behind", "%(n)d minutes behind", minutes) % {"n": minutes}
    if minutes < 48 * 60:
        return ngettext("%(n)d hour behind", "%(n)d hours behind", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)d day behind", "%(n)d days behind", lag.days) % {"n": lag.days}


def _sentence(truths: Sequence[StoreTruth], counted: Sequence[StoreTruth]) -> str:
    """The worst first, by name; of several stores that are all proven only how many."""
    if not truths:
        return ""
    if len(truths) == 1:
        return truths[0].sentence
    wrong = sorted((each for each in counted if each.level is not Level.GOOD), key=_by_weight)
    parts = [f"{each.store.name}: {each.sentence}" for each in wrong[:_NAMED]]
    if (more := len(wrong) - _NAMED) > 0:
        parts.append(ngettext("%(n)d more store", "%(n)d more stores", more) % {"n": more})
    good = len(counted) - len(wrong)
    if good:
        parts.append(ngettext("%(n)d store proven", "%(n)d stores proven", good) % {"n": good})
    if still := len(truths) - len(counted):
        parts.append(ngettext("%(n)d store is disconnected", "%(n)d stores are disconnected", still) % {"n": still})
    return " · ".join(parts)


def _by_weight(truth: StoreTruth) -> tuple[int, str]:
    return -_WORSE.index(truth.level), truth.store.name
