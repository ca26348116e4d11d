"""Forgetting how a shop is spoken to, without forgetting how it signs: it asks for erasure after we were let go.

Called when a store is disconnected, by a person or because the app was removed from its shop."""

from __future__ import annotations

from stores.models import Credential, RetiredSigner, Store


def forget_access(store: Store) -> None:
    """Deletes token, app id and secrets; the secret that the shop signs with is kept apart. Within the caller's
    transaction; twice changes nothing."""
    credential = Credential.objects.filter(store=store).first()
    if credential is None:
        return
    if credential.signing_secret:
        RetiredSigner.objects.update_or_create(store=store, defaults={"secret": credential.signing_secret})
    credential.delete()


def welcome_back(store: Store) -> None:
    """Said when a store is connected anew: from then on its credential says how the shop signs."""
    RetiredSigner.objects.filter(store=store).delete()
