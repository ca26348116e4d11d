"""What a shop's answers say beside their data, kept in the store's row: which API version ran, which granted scopes are
refused all the same, which personal fields Shopify keeps from the app.

Every client of a store reports here (gateway). Writes only when something changed, so that a call costs nothing more.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from backoffice.core import queue

from .models import Store
from .shopify.classify import error_code, is_unapproved
from .shopify.client import Heard
from .shopify.redaction import fields_with_values, withheld_fields
from .shopify.scopes import named_in
from .tokens import LOOK_JOB

logger = logging.getLogger(__name__)

SHOWN_AGAIN_JOB = "stores.services.facts.shown_again_job"
TRIED_AGAIN_AFTER = timedelta(days=1)
# Without it nothing is left to mirror: that is the store's trouble, not a part that goes without.
ESSENTIAL = "read_orders"


class Listener:
    """`Witness` of one store's calls."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def hidden(self) -> Collection[str]:
        fields: dict[str, str] = self._store.hidden_fields
        return fields.keys()

    def __call__(self, heard: Heard) -> None:
        self._version(heard)
        if heard.errors:
            self._refused(heard.errors)
        self._hidden(heard)

    def _version(self, heard: Heard) -> None:
        said = {"api_asked": heard.asked[:10], "api_version": heard.served[:10]}
        # Some of our calls may be deprecated and others not: the first reason stays while we ask for this version.
        if said["api_asked"] != self._store.api_asked or not self._store.api_deprecated:
            said["api_deprecated"] = heard.deprecated[:500]
        if all(getattr(self._store, name) == value for name, value in said.items()):
            return
        _keep(self._store, said)
        changed = Store._base_manager.filter(pk=self._store.pk).exclude(**said).update(**said)
        if changed and heard.served != heard.asked:
            logger.warning(
                "Shopify answers with another API version",
                extra={"store": self._store.pk, "asked": heard.asked, "served": heard.served},
            )
        if changed and said.get("api_deprecated"):
            logger.warning(
                "Shopify calls our calls deprecated", extra={"store": self._store.pk, "why": said["api_deprecated"]}
            )

    def _refused(self, errors: Iterable[Mapping[str, Any]]) -> None:
        named = {scope for error in errors for scope in _refused_scopes(error)}
        granted = {scope for scope in named if self._store.has_scope(scope)} - {ESSENTIAL}
        if not granted:
            return
        now = timezone.now()
        until = (now + TRIED_AGAIN_AFTER).isoformat()
        with transaction.atomic():
            store = Store._base_manager.select_for_update(no_key=True).get(pk=self._store.pk)
            refused = dict(store.refused_scopes)
            for scope in sorted(granted):
                refused[scope] = {"since": refused.get(scope, {}).get("since", now.isoformat()), "until": until}
            Store._base_manager.filter(pk=store.pk).update(refused_scopes=refused)
            # Mostly it was taken away, and we have not heard of it yet.
            queue.ring(LOOK_JOB, store.pk)
        self._store.refused_scopes = refused
        logger.warning("A granted scope is refused", extra={"store": self._store.pk, "scopes": sorted(granted)})

    def _hidden(self, heard: Heard) -> None:
        closed = withheld_fields(heard.data, heard.errors)
        known = frozenset(self._store.hidden_fields)
        # An answer that refuses a field for one order and shows it for another proves nothing.
        open_again = fields_with_values(heard.data, known - closed)
        if open_again and not closed:
            # Approved: what else is empty is empty because nobody gave it.
            open_again = known
        if closed <= known and not open_again:
            return
        with transaction.atomic():
            store = Store._base_manager.select_for_update(no_key=True).get(pk=self._store.pk)
            since = timezone.now().isoformat()
            fields = {name: at for name, at in store.hidden_fields.items() if name not in open_again}
            fields = {**dict.fromkeys(sorted(closed), since), **fields}
            Store._base_manager.filter(pk=store.pk).update(hidden_fields=fields)
            if open_again:
                queue.ring(SHOWN_AGAIN_JOB, store.pk)
        self._store.hidden_fields = fields
        logger.warning(
            "Shopify hides or shows personal fields",
            extra={"store": self._store.pk, "hidden": sorted(closed - known), "shown": sorted(open_again)},
        )


def _refused_scopes(error: Mapping[str, Any]) -> frozenset[str]:
    """The scopes of which one would have opened what was refused."""
    if error_code(error) != "ACCESS_DENIED" or is_unapproved(error):
        return frozenset()
    extensions = error.get("extensions")
    said = extensions.get("requiredAccess") if isinstance(extensions, dict) else ""
    return named_in(str(said or error.get("message", "")))


def _keep(store: Store, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(store, name, value)
