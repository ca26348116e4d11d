"""`bench mirror`: what the mirror promises of its speed, part by part, each in a scratch database of its own.

A part is a module beside this one with `run(orders) -> list[Result]`; `orders` is None for the part's own default."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from importlib import import_module

from .scratch import Result, scratch_database

PARTS: Mapping[str, str] = {
    "load": "backoffice.management.bench.mirror_load",
    "webhooks": "backoffice.management.bench.mirror_webhooks",
    "visible": "backoffice.management.bench.mirror_visible",
    "shops": "backoffice.management.bench.mirror_shops",
    "fair": "backoffice.management.bench.mirror_fair",
}


def run(*, only: Collection[str], orders: int | None) -> Iterator[Result]:
    """The results of the parts named in `only`, or of all, as soon as each is there."""
    for name, module in PARTS.items():
        if not only or name in only:
            with scratch_database():
                # A part starts shops and processes: only what is asked for is loaded.
                yield from import_module(module).run(orders)
