"""`bench mirror --only fair`: fifty shops, then the same with one of them hanging: what the others notice of it."""

from __future__ import annotations

from .light_shop import HANGING
from .mirror_shops import measure
from .scratch import Result, scratch_database
from .stand import percentile

SHOPS = 50
LIMIT_RATIO = 1.1


def run(orders: int | None) -> list[Result]:
    """Needs a scratch database, and makes a second one."""
    names = [f"bench-{number}.myshopify.com" for number in range(SHOPS)]
    alone, _ = measure(names[1:], orders=orders or 3, among="bench-%")
    with scratch_database():
        beside, _ = measure([f"{HANGING}.myshopify.com", *names[1:]], orders=orders or 3, among="bench-%")
    return [
        Result("lag of 49 shops, p95", percentile(alone, 0.95), "s"),
        Result("lag of 49 shops beside a hanging one, p95", percentile(beside, 0.95), "s"),
        Result("with / without", percentile(beside, 0.95) / percentile(alone, 0.95), "x", LIMIT_RATIO),
    ]
