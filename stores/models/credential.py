"""The secrets of a store, in tables of their own that no admin page and no API shows."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models

from backoffice.core.claims import Claimable
from backoffice.core.crypto import EncryptedTextField
from stores.choices import CredentialKind

from .store import Merchant, Store


class Credential(Claimable):
    """How we speak to the shop (`token`) and how it proves that a webhook is its own (`signing_secret`).

    Apps of the Dev Dashboard have `client_id` and `client_secret`, and sign with the latter; for a pasted token the
    app's secret is `webhook_secret`. `expires_at` is set for minted tokens; whoever mints holds the row's lease.
    """

    held_by_queue = False  # a page that connects or looks mints as well

    store = models.OneToOneField(Store, on_delete=models.CASCADE, related_name="credential", primary_key=True)
    kind = models.CharField(max_length=20, choices=CredentialKind.choices, default=CredentialKind.STATIC)
    token = EncryptedTextField()
    expires_at = models.DateTimeField(null=True, blank=True)
    client_id = models.CharField(max_length=200, blank=True)
    client_secret = EncryptedTextField(blank=True)
    webhook_secret = EncryptedTextField(blank=True)
    previous_webhook_secret = EncryptedTextField(blank=True)
    previous_until = models.DateTimeField(null=True, blank=True, help_text="Until then the previous secret holds too.")
    changed_at = models.DateTimeField(auto_now=True)
    minted_at = models.DateTimeField(null=True, blank=True)
    error_at = models.DateTimeField(null=True, blank=True, help_text="When minting failed last, unless it went on.")
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind=CredentialKind.STATIC) | ~models.Q(client_id=""),
                name="stores_credential_of_an_app_names_it",
            ),
        ]

    def __repr__(self) -> str:
        return f"<Credential of store {self.store_id}>"

    @property
    def signing_secret(self) -> str:
        """What the shop signs its webhooks with now; empty when we were not told."""
        secret: str = self.webhook_secret if self.kind == CredentialKind.STATIC else self.client_secret
        return secret

    def webhook_secrets(self, now: datetime) -> tuple[str, ...]:
        """The secrets that a webhook may be signed with: for an hour after a change the previous one as well."""
        current = self.signing_secret
        still = self.previous_until is not None and now < self.previous_until
        return tuple(secret for secret in (current, self.previous_webhook_secret if still else "") if secret)


class PendingAuthorization(models.Model):
    """A person is on the way to a shop to let our app in. `state_digest` tells the way back from a forged one, once and
    for ten minutes; the row goes when it was used."""

    state_digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    merchant = models.ForeignKey(Merchant, null=True, on_delete=models.SET_NULL, related_name="+")
    domain = models.CharField(max_length=255)
    client_id = models.CharField(max_length=200)
    client_secret = EncryptedTextField()
    expires_at = models.DateTimeField()

    def __repr__(self) -> str:
        return f"<PendingAuthorization of {self.domain}>"
