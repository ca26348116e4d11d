"""What a program sends to connect a store: a pasted token, or the id and secret of an app. By way of the shop a store
is connected in the admin, because a person has to go there."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from backoffice.core.actor import Actor
from backoffice.core.api.serializers import ExactCharField, StrictSerializer
from backoffice.core.errors import Invalid
from stores.choices import CredentialKind
from stores.models import Merchant, Store
from stores.services.connect import connect_store, connect_with_client_credentials

_KINDS = (CredentialKind.STATIC.value, CredentialKind.CLIENT_CREDENTIALS.value)
_NEEDED = {
    CredentialKind.STATIC.value: ("token",),
    CredentialKind.CLIENT_CREDENTIALS.value: ("client_id", "client_secret"),
}
_OPTIONAL = {CredentialKind.STATIC.value: ("webhook_secret",), CredentialKind.CLIENT_CREDENTIALS.value: ()}
_SECRET: dict[str, Any] = {"max_length": 512, "required": False, "write_only": True}


class ConnectWish(StrictSerializer):
    kind = serializers.ChoiceField(_KINDS, help_text="How tokens are come by.")
    domain = ExactCharField(max_length=255, help_text="Handle, myshopify.com domain, or the shop's admin address.")
    token = ExactCharField(**_SECRET, help_text="For `static`: the Admin API access token.")
    webhook_secret = ExactCharField(**_SECRET, help_text="For `static`: the app's secret, which signs its webhooks.")
    client_id = ExactCharField(max_length=200, required=False, help_text="For `client_credentials`.")
    client_secret = ExactCharField(**_SECRET, help_text="For `client_credentials`; signs webhooks as well.")
    merchant = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, allow_null=True, default=None, help_text="Id of the merchant."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        kind = attrs["kind"]
        belongs = {"kind", "domain", "merchant", *_NEEDED[kind], *_OPTIONAL[kind]}
        wrong = {name: _("“%(kind)s” needs this.") % {"kind": kind} for name in _NEEDED[kind] if name not in attrs}
        wrong |= {name: _("“%(kind)s” does not take this.") % {"kind": kind} for name in attrs if name not in belongs}
        if wrong:
            raise serializers.ValidationError(wrong, code="not_for_kind")
        return attrs


def connect(wish: dict[str, Any], *, actor: Actor) -> Store:
    """Connects as the validated wish says; raises what the services do."""
    merchant = _merchant(wish["merchant"])
    if wish["kind"] == CredentialKind.STATIC:
        return connect_store(
            domain=wish["domain"],
            token=wish["token"],
            webhook_secret=wish.get("webhook_secret", ""),
            merchant=merchant,
            actor=actor,
        )
    return connect_with_client_credentials(
        domain=wish["domain"],
        client_id=wish["client_id"],
        client_secret=wish["client_secret"],
        merchant=merchant,
        actor=actor,
    )


def _merchant(pk: int | None) -> Merchant | None:
    if pk is None:
        return None
    found = Merchant.objects.filter(pk=pk).first()
    if found is None:
        raise Invalid("merchant_unknown", _("There is no such merchant."), field="merchant")
    return found
