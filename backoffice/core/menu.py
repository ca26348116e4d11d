"""What the applications bring to the staff's frame: entries of the sidebar, and finders of the jump box.

The frame names no application; each registers its own entries when its admin is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .actor import Actor

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Badge:
    """A number beside an entry, with the sentence that says what is counted."""

    number: int
    explanation: str


def everybody(actor: Actor) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `url` is made per request, `active` tells from the path (and query) whether it is the current one;
    `visible` decides what is shown, never what is allowed."""

    key: str
    title: StrOrPromise
    icon: str
    url: Callable[[], str]
    group: StrOrPromise = ""
    position: int = 100
    badge: Callable[[Actor], Badge | None] | None = None
    visible: Callable[[Actor], bool] = everybody


@dataclass(frozen=True, slots=True)
class Found:
    """One hit of the jump box."""

    title: str
    description: str
    url: str
    icon: str = "tag"


Finder = Callable[[Actor, str], Sequence[Found]]
"""Finds at most a handful of things by what a person typed; never more than it shows."""

_entries: dict[str, Entry] = {}
_finders: dict[str, Finder] = {}


def register(entry: Entry) -> None:
    """A second registration of the key replaces the first."""
    _entries[entry.key] = entry


def register_finder(name: str, finder: Finder) -> None:
    _finders[name] = finder


def entries_for(actor: Actor) -> list[Entry]:
    return [
        entry for entry in sorted(_entries.values(), key=lambda each: (each.position, each.key)) if entry.visible(actor)
    ]


def find(actor: Actor, text: str) -> list[Found]:
    """What every finder knows about the text, in the finders' order of names."""
    return [found for name in sorted(_finders) for found in _finders[name](actor, text)]
