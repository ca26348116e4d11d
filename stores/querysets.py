"""Reading stores, always through an actor."""

from __future__ import annotations

from typing import Any, Self

from django.db import models

from backoffice.core.actor import Actor

from .choices import StoreState
from .scoping import StoreScopedManager


class StoreQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> Self:
        return self if actor.sees_every_store else self.filter(pk__in=actor.store_ids)

    def connected(self) -> Self:
        """Stores that we may speak to."""
        return self.filter(state=StoreState.CONNECTED)


class StoreOwnedQuerySet(models.QuerySet[Any]):
    """Rows with a `store`. The ids are given as a list: a join through the key plans worse on big tables."""

    def visible_to(self, actor: Actor) -> Self:
        return self if actor.sees_every_store else self.filter(store_id__in=actor.store_ids)


class _StoreItselfManager(StoreScopedManager[Any]):
    path_to_store = "id"


StoreManager = _StoreItselfManager.from_queryset(StoreQuerySet)
StoreOwnedManager = StoreScopedManager.from_queryset(StoreOwnedQuerySet)
