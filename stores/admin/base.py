"""What our admin classes share: rights come from the actor's roles, never from Django's permission rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin

from backoffice.core.actor import Actor, Right
from backoffice.core.api.callers import actor_of
from backoffice.core.pages import door

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Route:
    """One page of a model: `admin:<app>_<model>_<name>`."""

    path: str
    name: str
    view: View


class PagesAdmin(ModelAdmin):  # type: ignore[misc]  # unfold brings no types
    """A model whose pages are all our own views. Nothing of Django's list and form is routed, and with it none of its
    look-ups through the address: a page reads the parameters that it knows and no others."""

    routes: tuple[Route, ...] = ()
    right: Right = Right.VIEW

    def get_urls(self) -> list[URLPattern]:
        prefix = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path(route.path, self.admin_site.admin_view(door(route.view)), name=f"{prefix}_{route.name}")
            for route in self.routes
        ]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._allowed(actor_of(request))

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._allowed(actor_of(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def _allowed(self, actor: Actor) -> bool:
        return actor.may_somewhere(self.right)


class AdministratorsAdmin(ModelAdmin):  # type: ignore[misc]  # unfold brings no types
    """Django's list and form, for administrators alone. Only the look-ups named in `lookups` reach the database: the
    default lets every local field through, which tells hidden values apart one letter at a time."""

    lookups: frozenset[str] = frozenset()
    list_filter_submit = True

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup in self.lookups

    def has_module_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).is_administrator

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return actor_of(request).is_administrator

    def has_add_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).is_administrator

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return actor_of(request).is_administrator

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


def unregister(*models_: type[models.Model]) -> None:
    """Takes models that other packages registered out of the admin."""
    for model in models_:
        if admin.site.is_registered(model):
            admin.site.unregister(model)
