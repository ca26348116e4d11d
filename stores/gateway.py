"""From a store's row to a client that speaks to its shop."""

from __future__ import annotations

import threading

import requests
from django.conf import settings

from .budget import DatabaseBudget
from .choices import Purpose
from .heard import Listener
from .models import Store
from .shopify.client import Client
from .shopify.transport import new_session
from .tokens import token_source

_local = threading.local()


def base_url_of(domain: str) -> str | None:
    """Where a rehearsal shop listens; None for a shop at Shopify."""
    address: str | None = settings.REHEARSAL_SHOPS.get(domain)
    return address


def client_for(store: Store, purpose: Purpose = Purpose.OTHER) -> Client:
    """A client for the store's shop, whose calls are counted as spent for `purpose`. Raises `NeedsPerson("bad_token")`
    when no token is kept.

    Connections are kept per thread and shop, because each of a job's many calls would otherwise pay for a new one.
    """
    base_url = base_url_of(store.domain)
    return Client(
        store.domain,
        token=token_source(store, base_url=base_url),
        budget=DatabaseBudget(store.pk, purpose=purpose),
        base_url=base_url,
        api_version=settings.SHOPIFY_API_VERSION,
        session=_session(store.domain),
        witness=Listener(store),
    )


def _session(domain: str) -> requests.Session:
    sessions: dict[str, requests.Session] = _local.__dict__.setdefault("sessions", {})
    if domain not in sessions:
        if len(sessions) > 50:
            sessions.pop(next(iter(sessions))).close()
        sessions[domain] = new_session()
    return sessions[domain]
