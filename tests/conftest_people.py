"""The standing people of every test with rows: two stores, and one person of each kind with an actor beside him.

`store` is the agent's; `other_store` he must never see. The outsider reaches no store at all."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django_scopes import scopes_disabled

from backoffice.core.actor import Actor, Role
from stores.models import Credential, Store
from stores.services.access import actor_of
from tests.builders.orders import ALL_SCOPES, make_store
from tests.builders.people import make_administrator, make_user

LESS = [scope for scope in ALL_SCOPES if scope != "write_orders"] + ["read_orders"]
WITHOUT_WRITING = (
    "Orders can be looked at, but not archived, tagged or changed in any way. In the Dev Dashboard, release a version "
    "of the app with write_orders and accept it in the shop; it is noticed here by itself."
)


@pytest.fixture
def store(db: None) -> Store:
    return make_store("North")


@pytest.fixture
def other_store(db: None) -> Store:
    return make_store("South")


@pytest.fixture
def poor(store: Store) -> Store:
    """The agent's store, connected with client id and secret, whose app may read only."""
    with scopes_disabled():
        Store.objects.filter(pk=store.pk).update(scopes=LESS)
        Credential.objects.filter(store=store).update(kind="client_credentials", client_id="app")
    store.refresh_from_db()
    return store


@pytest.fixture
def administrator(db: None) -> User:
    return make_administrator()


@pytest.fixture
def manager(store: Store) -> User:
    return make_user(Role.MANAGER, store, username="manager", is_staff=True)


@pytest.fixture
def agent(store: Store) -> User:
    return make_user(Role.AGENT, store, username="agent", is_staff=True)


@pytest.fixture
def viewer(store: Store) -> User:
    return make_user(Role.VIEWER, store, username="viewer", is_staff=True)


@pytest.fixture
def outsider(db: None) -> User:
    return make_user(username="outsider", is_staff=True)


@pytest.fixture
def administrator_actor(administrator: User) -> Actor:
    return actor_of(administrator)


@pytest.fixture
def manager_actor(manager: User) -> Actor:
    return actor_of(manager)


@pytest.fixture
def agent_actor(agent: User) -> Actor:
    return actor_of(agent)


@pytest.fixture
def viewer_actor(viewer: User) -> Actor:
    return actor_of(viewer)


@pytest.fixture
def outsider_actor(outsider: User) -> Actor:
    return actor_of(outsider)
