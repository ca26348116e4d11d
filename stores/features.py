"""Scopes as features: what a store can do and show, what it lacks for the rest, and what to do about it.

One table. A missing scope switches its feature off with a sentence; nothing is tried that Shopify would refuse. Used by
services before they act, by pages and by the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from .choices import CredentialKind
from .models import Credential, Store
from .shopify.scopes import has_any, has_scope
from .shopify.subscriptions import TOPICS

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Feature:
    """`scopes` are all needed. `without` says what is missing without them. An `optional` one is not missed by most
    shops."""

    name: str
    label: StrOrPromise
    scopes: tuple[str, ...]
    without: StrOrPromise
    optional: bool = False


class FeatureLevel(StrEnum):
    """How much it matters that a feature is as it is: the tones of our pages."""

    GOOD = "good"
    INFO = "info"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class FeatureState:
    """A feature of one store. `missing` are the scopes that are not granted, `refused_since` is set where they are
    granted and Shopify refuses all the same. `sentence` says what is lost and what to do; empty when it is on.
    `topics` are the webhooks that do not come for want of these scopes."""

    feature: Feature
    is_on: bool
    level: FeatureLevel
    missing: tuple[str, ...] = ()
    refused_since: datetime | None = None
    sentence: str = ""
    topics: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """Why it is off, for machines."""
        return "missing_scope" if self.missing else "scope_refused"


ORDERS, CHANGES = "orders", "order_changes"

_TABLE = (
    Feature(
        ORDERS, pgettext_lazy("feature", "Orders"), ("read_orders",), gettext_lazy("Nothing of this shop can be read.")
    ),
    Feature(
        CHANGES,
        pgettext_lazy("feature", "Archive, tags and notes"),
        ("write_orders",),
        gettext_lazy("Orders can be looked at, but not archived, tagged or changed in any way."),
    ),
    Feature(
        "history",
        pgettext_lazy("feature", "Orders older than 60 days"),
        ("read_all_orders",),
        gettext_lazy("Shopify leaves out every order that is older than 60 days, without a word."),
    ),
    Feature(
        "customers",
        pgettext_lazy("feature", "Customers"),
        ("read_customers",),
        gettext_lazy("Orders do not say which customer they belong to."),
    ),
    Feature(
        "fulfilment_orders",
        pgettext_lazy("feature", "What is to be shipped"),
        ("read_merchant_managed_fulfillment_orders",),
        gettext_lazy("Holds, schedules and what is still to be shipped from the shop's own locations are not shown."),
    ),
    Feature(
        "fulfilment",
        pgettext_lazy("feature", "Ship and hold"),
        ("write_merchant_managed_fulfillment_orders",),
        gettext_lazy("Orders at the shop's own locations cannot be shipped, held or released."),
    ),
    Feature(
        "third_party_fulfilment_orders",
        pgettext_lazy("feature", "What fulfilment services are to ship"),
        ("read_third_party_fulfillment_orders",),
        gettext_lazy("Holds and schedules of what a fulfilment service ships are not shown."),
    ),
    Feature(
        "third_party_fulfilment",
        pgettext_lazy("feature", "Ship and hold at fulfilment services"),
        ("write_third_party_fulfillment_orders",),
        gettext_lazy("What a fulfilment service ships cannot be held or released."),
    ),
    Feature(
        "shipment_news",
        pgettext_lazy("feature", "News of shipments"),
        ("read_fulfillments",),
        gettext_lazy("Shipments are seen when the shop is asked, up to a minute later."),
    ),
    Feature(
        "returns",
        pgettext_lazy("feature", "Returns"),
        ("read_returns",),
        gettext_lazy("Orders say that a return is open, but not of what and why."),
    ),
    Feature(
        "locations",
        pgettext_lazy("feature", "Locations"),
        ("read_locations",),
        gettext_lazy("Places to ship from cannot be chosen by name."),
    ),
    Feature(
        "products",
        pgettext_lazy("feature", "Products"),
        ("read_products",),
        gettext_lazy("The products behind the lines of an order are not shown."),
    ),
    Feature(
        "order_edits",
        pgettext_lazy("feature", "Change lines of an order"),
        ("write_order_edits",),
        gettext_lazy("Lines of an order cannot be added, removed or changed."),
    ),
    Feature(
        "disputes",
        pgettext_lazy("feature", "News of disputes"),
        ("read_shopify_payments_disputes",),
        gettext_lazy("A dispute is seen when its order is read again, not at once."),
        optional=True,
    ),
    Feature(
        "customer_merges",
        pgettext_lazy("feature", "News of merged customers"),
        ("read_customer_merge",),
        gettext_lazy("Orders of a customer who was merged into another show it when they are read again, not at once."),
        optional=True,
    ),
    Feature(
        "payment_terms",
        pgettext_lazy("feature", "Payment terms"),
        ("read_payment_terms",),
        gettext_lazy("When the payment of an order is due is not shown."),
        optional=True,
    ),
    Feature(
        "staff_names",
        pgettext_lazy("feature", "Names of the shop's staff"),
        ("read_users",),
        gettext_lazy("Comments of the shop's staff are shown without their names."),
        optional=True,
    ),
)
FEATURES: Mapping[str, Feature] = MappingProxyType({feature.name: feature for feature in _TABLE})
"""The table by name, in the order in which people see it."""

_REMEDIES: Mapping[str, StrOrPromise] = {
    CredentialKind.STATIC: gettext_lazy(
        "In the shop's admin, open the app under Settings, Apps and sales channels, Develop apps, add %(scopes)s under "
        "Configuration and save; if Shopify then shows another access token, reconnect the store with it."
    ),
    CredentialKind.CLIENT_CREDENTIALS: gettext_lazy(
        "In the Dev Dashboard, release a version of the app with %(scopes)s and accept it in the shop; it is noticed "
        "here by itself."
    ),
    CredentialKind.AUTHORIZATION_CODE: gettext_lazy(
        "In the Dev Dashboard, release a version of the app with %(scopes)s, then reconnect the store by authorization."
    ),
}


def features_of(store: Store) -> tuple[FeatureState, ...]:
    """Every feature of the table. One query."""
    return features_of_all([store])[store.pk]


def features_of_all(stores: Sequence[Store]) -> Mapping[int, tuple[FeatureState, ...]]:
    """Of many stores, by their ids. One query."""
    kinds = _kinds(stores)
    return {
        store.pk: tuple(_state(store, feature, kinds.get(store.pk, "")) for feature in FEATURES.values())
        for store in stores
    }


def lacking(stores: Iterable[Store], name: str) -> Mapping[int, FeatureState]:
    """The stores in which this feature is off, by their ids. No query when it is on in all of them, one otherwise."""
    feature = FEATURES[name]
    without = {store.pk: store for store in stores if not is_on(store, name)}
    kinds = _kinds(without.values()) if without else {}
    return {pk: _state(store, feature, kinds.get(pk, "")) for pk, store in without.items()}


def is_on(store: Store, name: str) -> bool:
    usable = store.usable_scopes
    return all(has_scope(usable, scope) for scope in FEATURES[name].scopes)


def remedy(scopes: Iterable[str], *, kind: str) -> str:
    """Where to add scopes, for a store that is connected in this way; an empty `kind` is a store without access."""
    known = _REMEDIES.get(kind) or _("Reconnect the store with an app that has %(scopes)s.")
    return str(known) % {"scopes": ", ".join(scopes)}


def _state(store: Store, feature: Feature, kind: str) -> FeatureState:
    usable = store.usable_scopes
    closed = [scope for scope in feature.scopes if not has_scope(usable, scope)]
    if not closed:
        return FeatureState(feature, is_on=True, level=FeatureLevel.GOOD)
    missing = tuple(scope for scope in closed if not has_scope(store.scopes, scope))
    since = None if missing else _since(store, closed)
    todo = remedy(missing, kind=kind) if missing else _refused(closed)
    return FeatureState(
        feature,
        is_on=False,
        level=_level(feature),
        missing=missing,
        refused_since=since,
        sentence=f"{feature.without} {todo}",
        topics=tuple(
            topic.header for topic in TOPICS if topic.scopes.intersection(closed) and not has_any(usable, topic.scopes)
        ),
    )


def _level(feature: Feature) -> FeatureLevel:
    if feature.name == ORDERS:
        return FeatureLevel.BAD
    return FeatureLevel.INFO if feature.optional else FeatureLevel.WARNING


def _refused(scopes: Iterable[str]) -> str:
    sentence = _(
        "Shopify refuses this although %(scopes)s is granted. It is tried again every day; if it stays so, install the "
        "app again."
    )
    return sentence % {"scopes": ", ".join(scopes)}


def _since(store: Store, scopes: Iterable[str]) -> datetime | None:
    # Where reading is refused, writing is off as well.
    forms = [form for scope in scopes for form in (scope, scope.replace("write_", "read_", 1))]
    times = [store.refused_scopes[scope]["since"] for scope in forms if scope in store.refused_scopes]
    return datetime.fromisoformat(min(times)) if times else None


def _kinds(stores: Iterable[Store]) -> dict[int, str]:
    """How each is connected, without opening any secret."""
    return dict(Credential.objects.filter(store__in=list(stores)).values_list("store_id", "kind"))
