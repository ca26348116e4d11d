"""On whose behalf and when a search is read: what its words about stores and days depend on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from backoffice.core.actor import Actor
from stores.calendar import Calendar
from stores.models import Store
from stores.services.calendars import calendars_of

Key = TypeVar("Key")


@dataclass
class Given:
    """`zones` and `calendars` ask the database once, and only when a search speaks of days."""

    actor: Actor
    now: datetime = field(default_factory=timezone.now)
    views: frozenset[str] = frozenset()
    """The views that are being read: one that names itself would have no end."""

    @cached_property
    def zones(self) -> Mapping[ZoneInfo, list[int]]:
        """The stores that the actor reaches, by the time zone in which their days begin."""
        found: dict[ZoneInfo, list[int]] = defaultdict(list)
        for pk, name in Store.objects.visible_to(self.actor).order_by("pk").values_list("pk", "timezone"):
            found[ZoneInfo(name)].append(pk)
        return dict(found)

    @cached_property
    def calendars(self) -> Mapping[Calendar, list[int]]:
        """The stores that the actor reaches, by their working days."""
        found: dict[Calendar, list[int]] = defaultdict(list)
        stores = Store.objects.visible_to(self.actor).order_by("pk").only("pk", "timezone")
        for pk, calendar in calendars_of(stores).items():
            found[calendar].append(pk)
        return dict(found)

    def in_each_calendar(self, condition: Callable[[Calendar], Q]) -> Q:
        """The condition with the working days of every store."""
        return _each(self.calendars, condition)

    def in_each_zone(self, condition: Callable[[ZoneInfo], Q]) -> Q:
        """The condition with the days of every store. One zone, as most agencies have, needs no word about stores."""
        return _each(self.zones, condition)


def _each(groups: Mapping[Key, list[int]], condition: Callable[[Key], Q]) -> Q:
    if len(groups) == 1:
        return condition(next(iter(groups)))
    found = Q(pk__in=[])
    for key, stores in groups.items():
        found |= Q(store_id__in=stores) & condition(key)
    return found
