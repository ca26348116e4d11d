"""Who acts. Every reading door filters by an actor, every service checks its rights by one, every entry names one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType


class Role(IntEnum):
    """What a person may do in one store; a higher role holds the rights of the lower ones."""

    VIEWER = 10
    AGENT = 20
    MANAGER = 30


class Right(StrEnum):
    """One thing that may be allowed in a store."""

    VIEW = "view"
    COMMENT = "comment"
    CHANGE_ORDERS = "change_orders"
    SEND_MAIL = "send_mail"
    MANAGE_STORE = "manage_store"


_NEEDED: Mapping[Right, Role] = MappingProxyType(
    {
        Right.VIEW: Role.VIEWER,
        Right.COMMENT: Role.AGENT,
        Right.CHANGE_ORDERS: Role.AGENT,
        Right.SEND_MAIL: Role.AGENT,
        Right.MANAGE_STORE: Role.MANAGER,
    }
)


class ActorKind(StrEnum):
    """What stands behind the actor; shown on the timeline."""

    USER = "user"
    TOKEN = "token"  # noqa: S105 - a kind, not a secret
    SYSTEM = "system"


CONNECT_SCOPE = "stores:connect"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, an API token or the product itself, with the stores it reaches.

    `roles` maps store id to role; an administrator and the system reach every store. `scopes` narrows a token to the
    kinds of request it was made for, such as `orders:read`; None means no narrowing. `user_id` is the account behind
    a person or a token, `token_id` the token's own.
    """

    kind: ActorKind
    label: str
    user_id: int | None = None
    is_administrator: bool = False
    roles: Mapping[int, Role] = field(default_factory=lambda: MappingProxyType({}))
    scopes: frozenset[str] | None = None
    token_id: int | None = None

    @property
    def sees_every_store(self) -> bool:
        return self.is_administrator or self.kind is ActorKind.SYSTEM

    @property
    def may_connect_stores(self) -> bool:
        """Administrators, and tokens with the scope that only an administrator's token can hold."""
        return self.sees_every_store or CONNECT_SCOPE in (self.scopes or ())

    @property
    def store_ids(self) -> frozenset[int]:
        """The stores that the actor reaches; meaningless when `sees_every_store`."""
        return frozenset(self.roles)

    def may(self, right: Right, store_id: int) -> bool:
        if self.sees_every_store:
            return True
        role = self.roles.get(store_id)
        return role is not None and role >= _NEEDED[right]

    def may_somewhere(self, right: Right) -> bool:
        """Whether the right is held in at least one store: decides what a menu shows, never what a service does."""
        return self.sees_every_store or any(role >= _NEEDED[right] for role in self.roles.values())


SYSTEM = Actor(kind=ActorKind.SYSTEM, label="system")
"""The product itself: sync, schedules, sweeps."""
