"""Erasing a whole shop, as Shopify asks two days after the app was removed: every row that is the store's goes, table
by table, and what is left is counted. The receipt and the audit trail (who did what, no customer's data) stay.

A shop that lets us in again has taken its request back. While the erasure runs it cannot be connected."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import timedelta
from graphlib import TopologicalSorter
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from backoffice.core import audit, privacy
from backoffice.core.actor import SYSTEM
from backoffice.core.clock import db_now
from backoffice.core.errors import Busy
from stores.choices import BEING_ERASED, ComplianceKind, ComplianceState, StoreState
from stores.models import ComplianceRequest, Store

from . import health, uninstall

logger = logging.getLogger(__name__)

CHUNK = 1000


def advance(request: ComplianceRequest, until: float, *, lease_seconds: int) -> bool:
    """Runs until nothing is left (True) or the time is up (False). Raises `ShopifyError` when the shop has to be asked
    whether it still lets us in and does not answer."""
    store = request.store
    if store is None or not _is_gone(store):
        _end(request, ComplianceState.CANCELLED, _("The shop lets the app in again; nothing was erased."))
        return True
    Store._base_manager.filter(pk=store.pk, state=StoreState.DISCONNECTED).update(
        state_code=BEING_ERASED, state_message=_("The shop asked for its erasure, which is under way.")
    )
    while time.monotonic() < until:
        if not _erase_some(request, store, lease_seconds):
            return _finish(request, store)
    return False


def tables() -> list[type[models.Model]]:
    """Every table with rows of a store, those that point at others first. Receipts are none of them."""
    graph = {
        model: {field.related_model for field in model._meta.fields if field.related_model is not model}
        for model in apps.get_models(include_auto_created=True)
        if model is not ComplianceRequest and _path(model)
    }
    ordered = [model for model in TopologicalSorter(graph).static_order() if model in graph]
    return ordered[::-1]


def rows_left(store_id: int) -> Mapping[str, int]:
    """How many rows of the store each table holds; an erased store has none anywhere."""
    counts = {model._meta.db_table: _rows(model, store_id).count() for model in tables()}
    return {table: count for table, count in counts.items() if count}


def _path(model: type[models.Model]) -> str:
    """The foreign key that leads to the row's store."""
    return next((field.name for field in model._meta.concrete_fields if field.related_model is Store), "")


def _rows(model: type[models.Model], store_id: int) -> models.QuerySet[models.Model]:
    return model._base_manager.filter(**{f"{_path(model)}_id": store_id})


def _is_gone(store: Store) -> bool:
    if store.state == StoreState.DISCONNECTED:
        return True
    if uninstall.is_removed(store):
        health.note_uninstalled(store)
        return True
    return False


def _erase_some(request: ComplianceRequest, store: Store, lease_seconds: int) -> bool:
    """One chunk of the first table that has any left."""
    for model in tables():
        with transaction.atomic():
            ids = list(_rows(model, store.pk).order_by("pk").values_list("pk", flat=True)[:CHUNK])
            if not ids:
                continue
            _total, by_model = model._base_manager.filter(pk__in=ids).delete()
            _count(request, {apps.get_model(name)._meta.db_table: n for name, n in by_model.items()}, lease_seconds)
            return True
    return False


def _count(request: ComplianceRequest, deleted: Mapping[str, int], lease_seconds: int) -> None:
    """The chunk's end, in its transaction; `Busy` when another worker has taken over."""
    row = ComplianceRequest._base_manager.select_for_update().get(pk=request.pk)
    if row.claim != request.claim or row.leased_until is None:
        raise Busy("taken_over", "Another worker has taken over this request.")
    for table, count in deleted.items():
        row.receipt[table] = row.receipt.get(table, 0) + count
    row.leased_until, row.attempts = db_now() + timedelta(seconds=lease_seconds), 0
    row.save(update_fields=["receipt", "leased_until", "attempts"])


def _finish(request: ComplianceRequest, store: Store) -> bool:
    """The store's own row goes last, under a lock that keeps every other table from pointing at it; False when a worker
    that was still under way added rows meanwhile."""
    with transaction.atomic():
        Store._base_manager.select_for_update().get(pk=store.pk)
        if rows_left(store.pk):
            return False
        others = sum(part.forget_store(store.pk) for part in privacy.all_parts() if part.forget_store)
        ComplianceRequest._base_manager.filter(store=store).exclude(pk=request.pk).exclude(
            state__in=[ComplianceState.DONE, ComplianceState.CANCELLED]
        ).update(
            state=ComplianceState.CANCELLED,
            payload="",
            finished_at=Now(),
            leased_until=None,
            error_message=_("The shop was erased as a whole."),
        )
        _count(request, {"stores_store": 1, "elsewhere": others}, 0)
        Store._base_manager.filter(pk=store.pk).delete()
        _end(request, ComplianceState.DONE, "")
        audit.record("privacy.shop_erased", actor=SYSTEM, store_id=store.pk, subject=store.domain, request=request.pk)
    logger.info("A shop was erased", extra={"store": store.pk, "request": request.pk})
    return True


def _end(request: ComplianceRequest, state: ComplianceState, message: str) -> None:
    ended: dict[str, Any] = {"state": state, "finished_at": db_now(), "leased_until": None, "payload": ""}
    held = ComplianceRequest._base_manager.filter(pk=request.pk, claim=request.claim, leased_until__isnull=False)
    if not held.update(**ended, error_code="", error_message=message):
        raise Busy("taken_over", "Another worker has taken over this request.")
    if state == ComplianceState.CANCELLED:
        audit.record("privacy.cancelled", actor=SYSTEM, store_id=request.store_id, kind=ComplianceKind.ERASE_SHOP.value)
