"""What the law asks of us about people and shops, each as a row of work and afterwards as its receipt."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import pgettext_lazy

from backoffice.core.claims import Claimable
from backoffice.core.crypto import EncryptedTextField
from stores.choices import ComplianceKind, ComplianceStage, ComplianceState
from stores.querysets import StoreOwnedManager

from .store import Store


class ComplianceRequest(Claimable):
    """One request, from the shop by webhook or from staff. `payload` says about whom, encrypted, and is emptied when
    the work is done; `receipt` are counts alone. It outlives its store: then `store` is empty."""

    store = models.ForeignKey(Store, null=True, on_delete=models.SET_NULL, related_name="compliance_requests")
    shop_domain = models.CharField(max_length=255)
    shop_gid = models.CharField(max_length=100)
    kind = models.CharField(pgettext_lazy("privacy request", "kind"), max_length=20, choices=ComplianceKind.choices)
    webhook_id = models.CharField(max_length=100, help_text="Shopify's delivery, or an id of ours for one from staff.")
    requested_by = models.CharField(max_length=200)
    payload = EncryptedTextField(blank=True)
    person_hash = models.CharField(max_length=64, blank=True, help_text="Keyed hash: tells whether it was the same.")
    state = models.CharField(max_length=10, choices=ComplianceState.choices, default=ComplianceState.WAITING)
    stage = models.CharField(max_length=10, choices=ComplianceStage.choices, default=ComplianceStage.BEGIN)
    position = models.BigIntegerField(default=0, help_text="The last order that is done with.")
    received_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True, help_text="Until when an export can be downloaded.")
    receipt = models.JSONField(default=dict)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)

    objects = StoreOwnedManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shop_domain", "webhook_id"], name="stores_compliance_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["store", "id"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="stores_compliance_open",
            ),
            models.Index(fields=["store", "-received_at", "-id"], name="stores_compliance_newest"),
        ]

    def __repr__(self) -> str:
        return f"<ComplianceRequest {self.pk} of {self.shop_domain}>"

    @property
    def is_open(self) -> bool:
        return self.state in (ComplianceState.WAITING, ComplianceState.RUNNING)


class ExportPiece(models.Model):
    """A piece of what is held about a person, as a JSON list; the export is all pieces in order."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    request = models.ForeignKey(ComplianceRequest, on_delete=models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()
    content = EncryptedTextField()

    objects = StoreOwnedManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["request", "number"], name="stores_export_piece_once")]


class RetiredSigner(models.Model):
    """The secret that a store's shop signs with, after its access was forgotten: Shopify asks for erasure when the app
    is gone already. No token and no app id lie beside it, so it opens nothing. It ends with the store's rows, or when
    the store is connected anew."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="retired_signer", primary_key=True)
    secret = EncryptedTextField()
    retired_at = models.DateTimeField(auto_now_add=True)

    objects = StoreOwnedManager()

    def __repr__(self) -> str:
        return f"<RetiredSigner of store {self.store_id}>"
