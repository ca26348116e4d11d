"""The working days of a store and how long its orders may wait."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from stores.querysets import StoreOwnedManager

from .store import Store


def monday_to_friday() -> list[int]:
    return [0, 1, 2, 3, 4]


class StoreCalendar(models.Model):
    """A store without a row works from Monday to Friday and has the targets that are the defaults here. The zone is the
    store's own. Targets are working days."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="calendar")
    working_days = ArrayField(models.PositiveSmallIntegerField(), default=monday_to_friday, help_text="0 is Monday.")
    country = models.CharField(_("public holidays of"), max_length=2, blank=True)
    region = models.CharField(_("region"), max_length=10, blank=True)
    closed_days = ArrayField(models.DateField(), default=list, blank=True)
    cut_off = models.TimeField(_("cut-off"), null=True, blank=True)
    fulfil_days = models.PositiveSmallIntegerField(_("days to fulfil"), default=2)
    settle_days = models.PositiveSmallIntegerField(_("days to settle"), default=5)
    idle_days = models.PositiveSmallIntegerField(_("days without an event"), default=5)
    changed_at = models.DateTimeField(auto_now=True)

    objects = StoreOwnedManager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(working_days__contained_by=[0, 1, 2, 3, 4, 5, 6]), name="stores_calendar_weekdays"
            ),
        ]
