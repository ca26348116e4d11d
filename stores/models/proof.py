"""Proofs: what came of holding a store's mirror against its shop."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from backoffice.core.claims import Claimable
from stores.choices import ProofState
from stores.querysets import StoreOwnedManager

from .store import Store


class Proof(Claimable):
    """One proof of one store, worked on from the newest order to the oldest under a lease.

    Counts are exact; `details` and `days_differing` name the first few hundred. A row is saved after every page, so a
    proof that dies goes on where it was; it may then have repaired the page that it died on without naming it.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="proofs")
    state = models.CharField(max_length=10, choices=ProofState.choices, default=ProofState.WAITING)
    requested_by = models.CharField(max_length=200)
    requested_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    position = models.DateTimeField(null=True, help_text="Everything created after it has been compared.")
    live_compared = models.BooleanField(default=False, help_text="What is left are the counts of the days.")
    live_there = models.PositiveIntegerField(default=0)
    live_here = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0, help_text="Live there and not here.")
    extra = models.PositiveIntegerField(default=0, help_text="Live here and not there.")
    differing = models.PositiveIntegerField(default=0, help_text="On both sides and not the same.")
    moved = models.PositiveIntegerField(default=0, help_text="Changed while the proof ran: no difference.")
    repaired = models.PositiveIntegerField(default=0)
    remaining = models.PositiveIntegerField(default=0, help_text="Still different after having been read again.")
    details = models.JSONField(default=list, help_text="[{gid, kind, repaired}]")
    days_compared = models.PositiveIntegerField(default=0)
    days_differing = models.JSONField(default=list, help_text="[{first, last, there, here}], after the repair.")
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)

    objects = StoreOwnedManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["store"],
                condition=models.Q(state__in=[ProofState.WAITING.value, ProofState.RUNNING.value]),
                name="stores_proof_one_open",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["store", "-finished_at"], name="stores_proof_last")]

    @property
    def is_open(self) -> bool:
        return self.state in (ProofState.WAITING, ProofState.RUNNING)
