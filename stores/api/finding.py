"""The store that an address names."""

from __future__ import annotations

from django.utils.translation import gettext as _

from backoffice.core.actor import Actor
from backoffice.core.errors import NotFound
from stores.models import Store


def find_store(actor: Actor, store_id: int) -> Store:
    """Raises `NotFound` alike for a missing store and one out of reach."""
    store: Store | None = Store.objects.visible_to(actor).select_related("merchant").filter(pk=store_id).first()
    if store is None:
        raise NotFound("not_found", _("There is no such store."))
    return store
