"""Where personal data lies: every application says how to find, hand over and erase what it holds of a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Person:
    """A customer of one store, as a compliance request names him."""

    store_id: int
    customer_gid: str
    email: str
    order_gids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonalData:
    """One application's part. `export` gives plain values, `erase` how many rows it changed; both may run twice."""

    name: str
    export: Callable[[Person], Sequence[Mapping[str, Any]]]
    erase: Callable[[Person], int]


_parts: dict[str, PersonalData] = {}


def register(part: PersonalData) -> None:
    _parts[part.name] = part


def all_parts() -> list[PersonalData]:
    return [_parts[name] for name in sorted(_parts)]
