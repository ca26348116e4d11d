"""What happened, told to whoever must react: the way by which lower floors reach upper ones.

A listener runs inside the publisher's transaction, gets a list, and only writes rows or rings a doorbell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one subject. `kind` is dotted, such as `order.archived`."""

    kind: str
    store_id: int
    subject_id: int
    data: Mapping[str, Any] = field(default_factory=dict)


Listener = Callable[[Sequence[Event]], None]
_listeners: dict[str, list[Listener]] = defaultdict(list)


def subscribe(listener: Listener, *kinds: str) -> None:
    """Called in `AppConfig.ready()`. The kind `*` means every kind."""
    for kind in kinds:
        if listener not in _listeners[kind]:
            _listeners[kind].append(listener)


def publish(events: Sequence[Event]) -> None:
    """Hands each listener, once, the events of the kinds that it asked for, in their order."""
    wanted: dict[Listener, list[Event]] = {}
    for event in events:
        for listener in (*_listeners.get(event.kind, ()), *_listeners.get("*", ())):
            wanted.setdefault(listener, []).append(event)
    for listener, own in wanted.items():
        listener(own)
