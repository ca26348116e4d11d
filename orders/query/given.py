"""On whose behalf and when a search is read: what its words about stores and days depend on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from backoffice.core.actor import Actor
from stores.models import Store


@dataclass
class Given:
    """`zones` asks the database once, and only when a search speaks of days."""

    actor: Actor
    now: datetime = field(default_factory=timezone.now)

    @cached_property
    def zones(self) -> Mapping[ZoneInfo, list[int]]:
        """The stores that the actor reaches, by the time zone in which their days begin."""
        found: dict[ZoneInfo, list[int]] = defaultdict(list)
        for pk, name in Store.objects.visible_to(self.actor).order_by("pk").values_list("pk", "timezone"):
            found[ZoneInfo(name)].append(pk)
        return dict(found)

    def in_each_zone(self, condition: Callable[[ZoneInfo], Q]) -> Q:
        """The condition with the days of every store. One zone, as most agencies have, needs no word about stores."""
        zones = self.zones
        if len(zones) == 1:
            return condition(next(iter(zones)))
        found = Q(pk__in=[])
        for zone, stores in zones.items():
            found |= Q(store_id__in=stores) & condition(zone)
        return found
