"""Looking after the secrets of connected stores: a new client secret, and forgetting old ones.

Called by the admin and by the supervisor's sweep."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from backoffice.core import audit
from backoffice.core.actor import Actor
from backoffice.core.clock import db_now
from backoffice.core.errors import Invalid, NotAllowed, Refused
from stores.choices import CredentialKind
from stores.models import Credential, PendingAuthorization, Store
from stores.shopify import oauth
from stores.shopify.auth import is_sendable

from .connect import minted_access

# Shopify signs with the old secret for up to an hour.
_OVERLAP = timedelta(hours=1)


def rotate_secret(store: Store, new_secret: str, *, actor: Actor) -> None:
    """Takes the app's new secret; webhooks signed with the one before are accepted for another hour.

    Where tokens are minted with it, one is minted first: a secret that does not work changes nothing. The same secret
    again changes nothing either. Raises `NotAllowed`, `Refused("no_credential")`, `Invalid` with field new_secret, and
    `Unreachable` when the shop does not answer.
    """
    if not actor.sees_every_store:
        raise NotAllowed("only_administrators_connect", _("Only an administrator connects stores."))
    secret = new_secret.strip()
    if not is_sendable(secret):
        raise Invalid("bad_secret", _("Paste the app's new secret as Shopify shows it."), field="new_secret")
    known = Credential.objects.filter(store=store).first()
    if known is None:
        raise Refused("no_credential", _("This store has no access token. Connect it again."))
    fresh = {}
    if known.kind == CredentialKind.CLIENT_CREDENTIALS:
        try:
            access = minted_access(store.domain, oauth.App(known.client_id, secret))
        except Invalid as error:
            raise Invalid(error.code, error.message, field="new_secret") from error
        fresh = {"token": access.token, "expires_at": access.expires_at, "minted_at": db_now()}
    with transaction.atomic():
        row = Credential.objects.select_for_update().filter(store=store).first()
        if row is None or row.client_id != known.client_id:
            raise Refused("store_changed", _("This store was connected in another way meanwhile. Look at it again."))
        if row.signing_secret == secret:
            return
        name = "webhook_secret" if row.kind == CredentialKind.STATIC else "client_secret"
        # A worker that is minting with the old secret loses the row, and with it nothing but its own token.
        Credential.objects.filter(pk=row.pk).update(
            previous_webhook_secret=row.signing_secret,
            previous_until=db_now() + _OVERLAP,
            leased_until=None,
            **{name: secret},
            **fresh,
        )
        audit.record("store.secret_rotated", actor=actor, store_id=store.pk)


def sweep() -> None:
    """Removes what has served: secrets whose hour is over, and authorizations that nobody came back from."""
    Credential.objects.filter(previous_until__lte=Now()).update(previous_webhook_secret="", previous_until=None)
    PendingAuthorization.objects.filter(expires_at__lte=Now()).delete()
