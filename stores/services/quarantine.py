"""The quarantine: what could not be mirrored is parked with its cause and tried again by itself, ever more slowly.

Filled by whoever ingests; worked off in the background lane by `retry_job`, which the sweep and people ring. A row ends
when its thing was read and written, or is gone from the shop, by whatever way that came to light."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from backoffice.core import audit, backoff, claims, queue
from backoffice.core.actor import Actor, Right
from backoffice.core.clock import db_now
from backoffice.core.errors import NotAllowed, Refused
from stores import resources
from stores.choices import ParkCause, Purpose, StoreState
from stores.gateway import client_for
from stores.models import Quarantined, Store
from stores.resources import Rejected
from stores.scoping import for_all_stores, for_store
from stores.shopify.client import Client
from stores.shopify.errors import Final, NeedsPerson, ShopifyError
from stores.shopify.throttle import Lane

from . import health

logger = logging.getLogger(__name__)

JOB = "stores.services.quarantine.retry_job"
MOST_RAW_BYTES = 256 * 1024
_FIRST_SECONDS, _LONGEST_SECONDS = 300, 24 * 3600
_LEASE_SECONDS, _JOB_SECONDS = 50, 40
_BATCH = 20
# What a try that kills its process waits for; it is counted before.
_AFTER_DEATH = timedelta(hours=1)


def park(store: Store, resource: str, rejected: Iterable[Rejected]) -> None:
    """Sets these aside, or notes that they were met again. A raw answer that was kept stays where none came."""
    for one in rejected:
        about: dict[str, object] = {"cause": one.cause, "reason": one.reason[:2000]}
        if one.raw:
            about["raw"] = one.raw.encode()[:MOST_RAW_BYTES].decode("utf-8", "ignore")
        row = Quarantined._base_manager.filter(store=store, resource=resource, gid=one.gid)
        if not row.update(seen=F("seen") + 1, last_at=Now(), **about):
            first_try = db_now() + timedelta(seconds=_FIRST_SECONDS)
            new = Quarantined(store=store, resource=resource, gid=one.gid, next_attempt_at=first_try, **about)
            Quarantined._base_manager.bulk_create([new], ignore_conflicts=True)
        logger.warning("Something of a shop could not be mirrored", extra={"store": store.pk, "gid": one.gid})


def settle(store: Store, resource: str, gids: Collection[str]) -> None:
    """These are mirrored now, or gone from the shop."""
    parked = Quarantined._base_manager.filter(store=store, resource=resource)
    if parked.exists():  # nearly never: a first load asks a thousand at a time
        parked.filter(gid__in=gids).delete()


def retry(store: Store, *, ids: Collection[int] | None = None, actor: Actor) -> int:
    """Tries what is parked again now: those of the ids, or all without. Returns how many; raises `NotAllowed` for who
    may not change orders, and `Refused` when the store is not connected."""
    if not actor.may(Right.CHANGE_ORDERS, store.pk):
        raise NotAllowed("not_allowed", _("Your role in this store does not allow this."))
    if not store.is_connected:
        raise Refused("store_not_connected", _("The store is not connected; connect or resume it first."))
    with transaction.atomic():
        chosen = _of(store) if ids is None else _of(store).filter(pk__in=ids)
        count = chosen.update(next_attempt_at=None)
        if count:
            audit.record("quarantine.retried", actor=actor, store_id=store.pk, count=count)
            queue.ring(JOB, store.pk)
    return count


def raw_of(item: Quarantined, *, actor: Actor) -> str:
    """What the shop answered. It holds personal data: for managers, and each look is in the audit trail."""
    if not actor.may(Right.MANAGE_STORE, item.store_id):
        raise NotAllowed("not_allowed", _("Only managers of the store see what the shop answered."))
    audit.record("quarantine.raw_shown", actor=actor, store_id=item.store_id, subject=item.gid)
    return str(item.raw)


def remedy(cause: str) -> str:
    """What a person can do about it, as a sentence."""
    sentences = {
        ParkCause.UNREADABLE.value: _(
            "Shopify's answer has a shape that this software does not know. Use the order in Shopify meanwhile; if "
            "this stays, update this software or send the diagnostics to whoever looks after it."
        ),
        ParkCause.INCOMPLETE.value: _(
            "One list of the order is longer than Shopify hands over. Use the order in Shopify."
        ),
        ParkCause.NOT_STORED.value: _(
            "The order was read and this database refused it. Send the diagnostics to whoever looks after this "
            "software; the order is taken up by itself once that is mended."
        ),
    }
    return sentences.get(cause, "")


@for_all_stores
def sweep() -> None:
    """Rings for connected stores with something parked whose turn has come."""
    due = Quarantined.objects.filter(store__state=StoreState.CONNECTED).exclude(next_attempt_at__gt=Now())
    idle = due.exclude(leased_until__gt=Now()).order_by()
    for store_id in idle.values_list("store_id", flat=True).distinct():
        queue.ring(JOB, store_id)


@for_store
def retry_job(store_id: int) -> None:
    """Reads what is due again, for up to `_JOB_SECONDS`. What still cannot be mirrored waits twice as long as before,
    a day at most."""
    queue.answered(JOB, store_id)
    store = Store.objects.connected().filter(pk=store_id).first()
    if store is None:
        return
    until = time.monotonic() + _JOB_SECONDS
    while time.monotonic() < until:
        held = claims.claim(
            _of(store).exclude(leased_until__gt=Now()),
            limit=_BATCH,
            lease_seconds=_LEASE_SECONDS,
            next_attempt_at=Now() + _AFTER_DEATH,
        )
        if not held:
            return
        try:
            _read_again(store, client_for(store, Purpose.QUARANTINE), held)
        except NeedsPerson as error:
            health.note_trouble(store, error)
            return
        except ShopifyError as error:
            logger.warning("The shop could not be asked", extra={"store": store_id, "code": error.code})
            return
        finally:
            _wait_longer(held)
    queue.ring(JOB, store_id)


def _read_again(store: Store, client: Client, rows: Sequence[Quarantined]) -> None:
    """All of a kind in one request; when the shop does not answer that, each alone."""
    by_resource: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_resource[row.resource].append(row.gid)
    for name, gids in by_resource.items():
        _refresh(store, client, name, gids)


def _refresh(store: Store, client: Client, name: str, gids: list[str]) -> None:
    try:
        resources.get(name).refresh(client, store, gids, lane=Lane.BACKGROUND)
    except Final as error:
        logger.warning("Parked items could not be read", extra={"store": store.pk, "code": error.code})
        for gid in gids if len(gids) > 1 else ():
            _refresh(store, client, name, [gid])


def _wait_longer(rows: Iterable[Quarantined]) -> None:
    """Those that are mirrored now are gone; their late result changes nothing."""
    now = db_now()
    for row in rows:
        pause = backoff.delay(
            max(row.attempts, 1), first_seconds=_FIRST_SECONDS * 2, longest_seconds=_LONGEST_SECONDS, jitter=0
        )
        claims.settle(row, next_attempt_at=now + pause)


def _of(store: Store) -> QuerySet[Quarantined]:
    rows: QuerySet[Quarantined] = Quarantined.objects.filter(store_id=store.pk)
    return rows
