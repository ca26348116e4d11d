"""People and their actors."""

from __future__ import annotations

from itertools import count

from django.contrib.auth.models import User

from backoffice.core.actor import Actor, Role
from stores.models import Membership, Store
from stores.services.access import actor_of

_numbers = count(1)


def make_user(role: Role | None = None, *stores: Store, username: str = "", **fields: object) -> User:
    """An account with `role` in each of `stores`; without a role an outsider. The password is `username`'s own."""
    username = username or f"person-{next(_numbers)}"
    user = User.objects.create_user(username, f"{username}@staff.example", password=username, **fields)
    if role is not None:
        Membership.objects.bulk_create([Membership(user=user, store=store, role=int(role)) for store in stores])
    return user


def make_administrator(username: str = "administrator") -> User:
    return User.objects.create_superuser(username, f"{username}@staff.example", password=username)


def actor(user: User) -> Actor:
    """What the middleware would make of the account now."""
    return actor_of(user)
