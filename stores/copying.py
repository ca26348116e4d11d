"""What of a store is configuration and can be taken over by another: every application says so for its own part.

Never in any part: access to the shop, secrets, what the shop itself says (name, currency, zone), orders, people's data.
Read by `stores.services.copy`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backoffice.core.actor import Actor

from .models import Store

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would be otherwise in the target, in words for people; `before` is empty where it is new."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Part:
    """`preview(source, target)` says what `apply(source, target, actor)` would change, and nothing else; after it there
    is nothing left. What the source does not have stays as it is in the target. `apply` runs in a transaction with both
    stores locked. `for_administrators` marks what managers do not decide."""

    name: str
    label: StrOrPromise
    preview: Callable[[Store, Store], Sequence[Change]]
    apply: Callable[[Store, Store, Actor], None]
    for_administrators: bool = False
    position: int = 100


_parts: dict[str, Part] = {}


def register(part: Part) -> None:
    """Called in `AppConfig.ready()`."""
    _parts[part.name] = part


def all_parts() -> list[Part]:
    return sorted(_parts.values(), key=lambda part: (part.position, part.name))
