"""Where personal data lies: every application says how to find, hand over and erase what it holds of a person.

A person is worked through in two ways: once as himself (by customer id and addresses), and order by order in pieces, so
that fifty thousand orders are as safe to interrupt as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .traces import Traces


@dataclass(frozen=True, slots=True)
class Person:
    """A customer of one store, as a compliance request names him, or a part of his orders.

    `traces` are the words by which he is recognised in texts; whoever erases texts asks them.
    """

    store_id: int
    customer_gid: str
    email: str
    order_gids: tuple[str, ...] = ()
    phone: str = ""
    traces: Traces = field(default_factory=Traces, repr=False)


@dataclass(frozen=True, slots=True)
class PersonalData:
    """One application's part. `export` gives plain values, `erase` how many rows it changed; both may run twice, and
    both run in the caller's transaction.

    `find` gives the words by which the person can be recognised, from what is held before it is erased. `forbid` keeps
    what is erased from coming back, whatever is read later; it runs first. `orders` gives (position, gid) of the
    person's orders behind a position, in its order. `covers` names the tables that the part erases by itself: the last
    look over all tables leaves them out. `forget_store` ends what a part holds of a store that is erased, where no
    foreign key says so.
    """

    name: str
    export: Callable[[Person], Sequence[Mapping[str, Any]]]
    erase: Callable[[Person], int]
    find: Callable[[Person], Traces] | None = None
    forbid: Callable[[Person], int] | None = None
    orders: Callable[[Person, int, int], Sequence[tuple[int, str]]] | None = None
    covers: frozenset[str] = frozenset()
    forget_store: Callable[[int], int] | None = None


_parts: dict[str, PersonalData] = {}


def register(part: PersonalData) -> None:
    _parts[part.name] = part


def all_parts() -> list[PersonalData]:
    return [_parts[name] for name in sorted(_parts)]
