"""From which day on every order of a shop is here. Without `read_all_orders` Shopify shows the orders of the last sixty
days and leaves out the older ones without a word; what was mirrored once stays, so the day is kept and does not move.

Called by the sync: when a first load is complete, and when following begins after so long a pause that orders were
created and hidden meanwhile."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from stores.models import Store
from stores.resources import Resource

SHOWN_DAYS = 60
_SCOPE = "read_all_orders"
# Less than Shopify's sixty days, for the clocks; more, for what it shows a little longer.
_GAP, _OLDER = timedelta(days=SHOWN_DAYS - 1), timedelta(days=SHOWN_DAYS + 2)


def first_whole_day(at: datetime, timezone: str) -> date:
    """Pure. The first day of the shop of which a token without `read_all_orders` still sees every order at `at`."""
    return (at - timedelta(days=SHOWN_DAYS)).astimezone(ZoneInfo(timezone)).date() + timedelta(days=1)


def horizon_of(store: Store) -> date | None:
    """The first day of the shop of which every order is here; None where that is its beginning."""
    day: date | None = store.history_from
    return day


def note_loaded(store: Store, resource: Resource, *, at: datetime, for_the_first_time: bool) -> None:
    """A load of everything that the token sees ended at `at`. A later load without the scope proves nothing about older
    orders and takes nothing away."""
    if store.has_scope(_SCOPE) or _sees_older(store, resource, at):
        _keep(store, None)
    elif for_the_first_time:
        _keep(store, first_whole_day(at, store.timezone))


def note_pause(store: Store, *, since: datetime | None, until: datetime) -> None:
    """Following goes on at `until` where it ended at `since`: what was created in between and is older than Shopify
    shows never comes."""
    if since is not None and until - since > _GAP and not store.has_scope(_SCOPE):
        _keep(store, first_whole_day(until, store.timezone))


def _sees_older(store: Store, resource: Resource, at: datetime) -> bool:
    """Some apps that were made before 2026 see all orders without being granted the scope by name."""
    evidence = resource.evidence
    return evidence is not None and bool(evidence.days_here(store, created_from=None, created_to=at - _OLDER))


def _keep(store: Store, day: date | None) -> None:
    if store.history_from != day:
        Store.objects.filter(pk=store.pk).update(history_from=day)
        store.history_from = day
