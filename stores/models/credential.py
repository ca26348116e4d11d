"""The secrets of a store, in a table of their own that no admin page and no API shows."""

from __future__ import annotations

from django.db import models

from backoffice.core.crypto import EncryptedTextField
from stores.choices import CredentialKind

from .store import Store


class Credential(models.Model):
    """How we speak to the shop (`token`) and how it proves that a webhook is its own (`webhook_secret`)."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="credential", primary_key=True)
    kind = models.CharField(max_length=20, choices=CredentialKind.choices, default=CredentialKind.STATIC)
    token = EncryptedTextField()
    webhook_secret = EncryptedTextField(blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    def __repr__(self) -> str:
        return f"<Credential of store {self.store_id}>"
