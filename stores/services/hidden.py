"""Personal fields that Shopify keeps from a store's app, because nobody has approved it for protected customer data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from stores.models import Store

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_LABELS: Mapping[str, StrOrPromise] = MappingProxyType(
    {
        "customer": pgettext_lazy("hidden field", "the customer"),
        "customer.name": pgettext_lazy("hidden field", "the customer's name"),
        "customer.first_name": pgettext_lazy("hidden field", "the customer's first name"),
        "customer.last_name": pgettext_lazy("hidden field", "the customer's last name"),
        "customer.email": pgettext_lazy("hidden field", "the customer's e-mail address"),
        "customer.phone": pgettext_lazy("hidden field", "the customer's phone"),
        "email": pgettext_lazy("hidden field", "e-mail address"),
        "phone": pgettext_lazy("hidden field", "phone"),
        "shipping_address": pgettext_lazy("hidden field", "shipping address"),
        "billing_address": pgettext_lazy("hidden field", "billing address"),
    }
)


@dataclass(frozen=True, slots=True)
class Hidden:
    """What is hidden, in words, since when (the first of them), and what to do about it."""

    words: str
    since: datetime
    remedy: str


def hidden_of(store: Store) -> Hidden | None:
    """What Shopify hides from this store's app; None where nothing is known to be hidden. No query."""
    fields: Mapping[str, str] = store.hidden_fields
    if not fields:
        return None
    return Hidden(
        words=", ".join(str(_LABELS.get(name, name)) for name in sorted(fields, key=_place)),
        since=datetime.fromisoformat(min(fields.values())),
        remedy=_(
            "In the Dev Dashboard, open the app's API access and ask for protected customer data with name, address, "
            "e-mail and phone. When Shopify shows the fields again, they are read once more by themselves."
        ),
    )


def hides_addresses(store: Store) -> bool:
    """Whether e-mail addresses of orders are hidden: then what we still have of them is old and not to be used."""
    return "email" in store.hidden_fields


def _place(name: str) -> int:
    names = list(_LABELS)
    return names.index(name) if name in _LABELS else len(names)
