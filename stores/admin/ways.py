"""The ways to connect a store in words: what to click in Shopify, and which inputs each way needs."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from stores.choices import CredentialKind


@dataclass(frozen=True, slots=True)
class Way:
    """`steps` are done in Shopify before the form is filled in. `names_callback` says that one of them needs the
    address to which the owner comes back."""

    kind: CredentialKind
    title: Promise
    when: Promise
    steps: tuple[Promise, ...]
    names_callback: bool = False

    @property
    def key(self) -> str:
        return self.kind.value

    @property
    def has_app(self) -> bool:
        return self.kind != CredentialKind.STATIC


_CREATE = _("Open dev.shopify.com, Apps, Create app, and start from the Dev Dashboard.")
_SCOPES = _("In the first version of the app enter the scopes below, then choose Release.")
_COPY = _("Under Settings of the app copy the client ID and the secret.")

WAYS: tuple[Way, ...] = (
    Way(
        CredentialKind.CLIENT_CREDENTIALS,
        pgettext_lazy("way to connect", "Client id and secret"),
        _("For a shop in the same organization as your app. Nobody has to go to the shop."),
        (_CREATE, _SCOPES, _("On the app's home page choose Install app, and the shop."), _COPY),
    ),
    Way(
        CredentialKind.AUTHORIZATION_CODE,
        pgettext_lazy("way to connect", "Authorization by the shop"),
        _("For a shop of somebody else. You are sent to the shop, let the app in, and come back."),
        (
            _CREATE,
            _("In its first version enter the scopes below and the redirect URL below, then choose Release."),
            _("Under Distribution choose Custom distribution, and enter the shop's myshopify.com domain."),
            _COPY,
        ),
        names_callback=True,
    ),
    Way(
        CredentialKind.STATIC,
        pgettext_lazy("way to connect", "Pasted access token"),
        _("For an app that was made in the shop's own admin before 2026. Such apps go on working."),
        (
            _("In the shop's admin open Settings, Apps and sales channels, Develop apps, and the app."),
            _("Under Configuration give it the scopes below and install it again."),
            _("Under API credentials copy the Admin API access token and the API secret key."),
        ),
    ),
)


def way_of(key: str) -> Way | None:
    return next((way for way in WAYS if way.key == key), None)
