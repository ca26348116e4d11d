"""Callers of the API: a token client of each kind, and a signed-in browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_scopes import scopes_disabled

from backoffice.core.actor import Role
from stores.models import Store
from stores.services.access import TOKEN_SCOPES, actor_of, create_token

MakeClient = Callable[..., Client]


@pytest.fixture
def client_with() -> MakeClient:
    """`client_with(user, role=, scopes=, stores=)`: a client that bears a new token of that account."""

    def make(
        user: User, *, role: Role = Role.MANAGER, scopes: Any = TOKEN_SCOPES, stores: list[Store] | None = None
    ) -> Client:
        with scopes_disabled():
            new = create_token(
                user, name=f"test of {user}", role=role, scopes=scopes, stores=stores or [], actor=actor_of(user)
            )
        return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {new.secret}"})

    return make


@pytest.fixture
def api(agent: User, client_with: MakeClient) -> Client:
    """A token of the agent of `store`, with every scope."""
    return client_with(agent)


@pytest.fixture
def browser(agent: User) -> Client:
    """The agent signed in by session, with CSRF enforced as in a browser."""
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    client.force_login(agent)
    return client
