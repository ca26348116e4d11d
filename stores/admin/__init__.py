"""Stores, access and tokens for staff."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.urls import reverse_lazy
from django.utils.translation import pgettext_lazy

from backoffice.core import menu
from backoffice.core.actor import Actor, Right
from backoffice.core.menu import Entry
from backoffice.core.models import AccessEntry
from stores.models import ApiToken, Merchant, Store

from . import (
    access_log,
    calendar_page,
    connect_page,
    copy_page,
    privacy_pages,
    proof_page,
    quarantine_pages,
    rehearsal_page,
    store_pages,
    tokens,
)
from .base import AdministratorsAdmin, PagesAdmin, Route, unregister
from .people import PeopleAdmin

unregister(User, Group)
admin.site.register(User, PeopleAdmin)


@admin.register(Store)
class StoreAdmin(PagesAdmin):
    routes = (
        Route("", "changelist", store_pages.store_list),
        Route("connect/", "connect", connect_page.connect),
        Route("connect/callback/", "callback", connect_page.callback),
        Route("<int:store_id>/", "change", store_pages.store_page),
        Route("<int:store_id>/connect/", "reconnect", connect_page.connect),
        Route("<int:store_id>/secret/", "secret", connect_page.secret),
        Route("<int:store_id>/switch/<slug:what>/", "switch", store_pages.switch),
        Route("<int:store_id>/proof/", "proof", proof_page.prove),
        Route("erased/", "erased", privacy_pages.erased_shops),
        Route("<int:store_id>/privacy/", "privacy", privacy_pages.privacy_list),
        Route("<int:store_id>/privacy/<int:request_id>/export/", "privacy_export", privacy_pages.export),
        Route("<int:store_id>/rehearsal/", "rehearsal", rehearsal_page.rehearsal_page),
        Route("<int:store_id>/calendar/", "calendar", calendar_page.calendar),
        Route("<int:store_id>/copy/", "copy", copy_page.copy),
        Route("<int:store_id>/quarantine/", "quarantine", quarantine_pages.parked_list),
        Route("<int:store_id>/quarantine/retry/", "quarantine_retry", quarantine_pages.retry),
        Route("<int:store_id>/quarantine/<int:item_id>/answer/", "quarantine_raw", quarantine_pages.raw),
    )


@admin.register(ApiToken)
class TokenAdmin(PagesAdmin):
    routes = (
        Route("", "changelist", tokens.token_list),
        Route("<int:token_id>/revoke/", "revoke", tokens.revoke),
    )


@admin.register(AccessEntry)
class AccessLogAdmin(PagesAdmin):
    routes = (Route("", "changelist", access_log.access_log),)

    def _allowed(self, actor: Actor) -> bool:
        return actor.is_administrator


@admin.register(Merchant)
class MerchantAdmin(AdministratorsAdmin):
    list_display = ("name",)
    search_fields = ("name",)


def _reaches_a_store(actor: Actor) -> bool:
    return actor.may_somewhere(Right.VIEW)


def _is_administrator(actor: Actor) -> bool:
    return actor.is_administrator


_GROUP = pgettext_lazy("sidebar", "Set-up")

for _entry in (
    Entry(
        key="stores",
        title=pgettext_lazy("sidebar", "Stores"),
        icon="storefront",
        url=lambda: str(reverse_lazy("admin:stores_store_changelist")),
        group=_GROUP,
        position=80,
        visible=_reaches_a_store,
    ),
    Entry(
        key="people",
        title=pgettext_lazy("sidebar", "Access"),
        icon="group",
        url=lambda: str(reverse_lazy("admin:auth_user_changelist")),
        group=_GROUP,
        position=81,
        visible=_is_administrator,
    ),
    Entry(
        key="merchants",
        title=pgettext_lazy("sidebar", "Merchants"),
        icon="handshake",
        url=lambda: str(reverse_lazy("admin:stores_merchant_changelist")),
        group=_GROUP,
        position=82,
        visible=_is_administrator,
    ),
    Entry(
        key="access_log",
        title=pgettext_lazy("sidebar", "Access log"),
        icon="visibility",
        url=lambda: str(reverse_lazy("admin:core_accessentry_changelist")),
        group=_GROUP,
        position=84,
        visible=_is_administrator,
    ),
    Entry(
        key="tokens",
        title=pgettext_lazy("sidebar", "API tokens"),
        icon="key",
        url=lambda: str(reverse_lazy("admin:stores_apitoken_changelist")),
        group=_GROUP,
        position=83,
    ),
):
    menu.register(_entry)
