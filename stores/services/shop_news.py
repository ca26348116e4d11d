"""Webhooks about the shop itself and about what we asked of it: each topic has one thing to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from stores.choices import Purpose
from stores.gateway import client_for
from stores.models import Store

from . import facts, first_load, health


def act(store: Store, topics: Collection[str]) -> None:
    """Does once what these topics of `TOPICS` ask for. Raises `ShopifyError` when the shop cannot be asked."""
    for do in dict.fromkeys(TOPICS[topic] for topic in sorted(topics)):
        do(store)


def _read_shop_again(store: Store) -> None:
    """Its name, its currency, and what the token may see."""
    facts.refresh(store, client_for(store, Purpose.WEBHOOKS))
    health.note_answer(store)


TOPICS: Mapping[str, Callable[[Store], None]] = {
    "shop/update": _read_shop_again,
    "app/scopes_update": _read_shop_again,
    # The result is ready, or will never be: whoever waits for it looks.
    "bulk_operations/finish": first_load.wake,
}
