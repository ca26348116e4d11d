"""Changes that we want in a shop: the outbox, and the record of what became of each."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from backoffice.core.claims import Claimable
from orders.choices import UNSETTLED, ChangeState, Source, Verb
from stores.models import Store
from stores.querysets import StoreOwnedManager

from .order import Order


class RemoteChange(Claimable):
    """One verb for one order. `payload` is what the verb needs (tags), `before` what it found, `result` what the shop's
    answer showed afterwards. An uncertain one is looked at in the shop before it is ever repeated."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="remote_changes")
    verb = models.CharField(max_length=20, choices=Verb.choices)
    payload = models.JSONField(default=dict)
    before = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=ChangeState.choices, default=ChangeState.QUEUED)
    code = models.CharField(max_length=60, blank=True)
    message = models.TextField(blank=True)
    shop_request_id = models.CharField(max_length=100, blank=True)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.STAFF)
    actor_label = models.CharField(max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    run_id = models.UUIDField(db_index=True, help_text="The act that asked for it: one for one order, many for many.")
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = StoreOwnedManager()

    class Meta:
        constraints: ClassVar = [
            # The same verb is never on its way twice for one order: a double click finds the first.
            models.UniqueConstraint(
                fields=["order", "verb"],
                condition=models.Q(state__in=[state.value for state in UNSETTLED], verb__in=["archive", "unarchive"]),
                name="orders_change_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["store", "id"],
                condition=models.Q(state__in=[state.value for state in UNSETTLED]),
                name="orders_change_unsettled",
            ),
            models.Index(fields=["order", "-id"], name="orders_change_order"),
        ]
