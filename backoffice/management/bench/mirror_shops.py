"""`bench mirror --only shops`: two hundred shops, each asked every minute what changed, by the product's own workers.

The lag of a shop is the age of what its mirror is true as of; it is looked at every second, for each of its two clocks.
The stream of timelines runs beside them and costs its share, but goes through the live orders in turns of its own."""

from __future__ import annotations

import time

from django.db import connection

from .scratch import Result
from .stand import followed_store, light_shops, percentile, running

SHOPS = 200
LIMIT_LAG_SECONDS = 90.0
_CLOCKS = ("orders", "fulfillment_orders")
_WARM_SECONDS = 75
_LOOK_SECONDS = 150


def run(orders: int | None) -> list[Result]:
    """Needs a scratch database; `orders` is how many each shop shows in every pass (3)."""
    lags, passes = measure([f"bench-{number}.myshopify.com" for number in range(SHOPS)], orders=orders or 3)
    return [
        Result("shops asked every minute", SHOPS, "shops"),
        Result("passes of all their streams", passes, "/s"),
        Result("lag of a clock, median", percentile(lags, 0.5), "s"),
        Result("lag of a clock, p95", percentile(lags, 0.95), "s", LIMIT_LAG_SECONDS),
        Result("lag of a clock, highest", max(lags), "s"),
    ]


def measure(domains: list[str], *, orders: int = 3, among: str = "%") -> tuple[list[float], float]:
    """The lags seen of shops whose domain is like `among`, and how many passes of all there were in a second."""
    with light_shops(domains, orders=orders) as shops:
        for number, domain in enumerate(domains, start=1):
            followed_store(number, domain)
        with running(shops=shops, web=False, work=True):
            time.sleep(_WARM_SECONDS)
            before = _passes()
            lags: list[float] = []
            until = time.monotonic() + _LOOK_SECONDS
            while time.monotonic() < until:
                lags += _lags(among)
                time.sleep(1)
            return lags, (_passes() - before) / _LOOK_SECONDS


def _lags(among: str) -> list[float]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT extract(epoch FROM clock_timestamp() - stream.true_as_of)::float8
            FROM stores_syncstream stream JOIN stores_store store ON store.id = stream.store_id
            WHERE store.domain LIKE %s AND stream.resource = ANY(%s)
            """,
            [among, list(_CLOCKS)],
        )
        return [float(lag) for (lag,) in cursor.fetchall()]


def _passes() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(passes), 0) FROM stores_syncrun")
        return int((cursor.fetchone() or (0,))[0])
