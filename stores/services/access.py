"""Turns an account or a token into an actor: who he is and what he may do in which store, as of now."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from backoffice.core import audit
from backoffice.core.actor import CONNECT_SCOPE, Actor, ActorKind, Role
from backoffice.core.errors import Invalid, NotAllowed
from backoffice.core.text import clean
from stores.models import ApiToken, Membership, Store

TOKEN_SCOPES = ("orders:read", "orders:write", "mail:send", "stores:read", CONNECT_SCOPE)
_PREFIX = "bo_"

NOBODY = Actor(kind=ActorKind.USER, label="nobody")
"""Not signed in, or signed in without any store."""


def actor_of(user: AbstractBaseUser | AnonymousUser) -> Actor:
    """The actor behind a signed-in account. One query; none for an administrator."""
    if not user.is_authenticated or not isinstance(user, User) or not user.is_active:
        return NOBODY
    label = user.get_full_name() or user.get_username()
    if user.is_superuser:
        return Actor(kind=ActorKind.USER, label=label, user_id=user.pk, is_administrator=True)
    roles = {
        store_id: Role(role)
        for store_id, role in Membership.objects.filter(user_id=user.pk).values_list("store_id", "role")
    }
    return Actor(kind=ActorKind.USER, label=label, user_id=user.pk, roles=MappingProxyType(roles))


@dataclass(frozen=True, slots=True)
class NewToken:
    """`secret` is shown to the person once and kept nowhere."""

    token: ApiToken
    secret: str


def create_token(
    user: User,
    *,
    name: str,
    role: Role,
    scopes: Iterable[str],
    stores: Iterable[Store] = (),
    expires_at: datetime | None = None,
    actor: Actor,
) -> NewToken:
    """Makes a token for an account. It can never do more than the account itself.

    Raises `Invalid` for an unknown scope or an empty name, `NotAllowed` when somebody else than the account's owner or
    an administrator asks, or for a store that the actor does not reach.
    """
    name = clean(name)
    if not name:
        raise Invalid("name_missing", _("Give the token a name that says what uses it."), field="name")
    chosen = sorted(set(scopes))
    unknown = [scope for scope in chosen if scope not in TOKEN_SCOPES]
    if unknown or not chosen:
        raise Invalid(
            "scope_unknown",
            _("Choose from these scopes: %(scopes)s.") % {"scopes": ", ".join(TOKEN_SCOPES)},
            field="scopes",
        )
    if actor.user_id != user.pk and not actor.is_administrator:
        raise NotAllowed("token_of_another", _("Only an administrator makes tokens for somebody else."))
    only = list(stores)
    if not actor.sees_every_store and any(store.pk not in actor.store_ids for store in only):
        raise NotAllowed("store_not_yours", _("Choose stores that you reach yourself."), field="stores")
    prefix, body = secrets.token_hex(4), secrets.token_urlsafe(32)
    secret = f"{_PREFIX}{prefix}_{body}"
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user,
            name=name[:100],
            prefix=prefix,
            digest=_digest(secret),
            role=int(role),
            scopes=chosen,
            expires_at=expires_at,
        )
        token.stores.set(only)
        audit.record("token.created", actor=actor, subject=str(token), scopes=chosen)
    return NewToken(token=token, secret=secret)


def revoke_token(token: ApiToken, *, actor: Actor) -> None:
    """Ends a token at the next request. Revoking twice changes nothing."""
    if actor.user_id != token.user_id and not actor.is_administrator:
        raise NotAllowed("token_of_another", _("Only an administrator revokes somebody else's token."))
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=Now()):
            audit.record("token.revoked", actor=actor, subject=str(token))


@dataclass(frozen=True, slots=True)
class TokenAccess:
    """A token that holds: its account, its row, and what it may do."""

    user: User
    token: ApiToken
    actor: Actor


def access_by_token(secret: str) -> TokenAccess | None:
    """What a presented token gives, or None: wrong, revoked, expired, or its account is closed. The use is noted once
    a minute at most."""
    parts = secret.split("_", 2)
    if len(parts) != 3 or f"{parts[0]}_" != _PREFIX:
        return None
    token = (
        ApiToken.objects.select_related("user")
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now()), prefix=parts[1], revoked_at__isnull=True)
        .first()
    )
    if token is None or not hmac.compare_digest(token.digest, _digest(secret)) or not token.user.is_active:
        return None
    ApiToken.objects.filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lt=Now() - timedelta(minutes=1)), pk=token.pk
    ).update(last_used_at=Now())
    return TokenAccess(user=token.user, token=token, actor=_token_actor(token))


def _token_actor(token: ApiToken) -> Actor:
    owner = actor_of(token.user)
    highest = Role(token.role)
    only = set(token.stores.through.objects.filter(apitoken_id=token.pk).values_list("store_id", flat=True))
    if owner.is_administrator:
        # An administrator's token is a plain list of stores as well: it manages no users and no other stores.
        reachable = dict.fromkeys(Store._base_manager.values_list("pk", flat=True), highest)
    else:
        reachable = {store_id: min(role, highest) for store_id, role in owner.roles.items()}
    roles = {store_id: role for store_id, role in reachable.items() if not only or store_id in only}
    # A token that is kept to some stores cannot bring in more of them.
    may_connect = owner.is_administrator and highest is Role.MANAGER and not only
    return Actor(
        kind=ActorKind.TOKEN,
        label=token.name,
        user_id=token.user_id,
        roles=MappingProxyType(roles),
        scopes=frozenset(scope for scope in token.scopes if scope != CONNECT_SCOPE or may_connect),
        token_id=token.pk,
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
