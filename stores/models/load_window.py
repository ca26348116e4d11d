"""A first load in bulk, window by window."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from backoffice.core.claims import Claimable
from stores.choices import LoadState
from stores.querysets import StoreOwnedManager

from .store import Store
from .sync import SyncStream

OPEN = (LoadState.PLANNED, LoadState.ASKED, LoadState.READY, LoadState.LOADING)


class LoadWindow(Claimable):
    """What was created within a span of time, both ends included to the second: the windows of a load touch and do not
    overlap. Each is one bulk operation and its file, or pages where that cannot be had.

    The link to the file is not kept: whoever has it can read every order. It is asked for when it is needed.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    stream = models.ForeignKey(SyncStream, on_delete=models.CASCADE, related_name="windows")
    state = models.CharField(max_length=10, choices=LoadState.choices, default=LoadState.PLANNED)
    created_from = models.DateTimeField()
    created_to = models.DateTimeField()
    expected = models.PositiveIntegerField(help_text="What the shop counted when it was planned.")
    failures = models.PositiveSmallIntegerField(
        default=0, help_text="Operations that failed, those of the windows that it was divided from included."
    )
    by_pages = models.BooleanField(default=False, help_text="Bulk has failed here too often.")
    operation_gid = models.CharField(max_length=100, blank=True, help_text="Empty while it is not known if one runs.")
    asked_at = models.DateTimeField(null=True, help_text="Nothing in the file was read by the shop before.")
    objects_there = models.PositiveBigIntegerField(default=0, help_text="What the operation counted so far.")
    moved_at = models.DateTimeField(null=True, help_text="When that last grew.")
    file_bytes = models.PositiveBigIntegerField(null=True)
    is_partial = models.BooleanField(default=False, help_text="The file is known not to hold everything.")
    next_bucket = models.PositiveIntegerField(default=0, help_text="Where in the file the load goes on.")
    position = models.DateTimeField(null=True, help_text="By pages: what was created after it is here.")
    objects_here = models.PositiveBigIntegerField(default=0, help_text="Lines of the file that were loaded.")
    loaded = models.PositiveIntegerField(default=0, help_text="Orders of it that are here.")
    lost = models.PositiveIntegerField(default=0, help_text="Lines of the file that belong to nothing or say nothing.")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)

    objects = StoreOwnedManager()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["stream", "-created_to"],
                condition=models.Q(state__in=[state.value for state in OPEN]),
                name="stores_window_open",
            )
        ]
