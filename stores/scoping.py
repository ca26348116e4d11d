"""The second wall of store separation: without an active scope a query raises, inside one it sees only its stores.

`visible_to(actor)` in every reading door is the first wall. Raw SQL and `_base_manager` are outside both: use them with
ids that came through a wall."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import models
from django_scopes import get_scope, scope, scopes_disabled
from django_scopes.manager import DisabledQuerySet

from backoffice.core.actor import Actor

Model = TypeVar("Model", bound=models.Model)
P = ParamSpec("P")
R = TypeVar("R")


class StoreScopedManager(models.Manager[Model]):
    """The manager of a model whose rows belong to a store. Outside a scope every query raises `ScopeError`."""

    path_to_store = "store"

    def get_queryset(self) -> models.QuerySet[Model]:
        scopes = get_scope()
        if not scopes.get("_enabled", True):
            return super().get_queryset()
        if "store" not in scopes:
            refusing: models.QuerySet[Model] = DisabledQuerySet(self.model, using=self._db, missing_scopes={"store"})
            return refusing
        return super().get_queryset().filter(**{f"{self.path_to_store}__in": scopes["store"]})


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Inside, queries see the stores that the actor reaches, all of them for an administrator or the system."""
    if actor.sees_every_store:
        with scopes_disabled():
            yield
    else:
        with scope(store=sorted(actor.store_ids)):
            yield


@contextmanager
def within_stores(store_ids: Iterable[int]) -> Iterator[None]:
    """Inside, queries see these stores only."""
    with scope(store=sorted(store_ids)):
        yield


def for_store(job: Callable[P, R]) -> Callable[P, R]:
    """Decorates a job whose first argument is a store's id: it sees that store and no other."""

    @wraps(job)
    def scoped_job(*args: P.args, **kwargs: P.kwargs) -> R:
        with scope(store=[args[0]]):
            return job(*args, **kwargs)

    return scoped_job


def for_all_stores(job: Callable[P, R]) -> Callable[P, R]:
    """Decorates a sweep or job of the product itself that looks over every store."""

    @wraps(job)
    def unscoped_job(*args: P.args, **kwargs: P.kwargs) -> R:
        with scopes_disabled():
            return job(*args, **kwargs)

    return unscoped_job
